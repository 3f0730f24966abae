/// A column of codes into a dictionary, bit-packed: `varint base · u8 width · codes minus base`.
package struct CodeColumn {
    package let count: Int
    let base: UInt32
    let width: Int
    let body: ByteView

    /// Appends a column of codes.
    package static func write(_ codes: [UInt32], into out: inout ByteWriter) {
        codes.withUnsafeBufferPointer { write($0, into: &out) }
    }

    /// Appends a column of codes.
    static func write(_ codes: UnsafeBufferPointer<UInt32>, into out: inout ByteWriter) {
        var base = codes.first ?? 0
        var largest = base
        for code in codes {
            base = min(base, code)
            largest = max(largest, code)
        }
        let width = bitWidth(Int(largest - base))
        out.varint(UInt64(base))
        out.u8(UInt8(width))
        BitPacking.pack(codes, minus: base, width: width, into: &out)
    }

    package init(_ view: ByteView, count: Int) throws(FormatError) {
        var reader = ByteReader(view, what: "code column")
        self.count = count
        base = UInt32(try reader.length(atMost: Int(UInt32.max >> 1)))
        width = Int(try reader.u8())
        guard width <= 31 else {
            throw reader.invalid("width", expected: "at most 31 bits", found: "\(width)")
        }
        body = try reader.bytes(BitPacking.bytes(count: count, width: width))
        try reader.finish()
    }

    /// The code every row has, when all have the same.
    package var constant: UInt32? { width == 0 ? base : nil }

    /// The smallest code of the column; no row has one below.
    package var smallest: UInt32 { base }

    @inline(__always)
    package func code(_ row: Int) -> UInt32 {
        precondition(row >= 0 && row < count)
        return width == 0
            ? base : base &+ UInt32(truncatingIfNeeded: BitPacking.value(body, index: row, width: width))
    }

    package func decode(into out: UnsafeMutableBufferPointer<UInt32>) {
        precondition(out.count >= count)
        let target = UnsafeMutableBufferPointer(rebasing: out[..<count])
        if width == 0 {
            target.update(repeating: base)
            return
        }
        BitPacking.unpack(body, width: width, from: 0, into: target)
        if base != 0 {
            for index in 0..<count { target[index] &+= base }
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
        if width == 0 {
            codes.update(repeating: base, count: rows.count)
            return
        }
        for index in rows.indices { codes[index] = code(Int(rows[index])) }
    }

    /// The rows whose code is `code`.
    package func rows(equalTo code: UInt32) -> RowSet {
        guard code >= base, width == 0 ? code == base : true else { return RowSet(size: count) }
        return rows { $0 == code }
    }

    /// The rows whose code satisfies `predicate`, called once a row.
    @inline(__always)
    package func rows(where predicate: (UInt32) -> Bool) -> RowSet {
        if width == 0 { return RowSet(size: count, all: predicate(base)) }
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
