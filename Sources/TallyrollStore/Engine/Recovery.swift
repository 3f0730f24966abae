import TallyrollFormat
import TallyrollIntegrity

/// Brings the files of a store into the state a writer goes on from.
///
/// 1. Sync what a killed process may have left in the page cache, before believing any of it.
/// 2. Open the segments; scan the open one block by block (`OpenSegmentRecovery`).
/// 3. Replay the log behind the last block.
/// 4. Whatever had been synced and is gone is written down as lost; a torn tail is left out.
///
/// The log files stay until all they hold is written elsewhere, so a recovery that is cut short is begun anew.
struct Recovery {
    var segments: [SegmentReader] = []
    var builder: SegmentBuilder?
    var openReader: SegmentReader?
    var openEntries: [BlockEntry] = []
    var progress: BlockProgress
    var runs: [LogReplay.Replayed] = []
    var lost: [LogReplay.Loss] = []
    /// What this recovery dealt with; the log will say so.
    var findings: [RecoveryFinding] = []
    /// Damage in sealed segments, which stays as it is and is only told.
    var observed: [RecoveryFinding] = []
    var nextSequence: UInt64
    var chainHead: Digest
    var logFiles: [String] = []
    var nextLogNumber: UInt64 = 1
    var epoch: UInt64 = 1

    let storage: any Storage
    let manifest: StoreManifest
    let cache: BlockCache
    let encoder: BlockEncoder
    /// What the newest log file says about blocks.
    private(set) var logged: LogFileHeader?
    private let entropy: any EntropySource
    private var logs: [LogReplay.File] = []

    init(
        _ storage: any Storage, manifest: StoreManifest, cache: BlockCache, encoder: BlockEncoder,
        entropy: any EntropySource
    ) throws {
        self.storage = storage
        self.manifest = manifest
        self.cache = cache
        self.encoder = encoder
        self.entropy = entropy
        let genesis = EventChain.genesis(storeID: try Bytes16.checked(manifest.storeID))
        progress = BlockProgress(upTo: 0, chainHead: genesis, frontier: Frontier(), sealedSegments: 0)
        nextSequence = 0
        chainHead = genesis
        try readLogs()
        try openSegments()
        try replay()
    }

    // MARK: Logs

    private mutating func readLogs() throws {
        try LogSpares.removeLeft(in: storage)
        for (number, path) in try LogFile.list(in: storage, directory: "") {
            let bytes = try LogFile.read(path, in: storage, syncing: true)
            let header = try logHeader(bytes, path: path)
            logs.append(LogReplay.File(path: path, bytes: bytes, header: header))
            logFiles.append(path)
            nextLogNumber = max(nextLogNumber, number + 1, (header?.fileNumber ?? 0) &+ 1)
            epoch = max(epoch, (header?.epoch ?? 0) &+ 1)
        }
        // By what the files say of themselves: names may have been mixed up.
        logged = logs.compactMap(\.header).max { $0.fileNumber < $1.fileNumber }
        try storage.syncDirectory("")
    }

    /// The header, or nil when it is torn or damaged. A file that does not belong here, or is of a later version, is no
    /// damage: nothing may be written beside it.
    private func logHeader(_ bytes: Bytes, path: String) throws -> LogFileHeader? {
        do {
            let header = try bytes.withView { (view) throws(FormatError) in try LogFileHeader(view) }
            guard header.store == storeOctets else {
                throw AuditLogError.damaged(
                    file: path, Recovery.foreign("log file header: store id", offset: 16))
            }
            return header
        } catch let problem as FormatError {
            if problem.kind == .unsupported { throw AuditLogError.damaged(file: path, problem) }
            return nil
        }
    }

    static func foreign(_ what: String, offset: Int) -> FormatError {
        FormatError(
            .invalid, what, offset: offset, expected: "that of this store",
            found: "another store's: move the file to where it belongs")
    }

    private var storeOctets: Octets16 { manifest.storeID.withView { Octets16($0) } }

    /// What the log gives behind a place in the segments; findings and all.
    func replayed(after sequence: UInt64, chainHead: Digest) throws -> LogReplay {
        let entropy = entropy
        var replay = LogReplay(
            after: sequence, chainHead: chainHead, blockEvents: manifest.blockEvents,
            newSeed: { entropy.bytes(16) })
        try replay.add(logs, store: storeOctets)
        return replay
    }

    private mutating func replay() throws {
        let replay = try replayed(after: progress.upTo, chainHead: chainHead)
        runs = replay.runs
        lost = replay.lost
        findings += replay.findings
        nextSequence = replay.nextSequence
        chainHead = replay.chainHead
        if logged == nil, progress.upTo > 0, replay.findings.isEmpty {
            // A store with blocks always had a log: what was in it and in no block cannot be known.
            findings.append(
                RecoveryFinding(
                    kind: .damage, file: logFiles.last ?? LogFileName.of(1), offset: 0, bytes: 0, lost: nil))
        }
    }

    // MARK: Segments

    private mutating func openSegments() throws {
        let numbers = try storage.list("").compactMap { SegmentName.number(in: $0) }.sorted()
        var prefetch = SegmentPrefetch(storage, numbers)
        for number in numbers {
            prefetch.advance()
            let name = SegmentName.of(number)
            // What was sealed before the newest log file was begun is known to be whole on disk.
            let isSure = number <= logged?.sealedSegments ?? 0
            if number == numbers.last, !isSure, try !isSealed(name) {
                try recoverOpen(name, number: number)
            } else {
                try adoptSealed(name, number: number, isSure: isSure)
            }
        }
    }

