import TallyrollFormat
import TallyrollIntegrity
import TallyrollQuery
import TallyrollStore
import Testing

/// A store made by hand from records: segments, sealed and open, and a tail, on simulated storage.
final class TestStore {
    let storeID: [UInt8]
    let storage = MemoryStorage()
    private let encoder: BlockEncoder
    private let cache = BlockCache(capacity: 8 << 20)
    private let blockEvents: Int
    private let indexes: SegmentIndexes
    private var segments: [StoreSnapshot.Segment] = []
    private var tail: [StoreSnapshot.Tail] = []
    private(set) var nextSequence: UInt64
    private var builder: SegmentBuilder?
    private var reader: SegmentReader?
    private var entries: [BlockEntry] = []

    /// Records waiting for a block.
    private var waiting: [(record: [UInt8], recordedAt: Int64)] = []

    init(
        blockEvents: Int, firstSequence: UInt64 = 0, codec: Codec = .none,
        indexes: SegmentIndexes = .none
    ) throws {
        storeID = (0..<16).map { UInt8(0xA0 + $0) }
        self.blockEvents = blockEvents
        self.indexes = indexes
        nextSequence = firstSequence
        encoder = BlockEncoder(codec: codec, level: 1)
        try storage.createDirectory("")
    }

    var storeTag: UInt64 { storeID.withView { $0.load(UInt64.self, at: 0) } }

    /// The sequence of the record appended next.
    var endSequence: UInt64 { nextSequence + UInt64(waiting.count) }

    func append(_ record: [UInt8], recordedAt: Int64) throws {
        waiting.append((record, recordedAt))
        guard waiting.count == blockEvents else { return }
        // Blocks lie before the tail.
        if tail.isEmpty { try closeBlock() } else { try closeTail() }
    }

    private func makeRun() throws -> EventRun? {
        guard !waiting.isEmpty else { return nil }
        let run = EventRun(
            firstSequence: nextSequence, seed: [UInt8](repeating: 7, count: 16), capacity: waiting.count,
            bytes: waiting.reduce(0) { $0 + $1.record.count })
        for (record, time) in waiting {
            let hash = Digest((0..<32).map { UInt8(truncatingIfNeeded: run.count &* 31 &+ $0) })
            guard let hash else { continue }
            record.withView { run.append($0, recordedAt: time, chainHash: hash) }
        }
        nextSequence += UInt64(waiting.count)
        waiting = []
        return run
    }

    /// Writes what waits as a block of the open segment.
    func closeBlock() throws {
        let first = nextSequence
        guard let run = try makeRun() else { return }
        if builder == nil {
            let header = SegmentHeader(
                storeID: storeID, number: UInt64(segments.count + 1), epoch: 1, firstSequence: first,
                capacity: 64 << 20, created: 0, blockEvents: blockEvents,
                chainBefore: [UInt8](repeating: 1, count: 32),
                frontier: (0..<first.nonzeroBitCount).map { [UInt8](repeating: UInt8($0), count: 32) },
                indexes: indexes)
            builder = try SegmentBuilder.create(header, in: storage, encoder: encoder)
            entries = []
            if let file = builder?.file {
                reader = SegmentReader(
                    open: SegmentName.of(header.number), header: header, file: file, cache: cache)
            }
        }
        guard let builder, let reader else { return }
        let entry = try builder.append(run.encoded([UInt8](repeating: 7, count: 16)))
        entries.append(try #require(entry, "a segment of a test is large enough"))
        try reader.announce(builder.newTerms)
    }

    /// Ends the open segment.
    func seal() throws {
        try closeBlock()
        guard let builder else { return }
        try builder.seal()
        let name = SegmentName.of(builder.header.number)
        let sealed = try SegmentReader(name, in: storage, cache: cache, mustBeSealed: true)
        segments.append(StoreSnapshot.Segment(reader: sealed, entries: sealed.entries))
        self.builder = nil
        reader = nil
    }

    /// Moves what waits into a run of the tail; blocks can no longer be written after that.
    func closeTail() throws {
        guard let run = try makeRun() else { return }
        tail.append(StoreSnapshot.Tail(run: run, count: run.count, start: 0))
    }

    /// What a reader sees now, without what waits.
    func snapshot(summary: StoreSummary? = nil) -> StoreSnapshot {
        var all = segments
        if let reader, !entries.isEmpty {
            all.append(StoreSnapshot.Segment(reader: reader, entries: entries))
        }
        return StoreSnapshot(
            storeID: storeID, segments: all, tail: tail, endSequence: nextSequence, summary: summary)
    }

    /// The same from the files, as another process would see it, with a summary that speaks up at once.
    func reopenedSnapshot() throws -> StoreSnapshot {
        let cache = BlockCache(capacity: 8 << 20)
        var all: [StoreSnapshot.Segment] = []
        for number in 1..<UInt64(segments.count + (reader == nil ? 1 : 2)) {
            let reader = try SegmentReader(SegmentName.of(number), in: storage, cache: cache)
            all.append(StoreSnapshot.Segment(reader: reader, entries: reader.entries))
        }
        return StoreSnapshot(
            storeID: storeID, segments: all, tail: tail, endSequence: nextSequence,
            summary: StoreSummary(segmentsMin: 1, manySegments: 1, requestsMin: 1))
    }
}

extension PlainEvent {
    /// The event as a record.
    func record(_ random: inout SplitMix64) -> [UInt8] {
        let row = row(&random)
        var out = ByteWriter(capacity: 256)
        var encoder = RecordEncoder()
        encoder.begin(
            timestamp: time, time: TimeNotation(digits: UInt8(random.below(10))), outcome: row.outcome,
            duration: duration, into: &out)
        for field in StringField.allCases {
            if let value = row.string(field) { encoder.string(field, value, into: &out) }
        }
        _ = encoder.end(into: &out)
        return out.array
    }
}
