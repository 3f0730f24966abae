import Synchronization
import TallyrollFormat
import TallyrollStore
import Testing

/// A seeded workload on a simulated disk, looked at after every operation: whatever a power loss or a kill leaves then,
/// the store opens, and every event that was acknowledged is there, unchanged and in order. `SEED=n` runs one workload.
@Suite struct EngineCrashTests {
    /// What the application was told so far.
    private struct Witness {
        /// Texts of all events handed in, by number.
        var submitted: [[UInt8]] = []
        /// Number of events acknowledged as durable, or as written.
        var durable = 0
        var written = 0
        var failures: [String] = []
        var states = 0
        var recoveryStates = 0
    }

    /// The application's events of a snapshot, after checks of everything that must hold for any store.
    static func check(
        _ store: AuditStore, submitted: [[UInt8]], atLeast: Int, allowDamage: Bool = false
    ) throws -> (events: [ReadEvent], problem: String?) {
        let snapshot = store.snapshot()
        let all = try snapshot.readAll()
        for (place, event) in all.enumerated() where event.sequence != UInt64(place) {
            return (all, "sequence \(event.sequence) at place \(place)")
        }
        if UInt64(all.count) != snapshot.endSequence {
            return (all, "\(all.count) of \(snapshot.endSequence) readable")
        }
        let report = try snapshot.verified()
        if report.verdict != .intact { return (all, "verdict \(report.verdict): \(report.problems)") }
        let own = all.filter { !$0.isEngineRecord }
        if own.count < atLeast { return (all, "\(own.count) events of \(atLeast) that were acknowledged") }
        if own.map(\.record) != Array(submitted.prefix(own.count)) { return (all, "events changed") }
        if let damage = store.findings.first(where: { $0.kind == .damage }) {
            return (all, "damage where none was done: \(damage)")
        }
        return (all, nil)
    }

    /// Opens what a crash left, closes it, opens it again, and goes on.
    private static func examine(
        _ clone: MemoryStorage, _ submitted: [[UInt8]], atLeast: Int, crashesRecovery: Bool, seed: UInt64
    ) -> (problem: String?, states: Int) {
        do {
            let recoveryStates = Mutex(0)
            let recoveryProblem = Mutex<String?>(nil)
            if crashesRecovery {
                clone.observe { disk, call in
                    let number = recoveryStates.withLock { count in
                        count += 1
                        return count
                    }
                    let again = disk.crash(seed: seed &* 31 &+ UInt64(number), keep: 0.5)
                    let (problem, _) = examine(
                        again, submitted, atLeast: atLeast, crashesRecovery: false, seed: 0)
                    if let problem {
                        recoveryProblem.withLock {
                            $0 = $0 ?? "in recovery \(number) after \(call): \(problem)"
                        }
                    }
                }
            }
            let store = try openStore(clone, seed: seed)
            clone.observe(nil)
            let states = recoveryStates.withLock { $0 }
            if let problem = recoveryProblem.withLock({ $0 }) { return (problem, states) }
            let (events, problem) = try check(store, submitted: submitted, atLeast: atLeast)
            if let problem { return (problem, states) }
            let receipt = try store.append(1_000_000..<1_000_003).get()
            guard receipt.firstSequence == UInt64(events.count) else { return ("went on elsewhere", states) }
            if let failure = store.close() { return ("close: \(failure)", states) }
            let again = try openStore(clone, seed: seed &+ 1)
            defer { again.close() }
            let more = try again.snapshot().readAll()
            if Array(more.prefix(events.count)) != events {
                return ("another store after another opening", states)
            }
            if more.count != events.count + 3 {
                return ("\(more.count) events after \(events.count) + 3", states)
            }
            let verdict = try again.snapshot().verified().verdict
            if verdict != .intact { return ("verdict \(verdict) after another opening", states) }
            if !again.findings.isEmpty { return ("found again: \(again.findings)", states) }
            return (nil, states)
        } catch {
            return ("\(error)", 0)
        }
    }

