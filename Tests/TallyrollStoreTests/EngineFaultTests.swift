import Synchronization
import TallyrollFormat
import TallyrollStore
import Testing

/// Every call to the storage fails in turn: what was acknowledged stays, everybody gets an answer, readers go on, and
/// the store opens again when the device works.
@Suite struct EngineFaultTests {
    private static let kinds: [StorageError.Operation] = [
        .open, .write, .sync, .syncAll, .truncate, .preallocate, .rename, .remove, .syncDirectory, .read,
        .list,
        .lock, .createDirectory, .exists, .size, .close,
    ]

    private struct Outcome {
        var durable = 0
        var submitted = 0
        var problems: [String] = []
        var failures = 0
    }

    /// A life of a store on a failing device, as far as it gets.
    private func live(on storage: FaultStorage, _ outcome: inout Outcome, refusesReads: Bool = false) throws {
        for opening in 0..<3 {
            let store: AuditStore
            do {
                store = try openStore(storage, seed: UInt64(opening) + 1)
            } catch {
                outcome.failures += 1
                continue
            }
            var hasFailed = false
            for round in 0..<7 {
                let count = round == 3 ? 40 : 3
                let numbers = outcome.submitted..<outcome.submitted + count
                let before = store.snapshot().endSequence
                let durability = round == 1 ? Durability.os : .disk
                let result = try store.append(numbers, durability)
                switch result {
                case .success:
                    if hasFailed { outcome.problems.append("an append after a failure was taken") }
                    outcome.submitted += count
                    if durability == .disk { outcome.durable = outcome.submitted }
                    let seen = try readable(store)
                    if !refusesReads, seen != outcome.submitted {
                        outcome.problems.append("\(seen) readable of \(outcome.submitted)")
                    }
                case .failure(let error):
                    guard case .storage = error else {
                        outcome.problems.append("untyped: \(error)")
                        break
                    }
                    hasFailed = true
                    outcome.failures += 1
                    if store.snapshot().endSequence < before {
                        outcome.problems.append("readers lost events")
                    }
                    // What may or may not be there is not asked for: the next life begins behind it.
                    outcome.submitted += count
                }
                if round == 4 {
                    if case .failure = try store.seal() { hasFailed = true }
                }
                if round == 5 {
                    if case .success = try store.sync() {
                        outcome.durable = hasFailed ? outcome.durable : outcome.submitted
                    } else {
                        hasFailed = true
                    }
                }
                if hasFailed { break }
            }
            if hasFailed {
                guard case .failure = try store.append(0..<1) else {
                    outcome.problems.append("a failed store took an append")
                    return
                }
                _ = try? readable(store)
            }
            let failure = store.close()
            if hasFailed, failure == nil { outcome.problems.append("close says nothing of the failure") }
            if failure != nil { return }
        }
    }

    private func readable(_ store: AuditStore) throws -> Int {
        // Readers go on beside a failed writer; the device may refuse them a read of its own.
        guard let all = try? store.snapshot().readAll() else { return -1 }
        return all.filter { !$0.isEngineRecord }.count
    }

