import TallyrollFormat
import TallyrollIntegrity

/// Follows sequence, chain and tree from the store's beginning through all segments and the tail, over what the
/// checks of the blocks gave. It sees the links between blocks, which no block shows by itself.
///
/// One fault is reported once: behind a place where something is wrong the walk goes on from what the next block
/// claims, so that only a second fault is reported again.
struct StoreWalk {
    private(set) var problems: [VerificationProblem] = []
    /// The sequence that must come next.
    private(set) var next: UInt64 = 0
    /// Chain hash and tree before `next`; nil where damage leaves them unknown.
    private(set) var head: Digest?
    private(set) var frontier: Frontier?
    /// True when what was passed last was to blame for something, so that a broken link to it is no new fault.
    private var isBehindFault = false
    private let storeID: [UInt8]

    init(storeID: [UInt8]) {
        self.storeID = storeID
        head = Bytes16(storeID).map { EventChain.genesis(storeID: $0) }
        frontier = Frontier()
    }

    // MARK: Segments

    mutating func pass(_ segment: SegmentCheck) {
        let header = segment.header
        problems += segment.headerProblems
        var known: [VerificationProblem] = []
        if segment.headerProblems.isEmpty { known = headerLinks(segment) }
        if header.firstSequence != next {
            reportJump(to: header.firstSequence, segment.place, block: nil, offset: 0)
        }
        problems += known
        isBehindFault = isBehindFault || !known.isEmpty || !segment.headerProblems.isEmpty

        var nextIndex = 0
        var end = SegmentHeader.byteCount
        for (position, result) in segment.results.enumerated() {
            let entry = segment.entries[position]
            passBlock(result, entry, position, segment, nextIndex: &nextIndex, end: end)
            end = entry.offset + entry.length
        }
        passEnd(of: segment)
        problems += segment.regionProblems
        // What follows a segment that does not belong here cannot be held against it.
        if known.contains(where: { $0.kind == .order }) { (head, frontier, isBehindFault) = (nil, nil, true) }
    }

    /// What the segment header says about its beginning, where the walk knows better.
    private func headerLinks(_ segment: SegmentCheck) -> [VerificationProblem] {
        let header = segment.header
        guard header.storeID == storeID else {
            return [segment.place.problem(.order, offset: 16, "the segment belongs to another store")]
        }
        guard header.firstSequence == next else { return [] }
        if let head, header.chainBefore != head.array {
            return [
                segment.place.problem(
                    .altered, offset: 80,
                    "the segment begins from chain hash \(hexText(header.chainBefore)), the chain is at \(head)"
                )
            ]
        }
        if let frontier, header.frontier != frontier.hashes.map({ $0.array }) {
            return [segment.place.problem(.altered, offset: 112, "the segment begins from another tree")]
        }
        return []
    }

    private mutating func passEnd(of segment: SegmentCheck) {
        guard let region = segment.region, let footer = region.footer else { return }
        let offset = footer.section(.heads)?.offset ?? footer.tableOffset
        if footer.endSequence > next {
            problems.append(
                segment.place.problem(
                    .missing, sequences: next..<footer.endSequence, offset: footer.tableOffset,
                    "the segment's last events are gone"))
            (head, frontier, next) = (nil, nil, footer.endSequence)
        } else if footer.endSequence < next {
            problems.append(
                segment.place.problem(
                    .index, offset: footer.tableOffset,
                    "the segment's trailer says that it ends at \(footer.endSequence), its blocks end at \(next)"
                ))
        }
        guard let heads = region.heads else { return }
        if let head, head.array != heads.chainAfter {
            if !isBehindFault {
                problems.append(
                    segment.place.problem(
                        .altered, offset: offset, "the chain hash at the segment's end is another"))
            }
        } else if let frontier, frontier.hashes.map({ $0.array }) != heads.frontier {
            if !isBehindFault {
                problems.append(
                    segment.place.problem(
                        .altered, offset: offset, "the tree at the segment's end is another"))
            }
        }
        // Where damage left chain and tree unknown, the segment's own word is the best there is.
        if head == nil { head = Digest(heads.chainAfter) }
        if frontier == nil { frontier = Frontier(size: next, stored: heads.frontier) }
    }

    // MARK: Blocks

    private mutating func passBlock(
        _ result: BlockResult, _ entry: BlockEntry, _ position: Int, _ segment: SegmentCheck,
        nextIndex: inout Int,
        end: Int
    ) {
        let number = result.header?.index ?? position
        if entry.firstSequence != next {
            reportJump(
                to: entry.firstSequence, segment.place, block: nextIndex, offset: end,
                isDamage: segment.region?.entries == nil && entry.offset > end && entry.firstSequence > next)
        } else if entry.offset != end {
            problems.append(
                segment.problem(
                    .index, entry, position, "the block does not begin where the one before it ends"))
        }
        problems += result.problems
        next = entry.endSequence
        guard let header = result.header else {
            head = nil
            frontier = frontier.flatMap { $0.appending(entry) }
            isBehindFault = true
            nextIndex = number + 1
            return
        }
        let isLinked = checkLink(result, header, segment)
        if !isBehindFault, isLinked, header.index != nextIndex, result.problems.isEmpty {
            problems.append(
                segment.problem(
                    .order, entry, position,
                    "the block calls itself \(header.index), block \(nextIndex) belongs here"))
        }
        nextIndex = header.index + 1
        head = Digest(header.chainAfter)
        frontier = result.tree.flatMap { Frontier(size: header.firstSequence, stored: $0.frontier) }?
            .appending(header.firstSequence, header.count, result.tree?.roots ?? [])
        isBehindFault = result.isSuspect
    }

