import TallyrollFormat
import TallyrollIntegrity

/// Brings the files of a store into the state a writer goes on from.
///
/// 1. Sync what a killed process may have left in the page cache, before believing any of it.
/// 2. Open the segments; scan the open one block by block.
/// 3. Replay the log behind the last block.
/// 4. Whatever had been synced and is gone is written down as lost; a torn tail of the log is left out.
struct Recovery {
    var segments: [SegmentReader] = []
    var builder: SegmentBuilder?
    var openReader: SegmentReader?
    var openEntries: [BlockEntry] = []
    var progress: BlockProgress
    var runs: [LogReplay.Replayed] = []
    var lost: [Range<UInt64>] = []
    /// What this recovery dealt with; the log will say so.
    var findings: [RecoveryFinding] = []
    /// Damage in sealed segments, which stays as it is and is only told.
    var observed: [RecoveryFinding] = []
    var nextSequence: UInt64
    var chainHead: Digest
    var logFiles: [String] = []
    var nextLogNumber: UInt64 = 1
    var epoch: UInt64 = 1

    private let storage: any Storage
    private let manifest: StoreManifest
    private let cache: BlockCache
    private let encoder: BlockEncoder
    /// What the newest log file says about blocks.
    private var logged: LogFileHeader?

    init(
        _ storage: any Storage, manifest: StoreManifest, cache: BlockCache, encoder: BlockEncoder
    ) throws {
        self.storage = storage
        self.manifest = manifest
        self.cache = cache
        self.encoder = encoder
        let genesis = EventChain.genesis(storeID: try Bytes16.checked(manifest.storeID))
        progress = BlockProgress(upTo: 0, chainHead: genesis, frontier: Frontier(), sealedSegments: 0)
        nextSequence = 0
        chainHead = genesis
        let logs = try readLogs()
        try openSegments()
        try replay(logs)
    }

    // MARK: Logs

    private struct LoggedFile {
        var path: String
        var bytes: Bytes
        var header: LogFileHeader?
    }

    private mutating func readLogs() throws -> [LoggedFile] {
        var files: [LoggedFile] = []
        for (number, path) in try LogFile.list(in: storage, directory: "") {
            let bytes = try LogFile.read(path, in: storage, syncing: true)
            let header = try? LogFileHeader(bytes.view)
            files.append(LoggedFile(path: path, bytes: bytes, header: header))
            logFiles.append(path)
            nextLogNumber = number + 1
            if let header {
                epoch = max(epoch, header.epoch + 1)
                logged = header
            }
        }
        try storage.syncDirectory("")
        return files
    }

    private mutating func replay(_ files: [LoggedFile]) throws {
        var replay = LogReplay(
            after: progress.upTo, chainHead: chainHead, blockEvents: manifest.blockEvents)
        let store = manifest.storeID.withView { Octets16($0) }
        for (place, file) in files.enumerated() {
            // What the next file begins with had been synced into this one or before it.
            let promised = files[(place + 1)...].lazy.compactMap { $0.header?.firstSequence }.first ?? 0
            try replay.add(
                file.bytes, path: file.path, store: store, promisedUpTo: promised,
                isNewest: place == files.count - 1)
        }
        runs = replay.runs
        lost = replay.lost
        findings += replay.findings
        nextSequence = replay.nextSequence
        chainHead = replay.chainHead
    }

    // MARK: Segments

    private mutating func openSegments() throws {
        let numbers = try storage.list("").compactMap { SegmentName.number(in: $0) }.sorted()
        for number in numbers {
            let name = SegmentName.of(number)
            let isLast = number == numbers.last
            if isLast, number > (logged?.sealedSegments ?? 0), try !isSealed(name) {
                try resume(name, number: number)
            } else {
                try adoptSealed(name)
            }
        }
        if let logged, logged.blocksUpTo > progress.upTo { try giveUp(upTo: logged) }
    }

    private func isSealed(_ name: String) throws -> Bool {
        let file = try storage.open(name, mode: .read)
        let size = try file.size()
        guard size >= SegmentHeader.byteCount + SegmentFooter.trailerBytes else { return false }
        let trailer = try file.bytes(
            at: size - SegmentFooter.trailerBytes, SegmentFooter.trailerBytes, what: "segment trailer")
        defer { withExtendedLifetime(trailer) {} }
        return (try? SegmentFooter.table(trailer: trailer.view, fileLength: size)) != nil
    }

    private mutating func adoptSealed(_ name: String) throws {
        do {
            let reader = try SegmentReader(name, in: storage, cache: cache, mustBeSealed: true)
            segments.append(reader)
            try goOn(after: reader)
        } catch let error as FormatError {
            // A segment whose header is damaged cannot be read; what follows can. The verifier reports it too.
            observed.append(
                RecoveryFinding(kind: .damage, file: name, offset: error.offset, bytes: 0, lost: nil))
        }
    }

