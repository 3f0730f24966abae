import TallyrollFormat

/// Events of one block that were found one after the other, in the order in which they are given: decoded together,
/// and put into records one by one.
struct RowPage: ~Copyable {
    private(set) var scan = 0
    private(set) var index = 0
    private var firstSequence: UInt64 = 0
    /// The rows in the order in which they are given.
    private var rows: [Int] = []
    /// Their times, where they are known of all; else empty.
    private var timestamps: [Int64] = []
    /// The same rows ascending, as they are decoded.
    private var ascending: [Int] = []
    private var next = 0
    private var decoded = BlockRows()
    private var fields = RecordFields.all
    /// The block, where its rows cannot be decoded together and are tried one by one.
    private var broken: BlockReader?

    var count: Int { rows.count }
    var isEmpty: Bool { next == rows.count }

    mutating func removeAll() {
        rows.removeAll(keepingCapacity: true)
        timestamps.removeAll(keepingCapacity: true)
        next = 0
        broken = nil
    }

    /// Forgets the rows and lets their block go.
    mutating func letGo() {
        removeAll()
        decoded.removeAll()
    }

    mutating func begin(scan: Int, index: Int, firstSequence: UInt64) {
        removeAll()
        self.scan = scan
        self.index = index
        self.firstSequence = firstSequence
    }

    /// Adds a row, with its time where it is known.
    mutating func add(row: Int, timestamp: Int64?) {
        rows.append(row)
        if let timestamp { timestamps.append(timestamp) }
    }

    mutating func load(_ block: BlockReader, _ fields: RecordFields) throws {
        self.fields = fields
        ascending.removeAll(keepingCapacity: true)
        ascending.append(contentsOf: rows)
        if let first = rows.first, let last = rows.last, first > last {
            ascending.reverse()
            timestamps.reverse()
        }
        if !zip(ascending, ascending.dropFirst()).allSatisfy({ $0 < $1 }) {
            ascending.sort()
            timestamps.removeAll(keepingCapacity: true)
        }
        do {
            try decoded.load(
                block, ascending, fields,
                timestamps: timestamps.count == ascending.count ? timestamps : nil)
        } catch {
            // What cannot be decoded together may still be read in part.
            broken = block
        }
    }

    /// Appends the record of the next row, which is passed over in any case.
    mutating func next(into out: inout ByteWriter) throws -> QueryRow {
        let (row, place) = try advance()
        try decoded.appendRecord(place, into: &out)
        return QueryRow(
            sequence: firstSequence + UInt64(row), recordedAt: decoded.recordedAt[place],
            timestamp: decoded.timestamps[place])
    }

    /// The bytes of the texts of the event that `nextEvent` gave last.
    var textBytes: Int { decoded.textBytes }

    /// The next event, as a value; it is passed over in any case.
    mutating func nextEvent(storeTag: UInt64) throws -> RecordedEvent {
        let (row, place) = try advance()
        return try decoded.event(place, sequence: firstSequence + UInt64(row), storeTag: storeTag)
    }

    /// Goes on to the next row: its number in the block, and where it stands among the decoded ones.
    private mutating func advance() throws -> (row: Int, place: Int) {
        let row = rows[next]
        next += 1
        guard let broken else { return (row, place(of: row)) }
        try decoded.load(broken, row: row, fields)
        return (row, 0)
    }

    /// Where a row stands among the ascending ones.
    private func place(of row: Int) -> Int {
        // Most often rows are given as they ascend, or the other way round.
        let guess = ascending.count - next
        if ascending[guess] == row { return guess }
        if ascending[next - 1] == row { return next - 1 }
        var (low, high) = (0, ascending.count)
        while low < high {
            let middle = (low + high) / 2
            if ascending[middle] < row { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
