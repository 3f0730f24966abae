import Synchronization

/// How many bytes of memory the readers of some blocks hold together: each adds what it reads and inflates, and takes
/// it off when it is let go.
package final class MemoryGauge: Sendable {
    private let total = Atomic<Int>(0)

    package init() {}

    package var bytes: Int { total.load(ordering: .relaxed) }

    package func add(_ bytes: Int) { total.wrappingAdd(bytes, ordering: .relaxed) }
}
