import TallyrollFormat

/// How a file is opened.
package enum OpenMode: Sendable, Equatable {
    /// An existing file, for reading only.
    case read
    /// An existing file, for reading and writing.
    case readWrite
    /// A file for reading and writing that is made if it does not exist; what it holds already is kept. With
    /// `exclusive`, an existing file is an error (`.exists`).
    case create(exclusive: Bool)
}

/// The seam between the engine and the disk: one directory tree, addressed by paths relative to its root with `/`
/// between the parts; the empty path is the root itself.
///
/// Durability contract, the same for every implementation: what `StorageFile.sync` returned for survives a power
/// loss, and a *name* survives once `syncDirectory` of the directory that holds it has returned after the change.
/// Nothing else does. An implementation never repeats a sync that failed.
package protocol Storage: Sendable {
    /// Makes a directory inside an existing one; an existing directory is fine. For the empty path it makes the
    /// root and, since no relative path names the root's parent, makes that entry durable before it returns.
    func createDirectory(_ path: String) throws(StorageError)

    /// The names in a directory, sorted bytewise, without `.` and `..`.
    func list(_ directory: String) throws(StorageError) -> [String]

    /// Changes whenever a name is added to a directory, taken away or replaced; nil where that cannot be told.
    func stamp(_ directory: String) throws(StorageError) -> DirectoryStamp?

    /// Whether a file or directory has this name.
    func exists(_ path: String) throws(StorageError) -> Bool

    func open(_ path: String, mode: OpenMode) throws(StorageError) -> any StorageFile

    /// Removes a file's name. Who has it open may go on using it.
    func remove(_ path: String) throws(StorageError)

    /// Gives a file another name, in one step, replacing a file that had it.
    func rename(_ source: String, to destination: String) throws(StorageError)

    /// Makes the names in a directory durable.
    func syncDirectory(_ path: String) throws(StorageError)

    /// Takes the lock of a file, which is made if it does not exist, without waiting: `.locked` when anybody holds
    /// it, in this process or another. Let go by `unlock`, by the last reference to the lock, or by the process's end.
    func lockExclusively(_ path: String) throws(StorageError) -> any StorageLock

    /// Bytes that may still be written to the disk that holds the root.
    func freeBytes() throws(StorageError) -> Int
}

/// A moment in the life of a directory's names.
package struct DirectoryStamp: Sendable, Equatable {
    package var inode: UInt64
    /// Nanoseconds since 1970, by the clock of the file system.
    package var changedAt: Int64
}

extension Storage {
    package func stamp(_ directory: String) throws(StorageError) -> DirectoryStamp? { nil }
}

/// A lock that is held until `unlock` or until nothing refers to it any more.
package protocol StorageLock: AnyObject, Sendable {
    func unlock()
}

/// An open file. Positions are always given, so any number of threads may use one file at the same time; only
/// `close` must come after the last use.
package protocol StorageFile: AnyObject, Sendable {
    func size() throws(StorageError) -> Int

    /// Reads from `offset` until `buffer` is full or the file ends, and returns how many bytes it read. Fewer than
    /// the buffer holds means the end of the file, nothing else.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int

    /// Lets the system begin to read a range that will be asked for soon. Only a hint: nothing comes of it where the
    /// system cannot or the file ends before.
    func prefetch(at offset: Int, length: Int)

    /// Writes all bytes of the views, one behind the other, from `offset` on. When it throws, any part of them may
    /// have been written.
    func write(at offset: Int, _ views: [ByteView]) throws(StorageError)

    /// Makes the data and the size durable. Never call it again on this file after it threw: the system may have
    /// forgotten that the data was unwritten, and would report success.
    func sync() throws(StorageError)

    /// `sync`, and the rest of the file's metadata.
    func syncAll() throws(StorageError)

    /// Sets the size; what a growing file gains reads as zeros.
    func truncate(to size: Int) throws(StorageError)

    /// Grows the file to at least `size` and reserves the space where the file system can; the new part reads as
    /// zeros. Never shrinks. `.noSpace` when there is not enough.
    func preallocate(to size: Int) throws(StorageError)

    /// Gives the descriptor back. Any later use throws. Closing twice does nothing.
    func close() throws(StorageError)
}

extension StorageFile {
    package func prefetch(at offset: Int, length: Int) {}

    package func write(at offset: Int, _ view: ByteView) throws(StorageError) {
        try write(at: offset, [view])
    }

    /// The bytes from `offset`, at most `length` of them, fewer only at the end of the file.
    package func read(at offset: Int, length: Int) throws(StorageError) -> [UInt8] {
        var failure: StorageError?
        let bytes = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            do throws(StorageError) {
                count = try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
