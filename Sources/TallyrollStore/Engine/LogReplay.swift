import TallyrollFormat
import TallyrollIntegrity

/// Reads the log files of a store back into runs: the events that are in no block. Decides nothing about files and
/// changes none; recovery and readers beside a writer both use it.
struct LogReplay {
    /// A run of the log, with the rows before `start` already in a block.
    struct Replayed {
        var run: EventRun
        var isClosed: Bool
    }

    private(set) var runs: [Replayed] = []
    /// The sequence after the last event.
    private(set) var nextSequence: UInt64
    private var chain: ChainHasher
    private(set) var findings: [RecoveryFinding] = []
    /// Sequences that are gone although they had been synced, ascending.
    private(set) var lost: [Range<UInt64>] = []
    private(set) var newestHeader: LogFileHeader?

    private let blockEvents: Int
    private var salts: SaltCursor?
    private var pendingSeed: Octets16?

    /// Replays what follows `sequence`, whose predecessor has this chain hash.
    init(after sequence: UInt64, chainHead: Digest, blockEvents: Int) {
        nextSequence = sequence
        chain = ChainHasher(head: chainHead)
        self.blockEvents = blockEvents
    }

    /// The chain hash of the last event.
    var chainHead: Digest { chain.head }

    /// Adds the frames of the next log file.
    mutating func add(_ file: Bytes, path: String, store: Octets16, promisedUpTo: UInt64, isNewest: Bool) throws {
        let scan = try LogScan(file.view, store: store, promisedUpTo: promisedUpTo)
        if let header = scan.header { newestHeader = header }
        for frame in scan.frames { try add(frame, path: path) }
        switch scan.end {
        case .clean: break
        case .torn(let offset):
            let rest = file.view.trusted(offset, file.count - offset)
            let used = rest.raw.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
            // Nothing but the newest file can have a torn tail that was not dealt with before.
            if used > 0, isNewest {
                findings.append(
                    RecoveryFinding(kind: .tornTail, file: path, offset: offset, bytes: used, lost: nil))
            }
        case .damaged(let offset):
            let before = nextSequence
            for frame in scan.behind { try add(frame, path: path) }
            if promisedUpTo > nextSequence { lose(upTo: promisedUpTo) }
            let gone = lost.last.map { before..<max(before, $0.upperBound) }
            findings.append(
                RecoveryFinding(
                    kind: .damage, file: path, offset: offset, bytes: file.count - offset, lost: gone))
        }
    }

    private mutating func add(_ frame: LogFrame, path: String) throws {
        guard frame.header.endSequence > nextSequence else {
            // In blocks already; but a run that goes on behind it began here.
            if let last = try frame.runs().last { pendingSeed = last.seed }
            return
        }
        if frame.header.firstSequence > nextSequence { lose(upTo: frame.header.firstSequence) }
        let starts = try frame.runs()
        var nextStart = 0
        var records = frame.records()
        var sequence = frame.header.firstSequence
        var index: UInt32 = 0
        while let record = try records.next() {
            var begins = false
            if nextStart < starts.count, starts[nextStart].firstIndex == index {
                pendingSeed = starts[nextStart].seed
                nextStart += 1
                begins = true
            }
            if sequence >= nextSequence {
                try append(record, recordedAt: frame.header.recordedAt, beginsRun: begins)
            }
            sequence += 1
            index += 1
        }
    }

    private mutating func append(_ record: ByteView, recordedAt: Int64, beginsRun: Bool) throws {
        if beginsRun || runs.last.map({ $0.isClosed }) ?? true { try beginRun() }
        guard let run = runs.last?.run, let salt = salts?.next() else {
            throw FormatError(
                .invalid, "log frame", offset: 0, expected: "events inside a run", found: "none began")
        }
        guard run.count < blockEvents, run.recordBytes + record.count <= EventRun.bytesMax else {
            throw FormatError(
                .limit, "log frame", offset: 0, expected: "a run of at most \(blockEvents) events", found: "more")
        }
        let view = try RecordView(record)
        let hash = chain.append(
            sequence: nextSequence, recordedAt: recordedAt, envelope: view.envelope.raw, salt: salt,
            personal: view.personal.raw)
        run.append(record, recordedAt: recordedAt, chainHash: hash)
        nextSequence += 1
    }

    private mutating func beginRun() throws {
        closeLast()
        guard let seed = pendingSeed else {
            throw FormatError(
                .invalid, "log frame", offset: 0, expected: "the seed of the first run", found: "none")
        }
        let run = EventRun(firstSequence: nextSequence, seed: seed.array, capacity: blockEvents)
        runs.append(Replayed(run: run, isClosed: false))
        salts = SaltCursor(root: try Bytes16.checked(seed.array))
    }

    private mutating func closeLast() {
        if let last = runs.indices.last { runs[last].isClosed = true }
    }

    private mutating func lose(upTo sequence: UInt64) {
        lost.append(nextSequence..<sequence)
        nextSequence = sequence
        closeLast()
    }
}
