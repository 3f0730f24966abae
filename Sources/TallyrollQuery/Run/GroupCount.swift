import TallyrollFormat
import TallyrollStore

/// Events counted by the values of fields.
package struct GroupCounts: Sendable {
    package struct Group: Sendable, Equatable {
        /// A value for each field.
        package let values: [String]
        package let count: Int
    }

    /// The groups, those with most events first; equal ones by the bytes of their values.
    package let groups: [Group]
    /// How many groups there are, also those that were not asked for.
    package let groupCount: Int
    /// What could not be read, so that events may be missing from the counts.
    package let problems: [QueryProblem]
    package let explanation: QueryExplanation
}

extension QueryEngine {
    /// Counts the events that a filter means by the values of one or more fields, the `top` largest groups at most.
    /// Events that lack one of the fields are in no group.
    ///
    /// - Throws: `QueryError` for a filter that is not well-formed; `QueryLimitError` for fields that cannot be grouped
    ///   by and for too many groups; `CancellationError`.
    package func count(
        where filter: Filter = .all, by fields: [Field], top: Int? = nil, isTimed: Bool = false
    ) throws -> GroupCounts {
        precondition(!fields.isEmpty)
        let (scope, trace) = try begin(filter, isTimed: isTimed)
        trace.kind = "count by \(fields.map { "\($0)" }.joined(separator: ", "))"
        var counting = GroupCounting(
            columns: try fields.map { (field) throws(QueryLimitError) in try GroupColumn(field) })
        let (groups, count) = try trace.running {
            for place in scope.segments {
                let scan = SegmentScan(scope, segment: place, trace)
                try trace.timed(.gather) { try counting.add(scan) }
            }
            var scratch = QueryScratch()
            scope.forEachInTail(trace) { _, _, record in counting.add(record, &scratch) }
            try counting.table.checkLimit()
            return trace.timed(.order) { counting.result(top: top) }
        }
        return GroupCounts(
            groups: groups, groupCount: count, problems: trace.problems,
            explanation: QueryExplanation(scope.prepared.filter, trace))
    }
}

/// The state of a run that counts groups.
private struct GroupCounting {
    let columns: [GroupColumn]
    var table: GroupTable

    init(columns: [GroupColumn]) {
        self.columns = columns
        table = GroupTable(width: columns.count)
    }

    mutating func add(_ scan: SegmentScan) throws {
        for place in columns.indices { columns[place].beginSegment() }
        guard columns.count == 1, let dictionary = columns[0].dictionary else {
            for index in scan.blocks { try add(scan, block: index) }
            return
        }
        var blocks: [Int] = []
        try scan.forEachStretch { ordinals in
            let terms = scan.segment.reader.terms
            // Where an index cannot be read, the columns say the same.
            let numbered = try? scan.counts(dictionary, in: ordinals)?.filter { $0.count > 0 }.map {
                (number: try columns[0].number(ofCode: $0.code, terms), count: $0.count)
            }
            guard let numbered else {
                blocks += scan.blocks(of: ordinals)
                return
            }
            for (number, count) in numbered { table.add(number, count) }
        } undecided: {
            blocks.append($0)
        }
        for index in blocks { try add(scan, block: index) }
        try table.checkLimit()
    }

    private mutating func add(_ scan: SegmentScan, block index: Int) throws {
        guard let matches = try scan.matches(index) else { return }
        var scratch = QueryScratch()
        let numbers = scan.read(index) { block in
            try columns.map { try $0.numbers(matches.rows, block, &scratch) }
        }
        if let numbers { add(numbers) }
        try table.checkLimit()
    }

    private mutating func add(_ numbers: [[UInt32]]) {
        if numbers.count == 1 {
            for number in numbers[0] where number != GroupColumn.none { table.add(number, 1) }
            return
        }
        for row in numbers[0].indices {
            let key = numbers.map { $0[row] }
            if !key.contains(GroupColumn.none) { table.add(key) }
        }
    }

    mutating func add(_ record: RecordRow, _ scratch: inout QueryScratch) {
        let key = columns.indices.map { columns[$0].number(of: record, &scratch) }
        if !key.contains(GroupColumn.none) { table.add(key) }
    }

    func result(top: Int?) -> ([GroupCounts.Group], Int) {
        func isBefore(_ left: GroupCounts.Group, _ right: GroupCounts.Group) -> Bool {
            if left.count != right.count { return left.count > right.count }
            for (a, b) in zip(left.values, right.values) where !a.utf8.elementsEqual(b.utf8) {
                return a.utf8.lexicographicallyPrecedes(b.utf8)
            }
            return false
        }
        let all = table.groups
        let limit = max(min(top ?? all.count, all.count), 0)
        // Texts are made only of groups that can be among the largest.
        let counts = all.map(\.count).sorted(by: >)
        let smallest = limit > 0 ? counts[limit - 1] : Int.max
        let groups = all.filter { $0.count >= smallest }.map { group in
            GroupCounts.Group(
                values: zip(columns, group.numbers).map { $0.text($1) }, count: group.count)
        }
        return (Array(groups.sorted(by: isBefore).prefix(limit)), all.count)
    }
}