    /// Events with numbers below `durable` are all there, in order, and every other one was handed in.
    private func examine(_ storage: any Storage, _ outcome: Outcome) -> String? {
        do {
            let store = try openStore(storage, seed: 77)
            defer { store.close() }
            let snapshot = store.snapshot()
            let all = try snapshot.readAll()
            let report = try snapshot.verified()
            guard report.verdict == .intact else { return "\(report.verdict) \(report.problems)" }
            let texts = all.filter { !$0.isEngineRecord }.map(\.record)
            let handed = (0..<outcome.submitted).map { TestEvent.record($0) }
            guard Array(texts.prefix(outcome.durable)) == Array(handed.prefix(outcome.durable)) else {
                return "\(texts.count) events, \(outcome.durable) acknowledged"
            }
            var next = 0
            for text in texts {
                guard let found = handed[next...].firstIndex(of: text) else {
                    return "an event nobody handed in"
                }
                next = found + 1
            }
            if let damage = store.findings.first(where: { $0.kind == .damage }) { return "\(damage)" }
            _ = try store.append(5000..<5001).get()
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test(.timeLimit(.minutes(30)), arguments: kinds) func everyCallFailsOnce(
        operation: StorageError.Operation
    ) throws {
        let clean = FaultStorage(MemoryStorage())
        var outcome = Outcome()
        try live(on: clean, &outcome)
        #expect(outcome.problems.isEmpty && outcome.failures == 0, "\(outcome.problems)")
        let calls = clean.calls.count { $0.operation == operation }
        let step = max(1, calls / 14)
        for nth in stride(from: 1, through: calls, by: step) {
            for (code, isSticky, effect) in [
                (StorageError.Code.io, false, FaultStorage.Effect.fail), (.noSpace, true, .fail),
                (.noSpace, false, .partial(100)),
            ] {
                if case .partial = effect, operation != .write { continue }
                let disk = MemoryStorage()
                let storage = FaultStorage(disk)
                storage.add(.init([operation], nth: nth, code, isSticky: isSticky, effect: effect))
                var outcome = Outcome()
                try live(on: storage, &outcome, refusesReads: [.read, .size, .open].contains(operation))
                let place = "\(operation) \(nth) \(code) sticky \(isSticky) \(effect)"
                #expect(outcome.problems.isEmpty, "\(place): \(outcome.problems)")
                for (name, clone) in [
                    ("same", disk.kill()), ("none", disk.crash(seed: 1, keep: 0)),
                    ("half", disk.crash(seed: UInt64(nth), keep: 0.5)),
                ] {
                    let problem = examine(clone, outcome)
                    #expect(problem == nil, "\(place), \(name): \(problem ?? "")")
                }
            }
        }
    }

    /// After a failed sync the system calls pages written that are not: what recovery read from memory must be on
    /// disk before the log that holds it too is let go.
    @Test func whatAFailedSyncLeftInMemoryIsWrittenAgain() throws {
        for nth in 1...12 {
            let disk = MemoryStorage()
            let storage = FaultStorage(disk)
            storage.add(.init([.sync, .syncAll], nth: nth, .io, pathPart: "segment"))
            var outcome = Outcome()
            try live(on: storage, &outcome)
            guard storage.failureCount > 0 else { continue }
            storage.removeFaults()
            // The system goes on; the store is opened again, used, closed and only then is the power lost.
            let store = try openStore(storage, seed: 50)
            let seen = try store.snapshot().readAll().count
            try store.seal().get()
            store.close()
            let again = try openStore(disk.crash(seed: 3, keep: 0), seed: 51)
            #expect(try again.snapshot().readAll().count >= seen, "failed sync \(nth)")
            #expect(try again.snapshot().verified().verdict == .intact)
            again.close()
        }
    }

    /// Removing the old log files of a recovery may end after any of them: what the new one repeats must be taken from
    /// it although an older one that begins later is there too.
    @Test func whatARecoveryLeavesOfOldLogsMisleadsNobody() throws {
        let disk = MemoryStorage()
        let storage = FaultStorage(disk)
        let store = try openStore(storage)
        _ = try store.append(0..<5).get()
        let late = Mutex<Answer<AppendReceipt>?>(nil)
        disk.observe { _, call in
            // While the segment is sealed, before the log file is changed: these events go to the old one.
            guard call.operation == .syncAll, call.path.hasPrefix("segment"), late.withLock({ $0 == nil }),
                call.path.hasSuffix(".seg"), store.snapshot().segments.first?.entries.isEmpty == false
            else { return }
            let answer = store.submit(5..<8)
            late.withLock { $0 = answer }
            _ = try? answer.wait()
        }
        try store.seal().get()
        disk.observe(nil)
        try store.sync().get()
        _ = try store.append(8..<11).get()
        store.close()
        let logs = try LogFile.list(in: disk, directory: "")
        #expect(logs.count == 2)
        for nth in 1...2 {
            let clone = disk.kill()
            let failing = FaultStorage(clone)
            failing.add(.init([.remove], nth: nth, .io))
            #expect(throws: AuditLogError.self) { try openStore(failing, seed: 2) }
            let again = try openStore(failing, seed: 3)
            #expect(again.findings.isEmpty)
            #expect(try again.snapshot().readAll().map(\.record) == (0..<11).map { TestEvent.record($0) })
            again.close()
        }
    }

    @Test func aFullDiskStopsTheLogAndLosesNothing() throws {
        for capacity in stride(from: 8_500_000, to: 18_000_000, by: 700_000) {
            let disk = MemoryStorage(capacity: capacity)
            guard let store = try? openStore(disk) else { continue }
            var acknowledged = 0
            var failure: AuditLogError?
            for round in 0..<60 {
                switch try store.append(acknowledged..<acknowledged + 20, size: 6000) {
                case .success: acknowledged += 20
                case .failure(let error): failure = error
                }
                if failure == nil, round % 20 == 19, case .failure(let error) = try store.seal() {
                    failure = error
                }
                if failure != nil { break }
            }
            if let failure {
                guard case .storage(let error) = failure, error.code == .noSpace else {
                    Issue.record("\(failure)")
                    return
                }
            }
            store.close()
            let follower = try StoreFollower(disk, path: "test")
            #expect(try follower.refresh().readAll().filter { !$0.isEngineRecord }.count >= acknowledged)
        }
    }

    /// The events of a store that opens again, after checking that its opening found nothing wrong.
    private func reopened(_ storage: any Storage) throws -> [[UInt8]] {
        let store = try openStore(storage, seed: 9)
        #expect(store.findings.isEmpty)
        let records = try store.snapshot().readAll().filter { !$0.isEngineRecord }.map(\.record)
        #expect(store.close() == nil)
        return records
    }

    /// No room for the next log file costs nothing: the log at hand goes on, and another try is made later.
    @Test(arguments: [StorageError.Operation.open, .preallocate, .write, .syncAll])
    func aRotationWithoutRoomIsPutOff(_ operation: StorageError.Operation) throws {
        let storage = FaultStorage(MemoryStorage())
        let store = try openStore(storage)
        storage.add(.init([operation], .noSpace, isSticky: true, pathPart: LogFileName.of(2)))
        _ = try store.append(0..<20).get()
        try store.seal().get()
        _ = try store.append(20..<40).get()
        _ = try store.append(40..<60).get()
        #expect(storage.failureCount == 1, "tried once, and not again at every append")
        #expect(try !storage.exists(LogFileName.of(2)))
        storage.removeFaults()
        for start in stride(from: 60, to: 360, by: 20) {
            _ = try store.append(start..<start + 20, size: 6000).get()
        }
        try store.sync().get()
        #expect(try storage.exists(LogFileName.of(2)))
        #expect(store.close() == nil)
        let sizes = { (number: Int) in number < 60 ? 20 : 6000 }
        #expect(try reopened(storage) == (0..<360).map { TestEvent.record($0, size: sizes($0)) })
    }

    /// A store closes on a full disk: its log stays as large as it is.
    @Test(arguments: [StorageError.Operation.open, .preallocate, .write, .syncAll, .sync])
    func aStoreClosesOnAFullDisk(_ operation: StorageError.Operation) throws {
        let storage = FaultStorage(MemoryStorage())
        let store = try openStore(storage)
        _ = try store.append(0..<60, size: 6000).get()
        try store.seal().get()
        storage.add(.init([operation], .noSpace, isSticky: true, pathPart: LogFileName.of(2)))
        #expect(store.close() == nil)
        storage.removeFaults()
        #expect(try reopened(storage) == (0..<60).map { TestEvent.record($0, size: 6000) })
    }
}
