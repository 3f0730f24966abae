import TallyrollQuery

/// A way to have a question answered: whatever it is, the answer must be the same.
struct QueryWay: CustomStringConvertible {
    var policy = PlanPolicy.costs
    /// Threads that share out even the smallest work; nil leaves that to the engine.
    var threads: Int?

    static func random(_ random: inout SplitMix64) -> QueryWay {
        switch random.below(10) {
        case 0: QueryWay(threads: 2 + random.below(4))
        case 1, 2: QueryWay(policy: .everyIndex)
        case 3, 4: QueryWay(policy: .everyIndexUndecoded)
        case 5: QueryWay(policy: .noIndex)
        default: QueryWay()
        }
    }

    func callAsFunction<R>(_ body: () throws -> R) throws -> R {
        try PlanPolicy.$current.withValue(policy) {
            guard let threads else { return try body() }
            return try ParallelRun.$isEager.withValue(true) {
                try ParallelRun.$limit.withValue(threads) { try body() }
            }
        }
    }

    var description: String { threads.map { "\($0) threads" } ?? "\(policy)" }
}
