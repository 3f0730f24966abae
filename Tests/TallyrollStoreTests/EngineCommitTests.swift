import Synchronization
import TallyrollFormat
import TallyrollStore
import Testing

/// Frames that are written while the one before is being synced.
@Suite struct EngineCommitTests {
    /// Counts the large writes to the log, and lets its syncs wait for leave.
    private final class Watch: Sendable {
        private let state = Monitor(State())

        struct State {
            var isOpen = true
            /// Syncs that may pass the closed gate.
            var passes = 0
            var arrived = 0
            var largeWrites = 0
            var syncs = 0
        }

        func see(_ call: StorageCall) {
            guard call.path.hasPrefix("wal-") else { return }
            if call.operation == .write, call.length > EngineCommitTests.large / 2 {
                state.update { $0.largeWrites += 1 }
            }
            guard call.operation == .sync else { return }
            state.update {
                $0.syncs += 1
                $0.arrived += $0.isOpen ? 0 : 1
            }
            state.wait { state -> Void? in
                if state.isOpen { return () }
                guard state.passes > 0 else { return nil }
                state.passes -= 1
                return ()
            }
        }

        func letOneThrough() { state.update { $0.passes += 1 } }

        func set(_ open: Bool) { state.update { $0.isOpen = open } }

        /// Until a sync waits for leave.
        func waitForArrival() -> Bool { reaches { $0.arrived > 0 } }

        var syncs: Int { state.withLock { $0.syncs } }

        func waitForLargeWrites(_ count: Int) -> Bool { reaches { $0.largeWrites >= count } }

        private func reaches(_ condition: (State) -> Bool) -> Bool {
            state.wait(nanoseconds: 20_000_000_000) { condition($0) ? true : nil } ?? false
        }
    }

    /// Bytes of an append that no second one shares a frame with; of three, all may be written and not synced.
    private static let large = 2_300_000
    private static let eventBytes = 100_000

    private func large() -> RecordBatch {
        var batch = RecordBatch()
        let text = String(repeating: "x", count: EngineCommitTests.eventBytes)
        while batch.bytes.count < EngineCommitTests.large {
            batch.offsets.append(UInt32(batch.bytes.count))
            var encoder = RecordEncoder()
            encoder.begin(
                timestamp: 1, time: TimeNotation(digits: 9), outcome: .success, duration: nil,
                into: &batch.bytes)
            "t".withView { encoder.string(.type, $0, into: &batch.bytes) }
            text.withView { encoder.string(.message, $0, into: &batch.bytes) }
            _ = encoder.end(into: &batch.bytes)
        }
        return batch
    }

    private func submitLarge(to store: AuditStore) -> Answer<AppendReceipt> {
        let answer = Answer<AppendReceipt>()
        _ = store.enqueue(
            AppendRequest(large(), durability: .disk, completion: answer.completion), whenFull: .wait)
        return answer
    }

    /// Opens a store, and stops its writer in the sync of a first event.
    private func stopped(_ storage: any Storage, _ disk: MemoryStorage, _ watch: Watch) throws
        -> (store: AuditStore, first: Answer<AppendReceipt>)
    {
        let store = try openStore(storage)
        disk.observe { _, call in watch.see(call) }
        watch.set(false)
        let first = store.submit(0..<1)
        #expect(watch.waitForArrival())
        return (store, first)
    }

    @Test func theNextFrameIsWrittenWhileOneIsSynced() throws {
        let disk = MemoryStorage()
        let watch = Watch()
        let (store, first) = try stopped(disk, disk, watch)
        defer { watch.set(true) }
        let appends = (0..<4).map { _ in submitLarge(to: store) }
        // The syncs wait at the gate again as soon as the first one is through.
        watch.letOneThrough()
        _ = try first.wait().get()
        #expect(watch.waitForLargeWrites(2))
        #expect(appends.allSatisfy { $0.count == 0 })
        #expect(store.snapshot().endSequence == 1)
        watch.set(true)
        var next: UInt64 = 1
        for append in appends {
            let receipt = try append.wait().get()
            #expect(receipt.firstSequence == next && receipt.count > 1)
            next = receipt.sequences.upperBound
            #expect(store.snapshot().endSequence >= next)
        }
        #expect(store.close() == nil)
        disk.observe(nil)
        let again = try openStore(disk)
        defer { again.close() }
        #expect(again.snapshot().endSequence == next)
        #expect(try again.snapshot().verified().verdict == .intact)
    }