    /// Takes chain and tree from the end of a sealed segment, or from its last block where its heads are damaged.
    private mutating func goOn(after reader: SegmentReader) throws {
        progress.sealedSegments = max(progress.sealedSegments, reader.header.number)
        guard let last = reader.entries.last else { return }
        progress.upTo = max(progress.upTo, reader.footer?.endSequence ?? last.endSequence)
        if let heads = try? reader.heads() {
            progress.chainHead = try Digest.checked(heads.chainAfter, "segment heads")
            progress.frontier = try Frontier(
                size: progress.upTo, hashes: heads.frontier.map { try Digest.checked($0, "frontier") })
        } else {
            let block = try reader.openBlock(last)
            let tree = try block.tree()
            progress.chainHead = try Digest.checked(block.header.chainAfter, "block header")
            var frontier = try Frontier(
                size: last.firstSequence, hashes: tree.frontier.map { try Digest.checked($0, "frontier") })
            frontier.append(try SubtreeCover(last, roots: tree.roots))
            progress.frontier = frontier
        }
        chainHead = progress.chainHead
        nextSequence = progress.upTo
    }

    /// Goes on with the segment that was open.
    private mutating func resume(_ name: String, number: UInt64) throws {
        let file = try storage.open(name, mode: .readWrite)
        try file.syncAll()
        let size = try file.size()
        let head = try? file.bytes(at: 0, SegmentHeader.byteCount, what: "segment header")
        defer { withExtendedLifetime(head) {} }
        guard let head, let header = try? SegmentHeader(head.view) else {
            try dropUnborn(name, file, size: size)
            return
        }
        let scan = try BlockScan(file, header: header, limit: size)
        let isDamaged = scan.pieces.contains { if case .damaged = $0 { true } else { false } }
        let promised = logged?.blocksUpTo ?? 0
        let resumed = try SegmentBuilder.resume(
            scan, header: header, path: name, file: file, encoder: encoder)
        for piece in scan.pieces {
            guard case .damaged(let range, let problem) = piece else { continue }
            let lost = resumed.entries.first { $0.offset == range.lowerBound && !$0.isReadable }
            findings.append(
                RecoveryFinding(
                    kind: .damage, file: name, offset: problem.offset, bytes: range.count,
                    lost: lost.map { $0.firstSequence..<$0.endSequence }))
        }
        builder = resumed
        progress.upTo = resumed.nextSequence
        progress.chainHead = resumed.chainHead
        progress.frontier = resumed.frontier
        chainHead = resumed.chainHead
        nextSequence = resumed.nextSequence
        if isDamaged || resumed.nextSequence < promised {
            if let logged, resumed.nextSequence < promised { try giveUp(upTo: logged) }
            try sealDamaged(name)
            return
        }
        // What stands behind the last block was never promised: a block or an index that was not finished.
        if scan.trailing != nil { try file.truncate(to: scan.end) }
        let reader = SegmentReader(open: name, header: header, file: file, cache: cache)
        for piece in scan.pieces {
            if case .block(_, let block) = piece { try reader.announce(block) }
        }
        openReader = reader
        openEntries = resumed.entries
    }

    /// A segment file without a header never held an event: its header is synced before its first block. It is
    /// removed, unless the log says that blocks were synced which can only have been in it.
    private mutating func dropUnborn(_ name: String, _ file: any StorageFile, size: Int) throws {
        if let logged, logged.blocksUpTo > progress.upTo {
            findings.append(
                RecoveryFinding(
                    kind: .damage, file: name, offset: 0, bytes: size,
                    lost: progress.upTo..<logged.blocksUpTo))
            try storage.rename(name, to: name + ".damaged")
        } else {
            try storage.remove(name)
        }
        try storage.syncDirectory("")
    }

    /// Events that the log says were in synced blocks are not there: go on behind them, from the chain and tree
    /// that the log recorded.
    private mutating func giveUp(upTo logged: LogFileHeader) throws {
        let lost = progress.upTo..<logged.blocksUpTo
        let chain = try Digest.checked(logged.chainHead, "log file header: chain head")
        let frontier = try logged.frontier.withView { view in
            try Frontier(size: logged.blocksUpTo, decoding: view.raw)
        }
        if let builder {
            builder.giveUp(upTo: logged.blocksUpTo, chainHead: chain, frontier: frontier)
            findings.append(
                RecoveryFinding(kind: .damage, file: builder.path, offset: builder.end, bytes: 0, lost: lost))
        }
        progress.upTo = logged.blocksUpTo
        progress.chainHead = chain
        progress.frontier = frontier
        chainHead = chain
        nextSequence = logged.blocksUpTo
    }

    private mutating func sealDamaged(_ name: String) throws {
        guard let builder else { return }
        try builder.seal()
        let reader = try SegmentReader(name, in: storage, cache: cache, mustBeSealed: true)
        segments.append(reader)
        progress.sealedSegments = reader.header.number
        self.builder = nil
        encoder.beginSegment()
    }
}
