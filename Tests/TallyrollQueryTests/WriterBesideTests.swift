import Foundation
import Synchronization
import TallyrollFormat
import TallyrollQuery
import TallyrollStore
import Testing

/// Questions while a writer appends, closes blocks and seals segments: each is answered for one moment, and what was
/// acknowledged before it was asked is part of the answer. The writer's own view is asked, and that of a reader who only has
/// the files.
@Suite("Queries beside a writer")
struct WriterBesideTests {
    /// The last two seal so often that the summary of the segments has its say.
    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6])
    func seeOneMoment(_ seed: UInt64) throws {
        let sealsOften = seed > 4
        var generator = Generator(random: SplitMix64(seed: seed))
        var options = StoreOptions()
        options.segmentBytes = 1 << 20
        options.blockEvents = 16
        let time = SimulatedTimeSource(step: 0)
        let storage = MemoryStorage()
        let store = try AuditStore.open(
            storage, path: "memory", options: options, time: time,
            entropy: SeededEntropySource(seed: seed))
        let storeTag = store.snapshot().storeTag
        let recorded = time.nowNanoseconds()
        generator.chooseVocabulary()
        var records: [[UInt8]] = []
        let events = (0..<1_500).map { index in
            var event = generator.event()
            event.sequence = Int64(index)
            event.recorded = recorded
            event.time = Int64(index / 4 + generator.random.below(20))
            event.minted = MintedID.text(
                recordedAt: recorded, sequence: UInt64(index), storeTag: storeTag)
            records.append(event.record(&generator.random))
            return event
        }

        let follower = try StoreFollower(storage, path: "memory")
        let writer = BackgroundWriter(store, records, seed: seed, sealChance: sealsOften ? 60 : 8)
        var questions = 0
        var acknowledged: UInt64 = 0
        var lastEnds: [UInt64] = [0, 0]
        var moments: Set<UInt64> = []
        while !writer.isDone || questions < 60 {
            writer.allow(batches: 2)
            while writer.acknowledged == acknowledged, !writer.isDone {
                Thread.sleep(forTimeInterval: 0.000_1)
            }
            acknowledged = writer.acknowledged
            let view = questions % 2
            let snapshot = view == 0 ? store.snapshot() : try follower.refresh()
            #expect(snapshot.endSequence >= acknowledged && snapshot.endSequence >= lastEnds[view])
            #expect(snapshot.problems.isEmpty)
            lastEnds[view] = snapshot.endSequence
            moments.insert(snapshot.endSequence)
            let engine = QueryEngine(snapshot, now: 0)
            let meant = events.prefix(Int(snapshot.endSequence))
            let filter = self.filter(&generator, Array(meant))
            let expected = meant.filter { Oracle(event: $0).holds(filter) }
            let what: Comment = "seed \(seed), \(snapshot.endSequence) events: \(filter)"
            #expect(try engine.count(where: filter).count == expected.count, what)
            let order = generator.random.pick(QueryOrder.allCases)
            let sorted =
                order == .oldest
                ? expected : expected.sorted { ($0.time, $0.sequence) > ($1.time, $1.sequence) }
            let limit = generator.random.below(30)
            #expect(
                try sequences(engine, filter, order, limit)
                    == sorted.prefix(limit).map { UInt64($0.sequence) },
                what)
            questions += 1
        }
        #expect(writer.failure == nil)
        // The writer was really at work meanwhile.
        #expect(moments.count > 10)
        #expect(store.snapshot().endSequence == 1_500)
        #expect(store.snapshot().segments.count > (sealsOften ? 16 : 3))
        #expect(store.close() == nil)
    }

    /// Any filter, or one that few segments can have an event for.
    private func filter(_ generator: inout Generator, _ events: [PlainEvent]) -> Filter {
        guard let event = events.randomElement(using: &generator.random), generator.random.chance(40) else {
            return generator.filter(generator.random.below(3))
        }
        return switch generator.random.below(4) {
        case 0: .equal(.user, event.strings[.user] ?? "")
        case 1: .comparison(.time, .greaterOrEqual, .time(.absolute(nanoseconds: event.time)))
        case 2:
            .and([
                .equal(.type, event.strings[.type] ?? ""),
                .comparison(.sequence, .less, .integer(event.sequence)),
            ])
        default: .id(event.strings[.id] ?? event.minted)
        }
    }

    private func sequences(
        _ engine: QueryEngine, _ filter: Filter, _ order: QueryOrder, _ limit: Int
    ) throws -> [UInt64] {
        let results = try engine.events(where: filter, order: order, limit: limit)
        var sequences: [UInt64] = []
        var record = ByteWriter()
        while let row = try results.next(into: &record) {
            sequences.append(row.sequence)
            record.removeAll()
        }
        return sequences
    }
}

/// Appends records in batches of random size from a thread of its own, sealing now and then.
private final class BackgroundWriter: Sendable {
    private struct State {
        var acknowledged: UInt64 = 0
        var isDone = false
        var failure: AuditLogError?
    }

    private let state = Mutex(State())

    private let allowance = DispatchSemaphore(value: 0)

    /// Lets it go on: it never runs far ahead of the questions, so that they meet many states of the store.
    func allow(batches: Int) {
        for _ in 0..<batches { allowance.signal() }
    }

    var acknowledged: UInt64 { state.withLock { $0.acknowledged } }
    var isDone: Bool { state.withLock { $0.isDone } }
    var failure: AuditLogError? { state.withLock { $0.failure } }

    init(_ store: AuditStore, _ records: [[UInt8]], seed: UInt64, sealChance: Int) {
        let thread = Thread { self.run(store, records, seed, sealChance) }
        thread.start()
    }

    private func run(_ store: AuditStore, _ records: [[UInt8]], _ seed: UInt64, _ sealChance: Int) {
        var random = SplitMix64(seed: seed &+ 99)
        var next = 0
        while next < records.count {
            allowance.wait()
            let end = min(records.count, next + 1 + random.below(40))
            var batch = RecordBatch()
            for record in records[next..<end] {
                batch.offsets.append(UInt32(batch.bytes.count))
                record.withView { batch.bytes.bytes($0) }
            }
            let done = DispatchSemaphore(value: 0)
            let request = AppendRequest(batch, durability: .os) { result in
                self.state.withLock { state in
                    switch result {
                    case .success: state.acknowledged = UInt64(end)
                    case .failure(let error): state.failure = error
                    }
                }
                done.signal()
            }
            _ = store.enqueue(request, whenFull: .wait)
            done.wait()
            next = end
            if random.chance(sealChance) {
                store.seal { _ in done.signal() }
                done.wait()
            }
        }
        state.withLock { $0.isDone = true }
    }
}