    @Test func framesThatWereWrittenMeanwhileAreSyncedTogether() throws {
        let disk = MemoryStorage()
        let watch = Watch()
        let (store, first) = try stopped(disk, disk, watch)
        defer { watch.set(true) }
        let before = watch.syncs
        let appends = (0..<4).map { _ in submitLarge(to: store) }
        watch.letOneThrough()
        _ = try first.wait().get()
        // The first is being synced, two wait for the next sync, and the last waits for room.
        #expect(watch.waitForLargeWrites(4))
        watch.set(true)
        var next: UInt64 = 1
        for append in appends {
            let receipt = try append.wait().get()
            #expect(receipt.firstSequence == next)
            next = receipt.sequences.upperBound
        }
        #expect(watch.syncs <= before + 3)
        #expect(store.close() == nil)
        disk.observe(nil)
        let again = try openStore(disk)
        defer { again.close() }
        #expect(again.snapshot().endSequence == next)
        #expect(try again.snapshot().verified().verdict == .intact)
    }

    @Test func aSyncThatFailsStopsWhatWasWrittenMeanwhile() throws {
        let disk = MemoryStorage()
        let failing = FaultStorage(disk)
        let watch = Watch()
        let (store, first) = try stopped(failing, disk, watch)
        defer { watch.set(true) }
        let appends = (0..<4).map { _ in submitLarge(to: store) }
        failing.add(.init([.sync], .io, pathPart: "wal-"))
        watch.set(true)
        _ = try first.wait().get()
        for append in appends {
            guard case .failure(.storage) = try append.wait() else {
                Issue.record("acknowledged behind a failed sync")
                continue
            }
            #expect(append.count == 1)
        }
        #expect(failing.failureCount == 1)
        #expect(store.snapshot().endSequence == 1)
        #expect(store.close() != nil)
        failing.removeFaults()
        disk.observe(nil)
        let again = try openStore(failing)
        defer { again.close() }
        #expect(again.snapshot().endSequence >= 1)
        #expect(try again.snapshot().verified().verdict == .intact)
    }

    @Test func whoIsToldWhileTheWriterGoesOnMayCloseTheStore() throws {
        for closes in [true, false] {
            let disk = MemoryStorage()
            let watch = Watch()
            let answers = (0..<3).map { _ in Answer<AppendReceipt>() }
            let holder = Mutex<AuditStore?>(nil)
            func hand(_ store: consuming AuditStore) {
                for answer in answers {
                    let request = AppendRequest(large(), durability: .disk) { result in
                        if closes { _ = holder.withLock { $0 }?.close() }
                        holder.withLock { $0 = nil }
                        answer.completion(result)
                    }
                    _ = store.enqueue(request, whenFull: .wait)
                }
            }
            let first: Answer<AppendReceipt>
            do {
                let begun = try stopped(disk, disk, watch)
                first = begun.first
                holder.withLock { $0 = begun.store }
                hand(begun.store)
            }
            watch.set(true)
            _ = try first.wait().get()
            for answer in answers { _ = try answer.wait().get() }
            // The lock comes free when the threads have ended.
            var again: AuditStore?
            for _ in 0..<500 where again == nil {
                again = try? openStore(disk)
                if again == nil { _ = Monitor(0).wait(nanoseconds: 10_000_000) { _ in Optional<Int>.none } }
            }
            #expect(again != nil)
            again?.close()
        }
    }
}
