import CInstructions
import Synchronization
import TallyrollFormat
import TallyrollIntegrity

/// The one thread that owns the chain: takes appends from the queue, gives them their place, writes them to the log
/// as frames, syncs, acknowledges, and hands closed runs to the block worker.
///
/// Order of things for a frame: chain, write, sync, publish to readers, acknowledge. State that others see goes
/// on only after the sync (for `.os` and `.memory` appends: after what they asked for). Where several callers append,
/// the last three steps of a frame are the commit thread's, and the next frames are chained and written
/// meanwhile. Last of all the frame's events are hashed into the tree: nobody waits for that. Any failed write or sync stops the log for good; nothing is retried on the descriptor.
final class LogWriter {
    private let context: StoreContext
    private let queue: Monitor<AppendQueue>
    private let blocks: BlockWorker
    private var log: LogFile
    /// Older log files that hold events which are in no synced block yet, with the sequence after their last.
    private var retired: [(path: String, bytes: Int, end: UInt64)] = []
    private var spares: LogSpares
    private var chain: ChainHasher
    private var salts: SaltCursor?
    private var commitments = CommitmentBatch()
    private var run: EventRun?
    /// Runs that are full and whose last events are not synced yet.
    private var fullRuns: [EventRun] = []
    private var nextSequence: UInt64
    /// Every event before this one has been synced.
    private var durableUpTo: UInt64
    private var unsyncedBytes = 0
    private let commits: CommitThread
    /// The sequence after the last event of the commits that the commit thread has, until they were waited for.
    private var underWay: UInt64?
    /// So many more frames are committed by the commit thread, unless more appends are seen to wait.
    private var framesToShare = 0
    private var rotationWanted = false
    /// Where the log has to end before a rotation is tried again.
    private var rotationPutOffTo = 0
    /// The birth of the segment that was last sealed for its age, so that it is asked for once.
    private var ageSealed: Int64?

    /// Bytes of records in a frame at most; larger appends travel alone.
    private static let frameBytes = 4 << 20
    /// Size up to which a log is left as it is when the store is closed.
    private static let restingLogBytes = 64 << 10
    /// Size at which a new log file is begun.
    private static let logBytes = 32 << 20
    /// Frames for which it is believed that several callers append, after it was last seen.
    private static let framesToShareMax = 16
    /// What the log grows by before a rotation that the disk had no room for is tried again.
    private static let retryBytes = 1 << 20

    init(
        _ context: StoreContext, queue: Monitor<AppendQueue>, commits: CommitThread, blocks: BlockWorker,
        log: LogFile, run: EventRun?,
        chainHead: Digest, nextSequence: UInt64
    ) throws {
        self.context = context
        self.queue = queue
        self.commits = commits
        self.blocks = blocks
        self.log = log
        spares = LogSpares(context.storage)
        self.run = run
        self.nextSequence = nextSequence
        durableUpTo = nextSequence
        chain = ChainHasher(head: chainHead)
        if let run {
            salts = SaltCursor(SeedSet(root: try Bytes16.checked(run.seed)), from: run.count)
        }
    }

    // MARK: The loop

    /// Runs until the queue is closed and empty, or something fails.
    func work() {
        do {
            while let turn = nextTurn() { try perform(turn) }
            try finish()
        } catch {
            fail(AuditLogError.wrapping(error))
        }
    }

    private struct Turn {
        var requests: [AppendRequest] = []
        var commands: [WriterCommand] = []
        var dropped = DroppedEvents()
    }

    /// A wait for the age of a segment looks at the clock this often at most.
    private static let shortestWait: Int64 = 10_000_000

