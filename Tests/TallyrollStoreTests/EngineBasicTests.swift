import Synchronization
import TallyrollFormat
import TallyrollStore
import Testing

@Suite struct EngineBasicTests {
    private func options(_ block: Int, _ segment: Int = 1 << 20) -> StoreOptions {
        var options = StoreOptions.tiny
        options.blockEvents = block
        options.segmentBytes = segment
        return options
    }

    private func failure<T>(_ result: Result<T, AuditLogError>) -> AuditLogError? {
        if case .failure(let error) = result { error } else { nil }
    }

    @Test(arguments: [16, 100, 4096]) func whatIsAppendedComesBack(block: Int) throws {
        let disk = MemoryStorage()
        var store = try openStore(disk, options(block))
        var number = 0
        for count in [1, 15, 16, 17, 1, 200, 3] {
            let receipt = try store.append(number..<number + count).get()
            #expect(
                receipt.sequences == UInt64(number)..<UInt64(number + count) && receipt.durability == .disk)
            number += count
        }
        let before = try store.snapshot().readAll()
        #expect(before.map(\.record) == (0..<number).map { TestEvent.record($0) })
        #expect(before.map(\.sequence) == (0..<UInt64(number)).map { $0 })
        let head = try store.snapshot().verified()
        #expect(head.verdict == .intact)
        #expect(store.close() == nil)
        for seals in [false, true, false] {
            store = try openStore(disk, options(block), seed: 9)
            #expect(try store.snapshot().readAll() == before)
            if seals { try store.seal().get() }
            let again = try store.snapshot().verified()
            #expect(
                again.chainHead == head.chainHead && again.treeRoot == head.treeRoot
                    && again.verdict == .intact)
            #expect(try store.snapshot().readAll() == before)
            #expect(store.findings.isEmpty)
            store.close()
        }
    }

    /// Of the newest segment, after the store was opened with each of some choices and closed without an event.
    private func indexes(after choices: [SegmentIndexes?], _ disk: MemoryStorage) throws -> SegmentIndexes? {
        for choice in choices {
            var options = StoreOptions.tiny
            options.indexes = choice
            #expect(try openStore(disk, options).close() == nil)
        }
        let store = try openStore(disk)
        _ = try store.append(0..<20).get()
        try store.seal().get()
        defer { store.close() }
        return store.snapshot().segments.last?.reader.header.indexes
    }

    @Test func theChoiceOfIndexesIsKept() throws {
        let disk = MemoryStorage()
        let some: SegmentIndexes = [.request, .details("a.b"), .details("c")]
        #expect(try indexes(after: [some, nil, nil], disk) == some)
        #expect(try indexes(after: [], disk) == some)
        // Also where no segment was begun with it.
        #expect(
            try indexes(after: [SegmentIndexes.all, SegmentIndexes.none, nil], disk) == SegmentIndexes.none)
        #expect(try indexes(after: [nil], disk) == SegmentIndexes.none)
        #expect(try indexes(after: [], MemoryStorage()) == SegmentIndexes.default)
    }

    @Test func oneWriterAtATime() throws {
        let disk = MemoryStorage()
        let store = try openStore(disk)
        #expect { try openStore(disk) } throws: { if case AuditLogError.locked = $0 { true } else { false } }
        #expect(store.close() == nil)
        #expect(store.close() == nil)
        for answer in [
            failure(try store.append(0..<1)), failure(try store.seal()), failure(try store.sync()),
        ] {
            guard case .closed? = answer else {
                Issue.record("\(String(describing: answer))")
                continue
            }
        }
        try openStore(disk).close()
    }

    @Test func whatNoStoreTakesIsRefused() throws {
        let store = try openStore(MemoryStorage())
        defer { store.close() }
        guard case .eventTooLarge(_, let limit)? = failure(try store.append(0..<1, size: 300_000)) else {
            Issue.record("taken")
            return
        }
        #expect(limit == store.eventBytesMax)
        let empty = try store.append(0..<0).get()
        #expect(empty.sequences.isEmpty)
        #expect(try store.append(0..<1).get().firstSequence == 0)
        #expect(try store.append(1..<2, size: limit - 100).get().firstSequence == 1)
        #expect(try store.snapshot().verified().verdict == .intact)
    }

    @Test func manyProducersShareOneOrder() throws {
        let disk = MemoryStorage()
        let store = try openStore(disk, options(64))
        let receipts = Mutex<[(AppendReceipt, Range<Int>)]>([])
        let threads = try (0..<4).map { producer in
            try WorkerThread("producer") {
                var number = producer * 10_000
                for round in 0..<60 {
                    let count = round % 7 == 0 ? 90 : 1 + round % 3
                    let durability = Durability.allCases[(round + producer) % 3]
                    guard let result = try? store.append(number..<number + count, durability),
                        let receipt = try? result.get()
                    else { return }
                    // Acknowledged is visible, whatever was asked for.
                    if store.snapshot().endSequence < receipt.sequences.upperBound { return }
                    receipts.withLock { $0.append((receipt, number..<number + count)) }
                    number += count
                    if round % 20 == 19 { _ = try? store.seal() }
                }
            }
        }
        for thread in threads { thread.join() }
        let all = try store.snapshot().readAll()
        let given = receipts.withLock { $0 }.sorted { $0.0.firstSequence < $1.0.firstSequence }
        #expect(given.count == 240)
        var expected: [[UInt8]] = []
        for (receipt, numbers) in given {
            #expect(receipt.firstSequence == UInt64(expected.count))
            expected += numbers.map { TestEvent.record($0) }
        }
        #expect(all.map(\.record) == expected)
        #expect(try store.snapshot().verified().verdict == .intact)
        #expect(store.snapshot().segments.count >= 2)
        #expect(store.close() == nil)
        let again = try openStore(disk)
        #expect(try again.snapshot().readAll() == all)
        again.close()
    }

    @Test func oneAppendFillsManyBlocks() throws {
        let disk = MemoryStorage()
        let store = try openStore(disk, options(16, 64 << 20))
        for part in 0..<3 { _ = try store.append(part * 1500..<part * 1500 + 1500, size: 3).get() }
        let expected = (0..<4500).map { TestEvent.record($0, size: 3) }
        #expect(try store.snapshot().readAll().map(\.record) == expected)
        #expect(store.close() == nil)
        let again = try openStore(disk)
        #expect(try again.snapshot().readAll().map(\.record) == expected)
        #expect(try again.snapshot().verified().verdict == .intact)
        again.close()
    }

    @Test func segmentsRollBySizeAndStayInOrder() throws {
        let disk = MemoryStorage()
        var options = options(256)
        options.codec = .none
        let store = try openStore(disk, options)
        for part in 0..<40 { _ = try store.append(part * 100..<part * 100 + 100, size: 700, .os).get() }
        try store.sync().get()
        let expected = (0..<4000).map { TestEvent.record($0, size: 700) }
        #expect(try store.snapshot().readAll().map(\.record) == expected)
        #expect(store.close() == nil)
        let again = try openStore(disk, options)
        let snapshot = again.snapshot()
        #expect(snapshot.segments.count >= 3)
        #expect(try snapshot.readAll().map(\.record) == expected)
        #expect(try snapshot.verified().verdict == .intact)
        for segment in snapshot.segments where segment.reader.isSealed {
            #expect(try disk.open(segment.reader.name, mode: .read).size() <= options.segmentBytes)
        }
        again.close()
    }

    @Test func blocksOfTheSmallestSegmentsAreWholeWhereTheyShrink() throws {
        let disk = MemoryStorage()
        let store = try openStore(disk, options(4096))
        for part in 0..<100 { _ = try store.append(part * 500..<part * 500 + 500, size: 100, .os).get() }
        try store.sync().get()
        let snapshot = store.snapshot()
        let blocks = snapshot.segments.flatMap { $0.entries }
        #expect(blocks.count >= 10 && blocks.dropLast().allSatisfy { $0.count >= 4096 })
        #expect(try snapshot.readAll().map(\.record) == (0..<50_000).map { TestEvent.record($0, size: 100) })
        store.close()
        for name in try disk.list("") where name.hasSuffix(".seg") {
            #expect(try disk.open(name, mode: .read).size() <= 1 << 20)
        }
    }

    @Test func oneBlockMayExceedASegmentThatNothingShrinks() throws {
        let disk = MemoryStorage()
        var options = options(4096)
        options.codec = .none
        let store = try openStore(disk, options)
        for part in 0..<60 { _ = try store.append(part * 100..<part * 100 + 100, size: 700, .os).get() }
        try store.sync().get()
        let snapshot = store.snapshot()
        #expect(try snapshot.readAll().map(\.record) == (0..<6000).map { TestEvent.record($0, size: 700) })
        #expect(try snapshot.verified().verdict == .intact)
        #expect(snapshot.segments.allSatisfy { $0.entries.count <= 2 })
        store.close()
    }

    @Test func segmentsRollByAge() throws {
        let time = SimulatedTimeSource()
        var options = options(100)
        options.segmentAge = .seconds(3600)
        let store = try openStore(MemoryStorage(), options, time: time)
        defer { store.close() }
        func wait(forSegments count: Int) {
            for _ in 0..<500 where store.snapshot().segments.count < count || !store.snapshot().tail.isEmpty {
                _ = Monitor(0).wait(nanoseconds: 10_000_000) { _ in Int?.none }
            }
        }
        _ = try store.append(0..<3).get()
        time.advance(by: 3_000_000_000_000)
        _ = try store.append(3..<4).get()
        #expect(store.snapshot().segments.isEmpty)
        try store.sync().get()
        time.advance(by: 3_000_000_000_000)
        try store.sync().get()
        wait(forSegments: 1)
        #expect(store.snapshot().segments.map(\.endSequence) == [4])
        // A new age begins with the next event.
        _ = try store.append(4..<6).get()
        try store.sync().get()
        #expect(store.snapshot().segments.count == 1)
        time.advance(by: 4_000_000_000_000)
        try store.sync().get()
        wait(forSegments: 2)
        #expect(store.snapshot().segments.map(\.endSequence) == [4, 6])
        #expect(try store.snapshot().verified().verdict == .intact)
    }

    /// A storage whose syncs wait for leave.
    private final class Gate: Sendable {
        private let state = Monitor((isOpen: true, arrived: 0))

        func pass() {
            state.update { $0.arrived += $0.isOpen ? 0 : 1 }
            state.wait { $0.isOpen ? () : nil }
        }

        func set(_ open: Bool) { state.update { $0.isOpen = open } }

        /// Until somebody stands before the closed gate.
        func waitForArrival() { state.wait { $0.arrived > 0 ? () : nil } }
    }

    @Test func aFullQueueWaitsTimesOutOrDrops() throws {
        let disk = MemoryStorage()
        let gate = Gate()
        var options = options(100)
        options.queueBytes = 300
        let store = try openStore(disk, options)
        // A failed expectation must not leave the store's threads at the gate.
        defer { gate.set(true) }
        disk.observe { _, call in if call.operation == .sync { gate.pass() } }
        gate.set(false)
        // The writer stops at the gate with the first one; the others fill the queue.
        let first = store.submit(0..<1)
        gate.waitForArrival()
        var waiting: [Answer<AppendReceipt>] = []
        var number = 1
        var dropped = 0
        while dropped < 5 {
            let answer = store.submit(number..<number + 1, whenFull: .drop)
            if answer.count == 1 {
                guard case .queueFull? = failure(try answer.wait()) else {
                    Issue.record("another failure")
                    return
                }
                dropped += 1
            } else {
                waiting.append(answer)
            }
            number += 1
        }
        guard
            case .queueFull? = failure(
                try store.append(900..<901, whenFull: .timeout(nanoseconds: 20_000_000)))
        else {
            Issue.record("no timeout")
            return
        }
        #expect(store.submit(901..<902, whenFull: .refuse).count == 0)
        let patient = Answer<AppendReceipt>()
        let thread = try WorkerThread("patient") {
            if let result = try? store.append(902..<903) { patient.completion(result) }
        }
        gate.set(true)
        for answer in [first] + waiting { _ = try answer.wait().get() }
        _ = try patient.wait().get()
        thread.join()
        #expect(store.close() == nil)
        disk.observe(nil)
        let again = try openStore(disk)
        defer { again.close() }
        let all = try again.snapshot().readAll()
        let gaps = all.filter(\.isEngineRecord)
        let counts = gaps.compactMap { $0.text(.details) }.compactMap { text in
            text.split(separator: ":").dropFirst().first?.split(separator: ",").first.flatMap { Int($0) }
        }
        #expect(counts.reduce(0, +) == dropped, "\(gaps.map { $0.text(.details) ?? "" })")
        #expect(all.count - gaps.count == waiting.count + 2)
        #expect(try again.snapshot().verified().verdict == .intact)
    }

    @Test func aCommandDoesNotWaitForWhatComesAfterIt() throws {
        let store = try openStore(MemoryStorage(), options(100))
        let stop = Atomic(false)
        let producer = try WorkerThread("producer") {
            var number = 0
            while !stop.load(ordering: .relaxed) {
                _ = store.submit(number..<number + 50, size: 200, .memory)
                number += 50
            }
        }
        for _ in 0..<3 { try store.sync().get() }
        try store.seal().get()
        stop.store(true, ordering: .relaxed)
        producer.join()
        #expect(store.close() == nil)
    }

    @Test func aCompletionMayCloseTheStoreOrLetGoOfItLast() throws {
        for closes in [true, false] {
            let disk = MemoryStorage()
            let answer = Answer<AppendReceipt>()
            let holder = Mutex<AuditStore?>(try openStore(disk))
            let store = try #require(holder.withLock { $0 })
            var batch = RecordBatch()
            TestEvent.append(0, to: &batch)
            let request = AppendRequest(batch, durability: .disk) { result in
                if closes { _ = holder.withLock { $0 }?.close() }
                holder.withLock { $0 = nil }
                answer.completion(result)
            }
            func hand(_ store: consuming AuditStore) { _ = store.enqueue(request, whenFull: .wait) }
            hand(store)
            _ = try answer.wait().get()
            // The lock comes free when the threads have ended.
            var again: AuditStore?
            for _ in 0..<500 where again == nil {
                again = try? openStore(disk)
                if again == nil { _ = Monitor(0).wait(nanoseconds: 10_000_000) { _ in Optional<Int>.none } }
            }
            let opened = again != nil
            if closes { #expect(opened) }
            again?.close()
        }
    }

    @Test func aFollowerSeesWhatWasAcknowledged() throws {
        for posix in [false, true] {
            let directory = try TemporaryDirectory()
            let disk: any Storage = posix ? PosixStorage(root: directory.path) : MemoryStorage()
            let store = try openStore(disk, options(16))
            let acknowledged = Mutex(0)
            let problems = Mutex<[String]>([])
            let isDone = Atomic(false)
            let looks = Mutex(0)
            let reader = try WorkerThread("follower") {
                do {
                    let follower = try StoreFollower(disk, path: "test")
                    var seen = 0
                    while true {
                        let isLast = isDone.load(ordering: .acquiring)
                        let promised = acknowledged.withLock { $0 }
                        let all = try follower.refresh().readAll()
                        looks.withLock { $0 += 1 }
                        if all.count < max(promised, seen) {
                            problems.withLock {
                                $0.append("\(all.count) seen, \(promised) promised, \(seen) before")
                            }
                        }
                        if let wrong = all.enumerated().first(where: {
                            $0.element.sequence != UInt64($0.offset)
                                || $0.element.record != TestEvent.record($0.offset)
                        }) {
                            problems.withLock {
                                $0.append("event \(wrong.element.sequence) at \(wrong.offset)")
                            }
                        }
                        if !follower.problems.isEmpty {
                            problems.withLock { $0.append("\(follower.problems)") }
                        }
                        seen = all.count
                        if isLast || problems.withLock({ $0.count > 3 }) { return }
                    }
                } catch {
                    problems.withLock { $0.append("\(error)") }
                }
            }
            var number = 0
            var random = SplitMix64(seed: 5)
            for round in 0..<150 {
                let count = 1 + Int(random.next() % 12)
                _ = try store.append(number..<number + count, .os).get()
                number += count
                let end = number
                acknowledged.withLock { $0 = end }
                if round % 9 == 8 { try store.seal().get() }
            }
            isDone.store(true, ordering: .releasing)
            reader.join()
            store.close()
            #expect(problems.withLock { $0 }.isEmpty, "\(problems.withLock { $0.prefix(4) })")
            #expect(looks.withLock { $0 } > 1)
        }
    }
}