    private func run(seed: UInt64, steps: Int, everyState: Int) throws -> (states: Int, recoveryStates: Int) {
        let disk = MemoryStorage()
        let witness = Mutex(Witness())
        var random = SplitMix64(seed: seed)
        let calls = Mutex(0)
        disk.observe { disk, call in
            let number = calls.withLock { count in
                count += 1
                return count
            }
            guard number % everyState == 0 else { return }
            let (submitted, durable, written) = witness.withLock { ($0.submitted, $0.durable, $0.written) }
            let cloneSeed = seed &* 1_000_003 &+ UInt64(number)
            let clones: [(String, MemoryStorage, Int)] = [
                ("kill", disk.kill(), written), ("none", disk.crash(seed: cloneSeed, keep: 0), durable),
                ("half", disk.crash(seed: cloneSeed, keep: 0.5), durable),
                ("most", disk.crash(seed: cloneSeed, keep: 0.9), durable),
            ]
            for (kind, clone, atLeast) in clones {
                let (problem, states) = EngineCrashTests.examine(
                    clone, submitted, atLeast: atLeast, crashesRecovery: kind == "half" && number % 16 == 0,
                    seed: cloneSeed)
                witness.withLock {
                    $0.states += 1
                    $0.recoveryStates += states
                    if let problem {
                        $0.failures.append("SEED=\(seed) \(kind) at \(number) after \(call): \(problem)")
                    }
                }
            }
        }
        var options = StoreOptions.tiny
        options.codec = random.next() % 2 == 0 ? .none : .deflate
        var store = try openStore(disk, options, seed: seed)
        var number = 0
        for _ in 0..<steps {
            switch random.next() % 16 {
            case 0: _ = try store.seal()
            case 1:
                _ = try store.sync()
                witness.withLock { $0.durable = number }
            case 2:
                #expect(store.close() == nil)
                witness.withLock { $0.durable = number }
                store = try openStore(disk, options, seed: seed &+ UInt64(number))
            case 3 where number < 60:
                // Fills blocks of the largest size.
                try append(1, size: 100_000, .disk, to: store, &number, witness)
            default:
                let durability = [Durability.disk, .disk, .os, .memory][Int(random.next() % 4)]
                let count = 1 + Int(random.next() % (random.next() % 4 == 0 ? 40 : 5))
                try append(count, size: 4 + Int(random.next() % 60), durability, to: store, &number, witness)
            }
        }
        store.close()
        disk.observe(nil)
        let end = witness.withLock { $0 }
        #expect(end.failures.isEmpty, "\(end.failures.count) failures: \(end.failures.prefix(5))")
        return (end.states, end.recoveryStates)
    }

    private func append(
        _ count: Int, size: Int, _ durability: Durability, to store: AuditStore, _ number: inout Int,
        _ witness: borrowing Mutex<Witness>
    ) throws {
        let numbers = number..<number + count
        witness.withLock { $0.submitted += numbers.map { TestEvent.record($0, size: size) } }
        let receipt = try store.append(numbers, size: size, durability).get()
        #expect(receipt.durability >= durability)
        number += count
        let end = number
        witness.withLock {
            // Everything before an event that is durable is durable too.
            if receipt.durability == .disk { $0.durable = end }
            if receipt.durability >= .os { $0.written = end }
        }
    }

