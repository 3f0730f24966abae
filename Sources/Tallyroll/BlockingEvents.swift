import TallyrollFormat
import TallyrollQuery

/// The events that a query means, one after the other, for code that is not async: each is looked for on the calling
/// thread when it is asked for. Sees the store as it was when the query was asked. Belongs to one thread.
///
/// ```swift
/// let events = try log.eventsBlocking(where: "result = denied")
/// while let event = try events.next() { print(event.id) }
/// ```
public final class BlockingEvents {
    private let results: QueryResults
    private var isOver = false

    init(_ results: QueryResults) { self.results = results }

    /// The next event, or nil at the end.
    ///
    /// - Throws: `IncompleteAnswer` at the end, where part of the store could not be read.
    public func next() throws -> RecordedEvent? {
        guard !isOver else { return nil }
        if let event = try results.nextEvent() { return event }
        isOver = true
        if let problem = results.problems.first { throw IncompleteAnswer(problem: problem) }
        return nil
    }

    /// Where the events after the last one given begin; nil before the first.
    public var cursor: QueryCursor? { results.cursor }
}
