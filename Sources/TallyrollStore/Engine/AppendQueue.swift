import TallyrollFormat

/// One append on its way to the writer: encoded records, the durability asked for, and whom to tell.
///
/// `@unchecked Sendable`: built by one thread, then handed on through the queue's lock and only read by the writer.
package final class AppendRequest: @unchecked Sendable {
    var batch: RecordBatch
    let durability: Durability
    let completion: @Sendable (Result<AppendReceipt, AuditLogError>) -> Void
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
}

/// What waits for the writer thread. Bounded in bytes; commands are not counted.
struct AppendQueue {
    var requests: [AppendRequest] = []
    var commands: [WriterCommand] = []
    var bytes = 0
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
    }

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
        return taken
    }

    mutating func drop(count: Int, at time: Int64) {
        if dropped.count == 0 { dropped.firstTime = time }
        dropped.lastTime = time
        dropped.count += UInt64(count)
    }
}
