import Synchronization
import TallyrollFormat

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A directory of the operating system's file system. Every call blocks: never use it on a thread that must not.
package struct PosixStorage: Storage {
    /// The directory that relative paths start from.
    package let root: String
    private let calls: PosixCalls
    private let pool: DescriptorPool

    /// `openFilesMax` is how many files that are only read hold a descriptor at once; without it, half of what the
    /// process may open.
    package init(root: String, calls: PosixCalls = .system, openFilesMax: Int? = nil) {
        self.root = root
        self.calls = calls
        pool = openFilesMax.map { DescriptorPool(limit: $0) } ?? .usual()
    }

    private func absolute(_ path: String) -> String {
        path.isEmpty ? root : root + "/" + path
    }

    package func createDirectory(_ path: String) throws(StorageError) {
        let target = absolute(path)
        let isNew = mkdir(target, 0o755) == 0
        if !isNew {
            let reason = errno
            var status = stat()
            guard reason == EEXIST, stat(target, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw StorageError(.createDirectory, target, errno: reason)
            }
        }
        guard path.isEmpty else { return }
        do throws(StorageError) {
            try sync(directory: root + "/..", for: .createDirectory)
        } catch  where error.code == .permission && !isNew {
            // A root that somebody else made for us may lie in a directory that we cannot open.
        }
    }

    package func list(_ directory: String) throws(StorageError) -> [String] {
        let target = absolute(directory)
        guard let stream = opendir(target) else { throw StorageError(.list, target, errno: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw StorageError(.list, target, errno: errno) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    package func stamp(_ directory: String) throws(StorageError) -> DirectoryStamp? {
        let target = absolute(directory)
        var status = stat()
        guard stat(target, &status) == 0 else { throw StorageError(.list, target, errno: errno) }
        #if canImport(Darwin)
            let changed = status.st_mtimespec
        #else
            let changed = status.st_mtim
        #endif
        return DirectoryStamp(
            inode: UInt64(status.st_ino),
            changedAt: Int64(changed.tv_sec) * 1_000_000_000 + Int64(changed.tv_nsec))
    }

    package func exists(_ path: String) throws(StorageError) -> Bool {
        let target = absolute(path)
        var status = stat()
        if stat(target, &status) == 0 { return true }
        guard errno == ENOENT || errno == ENOTDIR else { throw StorageError(.exists, target, errno: errno) }
        return false
    }

    package func open(_ path: String, mode: OpenMode) throws(StorageError) -> any StorageFile {
        let target = absolute(path)
        let calls = calls
        let flags: Int32
        switch mode {
        case .read:
            return try ReopeningFile(path: target, pool: pool) { () throws(StorageError) in
                let descriptor = try PosixStorage.descriptor(target, O_RDONLY, for: .open)
                return PosixFile(descriptor: descriptor, path: target, calls: calls)
            }
        case .readWrite: flags = O_RDWR
        case .create(let exclusive): flags = O_RDWR | O_CREAT | (exclusive ? O_EXCL : 0)
        }
        let descriptor = try PosixStorage.descriptor(target, flags, for: .open)
        return PosixFile(descriptor: descriptor, path: target, calls: calls)
    }

    package func remove(_ path: String) throws(StorageError) {
        let target = absolute(path)
        guard unlink(target) == 0 else { throw StorageError(.remove, target, errno: errno) }
    }

    package func rename(_ source: String, to destination: String) throws(StorageError) {
        let from = absolute(source)
        guard systemRename(from, absolute(destination)) == 0 else {
            throw StorageError(.rename, from, errno: errno)
        }
    }

    package func syncDirectory(_ path: String) throws(StorageError) {
        try sync(directory: absolute(path), for: .syncDirectory)
    }

    private func sync(directory: String, for operation: StorageError.Operation) throws(StorageError) {
        let descriptor = try PosixStorage.descriptor(directory, O_RDONLY | O_DIRECTORY, for: operation)
        defer { _ = systemClose(descriptor) }
        guard calls.synchronizeAll(descriptor) == 0 else {
            throw StorageError(operation, directory, errno: errno)
        }
    }

    package func lockExclusively(_ path: String) throws(StorageError) -> any StorageLock {
        let target = absolute(path)
        let descriptor = try PosixStorage.descriptor(target, O_RDWR | O_CREAT, for: .lock)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let reason = errno
            if reason == EINTR { continue }
            _ = systemClose(descriptor)
            throw StorageError(
                .lock, target, reason == EWOULDBLOCK ? .locked : StorageError.Code(errno: reason))
        }
        return PosixLock(descriptor: descriptor)
    }

    package func freeBytes() throws(StorageError) -> Int {
        var status = statvfs()
        guard statvfs(root, &status) == 0 else { throw StorageError(.freeBytes, root, errno: errno) }
        let (bytes, overflow) = Int(status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
        return overflow ? Int.max : bytes
    }

    private static func descriptor(
        _ path: String, _ flags: Int32, for operation: StorageError.Operation
    ) throws(StorageError) -> Int32 {
        while true {
            let descriptor = systemOpen(path, flags | O_CLOEXEC, 0o644)
            if descriptor >= 0 { return descriptor }
            guard errno == EINTR else { throw StorageError(operation, path, errno: errno) }
        }
    }
}

/// A `flock` on a descriptor of its own. Such locks belong to the open file, not to the process, so that two stores
/// in one process exclude each other too.
final class PosixLock: StorageLock {
    private let descriptor: Atomic<Int32>

    init(descriptor: Int32) { self.descriptor = Atomic(descriptor) }

    deinit { unlock() }

    func unlock() {
        let held = descriptor.exchange(-1, ordering: .acquiringAndReleasing)
        if held >= 0 { _ = systemClose(held) }
    }
}

// System calls under names that the methods above do not hide.
private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }
private func systemRename(_ source: String, _ destination: String) -> Int32 { rename(source, destination) }
