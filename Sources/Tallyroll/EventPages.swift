import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// Some events of a result, in order.
struct EventPage: Sendable {
    var events: [RecordedEvent]
    /// The place of the last of them; nil when there is none.
    var end: QueryCursor?
}

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
    private var scratch = ByteWriter(capacity: 1024)
    private var count = EventPages.firstCount

    /// `open` is called once, when the first page is wanted.
    init(open: @escaping @Sendable () throws -> QueryResults) { self.open = open }

    /// The next page; an empty one is the last.
    func next() throws -> EventPage {
        let results = try self.results ?? open()
        self.results = results
        var events: [RecordedEvent] = []
        var bytes = 0
        while events.count < count, bytes < EventPages.bytesMax, let event = try results.next(&scratch) {
            try Task.checkCancellation()
            events.append(event)
            bytes += scratch.count
        }
        if events.isEmpty, let problem = results.problems.first { throw IncompleteAnswer(problem: problem) }
        count = min(count * EventPages.growth, EventPages.countMax)
        return EventPage(events: events, end: events.isEmpty ? nil : results.cursor)
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
        if pageCount > 1, !page.events.isEmpty {
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
