import Foundation
import Synchronization
import Testing
import TallyrollFormat
import TallyrollStore

@testable import Tallyroll
@testable import TallyrollQuery

/// Results as streams: bounded, cancellable, of one moment, and gone on from where they ended.
@Suite struct EventSequenceTests {
    @Test func pagesAreSmallFirstAndAtMostOneIsReadAhead() async throws {
        try await withLog { log, _ in
            try await log.append(contentsOf: (0..<2000).map { event($0) })
            let opened = Opened()
            let sequence = EventSequence(limit: nil) {
                try opened.remember(log.reads.results(.all, order: .oldest, limit: nil, after: nil))
            }
            func rowsRead() -> Int { opened.results?.trace.rowsReturned ?? 0 }
            var iterator = sequence.makeAsyncIterator()
            #expect(opened.results == nil, "nothing is read before it is asked for")
            var given: UInt64 = 0
            #expect(try await iterator.next()?.sequence == 0)
            #expect(rowsRead() == EventPages.firstCount, "nothing is read ahead of the first page")
            given = 1
            while let event = try await iterator.next() {
                #expect(event.sequence == given)
                given += 1
            }
            #expect(given == 2000)
        }
    }

    @Test func slowLoopsHoldTwoPagesAtMost() async throws {
        try await withLog { log, _ in
            try await log.append(contentsOf: (0..<3000).map { event($0) })
            let pages = EventPages {
                try log.reads.results(.all, order: .oldest, limit: nil, after: nil)
            }
            let fetcher = PageFetcher(pages)
            var sizes: [Int] = []
            while true {
                let page = try await fetcher.next()
                sizes.append(page.count)
                if page.isEmpty { break }
            }
            #expect(Array(sizes.prefix(5)) == [16, 64, 256, 512, 512])
            #expect(sizes.allSatisfy { $0 <= EventPages.countMax })
            #expect(sizes.reduce(0, +) == 3000)
        }
    }

    @Test(arguments: [0, 1, 16, 100, 127, 128, 500]) func aSmallLimitIsOnePage(_ limit: Int) async throws {
        try await withLog { log, _ in
            try await log.append(contentsOf: (0..<300).map { event($0) })
            let opened = Opened()
            let fetcher = PageFetcher(
                EventPages(limit: limit) {
                    try opened.remember(log.reads.results(.all, order: .newest, limit: limit, after: nil))
                })
            let first = try await fetcher.next()
            let isOnePage = limit < EventPages.firstCountMax
            #expect(first.count == (isOnePage ? limit : EventPages.firstCount))
            #expect(first.isLast == isOnePage)
            var total = first.count
            while case let page = try await fetcher.next(), !page.isEmpty { total += page.count }
            #expect(total == min(limit, 300))
            #expect(opened.results?.trace.rowsReturned == total)
        }
    }

    @Test func largeEventsMakeSmallPages() async throws {
        try await withLog { log, _ in
            let message = String(repeating: "x", count: 300_000)
            for _ in 0..<20 {
                try await log.append(AuditEvent(type: "large", message: message), durability: .memory)
            }
            let fetcher = PageFetcher(
                EventPages { try log.reads.results(.all, order: .oldest, limit: nil, after: nil) })
            var total = 0
            while case let page = try await fetcher.next(), !page.isEmpty {
                #expect(page.count <= 4)
                total += page.count
            }
            #expect(total == 20)
        }
    }

    /// Cancels from within the search, at a block of which nothing matches: no later block may be read.
    @Test(arguments: [QueryOrder.newest, .oldest])
    func cancellingStopsASearchThatFindsNothing(_ order: QueryOrder) async throws {
        let options = blocks(of: 64)
        try await withLog(options) { log, _ in
            try await log.append(contentsOf: (0..<64 * 40).map { event($0) })
            try await log.seal()
            let opened = Opened()
            let task = Task {
                let sequence = EventSequence(limit: nil) {
                    let results = try log.reads.results(
                        .contains(.message, "nowhere to be found"), order: order, limit: nil, after: nil)
                    // The reading part of the task cancels the task: what was read until now is what may be read.
                    withUnsafeCurrentTask { $0?.cancel() }
                    return opened.remember(results)
                }
                for try await _ in sequence { Issue.record("nothing matches") }
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            let blocks = opened.results?.blocksRead ?? -1
            #expect(blocks == 0, "\(blocks) blocks were read after the task was cancelled")
            // Not because there was nothing to read.
            let whole = try log.reads.results(
                .contains(.message, "nowhere to be found"), order: order, limit: nil, after: nil)
            #expect(try whole.nextEvent() == nil)
            #expect(whole.blocksRead == 40)
        }
    }

    @Test func cancellingStopsCounts() async throws {
        try await withLog(blocks(of: 64)) { log, _ in
            try await log.append(contentsOf: (0..<64 * 10).map { event($0) })
            try await log.seal()
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await log.count(where: .contains(.message, "nowhere"))
            }
            await #expect(throws: CancellationError.self) { _ = try await task.value }
        }
    }

