import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// Where following a log begins.
public enum FollowStart: Sendable, Hashable {
    /// With the first event of the log.
    case beginning
    /// With the first event that is appended after the loop asked for it.
    case now
    /// With the event at this sequence: `FollowSequence.Iterator.position` of an earlier loop.
    case sequence(UInt64)
}

/// The events a filter means, in the order of the log, those that are appended while the loop runs included.
///
/// - Every event that means the filter is given exactly once, through rotations of the write-ahead log, seals, and ends
///   and beginnings of the writing process.
/// - An event is given when readers can see it: after its append was acknowledged, or just before. What was appended with
///   less than `.disk` durability is shown too, and a power loss may take it back; a loop that then goes on from its
///   `position` is told so by `FollowError`.
/// - In the writing process the loop is woken by the writer; elsewhere by the system's notice that the files changed,
///   where it gives any, else by looking every few milliseconds, and at most four times a second when nothing happens.
/// - It ends when the log it was asked of is closed. A reader's goes on until its task is cancelled.
/// - Memory is bounded as it is for `EventSequence`: a slow loop makes nobody wait, and falls behind.
public struct FollowSequence: AsyncSequence, Sendable {
    /// What reading gives of an event.
    public typealias Element = RecordedEvent

    private let reads: StoreReads
    private let filter: Filter
    private let start: FollowStart

    init(_ reads: StoreReads, _ filter: Filter, _ start: FollowStart) {
        self.reads = reads
        self.filter = filter
        self.start = start
    }

    /// Begins to follow.
    public func makeAsyncIterator() -> Iterator { Iterator(reads, filter, start) }

    /// One loop over the events of a log.
    public struct Iterator: AsyncIteratorProtocol {
        private let reads: StoreReads
        private let filter: Filter
        private let start: FollowStart
        private let now: Int64
        private var changes: LogChanges?
        private var stretch: (fetcher: PageFetcher, end: UInt64)?
        /// What is left of the page.
        private var page: EventPage?

        /// Every event before this sequence was given, or is not meant: to go on from, as `.sequence(position)`, in
        /// another loop, another process or after a restart. Nil until the loop asked for an event.
        public private(set) var position: UInt64?

        init(_ reads: StoreReads, _ filter: Filter, _ start: FollowStart) {
            self.reads = reads
            self.filter = filter
            self.start = start
            now = reads.time.nowNanoseconds()
        }

        /// Waits for the next event; nil when the log was closed.
        ///
        /// - Throws: `FollowError` when the log ends before the position; `IncompleteAnswer` where part of the store
        ///   cannot be read; the failure that stopped the log; `QueryError`; `CancellationError`.
        public mutating func next() async throws -> RecordedEvent? {
            while true {
                if let event = page?.removeFirst() {
                    position = event.sequence + 1
                    return event
                }
                if let stretch {
                    let fetched = try await stretch.fetcher.next()
                    page = fetched
                    guard fetched.isEmpty else { continue }
                    position = stretch.end
                    self.stretch = nil
                }
                guard try await openStretch() else { return nil }
            }
        }

        /// Waits until there are events behind the position; false when there will be none.
        private mutating func openStretch() async throws -> Bool {
            let reads = reads
            let changes = try self.changes ?? reads.changes()
            self.changes = changes
            while true {
                let generation = changes.signal.generation
                let isLast = changes.signal.isClosed
                let snapshot = try await TaskThreads.perform { try reads.snapshot() }
                let from = position ?? Iterator.first(start, snapshot)
                position = from
                guard from <= snapshot.endSequence else {
                    throw FollowError(position: from, endSequence: snapshot.endSequence)
                }
                if from < snapshot.endSequence {
                    changes.found()
                    stretch = (fetcher(snapshot, from), snapshot.endSequence)
                    return true
                }
                // Nothing that is appended will be found behind what cannot be read.
                if let problem = QueryEngine(snapshot, now: now).problems(from: from).first {
                    throw IncompleteAnswer(problem: problem)
                }
                if isLast {
                    if let failure = changes.failure() { throw failure }
                    return false
                }
                try await changes.signal.wait(beyond: generation)
            }
        }

        private static func first(_ start: FollowStart, _ snapshot: StoreSnapshot) -> UInt64 {
            switch start {
            // Where something cannot be read, nobody knows that nothing stood before it.
            case .beginning: snapshot.problems.isEmpty ? snapshot.firstSequence : 0
            case .now: snapshot.endSequence
            case .sequence(let sequence): sequence
            }
        }

        private func fetcher(_ snapshot: StoreSnapshot, _ from: UInt64) -> PageFetcher {
            let engine = QueryEngine(snapshot, now: now)
            let bounded = Filter.and([
                .comparison(.sequence, .greaterOrEqual, .integer(Int64(clamping: from))), filter,
            ])
            return PageFetcher(EventPages { try engine.events(where: bounded, order: .oldest) })
        }
    }
}

/// The log ends before the place from which it was to be followed: events that were not on disk yet were lost with the
/// machine's power, or the place belongs to another log.
public struct FollowError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The sequence to go on from.
    public let position: UInt64
    /// The sequence after the last event there is.
    public let endSequence: UInt64

    /// What is wrong and what to do.
    public var description: String {
        "the log ends before sequence \(endSequence) and was to be followed from \(position): "
            + "events were lost before they were durable, or it is another log; follow from \(endSequence)"
    }
}
