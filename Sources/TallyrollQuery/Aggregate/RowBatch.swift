import TallyrollFormat

/// The values of some rows of one block, read and not yet counted. Reused from block to block.
struct RowBatch {
    /// The rows that are meant.
    private(set) var rows = RowSet(size: 0)
    private(set) var isWhole = false
    /// For each of the rows, in their order.
    var times: [Int64] = []
    /// The event time that may stand for those of all rows, since they fall in the same stretch.
    var constantTime: Int64?
    /// For each field, and for each of the rows.
    var groupTokens: [[UInt32]] = []
    var distinctTokens: [[UInt64]] = []
    /// For each field; rows are those of the block.
    var numbers: [NumberBatch]
    var isRead: [Bool]
    /// The group of each of the rows.
    private(set) var groups: [UInt32] = []
    private var byRow: [UInt32] = []

    init(_ plan: AggregatePlan) {
        numbers = plan.numbers.map { _ in NumberBatch() }
        isRead = plan.numbers.map { _ in false }
    }

    mutating func begin(rows: RowSet) {
        self.rows = rows
        isWhole = rows.isFull
        times.removeAll(keepingCapacity: true)
        constantTime = nil
        groupTokens.removeAll(keepingCapacity: true)
        distinctTokens.removeAll(keepingCapacity: true)
        for place in numbers.indices {
            numbers[place].removeAll()
            isRead[place] = false
        }
    }

    /// Works out the group of each row; rows that lack a field are in none.
    mutating func findGroups(_ keys: inout GroupKeys, _ buckets: inout TimeBuckets?) {
        let count = rows.count
        groups.removeAll(keepingCapacity: true)
        if keys.width == 0 {
            groups.append(contentsOf: repeatElement(0, count: count))
            return
        }
        groups.reserveCapacity(count)
        let constant = constantTime.flatMap { buckets?.number($0) }
        let first = buckets == nil ? 0 : 1
        if keys.width == 1 {
            findGroups(&keys, &buckets, constant, count)
            return
        }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: keys.width) { key in
            for row in 0..<count {
                if first == 1 { key[0] = constant ?? buckets?.number(times[row]) ?? 0 }
                var isComplete = true
                for field in groupTokens.indices {
                    let token = groupTokens[field][row]
                    key[first + field] = token
                    if token == NumberedTexts.none { isComplete = false }
                }
                groups.append(isComplete ? keys.group(UnsafeBufferPointer(key)) : GroupKeys.none)
            }
        }
    }

    private mutating func findGroups(
        _ keys: inout GroupKeys, _ buckets: inout TimeBuckets?, _ constant: UInt32?, _ count: Int
    ) {
        if let constant {
            groups.append(contentsOf: repeatElement(keys.group(constant), count: count))
        } else if let tokens = groupTokens.first {
            for token in tokens {
                groups.append(token == NumberedTexts.none ? GroupKeys.none : keys.group(token))
            }
        } else {
            for time in times { groups.append(keys.group(buckets?.number(time) ?? 0)) }
        }
    }

    /// The group of each row of the block; rows that are not meant are in none.
    mutating func groupsByRow() -> [UInt32] {
        if isWhole { return groups }
        byRow.removeAll(keepingCapacity: true)
        byRow.append(contentsOf: repeatElement(GroupKeys.none, count: rows.size))
        var next = 0
        rows.forEach { row in
            byRow[row] = groups[next]
            next += 1
        }
        return byRow
    }
}