    /// Waits for work; nil when the queue is closed and empty.
    private func nextTurn() -> Turn? {
        let underWay = underWay
        let next = { [commits] (queue: inout AppendQueue) -> Turn?? in
            if queue.failure != nil { return .some(nil) }
            guard queue.isIdle else {
                let requests = queue.take(frameBytes: LogWriter.frameBytes)
                let dropped = queue.dropped
                queue.dropped = DroppedEvents()
                return .some(Turn(requests: requests, commands: queue.takeCommands(), dropped: dropped))
            }
            // Runs wait for the commit to become blocks, and its failure wants to be known.
            if underWay != nil, commits.isFree { return Turn() }
            return queue.isClosing ? .some(nil) : nil
        }
        let turn: Turn?
        if let rest = nanosecondsToAge() {
            // A quiet store is sealed in time too.
            turn = queue.wait(nanoseconds: max(rest, LogWriter.shortestWait), for: next) ?? Turn()
        } else {
            turn = queue.wait(for: next)
        }
        // Producers may be waiting for room.
        queue.update { _ in }
        return turn
    }

    private func perform(_ turn: Turn) throws {
        var commands = turn.commands[...]
        do {
            if underWay != nil, commits.isFree {
                try waitForCommits()
                try handOverFullRuns()
            }
            if turn.dropped.count > 0 { try appendGap(turn.dropped) }
            if !turn.requests.isEmpty { try append(turn.requests) }
            while let command = commands.popFirst() { try perform(command) }
            try sealIfOld()
            if rotationWanted || log.end >= LogWriter.logBytes { try rotate() }
            try removeRetired()
        } catch {
            // Nobody waits in vain: whoever has no answer yet gets the failure. What the commit thread can still
            // acknowledge it does.
            let failure = AuditLogError.wrapping(error)
            try? waitForCommits()
            for request in turn.requests { request.answer(.failure(failure)) }
            for command in commands { command.refuse(failure) }
            throw failure
        }
    }

    private func perform(_ command: WriterCommand) throws {
        switch command {
        case .rotateLog:
            rotationWanted = true
        case .sync(let completion):
            do {
                try sync()
                completion(.success(()))
            } catch {
                completion(.failure(AuditLogError.wrapping(error)))
                throw error
            }
        case .seal(let completion):
            do {
                try sync()
                try closeRun()
            } catch {
                completion(.failure(AuditLogError.wrapping(error)))
                throw error
            }
            blocks.enqueue(.seal(completion))
        }
    }

    // MARK: Age

    /// When the oldest event that is in no sealed segment, or its segment, came to be; nil while nothing waits for age.
    private var openSince: Int64? {
        let segment = blocks.progress.openSince
        let events = run.flatMap { $0.count > 0 ? $0.recordedAt(0) : nil }
        let oldest = [segment, events].compactMap { $0 }.min()
        return oldest == ageSealed ? nil : oldest
    }

    /// How long the open segment may still stay open; nil when there is none or it may for ever.
    private func nanosecondsToAge() -> Int64? {
        guard let age = context.options.segmentAge?.nanoseconds, let openSince else { return nil }
        let (passed, overflow) = context.time.nowNanoseconds().subtractingReportingOverflow(openSince)
        return overflow ? 0 : age.subtractingReportingOverflow(passed).partialValue
    }

    private func sealIfOld() throws {
        guard let rest = nanosecondsToAge(), rest <= 0 else { return }
        ageSealed = openSince
        try sync()
        try closeRun()
        blocks.enqueue(.seal { _ in })
    }

    // MARK: Appending

    private func append(_ requests: [AppendRequest]) throws {
        let needsSync = requests.contains { $0.durability == .disk }
        // What is acknowledged before its sync is shown to readers before it, and so must be all that stands before.
        if !requests.allSatisfy({ $0.durability == .disk }) { try waitForCommits() }
        try noteCommits()
        let recordedAt = context.time.nowNanoseconds()
        let firstSequence = nextSequence
        var content = LogFrameContent(
            firstSequence: firstSequence, eventCount: 0, recordedAt: recordedAt, durableUpTo: durableUpTo,
            runs: [],
            records: [])
        for request in requests {
            request.firstSequence = nextSequence
            try chainRecords(of: request, recordedAt: recordedAt, into: &content)
        }
        let commit = Commit(
            requests, recordedAt: recordedAt, runs: runs(beyond: firstSequence), context: context)
        commit.acknowledge(upTo: .memory)
        var frameBytes = 0
        if content.eventCount > 0 {
            frameBytes = try log.append(content).frameLength
            unsyncedBytes += frameBytes
        }
        commit.acknowledge(upTo: .os)
        if needsSync, content.eventCount > 0, expectsMore(than: requests.count) {
            try commits.add(
                CommitThread.Frame(commit: commit, log: log, end: nextSequence, bytes: frameBytes))
            underWay = nextSequence
            unsyncedBytes = 0
        } else {
            if needsSync { try sync() }
            commit.acknowledge(upTo: .disk)
            commit.release()
            commit.hashTree()
        }
        try handOverFullRuns()
    }

