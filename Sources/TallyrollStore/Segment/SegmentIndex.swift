import TallyrollFormat

/// Gathers what a segment's indexes are built from, event by event, and writes the index region when it is sealed.
struct SegmentIndex {
    private let columns: [PostingColumn]
    private let details: [[String]]
    /// By place in `columns`.
    private let codes: [GrowingList<UInt32>]
    private var filters: [FilterGatherer]
    private let idHashes = GrowingList<UInt64>()
    private var idCount = 0

    init(_ indexes: SegmentIndexes) {
        columns = PostingColumn.allCases.filter {
            PostingColumn.standard.contains($0) || indexes.postings.contains($0)
        }
        details = indexes.sortedPaths
        codes = columns.map { _ in GrowingList() }
        let paths = details.isEmpty ? nil : details.map { FilterKey.path($0) }
        filters = FilterKind.allCases.filter { indexes.filters.contains($0) }.map { kind in
            FilterGatherer(kind, paths: kind == .details ? paths : nil)
        }
    }

    /// The number of events gathered.
    var count: Int { idHashes.count }

    /// Adds the events of a block that was just encoded from records in `memory`.
    mutating func append(_ encoder: BlockEncoder, _ memory: ByteView) {
        for place in columns.indices { codes[place].append(contentsOf: encoder.codes(columns[place])) }
        append(idHashes: encoder.idHashes)
        for place in filters.indices {
            for field in filters[place].kind.sources {
                filters[place].add(field, encoder.values(field), in: memory)
            }
            filters[place].endBlock()
        }
    }

    /// Adds the events of a block that lies on disk.
    mutating func append(_ block: BlockReader) throws {
        var hashes = [UInt64](repeating: IDHash.none, count: block.count)
        if let (ids, memory) = try block.values(.id) {
            for row in 0..<block.count where !ids.isAbsent(row) {
                hashes[row] = IDHash.of(ids.value(row, in: memory.view))
            }
            withExtendedLifetime(memory) {}
        }
        for place in columns.indices { codes[place].append(contentsOf: try block.codes(columns[place])) }
        append(idHashes: hashes)
        for place in filters.indices { try filters[place].append(block) }
    }

    /// Takes note of a block that is damaged.
    mutating func appendUnreadableBlock() {
        for place in filters.indices { filters[place].appendUnknown() }
    }

    /// Adds events whose block is damaged: nothing is known of them.
    mutating func appendUnknown(_ count: Int) {
        for index in codes.indices { codes[index].append(repeating: 0, count: count) }
        idHashes.append(repeating: IDHash.none, count: count)
    }

    private mutating func append(idHashes hashes: [UInt64]) {
        idHashes.append(contentsOf: hashes)
        idCount += hashes.count { $0 != IDHash.none }
    }

    /// At most what the index region of these events will take, dictionaries included.
    func bytesBound(dictionaries: [SharedTerms], blocks: Int) -> Int {
        var bound = 64 << 10
        // A posting costs at most 2 bits and the logarithm of the events; an id a fingerprint and a block number.
        bound += idHashes.count * (codes.count * 3 + 4)
        bound += filters.reduce(0) { $0 + $1.bytesBound }
        // An entry holds at most about two dozen roots; a term its text and two packed ranks.
        bound += blocks * 1024
        for dictionary in dictionaries {
            let size = dictionary.size
            bound += size.textBytes + size.count * 12
        }
        let terms = TermFilter.dictionaries.reduce(0) { $0 + dictionaries[$1.index].size.count }
        bound += TermFilter.byteCount(terms: terms)
        // Each page of any of this has a checksum.
        return bound + bound >> 9
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
        for dictionary in DictionaryID.allCases where dictionaries[dictionary.index].table.count > 0 {
            sectionStart = out.count
            let terms = dictionaries[dictionary.index]
            try DictionarySection.build(count: terms.table.count, into: &out) { terms.table.term($0) }
            close(.dictionary, dictionary.rawValue, from: sectionStart, &out)
        }
        for (place, column) in columns.enumerated() {
            sectionStart = out.count
            let terms = column.dictionary.map { dictionaries[$0.index].table.count } ?? 0
            TermPostings.build(
                codes: codes[place].elements, termCount: column.listCount(terms: terms), into: &out)
            close(.postings, column.rawValue, from: sectionStart, &out)
        }
        if idCount > 0 {
            sectionStart = out.count
            SegmentIndex.writeIDs(idHashes.elements, entries, into: &out)
            close(.ids, 0, from: sectionStart, &out)
        }
        for filter in filters {
            sectionStart = out.count
            if filter.kind == .details { DetailsPaths.write(details, into: &out) }
            filter.write(into: &out)
            close(.filter, filter.kind.rawValue, from: sectionStart, &out)
        }
        sectionStart = out.count
        TermFilter.build(SegmentIndex.termKeys(dictionaries), into: &out)
        close(.terms, 0, from: sectionStart, &out)
        let sums = sections.filter { PageSums.hasPages($0) }.flatMap {
            PageSums.sums(of: out.view.trusted($0.offset - base, $0.length))
        }
        if !sums.isEmpty {
            sectionStart = out.count
            PageSums.write(sums, into: &out)
            close(.pages, 0, from: sectionStart, &out)
        }
        // Last, beside the section table: what opening a segment reads lies together.
        sectionStart = out.count
        out.varint(UInt64(entries.count))
        for entry in entries { entry.write(into: &out) }
        close(.blocks, 0, from: sectionStart, &out)
        sectionStart = out.count
        heads.write(into: &out)
        close(.heads, 0, from: sectionStart, &out)
        let footer = SegmentFooter(
            storeTag: header.storeTag, segmentNumber: header.number,
            endSequence: header.firstSequence + UInt64(count), tableOffset: base + out.count,
            sections: sections)
        footer.write(into: &out)
    }

    /// The keys of all terms of the dictionaries that have posting lists.
    private static func termKeys(_ dictionaries: [SharedTerms]) -> [UInt64] {
        var keys: [UInt64] = []
        for dictionary in TermFilter.dictionaries {
            let terms = dictionaries[dictionary.index]
            keys.reserveCapacity(keys.count + terms.table.count)
            for code in 0..<UInt32(terms.table.count) {
                keys.append(TermFilter.key(terms.table.term(code + 1), dictionary))
            }
        }
        return keys
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

extension FilterGatherer {
    /// Adds a block that lies on disk.
    mutating func append(_ block: BlockReader) throws {
        for field in kind.sources {
            guard let (values, memory) = try block.values(field) else { continue }
            values.withSpan { add(field, $0, in: memory.view) }
            withExtendedLifetime(memory) {}
        }
        endBlock()
    }
}
