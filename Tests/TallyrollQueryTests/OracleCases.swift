import Foundation
import Synchronization
import Testing

/// How many questions are asked of which stores. A case is a store, a filter, an order, a limit and a walk by cursor.
///
/// A test run asks 5,000; `TALLYROLL_ORACLE_CASES=100000` asks that many, from other seeds with
/// `TALLYROLL_ORACLE_SEED=2` and so on.
enum OracleCases {
    struct Store: CustomTestStringConvertible {
        var seed: UInt64
        var blockEvents: Int
        var events: Int
        var cases: Int
        /// How many values some fields take; few, without it.
        var manyValues: Int?
        var testDescription: String { "seed \(seed), \(events) events in blocks of \(blockEvents)" }
    }

    static let count = number("TALLYROLL_ORACLE_CASES") ?? 5_000
    private static let firstSeed = UInt64(number("TALLYROLL_ORACLE_SEED") ?? 1) &* 1_000_000

    static let stores: [Store] = {
        var stores: [Store] = []
        var left = count
        while left > 0 {
            var store = store(stores.count)
            store.cases = min(store.cases, left)
            left -= store.cases
            stores.append(store)
        }
        return stores
    }()

    /// Seeds for other tests of random questions: so many, and more of them in a long run.
    static func seeds(_ number: Int) -> [UInt64] {
        let factor = max(1, count / 5_000)
        return (0..<UInt64(number * factor)).map { firstSeed &+ $0 }
    }

    private static func store(_ index: Int) -> Store {
        let seed = firstSeed &+ UInt64(index)
        // Mostly many blocks that are not full; sometimes one event a block, sometimes blocks of the default size.
        switch index % 16 {
        case 3: return Store(seed: seed, blockEvents: 1, events: 30, cases: 60)
        case 7:
            return Store(seed: seed, blockEvents: 4_096, events: 5_000, cases: 12, manyValues: 2_500)
        // More values than a dictionary may have to be judged as a whole.
        case 5, 11: return Store(seed: seed, blockEvents: 130, events: 900, cases: 40, manyValues: 100_000)
        default:
            return Store(seed: seed, blockEvents: [16, 17, 64, 130, 2][index % 5], events: 260, cases: 120)
        }
    }

    static let isHasty = number("TALLYROLL_ORACLE_HASTE") != nil
    private static let failures = Atomic<Int>(0)

    /// Whether there were so many disagreements that more would say nothing new.
    static var isEnough: Bool { failures.load(ordering: .relaxed) >= (isHasty ? 1 : 3) }

    static func noteFailure() { failures.add(1, ordering: .relaxed) }

    private static let done = Atomic<Int>(0)
    private static let step = 5_000

    /// Says how far a long run has come.
    static func note(_ cases: Int) {
        let before = done.add(cases, ordering: .relaxed).oldValue
        guard count > step, before / step != (before + cases) / step || before + cases == count else {
            return
        }
        print("asked \(before + cases) of \(count) questions")
        fflush(nil)
    }

    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }
}