    /// The runs that hold events from `sequence` on. Those before may be in blocks by the time they are shown.
    private func runs(beyond sequence: UInt64) -> [EventRun] {
        var runs = fullRuns
        if let run { runs.append(run) }
        return runs.filter { $0.endSequence > sequence }
    }

    /// Whether there will be appends to write while the commit thread syncs the frame of these. For a lone caller it
    /// would only cost time to wake it.
    private func expectsMore(than requests: Int) -> Bool {
        let isAwaited = requests > 1 || queue.withLock { !$0.requests.isEmpty }
        framesToShare = isAwaited ? LogWriter.framesToShareMax : max(framesToShare - 1, 0)
        return framesToShare > 0
    }

    /// Waits for the commits that the commit thread has, if it has any.
    private func waitForCommits() throws {
        guard let end = underWay else { return }
        underWay = nil
        try commits.wait()
        durableUpTo = end
    }

    /// Takes note of the commits that are done.
    private func noteCommits() throws {
        guard underWay != nil else { return }
        durableUpTo = max(durableUpTo, try commits.durableUpTo())
    }

    /// Gives every record of a request its place: run, salt, chain hash, and the memory that readers see.
    private func chainRecords(
        of request: AppendRequest, recordedAt: Int64, into content: inout LogFrameContent
    ) throws {
        let bytes = request.batch.bytes.view
        var rest = bytes
        while rest.count > 0 {
            let run = try currentRun(at: content.eventCount, into: &content)
            guard var runSalts = salts.take() else {
                throw AuditLogError.failed(cause: "a new run has no salt")
            }
            let before = nextSequence
            rest = try LogWriter.fill(
                run, blockBytes: context.blockBytes, from: rest, &runSalts, &commitments, &chain,
                &nextSequence, recordedAt)
            salts = runSalts
            content.eventCount += UInt32(nextSequence - before)
        }
        content.records.append(bytes)
    }

    /// Moves records into a run until it is full; gives what is left. Everything is local to the loop.
    private static func fill(
        _ run: EventRun, blockBytes: Int, from records: ByteView, _ salts: inout SaltCursor,
        _ commitments: inout CommitmentBatch, _ chain: inout ChainHasher, _ nextSequence: inout UInt64,
        _ recordedAt: Int64
    ) throws -> ByteView {
        var start = 0
        var sequence = nextSequence
        repeat {
            try gather(run, blockBytes: blockBytes, from: records, at: start, &salts, &commitments)
            for index in 0..<commitments.count {
                let (envelope, _, end) = parts(of: records, at: start)
                let hash = chain.append(
                    sequence: sequence, recordedAt: recordedAt, envelope: envelope.raw,
                    commitment: commitments[index])
                run.append(records.trusted(start, end - start), recordedAt: recordedAt, chainHash: hash)
                sequence += 1
                start = end
            }
        } while start < records.count && !run.isFull(blockBytes: blockBytes)
        nextSequence = sequence
        return records.trusted(start, records.count - start)
    }

    /// Commits to the records from `start` on that go into the run, as far as one batch takes them.
    private static func gather(
        _ run: EventRun, blockBytes: Int, from records: ByteView, at start: Int, _ salts: inout SaltCursor,
        _ commitments: inout CommitmentBatch
    ) throws {
        commitments.removeAll()
        var place = start
        repeat {
            let (_, personal, end) = parts(of: records, at: place)
            guard let salt = salts.next() else {
                throw AuditLogError.failed(cause: "a run has fewer salts than events")
            }
            commitments.append(salt: salt, personal: personal.raw)
            fetchAhead(records, from: place, to: end)
            place = end
        } while place < records.count && commitments.count < CommitmentBatch.capacity
            && !run.isFull(blockBytes: blockBytes, after: commitments.count, bytes: place - start)
        commitments.hash()
    }

