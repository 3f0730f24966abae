import TallyrollFormat
import TallyrollIntegrity

/// Going on with the segment that was open when the writer ended.
///
/// Its blocks repeat what the log holds until they are synced, so a bad place in it costs nothing as long as the log
/// goes back that far: the segment is cut there and written again from the log. Otherwise nothing is cut: what can be
/// read stays, the rest is marked as lost, and the segment is sealed as it is.
extension Recovery {
    mutating func recoverOpen(_ name: String, number: UInt64) throws {
        let file = try storage.open(name, mode: .readWrite)
        try file.syncAll()
        let size = try file.size()
        guard let (header, problem) = try openHeader(file, name: name) else {
            try dropUnborn(name, file, size: size)
            return
        }
        try checkOwner(header, isWhole: problem == nil, name: name)
        guard header.number == number, noteGap(before: header, name) else {
            // Not what should stand here. What the log still has is written behind it, the rest is lost.
            progress.sealedSegments = number
            observed.append(RecoveryFinding(kind: .damage, file: name, offset: 0, bytes: size, lost: nil))
            return
        }
        try goOn(
            with: OpenSegment(name: name, file: file, size: size, header: header, headerProblem: problem))
    }

    struct OpenSegment {
        var name: String
        var file: any StorageFile
        var size: Int
        var header: SegmentHeader
        var headerProblem: FormatError?
    }

    /// The header, or the one that the first block gives; nil when neither can be read.
    private func openHeader(
        _ file: any StorageFile, name: String
    ) throws -> (SegmentHeader, FormatError?)? {
        do {
            let head = try file.bytes(at: 0, SegmentHeader.byteCount, what: "segment header")
            return (try head.withView { try SegmentHeader($0) }, nil)
        } catch let problem as FormatError {
            if problem.kind == .unsupported { throw AuditLogError.damaged(file: name, problem) }
            do {
                return (try SegmentHeader.rebuilt(file, name: name, after: problem), problem)
            } catch is FormatError {
                return nil
            }
        }
    }

    /// A segment file without a header and without a block never held an event: its header is synced before its first
    /// block. Such a file is removed. One that holds anything else is put aside under another name.
    private mutating func dropUnborn(_ name: String, _ file: any StorageFile, size: Int) throws {
        let start = SegmentHeader.byteCount
        let isEmpty =
            size <= start
            ? true : try file.bytes(at: start, size - start, what: "segment").withView { $0.isAllZero }
        if isEmpty, logged?.blocksUpTo ?? 0 <= progress.upTo {
            try storage.remove(name)
        } else {
            findings.append(RecoveryFinding(kind: .damage, file: name, offset: 0, bytes: size, lost: nil))
            try storage.rename(name, to: name + ".damaged")
        }
        try storage.syncDirectory("")
    }

    private mutating func goOn(with segment: OpenSegment) throws {
        let scan = try BlockScan(
            segment.file, header: segment.header, limit: segment.size, mustBeWhole: true)
        let damaged = scan.pieces.compactMap { piece -> Range<Int>? in
            if case .damaged(let range, _) = piece { range } else { nil }
        }
        let hasFault = segment.headerProblem != nil || !damaged.isEmpty || scan.trailing != nil
        let promised = max(logged?.blocksUpTo ?? 0, damaged.isEmpty ? 0 : scan.nextSequence)
        guard hasFault || scan.nextSequence < promised else {
            return try adopt(scan, segment)
        }
        // Everything before the fault; with a damaged header, nothing.
        let cut =
            segment.headerProblem != nil ? SegmentHeader.byteCount : damaged.first?.lowerBound ?? scan.end
        let sound = cut == scan.end ? scan : try BlockScan(segment.file, header: segment.header, limit: cut)
        let chain = try Recovery.chainHead(sound, segment.header)
        let log = try replayed(after: sound.nextSequence, chainHead: chain)
        if log.lost.isEmpty, log.nextSequence >= promised {
            try rewrite(segment, from: cut, isPromised: sound.nextSequence < logged?.blocksUpTo ?? 0)
            if segment.headerProblem == nil { try adopt(sound, segment) }
        } else {
            try sealDamaged(scan, segment)
        }
    }

    private static func chainHead(_ scan: BlockScan, _ header: SegmentHeader) throws -> Digest {
        guard case .block(_, let block)? = scan.pieces.last else {
            return try Digest.checked(header.chainBefore, "segment header: chain hash")
        }
        return try Digest.checked(block.header.chainAfter, "block header: chain hash")
    }

