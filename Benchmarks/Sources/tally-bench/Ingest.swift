import Foundation
import Synchronization
import Tallyroll
import TallyrollStore

/// What an ingest took.
struct IngestCost: Sendable {
    /// Until the last event was acknowledged as durable.
    var seconds = 0.0
    /// Until the log was closed: every event in a block.
    var secondsToClose = 0.0
    /// Of all threads, until the log was closed.
    var cpuSeconds = 0.0
    /// Above what was in use before the log was opened.
    var peakBytes: Int?
}

/// Appends through the public face, from threads that block.
enum TallyrollIngest {
    /// Appends every event in batches, each an append of its own, from `producers` threads.
    static func run(
        _ workload: Workload, at path: String, batch: Int, producers: Int, options: StoreOptions
    ) throws -> IngestCost {
        var cost = IngestCost()
        let before = Measure.residentBytes()
        Measure.resetPeak()
        let log = try AuditLog.openBlocking(at: path, options: options)
        let cpu = Measure.cpuSeconds()
        let start = Measure.now()
        try append(workload, to: log, batch: batch, producers: producers)
        cost.seconds = Double(Measure.now() - start) / 1e9
        try log.closeBlocking()
        cost.secondsToClose = Double(Measure.now() - start) / 1e9
        cost.cpuSeconds = Measure.cpuSeconds() - cpu
        if let before, let peak = Measure.peakBytes() { cost.peakBytes = max(0, peak - before) }
        return cost
    }

    /// Appends every event once; batches go to whichever producer is free.
    static func append(_ workload: Workload, to log: AuditLog, batch: Int, producers: Int) throws {
        let batches = workload.batches(of: batch)
        let next = Atomic<Int>(0)
        let failure = Mutex<(any Error)?>(nil)
        let shared = Producers(next: next, failure: failure)
        DedicatedThreads.run(producers) { _ in
            while shared.failure.withLock({ $0 == nil }) {
                let index = shared.next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < batches.count else { return }
                do {
                    try log.appendBlocking(contentsOf: workload.events[batches[index]])
                } catch {
                    shared.failure.withLock { $0 = error }
                }
            }
        }
        if let failure = shared.failure.withLock({ $0 }) { throw failure }
    }

    /// What the producers of one ingest share.
    private final class Producers: Sendable {
        let next: Atomic<Int>
        let failure: Mutex<(any Error)?>

        init(next: consuming Atomic<Int>, failure: consuming Mutex<(any Error)?>) {
            self.next = next
            self.failure = failure
        }
    }

    /// Seconds that each of the first `count` events takes to be durable when appended alone.
    static func singles(_ workload: Workload, count: Int, at path: String, options: StoreOptions) throws
        -> [Double]
    {
        let log = try AuditLog.openBlocking(at: path, options: options)
        let times = try workload.events.prefix(count).map { event in
            try Measure.seconds { try log.appendBlocking(event) }
        }
        try log.closeBlocking()
        return times
    }
}
