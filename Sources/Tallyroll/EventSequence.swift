import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// The events that a query means, in order, fetched a page at a time as they are asked for. Sees the store as it was
/// when iteration began; memory is bounded by a page; stops reading when the loop does or its task is cancelled.
public struct EventSequence: AsyncSequence, Sendable {
    /// What reading gives of an event.
    public typealias Element = RecordedEvent

    private let limit: Int?
    private let open: @Sendable (Int?) throws -> QueryResults

    init(limit: Int?, open: @escaping @Sendable (Int?) throws -> QueryResults) {
        self.limit = limit
        self.open = open
    }

    /// Begins a new pass over the events.
    public func makeAsyncIterator() -> Iterator { Iterator(limit: limit, open: open) }

    /// One pass over the events of a query.
    public struct Iterator: AsyncIteratorProtocol {
        private var page: ArraySlice<RecordedEvent> = []
        private var pages: Pages

        init(limit: Int?, open: @escaping @Sendable (Int?) throws -> QueryResults) {
            pages = Pages(limit: limit, open: open)
        }

        /// The next event, or nil at the end. Throws `IncompleteAnswer` where part of the store cannot be read.
        public mutating func next() async throws -> RecordedEvent? {
            if page.isEmpty {
                try Task.checkCancellation()
                let pages = pages
                page = try await DedicatedThreads.perform { try pages.next() }[...]
            }
            return page.popFirst()
        }
    }

    /// The results behind an iterator. `@unchecked Sendable`: an iterator asks for one page after another, each on
    /// a thread of its own, never for two at once.
    private final class Pages: @unchecked Sendable {
        /// A page is fetched on a thread of its own, which costs more than reading a hundred events: the first page is
        /// what most loops want, later ones are larger.
        private var pageSize: Int
        private static let pageSizeMax = 512

        private let limit: Int?
        private let open: @Sendable (Int?) throws -> QueryResults
        private var results: QueryResults?
        private var scratch = ByteWriter(capacity: 1024)

        init(limit: Int?, open: @escaping @Sendable (Int?) throws -> QueryResults) {
            self.limit = limit
            self.open = open
            pageSize = Swift.min(limit ?? 128, Pages.pageSizeMax)
        }

        func next() throws -> [RecordedEvent] {
            let results = try self.results ?? open(limit)
            self.results = results
            var page: [RecordedEvent] = []
            while page.count < pageSize, let event = try results.next(&scratch) { page.append(event) }
            if page.isEmpty, let problem = results.problems.first { throw IncompleteAnswer(problem: problem) }
            pageSize = Pages.pageSizeMax
            return page
        }
    }
}
