import TallyrollFormat

/// One segment file looked at alone, open, sealed or damaged: everything that can be read of it, and what is wrong
/// where. What lies between segments (their chain, missing ones) is the verifier's business.
package struct SegmentInspection: Sendable {
    package struct Block: Sendable {
        /// The block's place in the file's order.
        package var position: Int
        package var entry: BlockEntry
        /// Nil where the header or the directory of the block is damaged.
        package var reader: BlockReader?
        package var problems: [VerificationProblem]
    }

    package let reader: SegmentReader
    package let fileSize: Int
    package private(set) var blocks: [Block] = []
    /// What is wrong outside of blocks.
    package private(set) var problems: [VerificationProblem] = []
    /// Keeps alive what the indexes read.
    private let region: CheckedRegion?

    /// By `DictionaryID.index`: the dictionaries of a sealed segment that hold.
    package var dictionaries: [TermTable?] {
        region?.tables ?? Array(repeating: nil, count: DictionaryID.count)
    }
    /// The posting lists that hold. Valid while this value lives.
    package var postings: [PostingColumn: TermPostings] { region?.postings ?? [:] }
    /// The block filters that hold. Valid while this value lives.
    package var filters: [FilterKind: BlockFilter] { region?.filters.mapValues(\.filter) ?? [:] }
    /// The table of ids, if it holds. Valid while this value lives.
    package var ids: IDTable? { region?.ids }
    package var heads: SegmentHeads? { region?.heads }
    package var footer: SegmentFooter? { region?.footer }

    /// Reads and checks the whole file. Throws where it is no segment, or cannot be read.
    package init(_ name: String, in storage: any Storage) throws {
        reader = try SegmentReader(name, in: storage, cache: BlockCache(capacity: 0))
        fileSize = try reader.file.size()
        let segment = StoreSnapshot.Segment(reader: reader, entries: reader.entries)
        let check = SegmentCheck(segment, isLast: true, isQuick: false)
        check.prepare()
        region = check.region

        var checker = BlockChecker()
        var end = SegmentHeader.byteCount
        for (position, entry) in reader.entries.enumerated() {
            if entry.offset > end { reportGap(end..<entry.offset, check.place) }
            end = entry.offset + entry.length
            let result = checker.check(position, of: check)
            _ = check.take(result, at: position)
            let block = try? BlockReader(
                source: FileBlockSource(reader.file, at: entry.offset), origin: entry.offset,
                terms: check.terms)
            blocks.append(Block(position: position, entry: entry, reader: block, problems: result.problems))
        }
        check.finish()
        problems = check.headerProblems + problems + check.regionProblems
        if reader.footer == nil, reader.indexProblem == nil { try checkEnd(from: end, check.place) }
    }

    private mutating func reportGap(_ range: Range<Int>, _ place: CheckedPlace) {
        problems.append(
            place.problem(.damaged, offset: range.lowerBound, "\(range.count) bytes are no valid block"))
    }

    /// Behind the last block of an open segment there is nothing but zeros.
    private mutating func checkEnd(from start: Int, _ place: CheckedPlace) throws {
        var offset = start
        while offset < fileSize {
            let length = min(1 << 20, fileSize - offset)
            let bytes = try reader.file.bytes(at: offset, length, what: "segment")
            guard bytes.withView({ $0.raw.allSatisfy { $0 == 0 } }) else {
                problems.append(
                    place.problem(
                        .damaged, offset: start,
                        "behind the last valid block stands something that is neither a block"
                            + " nor zeros: a block that is being written, or damage"))
                return
            }
            offset += length
        }
    }
}
