import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// The events that a query means, in order, fetched a page at a time as they are asked for.
///
/// - Each pass sees the store as it was when its first event was asked for, whatever is appended or sealed meanwhile.
/// - Memory is bounded by two pages, of at most 512 events or about 1 MiB each: the one that is given out, and the one
///   that is read ahead. Nothing is read beyond that until the loop asks.
/// - When the loop ends or its task is cancelled, reading stops, also inside a long search that has found nothing.
public struct EventSequence: AsyncSequence, Sendable {
    /// What reading gives of an event.
    public typealias Element = RecordedEvent

    private let limit: Int?
    private let open: @Sendable () throws -> QueryResults

    init(limit: Int?, open: @escaping @Sendable () throws -> QueryResults) {
        self.limit = limit
        self.open = open
    }

    /// Begins a new pass over the events.
    public func makeAsyncIterator() -> Iterator { Iterator(EventPages(limit: limit, open: open)) }

    /// One pass over the events of a query.
    public struct Iterator: AsyncIteratorProtocol {
        private let fetcher: PageFetcher
        /// What is left of the page.
        private var page: EventPage?
        private var pageEnd: QueryCursor?
        private var last: QueryCursor.Place?

        init(_ pages: EventPages) { fetcher = PageFetcher(pages) }

        /// The next event, or nil at the end.
        ///
        /// - Throws: `IncompleteAnswer` at the end, where part of the store could not be read; `QueryError` and
        ///   `QueryCursorError` for a filter and a cursor that are no good; `CancellationError`.
        public mutating func next() async throws -> RecordedEvent? {
            if page?.isEmpty ?? true {
                let fetched = try await fetcher.next()
                page = fetched
                pageEnd = fetched.end ?? pageEnd
            }
            guard let event = page?.removeFirst() else { return nil }
            last = QueryCursor.Place(event)
            return event
        }

        /// Where the events after the last one given begin; nil before the first. Kept as text, it goes on from there
        /// in another process and after a restart.
        public var cursor: QueryCursor? {
            guard let last else { return nil }
            return pageEnd?.moved(to: last)
        }
    }
}
