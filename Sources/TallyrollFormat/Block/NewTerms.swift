/// The terms that a block adds to a dictionary: `varint first code · varint count · varint raw length · u8 codec ·
/// data`, where the raw data is each term with its varint length. They make the open segment readable before its
/// indexes are written, and are the second copy of its dictionaries after that.
package enum NewTerms {
    /// Writes the terms from the code `first` on, and gives them back.
    static func write(
        _ terms: SharedTerms, from first: Int, with compressor: ChunkCompressor, into out: inout ByteWriter
    ) -> BlockTerms {
        let count = terms.table.count - first + 1
        out.varint(UInt64(first))
        out.varint(UInt64(count))
        var raw = ByteWriter(capacity: 4096)
        for code in UInt32(first)...UInt32(terms.table.count) { raw.lengthPrefixed(terms.table.term(code)) }
        out.varint(UInt64(raw.count))
        compressor.write(raw.view, into: &out)
        return BlockTerms(firstCode: first, count: count, raw: Bytes(copying: raw.view))
    }

    /// Reads a section of new terms and returns them with the code of the first.
    package static func read(
        _ view: ByteView, dictionary: DictionaryID
    ) throws(FormatError) -> BlockTerms {
        let what = "new terms of \(dictionary)"
        var reader = ByteReader(view, what: what)
        let first = try reader.length(atMost: Int(Int32.max))
        let count = try reader.length(atMost: Limits.blockEvents + 1)
        let rawLength = try reader.length(atMost: Limits.blockBytes + Limits.eventBytes)
        guard first > 0 else { throw reader.invalid("first code", expected: "1 or more", found: "0") }
        let raw = try ChunkCompressor.read(
            try reader.bytes(reader.remaining), rawLength: rawLength, what: what)
        var body = ByteReader(raw.view, what: what)
        for _ in 0..<count { _ = try body.lengthPrefixed() }
        try body.finish()
        return BlockTerms(firstCode: first, count: count, raw: raw)
    }
}

/// The terms that a block adds to a dictionary, side by side in memory.
package struct BlockTerms: Sendable {
    package let firstCode: Int
    package let count: Int
    /// Each term with its varint length. They were read through once, so that reading cannot fail.
    fileprivate let raw: Bytes

    /// Calls with the place of each term, counted from that of `firstCode`, and its bytes, until told to stop. The bytes
    /// are valid during the call.
    package func forEach(_ body: (_ place: Int, _ term: ByteView) -> Bool) {
        withExtendedLifetime(raw) {
            var reader = ByteReader(raw.view, what: "new terms")
            for place in 0..<count {
                guard let term = try? reader.lengthPrefixed(), body(place, term) else { return }
            }
        }
    }

    /// Appends the bytes of the terms from a place on to `text`, and where each ends to `ends`.
    func append(from start: Int, to text: inout [UInt8], _ ends: inout [Int]) {
        forEach { place, term in
            guard place >= start else { return true }
            text.append(contentsOf: UnsafeBufferPointer(start: term.base, count: term.count))
            ends.append(text.count)
            return true
        }
    }
}
