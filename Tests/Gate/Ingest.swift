import Synchronization
import Tallyroll
import TallyrollStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What it costs to load events durably, everything until the store is closed included: for profiles, and for two
/// builds beside one another.
enum Ingest {
    static func run(_ events: [AuditEvent], to directory: String, commit: Int, producers: Int) throws {
        let before = Usage.now
        let log = try AuditLog.openBlocking(at: directory)
        let next = Atomic<Int>(0)
        let failure = Mutex<(any Error)?>(nil)
        DedicatedThreads.run(producers) { _ in
            while true {
                let start = next.add(commit, ordering: .relaxed).oldValue
                guard start < events.count else { return }
                do {
                    try log.appendBlocking(contentsOf: events[start..<min(start + commit, events.count)])
                } catch {
                    return failure.withLock { $0 = error }
                }
            }
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
        let acknowledged = Usage.now
        try log.closeBlocking()
        let closed = Usage.now
        let count = Double(events.count)
        print(
            "\(Int(count / (acknowledged.seconds - before.seconds))) events/s acknowledged,",
            "\(Int(count / (closed.seconds - before.seconds))) until closed;",
            "\((closed.user - before.user) / count * 1e6) us user and",
            "\((closed.system - before.system) / count * 1e6) us system an event,",
            "\(Double(closed.faults - before.faults) / count) page faults")
    }

    private struct Usage {
        var seconds: Double
        var user: Double
        var system: Double
        var faults: Int

        static var now: Usage {
            var usage = rusage()
            #if canImport(Glibc)
                getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            #else
                getrusage(RUSAGE_SELF, &usage)
            #endif
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return Usage(
                seconds: Double(time.tv_sec) + Double(time.tv_nsec) / 1e9,
                user: Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) / 1e6,
                system: Double(usage.ru_stime.tv_sec) + Double(usage.ru_stime.tv_usec) / 1e6,
                faults: usage.ru_minflt)
        }
    }
}
