import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// Cuts the results of a query into pages: a small one first, so that the first event is there early, then larger
/// ones. A page is bounded by its number of events and by their bytes.
///
/// `@unchecked Sendable`: whoever holds it asks for one page after another, never for two at once.
final class EventPages: @unchecked Sendable {
    static let firstCount = 16
    static let growth = 4
    static let countMax = 512
    static let bytesMax = 1 << 20

    private let open: @Sendable () throws -> QueryResults
    private var results: QueryResults?
    private var count = EventPages.firstCount

    /// `open` is called once, when the first page is wanted.
    init(open: @escaping @Sendable () throws -> QueryResults) { self.open = open }

    /// The next page; an empty one is the last.
    func next() throws -> EventPage {
        let results = try self.results ?? open()
        self.results = results
        let page = EventPage(capacity: count)
        var bytes = 0
        while !page.isFull, bytes < EventPages.bytesMax, let event = try results.nextEvent() {
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

    init(_ pages: EventPages) { self.pages = pages }

    deinit { ahead?.cancel() }

    /// The next page; an empty one is the last. Throws `CancellationError` soon after the task was cancelled.
    func next() async throws -> EventPage {
        try Task.checkCancellation()
        let page = try await fetch()
        pageCount += 1
        // Many loops end within the first page: nothing is read ahead for them.
        if pageCount > 1, !page.isEmpty {
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
