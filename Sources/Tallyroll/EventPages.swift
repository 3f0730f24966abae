import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// Cuts the results of a query into pages: a small one first, so that the first event is there early, then larger
/// ones. Of a query with a small limit the first page holds everything, since its caller wants that many. A page is
/// bounded by its number of events and by their bytes.
///
/// `@unchecked Sendable`: whoever holds it asks for one page after another, never for two at once.
final class EventPages: @unchecked Sendable {
    static let firstCount = 16
    /// Going to another thread and back costs as much as reading about so many events.
    static let firstCountMax = 128
    static let growth = 4
    static let countMax = 512
    static let bytesMax = 1 << 20

    private let open: @Sendable () throws -> QueryResults
    private var results: QueryResults?
    private var count = EventPages.firstCount

    /// `open` is called once, when the first page is wanted; it gives at most `limit` events.
    init(limit: Int? = nil, open: @escaping @Sendable () throws -> QueryResults) {
        self.open = open
        // One more than the limit: the page that is not full is known to be the last.
        if let limit, limit < EventPages.firstCountMax { count = max(limit, 0) + 1 }
    }

    /// The next page; an empty one is the last, and so is one that says so.
    func next() throws -> EventPage {
        let results = try self.results ?? open()
        self.results = results
        let page = EventPage(capacity: count)
        var bytes = 0
        while !page.isFull, bytes < EventPages.bytesMax {
            guard let event = try results.nextEvent() else {
                // What could not be read is told after all that could be.
                page.isLast = results.problems.isEmpty
                break
            }
            try Task.checkCancellation()
            page.append(event)
            bytes += results.textBytes
        }
        if page.isEmpty, let problem = results.problems.first { throw IncompleteAnswer(problem: problem) }
        count = min(count * EventPages.growth, EventPages.countMax)
        if !page.isEmpty { page.end = results.cursor }
        return page
    }
}

/// Fetches pages as they are asked for, on the engine's threads, and from the second page on one ahead of the asking.
final class PageFetcher {
    private let pages: EventPages
    private var ahead: Task<EventPage, any Error>?
    private var pageCount = 0
    private var isAtEnd = false

    init(_ pages: EventPages) { self.pages = pages }

    deinit { ahead?.cancel() }

    /// The next page; an empty one is the last. Throws `CancellationError` soon after the task was cancelled.
    func next() async throws -> EventPage {
        try Task.checkCancellation()
        if isAtEnd { return EventPage(capacity: 0) }
        let page = try await fetch()
        pageCount += 1
        isAtEnd = page.isLast
        // Many loops end within the first page: nothing is read ahead for them.
        if pageCount > 1, !page.isEmpty, !page.isLast {
            ahead = Task(executorPreference: TaskThreads.shared) { [pages] in try pages.next() }
        }
        return page
    }

    private func fetch() async throws -> EventPage {
        guard let ahead else {
            let pages = pages
            return try await TaskThreads.perform { try pages.next() }
        }
        self.ahead = nil
        return try await withTaskCancellationHandler {
            try await ahead.value
        } onCancel: {
            ahead.cancel()
        }
    }
}
