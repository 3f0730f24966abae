import TallyrollFormat

/// The events of one block (or of the tail) that are meant and not yet given, latest first.
struct BlockRun {
    enum Source {
        case block(scan: Int, index: Int)
        case tail
    }

    /// An event's place in the order of newest first.
    struct Key: Comparable {
        var timestamp: Int64
        var sequence: UInt64

        static func < (left: Key, right: Key) -> Bool {
            (left.timestamp, left.sequence) < (right.timestamp, right.sequence)
        }
    }

    let source: Source
    let firstSequence: UInt64
    /// Ascending by key: the last is the next to be given.
    private var rows: [UInt32]
    private var timestamps: [Int64]
    /// Whether earlier events of the block were left out, to be found again when these are given.
    private(set) var isCut = false

    /// `rows` ascend; `timestamps` are theirs. Keeps those before `bound`, the latest `limit` of them.
    init(
        _ source: Source, firstSequence: UInt64, rows: [UInt32], timestamps: [Int64], before bound: Key?,
        limit: Int
    ) {
        self.source = source
        self.firstSequence = firstSequence
        self.rows = rows
        self.timestamps = timestamps
        if let bound { keep(before: bound) }
        var isAscending = true
        for index in self.timestamps.indices.dropFirst()
        where self.timestamps[index] < self.timestamps[index - 1] {
            isAscending = false
            break
        }
        if !isAscending { sort() }
        if self.rows.count > limit {
            self.rows.removeFirst(self.rows.count - limit)
            self.timestamps.removeFirst(self.timestamps.count - limit)
            isCut = true
        }
    }

    private mutating func keep(before bound: Key) {
        var kept = 0
        for index in rows.indices {
            let key = Key(timestamp: timestamps[index], sequence: firstSequence + UInt64(rows[index]))
            guard key < bound else { continue }
            rows[kept] = rows[index]
            timestamps[kept] = timestamps[index]
            kept += 1
        }
        rows.removeLast(rows.count - kept)
        timestamps.removeLast(timestamps.count - kept)
    }

    private mutating func sort() {
        // Events are recorded nearly in the order of their times: each moves by little.
        if sortByInsertion(movesMax: rows.count * 16) { return }
        let order = rows.indices.sorted { (timestamps[$0], rows[$0]) < (timestamps[$1], rows[$1]) }
        rows = order.map { rows[$0] }
        timestamps = order.map { timestamps[$0] }
    }

    /// False when it would take more moves: what was done by then is sorted a part.
    private mutating func sortByInsertion(movesMax: Int) -> Bool {
        var moves = 0
        return rows.withUnsafeMutableBufferPointer { rows in
            timestamps.withUnsafeMutableBufferPointer { timestamps in
                for index in rows.indices.dropFirst() {
                    let (row, timestamp) = (rows[index], timestamps[index])
                    var place = index
                    while place > 0, (timestamps[place - 1], rows[place - 1]) > (timestamp, row) {
                        timestamps[place] = timestamps[place - 1]
                        rows[place] = rows[place - 1]
                        place -= 1
                    }
                    timestamps[place] = timestamp
                    rows[place] = row
                    moves += index - place
                    if moves > movesMax { return false }
                }
                return true
            }
        }
    }

    var count: Int { rows.count }

    var next: (key: Key, row: Int)? {
        guard let row = rows.last, let timestamp = timestamps.last else { return nil }
        return (Key(timestamp: timestamp, sequence: firstSequence + UInt64(row)), Int(row))
    }

    mutating func removeNext() {
        rows.removeLast()
        timestamps.removeLast()
    }
}
