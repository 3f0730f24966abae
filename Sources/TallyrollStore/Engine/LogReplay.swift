import TallyrollFormat
import TallyrollIntegrity

/// Reads the log files of a store back into runs: the events that are in no block. Decides nothing about files and
/// changes none; recovery and readers beside a writer both use it.
///
/// Damage costs the frames it hit. Events behind it are kept; where the beginning of their run is lost, with the seed of
/// its salts, they begin a run with a new seed.
struct LogReplay {
    struct Replayed {
        var run: EventRun
        var isClosed: Bool
    }

    /// Events that had been synced and are gone; chain and tree behind them where a log file recorded those.
    struct Loss: Sendable {
        var sequences: Range<UInt64>
        var stateBehind: (chainHead: Digest, frontier: Frontier)?
    }

    /// A log file as it was read.
    struct File {
        var path: String
        var bytes: Bytes
        /// Nil when it is torn or damaged.
        var header: LogFileHeader?
    }

    private(set) var runs: [Replayed] = []
    /// The sequence after the last event.
    private(set) var nextSequence: UInt64
    private var chain: ChainHasher
    private(set) var findings: [RecoveryFinding] = []
    /// Ascending.
    private(set) var lost: [Loss] = []

    /// Where the last of the files stopped; nil before one with a header, and behind damage.
    private(set) var end: LogTail.Place?
    /// The last run that others may be reading: its memory stays where it is.
    private var shared: EventRun?

    private let blockEvents: Int
    private let newSeed: () -> [UInt8]
    private var salts: SaltCursor?

    /// Replays what follows `sequence`, whose predecessor has this chain hash.
    init(after sequence: UInt64, chainHead: Digest, blockEvents: Int, newSeed: @escaping () -> [UInt8]) {
        nextSequence = sequence
        chain = ChainHasher(head: chainHead)
        self.blockEvents = blockEvents
        self.newSeed = newSeed
    }

    /// The chain hash of the last event.
    var chainHead: Digest { chain.head }

    /// Adds all log files of a store.
    ///
    /// They are taken by where they begin, not by number: a recovery repeats the open run of the files before it in a
    /// new file, and of those it then removes any may still be there.
    mutating func add(_ files: [File], store: Octets16) throws {
        let newest = files.compactMap { $0.header?.fileNumber }.max()
        let ordered = files.sorted { LogReplay.key($0) < LogReplay.key($1) }
        for (place, file) in ordered.enumerated() {
            // What the next file begins with had been synced into this one or before it, or into blocks since.
            let promised = ordered[(place + 1)...].lazy.compactMap { $0.header?.firstSequence }.first ?? 0
            try add(
                file, store: store, promisedUpTo: promised > nextSequence ? promised : 0,
                mayBeTorn: file.header == nil || file.header?.fileNumber == newest)
        }
    }

    private static func key(_ file: File) -> (UInt64, UInt64) {
        (file.header?.firstSequence ?? .max, file.header?.fileNumber ?? .max)
    }

    private mutating func add(_ file: File, store: Octets16, promisedUpTo: UInt64, mayBeTorn: Bool) throws {
        let scan = try LogScan(
            file.bytes.view, store: store, fileNumber: LogFileName.number(in: file.path),
            promisedUpTo: promisedUpTo)
        if let header = scan.header, header.firstSequence > nextSequence {
            // What came before this file was in blocks or in files that are not there.
            lose(upTo: header.firstSequence, file.path, at: 0, bytes: 0)
            if let state = LogReplay.state(at: header.firstSequence, header) {
                lost[lost.count - 1].stateBehind = state
                chain = ChainHasher(head: state.chainHead)
            }
        }
        for frame in scan.frames { add(frame, of: file.path) }
        if let header = scan.header {
            end = LogTail.Place(
                path: file.path, header: header, offset: scan.end.offset, previous: scan.lastChecksum,
                nextSequence: scan.nextSequence)
        }
        switch scan.end {
        case .clean: break
        case .torn(let offset):
            let bytes = scan.writtenEnd - offset
            // An older file's torn tail was dealt with when the next file was begun.
            if scan.header != nil || bytes > 0, mayBeTorn {
                findings.append(
                    RecoveryFinding(
                        kind: .tornTail, file: file.path, offset: offset, bytes: bytes, lost: nil))
            }
        case .damaged(let offset):
            let before = findings.count
            let end = scan.behind.first?.offset ?? file.bytes.count
            if let first = scan.behind.first {
                lose(upTo: first.header.firstSequence, file.path, at: offset, bytes: end - offset)
            }
            for frame in scan.behind { add(frame, of: file.path) }
            self.end = nil
            if promisedUpTo > nextSequence {
                lose(upTo: promisedUpTo, file.path, at: offset, bytes: file.bytes.count - offset)
            }
            if findings.count == before {
                // Damage that cost nothing: what stood here is in blocks.
                findings.append(
                    RecoveryFinding(
                        kind: .damage, file: file.path, offset: offset, bytes: end - offset, lost: nil))
            }
        }
    }

