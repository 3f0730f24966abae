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

    @Test(.timeLimit(.minutes(5))) func whatACrashLeavesIsWhatWasAcknowledged() throws {
        var states = 0
        var recoveryStates = 0
        for seed in testSeeds(2) {
            let found = try run(seed: seed, steps: 40, everyState: 1)
            states += found.states
            recoveryStates += found.recoveryStates
        }
        print("crash states: \(states), of recoveries: \(recoveryStates)")
        #expect(states > 100)
    }
}