    /// Goes on behind the blocks of a scan.
    private mutating func adopt(_ scan: BlockScan, _ segment: OpenSegment) throws {
        let resumed = try SegmentBuilder.resume(
            scan, header: segment.header, path: segment.name, file: segment.file, encoder: encoder)
        try renew(segment.file, resumed.entries)
        let reader = SegmentReader(
            open: segment.name, header: segment.header, file: segment.file, cache: cache)
        for piece in scan.pieces {
            if case .block(_, let block) = piece { try reader.announce(block) }
        }
        builder = resumed
        openReader = reader
        openEntries = resumed.entries
        progress.openSince = segment.header.created
        takeState(of: resumed)
    }

    private mutating func takeState(of builder: SegmentBuilder) {
        progress.upTo = builder.nextSequence
        progress.chainHead = builder.chainHead
        progress.frontier = builder.frontier
        chainHead = builder.chainHead
        nextSequence = builder.nextSequence
    }

    /// Makes room for what the log holds. Bytes that had been synced are kept aside as evidence, as far as there is
    /// space; others were never wholly written.
    private mutating func rewrite(_ segment: OpenSegment, from cut: Int, isPromised: Bool) throws {
        let isDamage = isPromised || segment.headerProblem != nil
        findings.append(
            RecoveryFinding(
                kind: isDamage ? .damage : .tornTail, file: segment.name,
                offset: segment.headerProblem == nil ? cut : 0, bytes: segment.size - cut, lost: nil))
        if isDamage { keepAside(segment) }
        if segment.headerProblem == nil {
            try segment.file.truncate(to: cut)
            // Nothing of what stood behind may come back behind new blocks.
            try segment.file.syncAll()
        } else {
            try storage.remove(segment.name)
            try storage.syncDirectory("")
        }
    }

    private func keepAside(_ segment: OpenSegment) {
        let name = segment.name + ".damaged"
        do {
            let copy = try storage.open(name, mode: .create(exclusive: false))
            try copy.truncate(to: 0)
            let bytes = try segment.file.bytes(at: 0, segment.size, what: "segment")
            try bytes.withView { try copy.write(at: 0, $0) }
            try copy.syncAll()
        } catch {
            // Without space for the evidence the store still has to open; the finding tells of it.
            try? storage.remove(name)
        }
    }

    /// Keeps all bytes, marks what is lost, and seals: the log does not go back to the fault.
    private mutating func sealDamaged(_ scan: BlockScan, _ segment: OpenSegment) throws {
        let resumed = try SegmentBuilder.resume(
            scan, header: segment.header, path: segment.name, file: segment.file, encoder: encoder)
        if segment.headerProblem != nil {
            findings.append(
                RecoveryFinding(
                    kind: .damage, file: segment.name, offset: 0, bytes: SegmentHeader.byteCount, lost: nil))
        }
        for case .damaged(let range, let problem) in scan.pieces {
            let lost = resumed.entries.first { $0.offset == range.lowerBound && !$0.isReadable }
            findings.append(
                RecoveryFinding(
                    kind: .damage, file: segment.name, offset: problem.offset, bytes: range.count,
                    lost: lost.map { $0.firstSequence..<$0.endSequence }))
        }
        let log = try replayed(after: resumed.nextSequence, chainHead: resumed.chainHead)
        let used = try usedBytes(segment, from: scan.end)
        if let loss = log.lost.first, loss.sequences.lowerBound == resumed.nextSequence {
            findings.append(
                RecoveryFinding(
                    kind: .damage, file: segment.name, offset: scan.end, bytes: used - scan.end,
                    lost: loss.sequences))
            resumed.giveUp(loss, bytesEnd: used)
        }
        takeState(of: resumed)
        guard !resumed.isEmpty else {
            builder = resumed
            return
        }
        try resumed.seal()
        let reader = try SegmentReader(segment.name, in: storage, cache: cache, mustBeSealed: true)
        segments.append(reader)
        progress.sealedSegments = segment.header.number
        encoder.beginSegment()
    }

    /// Where the last byte that is not zero stands, and the next block could.
    private func usedBytes(_ segment: OpenSegment, from start: Int) throws -> Int {
        guard start < segment.size else { return start }
        let bytes = try segment.file.bytes(at: start, segment.size - start, what: "segment")
        let used = bytes.withView { $0.usedCount }
        return start + (used + 7) / 8 * 8
    }
}
