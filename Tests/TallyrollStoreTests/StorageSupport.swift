import TallyrollFormat
import TallyrollStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A directory on the real disk that goes with the object.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/tallyroll-storage-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw StorageError(.createDirectory, "/tmp", errno: errno)
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { TemporaryDirectory.remove(path) }

    private static func remove(_ path: String) {
        let storage = PosixStorage(root: path)
        for name in (try? storage.list("")) ?? [] {
            let child = path + "/" + name
            if unlink(child) != 0 { remove(child) }
        }
        rmdir(path)
    }
}

/// The storages that have to keep the same contract.
enum StorageKind: CaseIterable {
    case memory, posix, faultOverMemory

    func make(_ directory: TemporaryDirectory) throws -> any Storage {
        switch self {
        case .memory: MemoryStorage()
        case .posix: PosixStorage(root: directory.path)
        case .faultOverMemory: FaultStorage(MemoryStorage())
        }
    }
}

extension Storage {
    /// Writes a file, without any sync unless asked.
    @discardableResult
    func put(_ path: String, _ bytes: [UInt8], sync: Bool = false) throws -> any StorageFile {
        let file = try open(path, mode: .create(exclusive: false))
        try bytes.withView { try file.write(at: 0, $0) }
        if sync { try file.sync() }
        return file
    }

    /// The whole file, or nil when there is none.
    func get(_ path: String) throws -> [UInt8]? {
        guard try exists(path) else { return nil }
        let file = try open(path, mode: .read)
        return try file.read(at: 0, length: try file.size())
    }
}
