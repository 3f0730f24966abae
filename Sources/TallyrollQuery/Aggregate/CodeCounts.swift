import TallyrollFormat
import TallyrollStore

/// Events of one segment, counted by the codes of a column. What the codes stand for is asked once a code and not
/// once an event.
struct CodeCounts {
    let column: PostingColumn
    /// By code; the last place is that of codes which the segment does not have.
    private var counts: [Int]

    /// Codes are at most `codeMax`.
    init(_ column: PostingColumn, codeMax: Int) {
        self.column = column
        counts = [Int](repeating: 0, count: codeMax + 2)
    }

    var codeMax: Int { counts.count - 2 }

    /// Calls `body` with each code of which there are events, and their number.
    func forEach(_ body: (_ code: UInt32, _ count: Int) throws -> Void) rethrows {
        for code in 1..<max(counts.count - 1, 1) where counts[code] != 0 {
            try body(UInt32(code), counts[code])
        }
    }

    mutating func add(_ count: Int, of code: UInt32) { counts[Int(code)] += count }

    // MARK: Blocks

    /// Adds all rows of a block.
    mutating func add(_ block: BlockReader) throws {
        try add(block) { codes, weight, counts in
            codes.addCounts(of: 0..<codes.count, weight, to: counts)
        } values: { column, body in
            if let constant = column.constant {
                for _ in 0..<column.count { body(constant) }
            } else {
                for value in column.decodeArray() { body(value) }
            }
        }
    }

    /// Adds some rows of a block: those of these ordinals, of which the block's first is `first`.
    mutating func add(_ block: BlockReader, _ ordinals: UnsafeBufferPointer<UInt32>, from first: Int) throws {
        let first = UInt32(truncatingIfNeeded: first)
        try add(block) { codes, weight, counts in
            codes.addCounts(of: ordinals, from: first, weight, to: counts)
        } values: { column, body in
            for ordinal in ordinals { body(column.value(Int(ordinal &- first))) }
        }
    }

    /// Adds some rows of a block.
    mutating func add(_ block: BlockReader, _ rows: RowSet) throws {
        if rows.isFull { return try add(block) }
        try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: max(rows.count, 1)) { chosen in
            var count = 0
            rows.forEach {
                chosen.initializeElement(at: count, to: UInt32($0))
                count += 1
            }
            try add(block, UnsafeBufferPointer(rebasing: chosen[..<count]), from: 0)
        }
    }

    /// Nothing is counted of a block that holds a code which the segment does not have.
    private mutating func add(
        _ block: BlockReader,
        codes addCodes: (CodeColumn, _ weight: Int, UnsafeMutableBufferPointer<Int>) -> Void,
        values forEachValue: (IntegerColumn, (Int64) -> Void) -> Void
    ) throws {
        let unknown = counts.count - 1
        let before = counts[unknown]
        func add(_ weight: Int) throws {
            if column == .outcome {
                let outcomes = try block.integers(.outcome)
                counts.withUnsafeMutableBufferPointer { counts in
                    forEachValue(outcomes) { value in
                        counts[value >= 0 && value < unknown ? Int(value) : unknown] += weight
                    }
                }
            } else {
                let codes = try block.codes(column.column)
                counts.withUnsafeMutableBufferPointer { addCodes(codes, weight, $0) }
            }
        }
        try add(1)
        guard counts[unknown] == before else {
            try add(-1)
            throw FormatError(
                .invalid, "block: codes of \(column)", offset: block.origin,
                expected: "codes up to \(codeMax)", found: "a larger one")
        }
    }
}
