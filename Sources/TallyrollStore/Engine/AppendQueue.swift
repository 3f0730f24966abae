import TallyrollFormat

/// One append on its way to the writer: encoded records, the durability asked for, and whom to tell.
///
/// `@unchecked Sendable`: built by one thread, then handed on through the queue's lock to the writer, and by that
/// perhaps to the commit thread: one thread at a time uses it.
package final class AppendRequest: @unchecked Sendable {
    var batch: RecordBatch
    let durability: Durability
    private let completion: @Sendable (Result<AppendReceipt, AuditLogError>) -> Void
    private var isAnswered = false
    /// Set by the writer when the events have their place.
    var firstSequence: UInt64 = 0

    package init(
        _ batch: consuming RecordBatch, durability: Durability,
        completion: @escaping @Sendable (Result<AppendReceipt, AuditLogError>) -> Void
    ) {
        self.batch = batch
        self.durability = durability
        self.completion = completion
    }

    var bytes: Int { batch.bytes.count }
    var count: Int { batch.count }

    /// Takes the batch of a request that is answered.
    func takeBatch() -> RecordBatch {
        var taken = RecordBatch(capacity: 0)
        swap(&taken, &batch)
        return taken
    }

    /// Calls the completion, the first time. What fails after an append was acknowledged takes nothing back from it.
    func answer(_ result: Result<AppendReceipt, AuditLogError>) {
        guard !isAnswered else { return }
        isAnswered = true
        completion(result)
    }
}

/// Events that were dropped because the queue was full, until the log can say so.
struct DroppedEvents: Sendable, Equatable {
    var count: UInt64 = 0
    var firstTime: Int64 = 0
    var lastTime: Int64 = 0
}

/// Something other than events that the writer is asked to do, in order with the appends.
enum WriterCommand: Sendable {
    /// Turn everything appended so far into blocks and seal the open segment.
    case seal(@Sendable (Result<Void, AuditLogError>) -> Void)
    /// Make everything appended so far durable.
    case sync(@Sendable (Result<Void, AuditLogError>) -> Void)
    /// Start a new log file: a segment was sealed.
    case rotateLog

    /// Tells whoever asked that the command was not carried out.
    func refuse(_ failure: AuditLogError) {
        switch self {
        case .seal(let completion), .sync(let completion): completion(.failure(failure))
        case .rotateLog: break
        }
    }
}

/// What waits for the writer thread. Bounded in bytes; commands are not counted.
struct AppendQueue {
    private(set) var requests: [AppendRequest] = []
    /// Each with the number of requests that were added before it.
    private var commands: [(after: UInt64, command: WriterCommand)] = []
    private var added: UInt64 = 0
    private var taken: UInt64 = 0
    private(set) var bytes = 0
    var dropped = DroppedEvents()
    var isClosing = false
    /// Set once a write or sync failed: nothing is accepted any more.
    var failure: AuditLogError?
    let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    var isIdle: Bool { requests.isEmpty && commands.isEmpty && dropped.count == 0 }

    /// True when a request of so many bytes may be added. An empty queue takes any request.
    func hasRoom(for size: Int) -> Bool { bytes == 0 || bytes + size <= capacity }

    mutating func add(_ request: AppendRequest) {
        requests.append(request)
        bytes += request.bytes
        added += 1
    }

    mutating func add(_ command: WriterCommand) { commands.append((added, command)) }

    /// Takes the requests of the next frame: as many as fit `frameBytes`, at least one.
    mutating func take(frameBytes: Int) -> [AppendRequest] {
        var size = 0
        var count = 0
        while count < requests.count, count == 0 || size + requests[count].bytes <= frameBytes {
            size += requests[count].bytes
            count += 1
        }
        let taken = Array(requests[..<count])
        requests.removeFirst(count)
        bytes -= size
        self.taken += UInt64(count)
        return taken
    }

    /// Takes the commands whose appends were all taken: however many appends follow, a command waits only for those
    /// before it.
    mutating func takeCommands() -> [WriterCommand] {
        let count = commands.prefix { $0.after <= taken }.count
        let ready = commands.prefix(count).map(\.command)
        commands.removeFirst(count)
        return ready
    }

    /// Takes everything, for an end that answers it all.
    mutating func takeAll() -> (requests: [AppendRequest], commands: [WriterCommand]) {
        let all = (requests, commands.map(\.command))
        taken = added
        (requests, commands, bytes) = ([], [], 0)
        return all
    }

    mutating func drop(count: Int, at time: Int64) {
        if dropped.count == 0 { dropped.firstTime = time }
        dropped.lastTime = time
        dropped.count += UInt64(count)
    }
}