    /// Whether the block goes on from where the walk stands; reports it where not.
    private mutating func checkLink(_ result: BlockResult, _ header: BlockHeader, _ segment: SegmentCheck)
        -> Bool
    {
        var broken: String?
        if let head, head.array != header.chainBefore {
            broken =
                "the block goes on from chain hash \(hexText(header.chainBefore)), the chain is at \(head)"
        } else if let tree = result.tree, let frontier, frontier.hashes.map({ $0.array }) != tree.frontier {
            broken = "the block goes on from another tree"
        } else if let tree = result.tree, Frontier(size: header.firstSequence, stored: tree.frontier) == nil {
            broken = "the block's tree is not one of \(header.firstSequence) events"
        }
        guard let broken else { return true }
        if !isBehindFault, !result.isSuspect {
            problems.append(
                segment.place.problem(
                    .altered, block: header.index, sequences: header.firstSequence..<header.endSequence,
                    offset: segment.entries.first { $0.firstSequence == header.firstSequence }?.offset, broken
                ))
        }
        return false
    }

    /// Reports that the sequence does not go on where it should.
    private mutating func reportJump(
        to sequence: UInt64, _ place: CheckedPlace?, block: Int?, offset: Int?, isDamage: Bool = false
    ) {
        if sequence > next {
            let gap = next..<sequence
            let kind: VerificationProblem.Kind = isDamage ? .damaged : .missing
            let message = isDamage ? "no valid block stands here" : "\(gap.count) events are gone"
            problems.append(
                VerificationProblem(
                    kind, segment: place?.segment, block: block, sequences: gap, file: place?.file,
                    offset: offset,
                    message))
        } else {
            problems.append(
                VerificationProblem(
                    .order, segment: place?.segment, block: block, sequences: sequence..<next,
                    file: place?.file,
                    offset: offset, "events from \(sequence) to \(next - 1) are there again"))
        }
        (head, frontier) = (nil, nil)
        next = sequence
        isBehindFault = true
    }

    // MARK: Tail

    /// Hashes the events that are in no block yet.
    mutating func pass(_ tail: StoreSnapshot.Tail) {
        guard tail.count > tail.start else { return }
        if tail.firstSequence != next { reportJump(to: tail.firstSequence, nil, block: nil, offset: nil) }
        var row = tail.start
        if row > 0 {
            let before = tail.run.chainHash(row - 1)
            if let head, head != before { reportTail(row, tail, "the tail goes on from another chain hash") }
            head = before
        }
        // Behind damage the first row's predecessor is not known, and the row vouches for itself.
        if head == nil {
            head = tail.run.chainHash(row)
            frontier = frontier.map { $0.appending(leaf: tail.run.chainHash(row)) }
            row += 1
        }
        next = tail.endSequence
        guard let start = head, let seed = Bytes16(tail.run.seed) else {
            reportTail(row, tail, "the tail has no seed")
            return
        }
        isBehindFault = false
        var chain = ChainHasher(head: start)
        var salts = SaltCursor(SeedSet(root: seed), from: row)
        while row < tail.count {
            let sequence = tail.run.firstSequence + UInt64(row)
            guard let record = try? tail.run.record(row), let salt = salts.next() else {
                reportTail(row, tail, "the event cannot be read")
                (head, frontier) = (nil, nil)
                return
            }
            let hash = chain.append(
                sequence: sequence, recordedAt: tail.run.recordedAt(row), envelope: record.envelope.raw,
                salt: salt,
                personal: record.personal.raw)
            if hash != tail.run.chainHash(row) {
                reportTail(row, tail, "the event does not give its chain hash")
                chain = ChainHasher(head: tail.run.chainHash(row))
            }
            frontier = frontier.map { $0.appending(leaf: tail.run.chainHash(row)) }
            row += 1
        }
        head = chain.head
    }

    private mutating func reportTail(_ row: Int, _ tail: StoreSnapshot.Tail, _ message: String) {
        let sequence = tail.run.firstSequence + UInt64(row)
        problems.append(VerificationProblem(.altered, sequences: sequence..<sequence + 1, message))
    }

    /// Compares the end with what the snapshot promises.
    mutating func finish(endSequence: UInt64) {
        if next < endSequence {
            problems.append(
                VerificationProblem(
                    .missing, sequences: next..<endSequence,
                    "\(endSequence - next) events are gone from the end"))
            (head, frontier) = (nil, nil)
        }
    }
}

extension Frontier {
    /// The frontier that a file claims for a size, or nil when it cannot be one.
    init?(size: UInt64, stored: [[UInt8]]) {
        let hashes = stored.compactMap { Digest($0) }
        guard hashes.count == stored.count, let frontier = try? Frontier(size: size, hashes: hashes) else {
            return nil
        }
        self = frontier
    }

    func appending(leaf hash: Digest) -> Frontier {
        var grown = self
        grown.append(leafHash: MerkleTree.leafHash(hash))
        return grown
    }

    /// With the events of a block of which only the directory can be read.
    func appending(_ entry: BlockEntry) -> Frontier? {
        appending(entry.firstSequence, entry.count, entry.roots)
    }

    func appending(_ first: UInt64, _ count: Int, _ roots: [[UInt8]]) -> Frontier? {
        let bytes = Array(roots.joined())
        guard first == size, count >= 0,
            let cover = try? bytes.withUnsafeBytes({ (raw) throws(IntegrityError) in
                try SubtreeCover(first: first, count: UInt64(count), decoding: raw)
            })
        else { return nil }
        var grown = self
        grown.append(cover)
        return grown
    }
}