    /// Bytes by which records are asked for ahead: another core wrote them.
    private static let bytesAhead = 2048

    /// Asks for the memory that lies so far behind a record.
    @inline(__always)
    private static func fetchAhead(_ records: ByteView, from start: Int, to end: Int) {
        var place = start
        while place < end, place &+ bytesAhead < records.count {
            prefetch_memory(records.base + place + bytesAhead)
            place &+= Int(PREFETCH_BYTES)
        }
    }

    /// The parts of the record at `start`, and where it ends.
    @inline(__always)
    private static func parts(
        of records: ByteView, at start: Int
    ) -> (envelope: ByteView, personal: ByteView, end: Int) {
        precondition(records.count - start >= RecordEncoder.headerBytes, "a batch holds whole records")
        let envelope = Int(records.load(UInt32.self, at: start))
        let personal = Int(records.load(UInt32.self, at: start + 4))
        let end = start + RecordEncoder.headerBytes + envelope + personal
        precondition(end <= records.count, "a batch holds whole records")
        return (
            records.trusted(start + RecordEncoder.headerBytes, envelope),
            records.trusted(end - personal, personal), end
        )
    }

    /// The run the next event belongs to; begins one when there is none or it is full.
    @inline(__always)
    private func currentRun(at index: UInt32, into content: inout LogFrameContent) throws -> EventRun {
        if let run, !run.isFull(blockBytes: context.blockBytes) { return run }
        return try beginRun(at: index, into: &content)
    }

    private func beginRun(at index: UInt32, into content: inout LogFrameContent) throws -> EventRun {
        if let run { fullRuns.append(run) }
        let seed = context.entropy.bytes(16)
        let begun = EventRun(firstSequence: nextSequence, seed: seed, pool: context.runs)
        run = begun
        salts = SaltCursor(root: try Bytes16.checked(seed))
        content.runs.append(LogRun(firstIndex: index, seed: seed.withView { Octets16($0) }))
        return begun
    }

    /// Hands full runs to the block worker. Their rows stay visible as tail until their blocks are there. Only runs
    /// whose frames are synced are handed over, so that no crash leaves a block that is ahead of the log: while
    /// commits are under way, those of the frames before them.
    private func handOverFullRuns() throws {
        guard !fullRuns.isEmpty else { return }
        if underWay == nil { try sync() } else { try noteCommits() }
        let ready = fullRuns.prefix { $0.endSequence <= durableUpTo }.count
        guard ready > 0 else { return }
        try blocks.waitForRoom()
        for full in fullRuns.prefix(ready) { try blocks.enqueue(full) }
        fullRuns.removeFirst(ready)
    }

    /// Closes the current run before it is full.
    private func closeRun() throws {
        guard let closing = run, closing.count > 0 else { return }
        fullRuns.append(closing)
        run = nil
        salts = nil
        try handOverFullRuns()
    }

    /// Makes every event that has its place durable.
    private func sync() throws {
        try waitForCommits()
        guard unsyncedBytes > 0 else { return }
        try log.sync()
        unsyncedBytes = 0
        durableUpTo = nextSequence
    }

    /// Appends a record of the engine's own.
    private func appendEngineRecord(_ write: (inout ByteWriter) -> Void) throws {
        var batch = RecordBatch(capacity: 512)
        batch.offsets.append(0)
        write(&batch.bytes)
        try append([AppendRequest(batch, durability: .disk) { _ in }])
    }

    private func appendGap(_ dropped: DroppedEvents) throws {
        let now = context.time.nowNanoseconds()
        try appendEngineRecord { EngineRecord.gap(dropped, at: now, into: &$0) }
    }

