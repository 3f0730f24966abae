import TallyrollFormat

/// Gathers what a segment's indexes are built from, event by event, and writes the index region when it is sealed.
struct SegmentIndex {
    /// The dictionaries that have posting lists.
    static let postingDictionaries: [DictionaryID] = [.type, .user, .resource]

    private var codes: [[UInt32]] = SegmentIndex.postingDictionaries.map { _ in [] }
    private var idHashes: [UInt64] = []
    private var idCount = 0

    /// The number of events gathered.
    var count: Int { idHashes.count }

    /// Adds the events of a block that was just encoded.
    mutating func append(_ encoder: BlockEncoder) {
        append(
            codes: [encoder.typeCodes, encoder.userCodes, encoder.resourceCodes], idHashes: encoder.idHashes)
    }

    /// Adds the events of a block that lies on disk.
    mutating func append(_ block: BlockReader) throws {
        var hashes = [UInt64](repeating: IDHash.none, count: block.count)
        if let ids = try block.text(.id) {
            var values = ValueList()
            var text = ByteWriter(capacity: 1 << 16)
            try ids.decode(from: try block.context(.id), into: &values, text: &text)
            for row in 0..<block.count where !values.isAbsent(row) {
                hashes[row] = IDHash.of(values.value(row, in: text.view))
            }
        }
        append(
            codes: [
                try block.codes(.type).decodeArray(), try block.codes(.user).decodeArray(),
                try block.codes(.resource).decodeArray(),
            ], idHashes: hashes)
    }

    /// Adds events whose block is damaged: nothing is known of them.
    mutating func appendUnknown(_ count: Int) {
        for index in codes.indices { codes[index].append(contentsOf: repeatElement(0, count: count)) }
        idHashes.append(contentsOf: repeatElement(IDHash.none, count: count))
    }

    private mutating func append(codes new: [[UInt32]], idHashes hashes: [UInt64]) {
        for index in codes.indices { codes[index].append(contentsOf: new[index]) }
        idHashes.append(contentsOf: hashes)
        idCount += hashes.count { $0 != IDHash.none }
    }

    /// At most what the index region of these events will take, dictionaries included.
    func bytesBound(dictionaries: [SharedTerms], blocks: Int) -> Int {
        var bound = 64 << 10
        // A posting costs at most 2 bits and the logarithm of the events; an id a fingerprint and a block number.
        bound += idHashes.count * (codes.count * 3 + 4)
        // An entry holds at most about two dozen roots; a term its text and two packed ranks.
        bound += blocks * 1024
        for dictionary in dictionaries { bound += dictionary.table.textBytes + dictionary.table.count * 12 }
        return bound
    }

    /// Appends the index region for a file in which it begins at `start`, footer and trailer included.
    func write(
        at start: Int, header: SegmentHeader, entries: [BlockEntry], heads: SegmentHeads,
        dictionaries: [SharedTerms], into out: inout ByteWriter
    ) throws(FormatError) {
        let base = start - out.count
        var sections: [IndexSection] = []
        func close(_ role: IndexRole, _ id: UInt8, from sectionStart: Int, _ out: inout ByteWriter) {
            let view = out.view.trusted(sectionStart, out.count - sectionStart)
            sections.append(
                IndexSection(
                    role: role, id: id, offset: base + sectionStart, length: view.count,
                    checksum: Checksum.of(view)))
            out.pad(to: 8)
        }

        var sectionStart = out.count
        out.varint(UInt64(entries.count))
        for entry in entries { entry.write(into: &out) }
        close(.blocks, 0, from: sectionStart, &out)

        sectionStart = out.count
        heads.write(into: &out)
        close(.heads, 0, from: sectionStart, &out)

        for dictionary in DictionaryID.allCases where dictionaries[dictionary.index].table.count > 0 {
            sectionStart = out.count
            let terms = dictionaries[dictionary.index]
            try DictionarySection.build(count: terms.table.count, into: &out) { terms.table.term($0) }
            close(.dictionary, dictionary.rawValue, from: sectionStart, &out)
        }
        for (place, dictionary) in SegmentIndex.postingDictionaries.enumerated() {
            sectionStart = out.count
            codes[place].withUnsafeBufferPointer {
                TermPostings.build(
                    codes: $0, termCount: dictionaries[dictionary.index].table.count, into: &out)
            }
            close(.postings, dictionary.rawValue, from: sectionStart, &out)
        }
        if idCount > 0 {
            sectionStart = out.count
            idHashes.withUnsafeBufferPointer { SegmentIndex.writeIDs($0, entries, into: &out) }
            close(.ids, 0, from: sectionStart, &out)
        }
        let footer = SegmentFooter(
            storeTag: header.storeTag, segmentNumber: header.number,
            endSequence: header.firstSequence + UInt64(count), tableOffset: base + out.count,
            sections: sections)
        footer.write(into: &out)
    }

    /// Appends the table of ids, from the hash of each event's id in order.
    static func writeIDs(
        _ hashes: UnsafeBufferPointer<UInt64>, _ entries: [BlockEntry], into out: inout ByteWriter
    ) {
        var blocks: [UInt32] = []
        blocks.reserveCapacity(hashes.count)
        for (number, entry) in entries.enumerated() {
            blocks.append(contentsOf: repeatElement(UInt32(number), count: entry.count))
        }
        var present = [UInt64](repeating: 0, count: (hashes.count + 63) / 64)
        for ordinal in hashes.indices where hashes[ordinal] != IDHash.none {
            present[ordinal >> 6] |= 1 << UInt64(ordinal & 63)
        }
        present.withUnsafeBufferPointer { present in
            blocks.withUnsafeBufferPointer { blocks in
                IDTable.build(hashes: hashes, present: present, payload: .blocks(blocks), into: &out)
            }
        }
    }
}
