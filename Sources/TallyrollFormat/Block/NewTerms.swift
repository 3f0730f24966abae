/// The terms that a block adds to a dictionary: `varint first code · varint count · u8 codec · varint raw length ·
/// data`, where the raw data is each term with its varint length. They make the open segment readable before its
/// indexes are written, and are the second copy of its dictionaries after that.
package enum NewTerms {
    static func write(_ terms: SharedTerms, from first: Int, deflater: Deflater?, into out: inout ByteWriter)
    {
        out.varint(UInt64(first))
        out.varint(UInt64(terms.table.count - first + 1))
        var raw = ByteWriter(capacity: 4096)
        for code in UInt32(first)...UInt32(terms.table.count) { raw.lengthPrefixed(terms.table.term(code)) }
        let codecAt = out.count
        out.u8(Codec.none.rawValue)
        out.varint(UInt64(raw.count))
        if let deflater, deflater.compress(raw.view, into: &out) {
            out.patch(Codec.deflate.rawValue, at: codecAt)
        } else {
            out.bytes(raw.view)
        }
    }

    /// Reads a section of new terms and returns them with the code of the first.
    package static func read(
        _ view: ByteView, dictionary: DictionaryID
    ) throws(FormatError) -> (firstCode: Int, terms: [[UInt8]]) {
        let what = "new terms of \(dictionary)"
        var reader = ByteReader(view, what: what)
        let first = try reader.length(atMost: Int(Int32.max))
        let count = try reader.length(atMost: Limits.blockEvents + 1)
        let tag = try reader.u8()
        let rawLength = try reader.length(atMost: Limits.blockBytes + Limits.eventBytes)
        let data = try reader.bytes(reader.remaining)
        guard first > 0, let codec = Codec(rawValue: tag) else {
            throw reader.invalid(
                "codec", expected: "a first code and codec 1 or 2", found: "\(first), \(tag)")
        }
        let raw =
            codec == .deflate
            ? try Inflater.inflate(data, rawLength: rawLength, what: what) : Bytes(copying: data)
        var body = ByteReader(raw.view, what: what)
        var terms: [[UInt8]] = []
        for _ in 0..<count { terms.append(try body.lengthPrefixed().array) }
        guard raw.count == rawLength else {
            throw body.invalid("length", expected: "\(rawLength)", found: "\(raw.count)")
        }
        try body.finish()
        return (first, terms)
    }
}
