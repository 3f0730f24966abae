import Tallyroll
import TallyrollStore

/// Reads everything as a stream, and stops searches in the middle: what a stream holds in memory, and how soon a
/// cancelled task's work is over.
enum Streaming {
    static func measure(_ log: AuditLog) async throws -> PeerResult.Stream {
        // Once for the caches to be as full as they get.
        _ = try await read(log)
        let before = Measure.residentBytes() ?? 0
        Measure.resetPeak()
        var rows = 0
        let seconds = try await Measure.seconds {
            rows = try await read(log)
        }
        let memory = (Measure.peakBytes() ?? 0) - before
        let delays = try await cancellations(log)
        return PeerResult.Stream(
            rows: rows, seconds: seconds, memoryBytes: memory,
            cancelMillisecondsP50: delays.isEmpty ? nil : Samples.percentile(0.5, delays) * 1e3,
            cancelMillisecondsMost: delays.max().map { $0 * 1e3 })
    }

    /// Reads every event as a value, and counts them.
    private static func read(_ log: AuditLog) async throws -> Int {
        try await DedicatedThreads.perform {
            let events = try log.eventsBlocking()
            var rows = 0
            while try events.next() != nil { rows += 1 }
            return rows
        }
    }

    /// Seconds from cancelling a search through all texts until its task is over. Searches that were over before they
    /// could be cancelled do not count.
    private static func cancellations(_ log: AuditLog) async throws -> [Double] {
        let filter = Filter.text(contains: "no such text at all")
        var delays: [Double] = []
        for turn in 1...40 {
            let task = Task { try await log.count(where: filter) }
            try await Task.sleep(for: .milliseconds(turn))
            let start = Measure.now()
            task.cancel()
            if case .failure = await task.result { delays.append(Double(Measure.now() - start) / 1e9) }
        }
        return delays
    }
}
