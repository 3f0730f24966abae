#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the file system refused: which operation, on what path, and why.
///
/// A failed write or sync means that the writer of the store has stopped; opening the store again recovers
/// everything that was acknowledged. A failed read stops nothing but that read.
public struct StorageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The operations on files and directories.
    public enum Operation: String, Sendable, CaseIterable {
        case createDirectory = "create directory"
        case list
        case exists = "look up"
        case open
        case remove
        case rename
        case syncDirectory = "sync directory"
        case lock
        case freeBytes = "ask free space of"
        case size = "ask size of"
        case read
        case write
        case sync
        case syncAll = "sync fully"
        case truncate
        case preallocate
        case close
    }

    /// Why an operation failed.
    public enum Code: Equatable, Hashable, Sendable {
        /// The disk or the quota is full.
        case noSpace
        /// A file or directory of this name does not exist.
        case noSuchFile
        /// The process may not do this.
        case permission
        /// Somebody else holds the lock.
        case locked
        /// The process or the system has too many files open.
        case tooManyFiles
        /// The device failed.
        case io
        /// The name is taken.
        case exists
        /// The file system allows no writes.
        case readOnly
        /// Any other error number of the system.
        case other(Int32)
    }

    /// What was attempted.
    public let operation: Operation
    /// The file or directory.
    public let path: String
    /// Why it failed.
    public let code: Code

    package init(_ operation: Operation, _ path: String, _ code: Code) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// The error for an error number of the system.
    package init(_ operation: Operation, _ path: String, errno number: Int32) {
        self.init(operation, path, Code(errno: number))
    }

    /// What could not be done, to what, why, and what to do about it.
    public var description: String {
        "cannot \(operation.rawValue) \(path.isEmpty ? "the store's directory" : path): \(code.reason); \(code.advice)"
    }
}

extension StorageError.Code {
    package init(errno number: Int32) {
        switch number {
        case ENOSPC, EDQUOT: self = .noSpace
        case ENOENT: self = .noSuchFile
        case EACCES, EPERM: self = .permission
        case EMFILE, ENFILE: self = .tooManyFiles
        case EIO: self = .io
        case EEXIST: self = .exists
        case EROFS: self = .readOnly
        default: self = .other(number)
        }
    }

    fileprivate var reason: String {
        switch self {
        case .noSpace: "no space left on the disk, or the quota is used up"
        case .noSuchFile: "no such file or directory"
        case .permission: "permission denied"
        case .locked: "another process or another part of this one holds the lock"
        case .tooManyFiles: "too many open files"
        case .io: "the device reported an error"
        case .exists: "it exists already"
        case .readOnly: "the file system is read-only"
        case .other(let number): "error \(number)\(strerror(number).map { ", " + String(cString: $0) } ?? "")"
        }
    }

    fileprivate var advice: String {
        switch self {
        case .noSpace: "free space on that disk, then open the store again"
        case .noSuchFile: "check the path, and whether something removed a file of the store"
        case .permission: "give the process's user read and write access to the store's directory"
        case .locked: "a store has one writer: close the other one first"
        case .tooManyFiles: "raise the limit of open files (ulimit -n)"
        case .io: "check the device and the system log; verify the store before trusting it again"
        case .exists: "check whether another writer works in this directory"
        case .readOnly: "mount it for writing; a failing disk is often remounted read-only"
        case .other: "look the number up in the system's errno list"
        }
    }
}
