import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// What the program says with its exit code. Scripts rely on these numbers.
enum ExitStatus: Int32 {
    case done = 0
    /// Done, and the answer is bad news: verification failed, lines were rejected, nothing was found.
    case badNews = 1
    case usage = 64
    case badInput = 65
    case noStore = 66
    case cannotCreate = 73
    case inputOutput = 74
    case locked = 75
    /// Ended by SIGINT, as shells count it.
    case interrupted = 130
}

/// An end of the program that is not success: one line that says what, where and what to do, and an exit code.
struct CommandFailure: Error {
    let status: ExitStatus
    /// Empty when everything has been said already.
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// The answer is bad news, and it has been given.
    static var badNews: CommandFailure { CommandFailure(.badNews, "") }

    /// An error of a store. `isCreating` says that there was no store yet when it happened.
    init(_ error: AuditLogError, isCreating: Bool = false) {
        let status: ExitStatus =
            switch error {
            case .noStore: .noStore
            case .locked: .locked
            case .storage, .damaged: isCreating ? .cannotCreate : .inputOutput
            case .failed, .closed, .queueFull: .inputOutput
            case .invalidEvent, .eventTooLarge: .badInput
            case .invalidOption: .usage
            }
        self.init(status, "\(error)")
    }

    /// Any error of the layers below.
    static func wrapping(_ error: any Error) -> CommandFailure {
        switch error {
        case let error as CommandFailure: error
        case let error as AuditLogError: CommandFailure(error)
        case let error as StorageError: CommandFailure(.storage(error))
        case let error as FormatError: CommandFailure(.inputOutput, "\(error): verify the store")
        case let error as QueryError: CommandFailure(.usage, "in the expression, \(error)")
        case let error as QueryCursorError: CommandFailure(.usage, "--cursor: \(error)")
        case let error as QueryLimitError: CommandFailure(.usage, "\(error)")
        case is CancellationError: CommandFailure(.interrupted, "interrupted")
        default: CommandFailure(.inputOutput, "\(error)")
        }
    }
}
