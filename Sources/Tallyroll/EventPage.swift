import TallyrollFormat
import TallyrollQuery

/// Some events of a result, in order, taken out one after the other without being copied.
///
/// `@unchecked Sendable`: it is filled by one thread and then handed on; whoever has it takes from it alone.
final class EventPage: @unchecked Sendable {
    /// The place of the last of them; nil when there is none.
    var end: QueryCursor?
    /// Whether nothing comes behind it.
    var isLast = false
    private let events: UnsafeMutablePointer<RecordedEvent>
    private let capacity: Int
    private var next = 0
    private var filled = 0

    /// An empty page with room for `capacity` events.
    init(capacity: Int) {
        self.capacity = capacity
        events = .allocate(capacity: capacity)
    }

    deinit {
        (events + next).deinitialize(count: filled - next)
        events.deallocate()
    }

    var count: Int { filled - next }
    var isEmpty: Bool { next == filled }
    var isFull: Bool { filled == capacity }

    func append(_ event: consuming RecordedEvent) {
        precondition(!isFull)
        (events + filled).initialize(to: event)
        filled += 1
    }

    /// Takes the first event out; nil when there is none.
    func removeFirst() -> RecordedEvent? {
        guard next < filled else { return nil }
        defer { next += 1 }
        return (events + next).move()
    }
}