    // MARK: Going on

    /// Lets others read the rows that there are, while more are added.
    mutating func shareRuns() { shared = runs.last?.run }

    /// Adds a frame behind all others; false when what it holds is not what a frame should.
    mutating func addFollowing(_ frame: LogFrame) -> Bool {
        guard frame.header.firstSequence <= nextSequence, (try? addRecords(of: frame)) != nil else {
            return false
        }
        return nextSequence >= frame.header.endSequence
    }

    /// Forgets the runs whose events all stand before `sequence`.
    mutating func dropRuns(before sequence: UInt64) {
        runs.removeAll { $0.run.firstSequence + UInt64($0.run.count) <= sequence }
    }

    /// Chain and tree at the file's beginning, if blocks reached up to it when it was begun.
    private static func state(
        at sequence: UInt64, _ header: LogFileHeader
    ) -> (chainHead: Digest, frontier: Frontier)? {
        guard header.blocksUpTo == sequence, let chainHead = Digest(header.chainHead),
            let frontier = try? header.frontier.withView({ (view) throws(IntegrityError) in
                try Frontier(size: sequence, decoding: view.raw)
            })
        else { return nil }
        return (chainHead, frontier)
    }

    private mutating func add(_ frame: LogFrame, of path: String) {
        guard frame.header.endSequence > nextSequence else { return }
        if frame.header.firstSequence > nextSequence {
            lose(upTo: frame.header.firstSequence, path, at: frame.offset, bytes: 0)
        }
        do {
            try addRecords(of: frame)
        } catch {
            // Its checksum fits and its content does not: what it held is lost, what follows is not.
            lose(upTo: frame.header.endSequence, path, at: frame.offset, bytes: frame.header.frameLength)
        }
    }

    private mutating func addRecords(of frame: LogFrame) throws {
        let starts = try frame.runs()
        var nextStart = 0
        var records = frame.records()
        var sequence = frame.header.firstSequence
        var index: UInt32 = 0
        while let record = try records.next() {
            var seed: Octets16?
            if nextStart < starts.count, starts[nextStart].firstIndex == index {
                seed = starts[nextStart].seed
                nextStart += 1
            }
            if sequence >= nextSequence {
                try append(record, recordedAt: frame.header.recordedAt, beginningRun: seed)
            }
            sequence += 1
            index += 1
        }
    }

    private mutating func append(_ record: ByteView, recordedAt: Int64, beginningRun seed: Octets16?) throws {
        let view = try RecordView(record)
        if let seed {
            try beginRun(seed.array)
        } else if runs.last?.isClosed ?? true {
            // The run began in a place that is lost, or before a block that is.
            try beginRun(newSeed())
        }
        guard let run = runs.last?.run, run.count < blockEvents,
            run.recordBytes + record.count <= EventRun.bytesMax, let salt = salts?.next()
        else {
            throw FormatError(
                .limit, "log frame", offset: 0, expected: "a run of at most \(blockEvents) events",
                found: "more")
        }
        let hash = chain.append(
            sequence: nextSequence, recordedAt: recordedAt, envelope: view.envelope.raw, salt: salt,
            personal: view.personal.raw)
        run.append(record, recordedAt: recordedAt, chainHash: hash)
        nextSequence += 1
    }

    private mutating func beginRun(_ seed: [UInt8]) throws {
        closeLast()
        salts = SaltCursor(root: try Bytes16.checked(seed))
        let run = EventRun(firstSequence: nextSequence, seed: seed, capacity: blockEvents)
        runs.append(Replayed(run: run, isClosed: false))
    }

    private mutating func closeLast() {
        guard let last = runs.indices.last, !runs[last].isClosed else { return }
        runs[last].isClosed = true
        if runs[last].run !== shared { runs[last].run.trim() }
    }

    private mutating func lose(upTo sequence: UInt64, _ path: String, at offset: Int, bytes: Int) {
        guard sequence > nextSequence else { return }
        lost.append(Loss(sequences: nextSequence..<sequence))
        findings.append(
            RecoveryFinding(
                kind: .damage, file: path, offset: offset, bytes: bytes, lost: nextSequence..<sequence))
        nextSequence = sequence
        closeLast()
    }
}
