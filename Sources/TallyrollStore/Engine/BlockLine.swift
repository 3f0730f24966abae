import Synchronization
import TallyrollFormat
import TallyrollIntegrity

/// What the block thread has in hand: the open segment, and the one before it as long as that is being sealed. Belongs to
/// the block thread alone.
///
/// A full segment is sealed on a thread of its own. Meanwhile the blocks of the next one are made and held in memory:
/// its file is created when the seal is durable, so that at any time at most one segment of a store is not sealed.
final class BlockLine {
    /// A block that is in the open segment, and not shown to readers as one yet.
    private struct Block {
        let run: EventRun
        let entry: BlockEntry
        let terms: [AddedTerms]
    }

    private let context: StoreContext
    /// Nil while no segment is open.
    private var builder: SegmentBuilder?
    private let encoder: BlockEncoder
    private(set) var progress: BlockProgress
    private var unsynced = 0
    private var reader: SegmentReader?
    /// Chain and tree after the last block, also when no segment is open.
    private var chainHead: Digest
    private var frontier: Frontier
    private var nextSequence: UInt64
    private var sealing: SegmentSealing?
    /// The blocks that wait for the seal, and the bytes of their records.
    private var held: [Block] = []
    private var heldBytes = 0
    private let onSealed: @Sendable () -> Void

    /// Block bytes after which the segment is synced: what a recovery may have to build again stays small.
    private static let syncBytes = 2 << 20
    /// Blocks that may wait for a seal, and bytes of records in the runs that wait with them.
    private static let heldMax = 32
    private static let heldBytesMax = 32 << 20

    /// `onSealed` is called, on another thread, when a segment that was being sealed is done.
    init(
        context: StoreContext, builder: SegmentBuilder?, encoder: BlockEncoder, progress: BlockProgress,
        onSealed: @escaping @Sendable () -> Void
    ) {
        self.context = context
        self.builder = builder
        self.encoder = encoder
        self.progress = progress
        self.onSealed = onSealed
        chainHead = builder?.chainHead ?? progress.chainHead
        frontier = builder?.frontier ?? progress.frontier
        nextSequence = builder?.nextSequence ?? progress.upTo
        reader = context.state.withLock { $0.openSegment }
    }

    /// Whether a segment is being sealed, until `finishSeal` or `abandonSeal`.
    var isSealing: Bool { sealing != nil }
    /// Whether it is done, or has failed.
    var hasSealed: Bool { sealing?.isDone ?? false }

    func perform(_ job: BlockWorker.Job) throws {
        switch job {
        case .run(let run, let seeds): try write(run, seeds: seeds)
        case .seal: try seal()
        case .sync:
            try finishSeal()
            try sync()
        case .lose(let loss): try lose(loss)
        }
    }

    // MARK: Blocks

    private func write(_ run: EventRun, seeds: [UInt8]) throws {
        if let builder, builder.isFull(for: run.recordBytes) { try beginSeal() }
        let builder = try openBuilder(at: run.firstSequence)
        let entry = try builder.append(run.encoded(seeds))
        note(builder)
        let block = Block(run: run, entry: entry, terms: builder.newTerms)
        guard isSealing else {
            try show(block, in: builder)
            return try syncIfDue()
        }
        held.append(block)
        heldBytes += run.recordBytes
        if held.count >= BlockLine.heldMax || heldBytes >= BlockLine.heldBytesMax { try finishSeal() }
    }

    /// Shows a block that is in the segment's file to readers, in the place of its run.
    private func show(_ block: Block, in builder: SegmentBuilder) throws {
        guard let reader = reader ?? openReader(builder) else { return }
        try reader.announce(block.terms)
        context.state.withLock { $0.replaceRun(block.run, with: block.entry, in: reader) }
        unsynced += block.entry.length
    }

    private func note(_ builder: SegmentBuilder) {
        chainHead = builder.chainHead
        frontier = builder.frontier
        nextSequence = builder.nextSequence
    }

    private func openBuilder(at sequence: UInt64) throws -> SegmentBuilder {
        if let builder { return builder }
        let header = SegmentHeader(
            storeID: context.manifest.storeID, number: (sealing?.number ?? progress.sealedSegments) + 1,
            epoch: context.epoch,
            firstSequence: sequence, capacity: context.manifest.segmentBytes,
            created: context.time.nowNanoseconds(), blockEvents: context.manifest.blockEvents,
            chainBefore: chainHead.array, frontier: frontier.hashes.map { $0.array },
            indexes: context.indexes)
        let created = try SegmentBuilder.hold(header, encoder: encoder)
        if !isSealing { try created.place(in: context.storage) }
        builder = created
        progress.openSince = header.created
        return created
    }

    private func openReader(_ builder: SegmentBuilder) -> SegmentReader? {
        guard let file = builder.file else { return nil }
        let opened = SegmentReader(
            open: builder.path, header: builder.header, file: file, cache: context.cache)
        reader = opened
        return opened
    }

    private func syncIfDue() throws {
        if unsynced >= BlockLine.syncBytes { try sync() }
    }

    private func sync() throws {
        guard let builder else { return }
        try builder.sync()
        unsynced = 0
        progress.upTo = builder.nextSequence
        progress.chainHead = builder.chainHead
        progress.frontier = builder.frontier
    }

    // MARK: Sealing

    /// Has the open segment sealed by another thread.
    private func beginSeal() throws {
        try finishSeal()
        guard let full = builder else { return }
        builder = nil
        progress.openSince = nil
        sealing = SegmentSealing(full, context: context, onDone: onSealed)
    }

    /// Waits for the segment that is being sealed, if there is one, and writes the blocks that waited for it.
    func finishSeal() throws {
        guard let sealing else { return }
        let sealed = try sealing.wait()
        self.sealing = nil
        pass(sealed, BlockProgress(sealing, openSince: builder?.header.created))
        guard let builder else { return }
        try builder.place(in: context.storage)
        let blocks = held
        held = []
        heldBytes = 0
        for block in blocks { try show(block, in: builder) }
        try syncIfDue()
    }

    /// Waits for the segment that is being sealed and leaves all else as it is: something has failed.
    func abandonSeal() {
        _ = try? sealing?.wait()
        sealing = nil
    }

    private func seal() throws {
        try finishSeal()
        guard let builder, !builder.isEmpty else { return }
        let sealing = SegmentSealing(sealed: builder, context: context)
        let sealed = try sealing.wait()
        note(builder)
        self.builder = nil
        pass(sealed, BlockProgress(sealing, openSince: nil))
    }

    /// The open segment is sealed now.
    private func pass(_ sealed: SegmentReader, _ progress: BlockProgress) {
        // The file stays open for snapshots that read it; it is closed when the last of them goes.
        context.state.withLock { $0.replaceOpenSegment(with: sealed) }
        self.progress = progress
        reader = nil
        unsynced = 0
    }

    private func lose(_ loss: LogReplay.Loss) throws {
        try finishSeal()
        guard loss.sequences.upperBound > nextSequence else { return }
        let builder = try openBuilder(at: nextSequence)
        builder.giveUp(loss)
        try seal()
    }

    func close() {
        // Nothing depends on this sync: the log still holds what it would make durable.
        try? sync()
        try? builder?.releaseReserved()
    }
}

extension BlockProgress {
    fileprivate init(_ sealing: SegmentSealing, openSince: Int64?) {
        self.init(
            upTo: sealing.end, chainHead: sealing.chainHead, frontier: sealing.frontier,
            sealedSegments: sealing.number, openSince: openSince)
    }
}
