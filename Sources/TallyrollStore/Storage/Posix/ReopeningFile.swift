import TallyrollFormat

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that is open for reading, and may have given its descriptor back in between: then it is opened again, and
/// must be the same file.
final class ReopeningFile: StorageFile {
    private let path: String
    private let pool: DescriptorPool
    private let shared = PooledFile()
    private let identity: FileIdentity
    private let open: @Sendable () throws(StorageError) -> PosixFile

    init(
        path: String, pool: DescriptorPool, open: @escaping @Sendable () throws(StorageError) -> PosixFile
    ) throws(StorageError) {
        self.path = path
        self.pool = pool
        self.open = open
        let file = try pool.take(shared, open)
        do throws(StorageError) {
            identity = try file.identity()
        } catch {
            pool.remove(shared)
            throw error
        }
    }

    deinit { pool.remove(shared) }

    private func file() throws(StorageError) -> PosixFile {
        if let file = shared.current { return file }
        return try pool.take(shared) { () throws(StorageError) in
            let file = try open()
            // Another file may have taken the name; the one that was meant is gone then.
            guard try file.identity() == identity else { throw StorageError(.open, path, .noSuchFile) }
            return file
        }
    }

    func size() throws(StorageError) -> Int { try file().size() }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
        try file().read(at: offset, into: buffer)
    }

    func prefetch(at offset: Int, length: Int) {
        // A file that cannot be had says so when it is read.
        try? file().prefetch(at: offset, length: length)
    }

    func write(at offset: Int, _ views: [ByteView]) throws(StorageError) {
        try file().write(at: offset, views)
    }

    func sync() throws(StorageError) { try file().sync() }
    func syncAll() throws(StorageError) { try file().syncAll() }
    func truncate(to size: Int) throws(StorageError) { try file().truncate(to: size) }
    func preallocate(to size: Int) throws(StorageError) { try file().preallocate(to: size) }

    func close() throws(StorageError) {
        let file = try file()
        pool.remove(shared)
        // The closed file stays, so that any later use fails as it does with others.
        shared.set(file)
        try file.close()
    }
}

/// What tells one file from another that has its name.
struct FileIdentity: Equatable {
    let device: UInt64
    let number: UInt64
}

extension PosixFile {
    func identity() throws(StorageError) -> FileIdentity {
        let status = try status()
        return FileIdentity(device: UInt64(truncatingIfNeeded: status.st_dev), number: UInt64(status.st_ino))
    }
}