    /// Whether a segment was sealed to the end: of one that was not, any part of the index region may be there.
    private func isSealed(_ name: String) throws -> Bool {
        let file = try storage.open(name, mode: .read)
        let size = try file.size()
        guard size >= SegmentHeader.byteCount + SegmentFooter.trailerBytes else { return false }
        do {
            let trailer = try file.bytes(
                at: size - SegmentFooter.trailerBytes, SegmentFooter.trailerBytes, what: "segment trailer")
            let place = try trailer.withView { try SegmentFooter.table(trailer: $0, fileLength: size) }
            let table = try file.bytes(at: place.offset, place.length, what: "segment section table")
            let footer = try trailer.withView { trailer in
                try table.withView { try SegmentFooter(table: $0, trailer: trailer, fileLength: size) }
            }
            for section in footer.sections { _ = try file.section(section) }
            return true
        } catch is FormatError {
            return false
        }
    }

    private mutating func adoptSealed(_ name: String, number: UInt64, isSure: Bool) throws {
        progress.sealedSegments = max(progress.sealedSegments, number)
        do {
            let reader = try SegmentReader(name, in: storage, cache: cache, mustBeSealed: true)
            try checkOwner(reader.header, isWhole: reader.headerProblem == nil, name: name)
            guard reader.header.number == number, noteGap(before: reader.header, name) else {
                throw FormatError(
                    .invalid, "segment header: number", offset: 32, expected: "\(number)",
                    found: "\(reader.header.number) from sequence \(reader.header.firstSequence)")
            }
            if !isSure {
                try renew(storage.open(name, mode: .readWrite), reader.entries)
            }
            segments.append(reader)
            try goOn(after: reader)
        } catch let problem as FormatError {
            // A segment that cannot be read at all stays as it is; what follows can. The verifier reports it too.
            observed.append(
                RecoveryFinding(kind: .damage, file: name, offset: problem.offset, bytes: 0, lost: nil))
        }
    }

    mutating func checkOwner(_ header: SegmentHeader, isWhole: Bool, name: String) throws {
        guard isWhole ? header.storeID == manifest.storeID : header.storeTag == manifest.storeTag else {
            throw AuditLogError.damaged(file: name, Recovery.foreign("segment header: store id", offset: 16))
        }
        epoch = max(epoch, header.epoch &+ 1)
    }

    /// Notes events that should be in segments before this one and are in none; false when it cannot follow what is
    /// there.
    mutating func noteGap(before header: SegmentHeader, _ name: String) -> Bool {
        guard header.firstSequence >= progress.upTo else { return false }
        if header.firstSequence > progress.upTo {
            observed.append(
                RecoveryFinding(
                    kind: .damage, file: name, offset: 0, bytes: 0, lost: progress.upTo..<header.firstSequence
                ))
        }
        return true
    }

    /// Writes blocks that are not known to be on disk again as they are, and syncs them. After a failed sync the system
    /// may hold pages that it calls written and that never reached the disk: to sync them again does nothing.
    func renew(_ file: any StorageFile, _ entries: [BlockEntry]) throws {
        let unsure = entries.first { $0.endSequence > logged?.blocksUpTo ?? 0 }
        guard entries.isEmpty || unsure != nil else { return }
        let size = try file.size()
        var offset = unsure == entries.first ? 0 : unsure?.offset ?? 0
        while offset < size {
            let bytes = try file.bytes(at: offset, min(1 << 20, size - offset), what: "segment")
            // Zeros on disk were zeros before: reserved space is not filled.
            try bytes.withView { if !$0.isAllZero { try file.write(at: offset, $0) } }
            offset += bytes.count
        }
        try file.syncAll()
    }

    /// Takes chain and tree from the end of a sealed segment, or from its last block where its heads are damaged.
    private mutating func goOn(after reader: SegmentReader) throws {
        guard let last = reader.entries.last else { return }
        let end = max(last.endSequence, reader.footer?.endSequence ?? 0)
        let state = try Recovery.ifSound { try heads(of: reader, end) }
        if let (chain, frontier) = try state ?? Recovery.ifSound({ try lastBlock(of: reader, last, end) }) {
            progress.chainHead = chain
            progress.frontier = frontier
        } else {
            // Nothing of the end can be read: the chain goes on as it was, as it does behind lost events.
            progress.frontier = progress.frontier.withUnknown(upTo: end)
        }
        progress.upTo = end
        chainHead = progress.chainHead
        nextSequence = progress.upTo
    }

    /// Nil where bytes are not what they should be. What the device refuses is no damage: it may work the next time.
    private static func ifSound<T>(_ body: () throws -> T?) throws -> T? {
        do {
            return try body()
        } catch let error as StorageError {
            throw error
        } catch {
            return nil
        }
    }

    private func heads(of reader: SegmentReader, _ end: UInt64) throws -> (Digest, Frontier)? {
        guard let heads = try reader.heads() else { return nil }
        return (
            try Digest.checked(heads.chainAfter, "segment heads"),
            try Frontier(size: end, hashes: heads.frontier.map { try Digest.checked($0, "frontier") })
        )
    }

    private func lastBlock(
        of reader: SegmentReader, _ last: BlockEntry, _ end: UInt64
    ) throws -> (Digest, Frontier)? {
        guard last.endSequence == end else { return nil }
        let block = try reader.openBlock(last)
        let tree = try block.tree()
        var frontier = try Frontier(
            size: last.firstSequence, hashes: tree.frontier.map { try Digest.checked($0, "frontier") })
        frontier.append(try SubtreeCover(last, roots: tree.roots))
        return (try Digest.checked(block.header.chainAfter, "block header"), frontier)
    }
}
