import Synchronization
import TallyrollFormat
import TallyrollStore

/// A storage that counts the bytes that are read from it.
final class CountingStorage: Storage {
    private let inner: any Storage
    fileprivate let count = Atomic<Int>(0)
    /// Called before each read, on the thread that reads, with the file and the offset.
    let onRead = Mutex<(@Sendable (String, Int) -> Void)?>(nil)

    init(_ inner: any Storage) { self.inner = inner }

    var bytesRead: Int { count.load(ordering: .relaxed) }

    func createDirectory(_ path: String) throws(StorageError) { try inner.createDirectory(path) }
    func list(_ directory: String) throws(StorageError) -> [String] { try inner.list(directory) }
    func exists(_ path: String) throws(StorageError) -> Bool { try inner.exists(path) }
    func remove(_ path: String) throws(StorageError) { try inner.remove(path) }
    func rename(_ source: String, to destination: String) throws(StorageError) {
        try inner.rename(source, to: destination)
    }
    func syncDirectory(_ path: String) throws(StorageError) { try inner.syncDirectory(path) }
    func lockExclusively(_ path: String) throws(StorageError) -> any StorageLock {
        try inner.lockExclusively(path)
    }
    func freeBytes() throws(StorageError) -> Int { try inner.freeBytes() }
    func open(_ path: String, mode: OpenMode) throws(StorageError) -> any StorageFile {
        CountingFile(try inner.open(path, mode: mode), path, self)
    }
}

private final class CountingFile: StorageFile {
    private let inner: any StorageFile
    private let path: String
    private let storage: CountingStorage

    init(_ inner: any StorageFile, _ path: String, _ storage: CountingStorage) {
        self.inner = inner
        self.path = path
        self.storage = storage
    }

    func size() throws(StorageError) -> Int { try inner.size() }
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
        storage.onRead.withLock { $0 }?(path, offset)
        let read = try inner.read(at: offset, into: buffer)
        storage.count.add(read, ordering: .relaxed)
        return read
    }
    func write(at offset: Int, _ views: [ByteView]) throws(StorageError) {
        try inner.write(at: offset, views)
    }
    func sync() throws(StorageError) { try inner.sync() }
    func syncAll() throws(StorageError) { try inner.syncAll() }
    func truncate(to size: Int) throws(StorageError) { try inner.truncate(to: size) }
    func preallocate(to size: Int) throws(StorageError) { try inner.preallocate(to: size) }
    func close() throws(StorageError) { try inner.close() }
}
