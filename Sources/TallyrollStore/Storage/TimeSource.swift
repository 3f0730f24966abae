import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where the engine gets the time from. Wall-clock time may step in either direction; nothing may rely on its order.
package protocol TimeSource: Sendable {
    /// Nanoseconds since 1970, UTC.
    func nowNanoseconds() -> Int64
}

/// The clock of the machine.
package struct SystemTimeSource: TimeSource {
    package init() {}

    package func nowNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}

/// A clock for tests: it goes on by `step` at every look and can be set to any time.
package final class SimulatedTimeSource: TimeSource {
    private let state: Mutex<Int64>
    private let step: Int64

    package init(start: Int64 = 1_700_000_000_000_000_000, step: Int64 = 1_000) {
        state = Mutex(start)
        self.step = step
    }

    package func nowNanoseconds() -> Int64 {
        state.withLock { now in
            defer { now &+= step }
            return now
        }
    }

    /// Makes `nanoseconds` the next answer, whether before or after the last one.
    package func set(_ nanoseconds: Int64) {
        state.withLock { $0 = nanoseconds }
    }

    package func advance(by nanoseconds: Int64) {
        state.withLock { $0 &+= nanoseconds }
    }
}