    @Test func aPassSeesTheLogAsItWasWhenItBegan() async throws {
        try await withLog(blocks(of: 64)) { log, path in
            try await log.append(contentsOf: (0..<100).map { event($0) })
            let reader = try AuditLogReader(path: path)
            for source: any ReadableLog in [log, reader] {
                for order in [QueryOrder.oldest, .newest] {
                    let before = try await log.count()
                    var iterator = source.events(order: order).makeAsyncIterator()
                    let blocking = try source.eventsBlocking(order: order)
                    var seen = [try #require(try await iterator.next()).sequence]
                    try await log.append(contentsOf: (0..<70).map { event($0) })
                    try await log.seal()
                    while let next = try await iterator.next() {
                        seen.append(next.sequence)
                        if seen.count == 40 { try await log.append(contentsOf: (0..<5).map { event($0) }) }
                    }
                    let expected = (0..<UInt64(before)).map { $0 }
                    #expect(seen.sorted() == expected)
                    if order == .oldest { #expect(seen == expected) }
                    var pulled: [UInt64] = []
                    while let event = try blocking.next() { pulled.append(event.sequence) }
                    #expect(pulled == seen)
                }
            }
        }
    }

    /// A page at a time over reopenings, appends and seals, with many events of the same time.
    @Test(arguments: [QueryOrder.newest, .oldest], [1, 7, 100])
    func cursorsSurviveRestartsAppendsAndSeals(_ order: QueryOrder, _ pageSize: Int) async throws {
        let options = blocks(of: 64)
        try await withDirectory { path in
            var log = try await AuditLog.open(at: path, options: options)
            try await log.append(
                contentsOf: (0..<200).map { event($0, time: Int64($0 % 5) * 1_000_000_000) })
            let filter = Filter.user("user1") || .user("user3")
            let expected = try await collect(log.events(where: filter, order: order))
            var given: [UInt64] = []
            var text: String?
            var round = 0
            while true {
                let cursor = try text.map { try QueryCursor($0) }
                var iterator = log.events(where: filter, order: order, after: cursor).makeAsyncIterator()
                var count = 0
                while count < pageSize, let event = try await iterator.next() {
                    given.append(event.sequence)
                    count += 1
                }
                if count == 0 { break }
                text = try #require(iterator.cursor).description
                round += 1
                if pageSize > 1 || round % 10 == 0 {
                    // Later and earlier ones, and some of the very times that are being read.
                    try await log.append(
                        contentsOf: (0..<20).map { event($0, time: Int64($0 % 7) * 1_000_000_000) })
                    if round % 2 == 0 { try await log.seal() }
                    try await log.close()
                    log = try await AuditLog.open(at: path, options: options)
                }
            }
            #expect(given == expected)
            try await log.close()
        }
    }

    @Test func cursorsThatDoNotFitAreRefused() async throws {
        try await withLog { log, _ in
            try await log.append(contentsOf: (0..<50).map { event($0) })
            var iterator = log.events(where: .user("user1")).makeAsyncIterator()
            _ = try await iterator.next()
            let cursor = try #require(iterator.cursor)
            let text = cursor.description
            #expect(try QueryCursor(text) == cursor)
            for forged in [
                "", "x", "no cursor", String(text.dropLast()), text + "A", String(text.reversed()),
            ] {
                #expect(throws: QueryCursorError.self) { try QueryCursor(forged) }
            }
            for place in text.indices {
                var changed = text
                changed.replaceSubrange(place...place, with: text[place] == "A" ? "B" : "A")
                #expect(throws: QueryCursorError.self, "\(changed)") { try QueryCursor(changed) }
            }
            func kind(_ sequence: EventSequence) async -> QueryCursorError.Kind? {
                do {
                    for try await _ in sequence {}
                    return nil
                } catch { return (error as? QueryCursorError)?.kind }
            }
            #expect(await kind(log.events(where: .user("user1"), after: cursor)) == nil)
            #expect(await kind(log.events(where: .user("user2"), after: cursor)) == .otherQuery)
            #expect(
                await kind(log.events(where: .user("user1"), order: .oldest, after: cursor)) == .otherQuery)
            try await withLog { other, _ in
                let sequence = other.events(where: .user("user1"), after: cursor)
                #expect(await kind(sequence) == .otherStore)
            }
        }
    }
}

/// The results that a sequence opened, looked at while no page is being fetched.
private final class Opened: @unchecked Sendable {
    private(set) var results: QueryResults?

    func remember(_ results: QueryResults) -> QueryResults {
        self.results = results
        return results
    }
}

extension QueryResults {
    fileprivate var blocksRead: Int { trace.segments.all.reduce(0) { $0 + $1.blocksRead } }
}

/// The threads that the reading parts of tasks run on.
@Suite struct TaskThreadTests {
    @Test func threadsAreReusedAndBounded() async throws {
        let threads = TaskThreads(threadsMax: 3)
        let running = Mutex((now: 0, most: 0))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask(executorPreference: threads) { @Sendable in
                    running.withLock {
                        $0.now += 1
                        $0.most = max($0.most, $0.now)
                    }
                    usleep(200)
                    running.withLock { $0.now -= 1 }
                }
            }
        }
        #expect(running.withLock { $0.most } <= 3)
        #expect(threads.threadCount <= 3)
    }

    @Test func workKnowsThatItsTaskIsCancelled() async throws {
        let isRunning = Mutex(false)
        let task = Task {
            try await TaskThreads.perform {
                isRunning.withLock { $0 = true }
                while !Task.isCancelled { usleep(100) }
                throw CancellationError()
            }
        }
        while !isRunning.withLock({ $0 }) { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func idleThreadsEnd() async throws {
        let threads = TaskThreads(threadsMax: 2, idleNanoseconds: 1_000_000)
        await Task(executorPreference: threads) {}.value
        while threads.threadCount > 0 { await Task.yield() }
        // And come back.
        let value = await Task(executorPreference: threads) { 7 }.value
        #expect(value == 7)
    }
}
