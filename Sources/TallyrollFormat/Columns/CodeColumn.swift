/// A column of codes into a dictionary: bit-packed, or determined by the codes of another column.
///
/// Packed: `varint base · u8 width · codes minus base`. Determined: `varint base · u8 32 · u8 width · varint entries ·
/// entries`, where entry `i` is the code, minus base, of every row whose leading code is the leading column's base plus `i`.
package struct CodeColumn {
    package let count: Int
    let base: UInt32
    /// No code exceeds the base by more than so many bits hold.
    let valueWidth: Int
    /// The packed values: codes minus base, or places in `table`, of `width` bits each.
    let body: ByteView
    private let width: Int
    /// What each packed value stands for, `1 << width` of them, where another column determines this one's codes.
    /// Borrowed: a `DeterminedCodes` owns it.
    private let table: UnsafePointer<UInt32>?

    /// Stands in the place of a width.
    static let determined: UInt8 = 32
    /// The widest leading codes that a table is made for: it takes four bytes a value in memory.
    static let leaderWidth = 12

    /// Appends a packed column.
    package static func write(_ codes: [UInt32], into out: inout ByteWriter) {
        codes.withUnsafeBufferPointer { write($0, range($0), into: &out) }
    }

    /// Appends a packed column.
    static func write(_ codes: UnsafeBufferPointer<UInt32>, into out: inout ByteWriter) {
        write(codes, range(codes), into: &out)
    }

    static func write(
        _ codes: UnsafeBufferPointer<UInt32>, _ range: (base: UInt32, width: Int), into out: inout ByteWriter
    ) {
        out.varint(UInt64(range.base))
        out.u8(UInt8(range.width))
        BitPacking.pack(codes, minus: range.base, width: range.width, into: &out)
    }

    /// The smallest of some codes, and the bits that the others take less that.
    static func range(_ codes: UnsafeBufferPointer<UInt32>) -> (base: UInt32, width: Int) {
        var base = codes.first ?? 0
        var largest = base
        for code in codes {
            base = min(base, code)
            largest = max(largest, code)
        }
        return (base, bitWidth(Int(largest - base)))
    }

    /// Opens a packed column.
    package init(_ view: ByteView, count: Int) throws(FormatError) {
        var reader = ByteReader(view, what: "code column")
        self.count = count
        base = UInt32(try reader.length(atMost: Int(UInt32.max >> 1)))
        width = Int(try reader.u8())
        guard width <= 31 else {
            throw reader.invalid("width", expected: "at most 31 bits", found: "\(width)")
        }
        valueWidth = width
        body = try reader.bytes(BitPacking.bytes(count: count, width: width))
        table = nil
        try reader.finish()
    }

    /// The column whose codes are those that `determined` has for `leader`'s. Borrows from both.
    package init(_ determined: DeterminedCodes, by leader: CodeColumn) {
        count = leader.count
        base = determined.base
        valueWidth = determined.width
        body = leader.body
        width = leader.width
        table = UnsafePointer(determined.codes.base)
    }

    /// Whether another column determines the codes of the column at `view`.
    package static func isDetermined(_ view: ByteView) -> Bool {
        var reader = ByteReader(view, what: "code column")
        guard (try? reader.varint()) != nil, let width = try? reader.u8() else { return false }
        return width == determined
    }

    /// What `leader` determines the codes of the column at `view` to be.
    package static func determined(_ view: ByteView, by leader: CodeColumn) throws(FormatError)
        -> DeterminedCodes
    {
        var reader = ByteReader(view, what: "code column")
        let base = UInt32(try reader.length(atMost: Int(UInt32.max >> 1)))
        let mark = try reader.u8()
        guard mark == determined else {
            throw reader.invalid("width", expected: "\(determined)", found: "\(mark)")
        }
        guard leader.table == nil, leader.width <= leaderWidth else {
            throw reader.invalid(
                "leading column", expected: "packed in at most \(leaderWidth) bits",
                found: "\(leader.width) bits")
        }
        return try DeterminedCodes(base: base, leaderWidth: leader.width, &reader)
    }

    /// The code every row has, when all have the same.
    package var constant: UInt32? { width == 0 ? meaning(0) : nil }

    /// The smallest code of the column; no row has one below.
    package var smallest: UInt32 { base }

    /// The code that a packed value stands for.
    @inline(__always)
    private func meaning(_ packed: UInt32) -> UInt32 {
        if let table { return table[Int(packed)] }
        return base &+ packed
    }

    @inline(__always)
    package func code(_ row: Int) -> UInt32 {
        precondition(row >= 0 && row < count)
        if width == 0 { return meaning(0) }
        return meaning(UInt32(truncatingIfNeeded: BitPacking.value(body, index: row, width: width)))
    }

    package func decode(into out: UnsafeMutableBufferPointer<UInt32>) {
        precondition(out.count >= count)
        decode(from: 0, into: UnsafeMutableBufferPointer(rebasing: out[..<count]))
    }

    /// The codes of the rows from `start` on.
    func decode(from start: Int, into target: UnsafeMutableBufferPointer<UInt32>) {
        precondition(start >= 0 && start + target.count <= count)
        if let constant {
            target.update(repeating: constant)
            return
        }
        BitPacking.unpack(body, width: width, from: start, into: target)
        if let table {
            for index in target.indices { target[index] = table[Int(target[index])] }
        } else if base != 0 {
            for index in target.indices { target[index] &+= base }
        }
    }

    package func decodeArray() -> [UInt32] {
        [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
            decode(into: buffer)
            initialized = count
        }
    }

    /// The codes of some rows.
    package func read(_ rows: UnsafeBufferPointer<UInt32>, into codes: UnsafeMutablePointer<UInt32>) {
        if let constant {
            codes.update(repeating: constant, count: rows.count)
            return
        }
        for index in rows.indices { codes[index] = code(Int(rows[index])) }
    }

    /// The rows whose code is `code`.
    package func rows(equalTo code: UInt32) -> RowSet {
        guard code >= base else { return RowSet(size: count) }
        return rows { $0 == code }
    }

    /// The rows whose code satisfies `predicate`, called once a row.
    @inline(__always)
    package func rows(where predicate: (UInt32) -> Bool) -> RowSet {
        if let constant { return RowSet(size: count, all: predicate(constant)) }
        var result = RowSet(size: count)
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: count) { codes in
            codes.initialize(repeating: 0)
            decode(into: codes)
            for word in result.words.indices {
                var bits: UInt64 = 0
                let start = word << 6
                for bit in 0..<min(64, count - start) where predicate(codes[start + bit]) {
                    bits |= 1 << UInt64(bit)
                }
                result.setWord(word, bits)
            }
        }
        return result
    }
}