    /// Appends several at a time, so that frames are written while the one before is synced; gives how often that was
    /// seen.
    private func runOverlapping(seed: UInt64, appends: Int, everyState: Int) throws -> Int {
        let disk = MemoryStorage()
        let witness = Mutex(Witness())
        let overlaps = Mutex((isSyncing: false, count: 0, calls: 0))
        disk.observe { disk, call in
            let isLog = call.path.hasPrefix("wal-")
            let number = overlaps.withLock { state in
                state.calls += 1
                if isLog, call.operation == .sync { state.isSyncing = true }
                if isLog, call.operation == .write, state.isSyncing { state.count += 1 }
                return state.calls
            }
            // Two calls in a row: while a write is examined appends come to wait, and the sync after it is the commit
            // thread's.
            if number % everyState < 2 {
                // What was acknowledged before the crash, and what was handed in by then.
                let durable = witness.withLock { $0.durable }
                let clone = disk.crash(seed: seed &* 1_000_003 &+ UInt64(number), keep: 0.5)
                let submitted = witness.withLock { $0.submitted }
                let (problem, _) = EngineCrashTests.examine(
                    clone, submitted, atLeast: durable, crashesRecovery: false, seed: seed)
                if let problem {
                    witness.withLock {
                        $0.failures.append("SEED=\(seed) at \(number) after \(call): \(problem)")
                    }
                }
            }
            if isLog, call.operation == .sync { overlaps.withLock { $0.isSyncing = false } }
        }
        let store = try openStore(disk, .tiny, seed: seed)
        var random = SplitMix64(seed: seed)
        var number = 0
        // Made beforehand, so that the writer never waits for long.
        let prepared = (0..<appends).map { _ in
            var batch = RecordBatch()
            let end = number + 1 + Int(random.next() % 30)
            for event in number..<end { TestEvent.append(event, to: &batch) }
            let records = (number..<end).map { TestEvent.record($0) }
            number = end
            let answer = Answer<AppendReceipt>()
            let request = AppendRequest(batch, durability: random.next() % 8 == 0 ? .os : .disk) { result in
                if case .success(let receipt) = result, receipt.durability == .disk {
                    witness.withLock { $0.durable = max($0.durable, end) }
                }
                answer.completion(result)
            }
            return (request: request, records: records, answer: answer)
        }
        var underWay: [Answer<AppendReceipt>] = []
        for append in prepared {
            witness.withLock { $0.submitted += append.records }
            _ = store.enqueue(append.request, whenFull: .wait)
            underWay.append(append.answer)
            if underWay.count > 3 { _ = try underWay.removeFirst().wait().get() }
        }
        for answer in underWay { _ = try answer.wait().get() }
        #expect(store.close() == nil)
        disk.observe(nil)
        let end = witness.withLock { $0 }
        #expect(end.failures.isEmpty, "\(end.failures.count) failures: \(end.failures.prefix(5))")
        return overlaps.withLock { $0.count }
    }

    @Test(.timeLimit(.minutes(30))) func whatACrashLeavesWhileFramesOverlap() throws {
        var seen = 0
        for seed in testSeeds(20) where seed <= 2 || seen == 0 {
            seen += try runOverlapping(seed: seed, appends: 30, everyState: 5)
        }
        #expect(seen > 0)
    }

    @Test func aWholeIndexRegionMeansWholeBlocks() throws {
        let disk = MemoryStorage()
        let store = try openStore(disk)
        let submitted = (0..<40).map { TestEvent.record($0) }
        _ = try store.append(0..<40).get()
        let problems = Mutex<[String]>([])
        disk.observe { disk, _ in
            for seed in 0..<25 {
                let clone = disk.crash(seed: UInt64(seed), keep: 0.93)
                let (problem, _) = EngineCrashTests.examine(
                    clone, submitted, atLeast: 40, crashesRecovery: false, seed: UInt64(seed))
                if let problem { problems.withLock { $0.append(problem) } }
            }
        }
        try store.seal().get()
        store.close()
        disk.observe(nil)
        #expect(problems.withLock { $0 } == [])
    }

    @Test(.timeLimit(.minutes(30))) func whatACrashLeavesIsWhatWasAcknowledged() throws {
        var states = 0
        var recoveryStates = 0
        for seed in testSeeds(3) {
            let found = try run(seed: seed, steps: 40, everyState: 1)
            states += found.states
            recoveryStates += found.recoveryStates
        }
        print("crash states: \(states), of recoveries: \(recoveryStates)")
        #expect(states > 100)
    }
}