    /// Records that recovery had to cut or to give up something.
    func appendRecovery(_ findings: [RecoveryFinding]) throws {
        let now = context.time.nowNanoseconds()
        for finding in findings {
            try appendEngineRecord { EngineRecord.recovery(finding, at: now, into: &$0) }
        }
    }

    // MARK: Log files

    /// Begins a new log file. A full disk puts that off: the log at hand goes on, and nothing is lost.
    private func rotate() throws {
        guard log.end >= rotationPutOffTo else { return }
        try sync()
        let progress = blocks.progress
        var frontier: [UInt8] = []
        progress.frontier.encode(into: &frontier)
        let header = LogFileHeader(
            store: log.header.store, fileNumber: log.header.fileNumber + 1, epoch: context.epoch,
            firstSequence: nextSequence, blocksUpTo: progress.upTo, sealedSegments: progress.sealedSegments,
            chainHead: progress.chainHead.array, frontier: frontier)
        guard let next = try createUnlessFull(header) else {
            rotationPutOffTo = log.end + LogWriter.retryBytes
            return
        }
        try log.close()
        retired.append((log.path, log.end, nextSequence))
        log = next
        rotationWanted = false
        rotationPutOffTo = 0
    }

    /// Nil when the disk has no room.
    private func createUnlessFull(_ header: LogFileHeader) throws -> LogFile? {
        do throws(StorageError) {
            return try LogFile.create(
                in: context.storage, directory: "", header: header, recycling: spares.take())
        } catch {
            guard error.code == .noSpace else { throw error }
            return nil
        }
    }

    /// Lets go of old log files whose events are all in synced blocks. What a full disk refuses is tried again later.
    private func removeRetired() throws {
        guard let oldest = retired.first else { return }
        let upTo = blocks.progress.upTo
        guard oldest.end <= upTo else { return }
        do throws(StorageError) {
            while let file = retired.first, file.end <= upTo {
                try spares.add(file.path, bytes: file.bytes)
                retired.removeFirst()
            }
        } catch {
            guard error.code == .noSpace else { throw error }
        }
    }

    // MARK: Ending

    private func finish() throws {
        try sync()
        try handOverFullRuns()
        blocks.enqueue(.sync)
        if let failure = blocks.drain() { throw failure }
        try removeRetired()
        do throws(StorageError) {
            try spares.removeAll()
            try leaveSmallLog()
        } catch {
            // Otherwise the log stays as large as it is, and spares for the next opening to remove: no event is lost.
            guard error.code == .noSpace else { throw error }
        }
        try log.trimAndClose()
    }

    /// Leaves a log that holds what is in no block and little else: a store at rest is as small as its events.
    private func leaveSmallLog() throws(StorageError) {
        let progress = blocks.progress
        let needed = run?.recordBytes ?? 0
        let held = retired.reduce(log.end) { $0 + $1.bytes }
        guard held > 2 * needed + LogWriter.restingLogBytes,
            progress.upTo == run?.firstSequence ?? nextSequence
        else { return }
        let small = try LogFile.begin(
            number: log.header.fileNumber + 1, context: context, progress: progress, openRun: run)
        let large = log
        log = small
        try large.close()
        // A log that was changed over while the run was filling has events of it in the files before.
        for file in retired { try context.storage.remove(file.path) }
        retired = []
        try context.storage.remove(large.path)
    }

    /// Stops the log: everything waiting, and everything to come, gets the failure.
    private func fail(_ failure: AuditLogError) {
        let (requests, commands) = queue.update { queue in
            if queue.failure == nil { queue.failure = failure }
            return queue.takeAll()
        }
        for request in requests { request.answer(.failure(failure)) }
        for command in commands { command.refuse(failure) }
        context.appended.close()
    }
}

extension Bytes16 {
    static func checked(_ bytes: [UInt8]) throws(FormatError) -> Bytes16 {
        guard let value = Bytes16(bytes) else {
            throw FormatError(.invalid, "seed", offset: 0, expected: "16 bytes", found: "\(bytes.count)")
        }
        return value
    }
}
