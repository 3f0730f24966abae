import Synchronization
import TallyrollFormat
import Testing

@testable import TallyrollStore

/// Acknowledged means visible: whoever is told that an append was taken finds it, whatever durability was asked for.
@Suite struct AcknowledgementTests {
    @Test(arguments: Durability.allCases)
    func acknowledgedEventsAreVisible(durability: Durability) throws {
        let store = try AuditStore.open(MemoryStorage(), path: "memory")
        let seen = Mutex<[UInt64]>([])
        for sequence in 0..<20 {
            var batch = RecordBatch(capacity: 256)
            batch.offsets.append(0)
            let event = AuditEvent(type: "t", user: "user\(sequence)")
            _ = try event.encode(now: Timestamp(nanosecondsSince1970: 1), into: &batch.bytes)
            let done = Monitor(false)
            // The acknowledgement comes on the writer's thread, so nothing can be shown later and still in time.
            let request = AppendRequest(batch, durability: durability) { _ in
                let end = store.snapshot().endSequence
                seen.withLock { $0.append(end) }
                done.update { $0 = true }
            }
            #expect(store.enqueue(request, whenFull: .wait) == .accepted)
            done.wait { $0 ? true : nil }
        }
        #expect(seen.withLock { $0 } == (1...20).map { UInt64($0) })
        #expect(store.close() == nil)
    }
}
