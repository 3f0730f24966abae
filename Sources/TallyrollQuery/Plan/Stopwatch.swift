#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Shares out the time that a run takes among its steps: every moment between `start` and `stop` belongs to exactly one.
struct Stopwatch {
    /// What a run spends its time on.
    enum Step: Int, CaseIterable {
        /// Simplifying the filter and choosing segments.
        case prepare
        /// Choosing blocks and asking indexes, segment by segment.
        case plan
        /// Looking up posting lists for one block after the other.
        case look
        case filter
        case tail
        /// Putting events in the order of time.
        case order
        /// Counting, grouping, aggregating.
        case gather
        case read
        /// Making values of events that were read.
        case build
        /// Waiting for other threads of the same run.
        case wait
        /// Between giving an event and being asked for the next: the caller's own time, freeing events included.
        case caller
        case other
    }

    /// Nanoseconds by step.
    private(set) var spent = Stopwatch.nothing
    private var current: Step?
    private var since = 0

    /// Shared until time is taken, so that a run that is not timed allocates nothing for it.
    private static let nothing = [Int](repeating: 0, count: Step.allCases.count)

    /// Nanoseconds of all steps.
    var total: Int { spent.reduce(0, +) }

    subscript(step: Step) -> Int { spent[step.rawValue] }

    /// Changes over to another step, or to none, and gives the one before.
    @discardableResult
    mutating func change(to step: Step?) -> Step? {
        let now = Stopwatch.now
        if let current { spent[current.rawValue] += now - since }
        since = now
        defer { current = step }
        return current
    }

    /// Adds time that was measured elsewhere.
    mutating func add(_ nanoseconds: Int, to step: Step) { spent[step.rawValue] += nanoseconds }

    /// Adds what other threads of the same run spent.
    mutating func add(_ other: Stopwatch) {
        for index in spent.indices { spent[index] += other.spent[index] }
    }

    /// Nanoseconds of a clock that only ever goes forward.
    static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
    }
}
