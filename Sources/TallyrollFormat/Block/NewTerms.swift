/// The terms that a block adds to a dictionary: `varint first code · varint count · varint raw length · u8 codec ·
/// data`, where the raw data is each term with its varint length. They make the open segment readable before its
/// indexes are written, and are the second copy of its dictionaries after that.
package enum NewTerms {
    static func write(
        _ terms: SharedTerms, from first: Int, with compressor: ChunkCompressor, into out: inout ByteWriter
    ) {
        out.varint(UInt64(first))
        out.varint(UInt64(terms.table.count - first + 1))
        var raw = ByteWriter(capacity: 4096)
        for code in UInt32(first)...UInt32(terms.table.count) { raw.lengthPrefixed(terms.table.term(code)) }
        out.varint(UInt64(raw.count))
        compressor.write(raw.view, into: &out)
    }

    /// Reads a section of new terms and returns them with the code of the first.
    package static func read(
        _ view: ByteView, dictionary: DictionaryID
    ) throws(FormatError) -> (firstCode: Int, terms: [[UInt8]]) {
        let what = "new terms of \(dictionary)"
        var reader = ByteReader(view, what: what)
        let first = try reader.length(atMost: Int(Int32.max))
        let count = try reader.length(atMost: Limits.blockEvents + 1)
        let rawLength = try reader.length(atMost: Limits.blockBytes + Limits.eventBytes)
        guard first > 0 else { throw reader.invalid("first code", expected: "1 or more", found: "0") }
        let raw = try ChunkCompressor.read(
            try reader.bytes(reader.remaining), rawLength: rawLength, what: what)
        var body = ByteReader(raw.view, what: what)
        var terms: [[UInt8]] = []
        for _ in 0..<count { terms.append(try body.lengthPrefixed().array) }
        try body.finish()
        return (first, terms)
    }
}
