import TallyrollFormat

/// Everything that can go wrong with a store, apart from what is wrong with an event or a query.
public enum AuditLogError: Error, Sendable, CustomStringConvertible {
    /// No store at this path.
    case noStore(path: String)
    /// Another writer, in this process or another, has the store open.
    case locked(path: String)
    /// The system refused an operation on a file.
    case storage(StorageError)
    /// A file of the store is not what it should be.
    case damaged(file: String, FormatError)
    /// A write or sync failed earlier. Nothing was written since; what was acknowledged is safe. Close the log and
    /// open it again.
    case failed(cause: String)
    /// The log was closed.
    case closed
    /// The event cannot be stored.
    case invalidEvent(EventError)
    /// An event is larger than a segment of this store can hold.
    case eventTooLarge(bytes: Int, limit: Int)
    /// An option lies outside its range.
    case invalidOption(String)
    /// The queue stayed full for as long as the caller was willing to wait.
    case queueFull

    /// One sentence that says what, where and what to do.
    public var description: String {
        switch self {
        case .noStore(let path): "no store at \(path): create one by appending to it, or check the path"
        case .locked(let path):
            "store \(path) is locked by another writer: close that one, or open this one for reading"
        case .storage(let error): "\(error)"
        case .damaged(let file, let error): "\(file): \(error)"
        case .failed(let cause):
            "the log stopped after a failure (\(cause)); acknowledged events are safe: close it and open it again"
        case .closed: "the log is closed"
        case .invalidEvent(let error): "\(error)"
        case .eventTooLarge(let bytes, let limit):
            "an event of \(bytes) bytes does not fit: this store takes events up to \(limit) bytes"
        case .invalidOption(let message): message
        case .queueFull: "the queue is full: the disk does not keep up with the appends"
        }
    }
}
