import TallyrollFormat

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A write-ahead log file that is being written. It belongs to one thread at a time.
///
/// Its end and its chain of checksums go on only when a write succeeded. After a failed write or sync the bytes behind
/// the end are unknown and the file must not be used again; that is for the engine to see to.
package final class LogFile {
    package let header: LogFileHeader
    /// The file's path in its storage.
    package let path: String
    /// Where the next frame goes.
    package private(set) var end: Int
    /// The sequence of the next event.
    package private(set) var nextSequence: UInt64

    private let file: any StorageFile
    private let preallocationStep: Int
    private var allocated: Int
    private var canPreallocate: Bool
    private var previousChecksum: UInt64
    private var encoded = ByteWriter(capacity: 4096)

    /// Makes the file with the header's number, durable in content and name before it returns. When anything fails the
    /// half-made file is removed, as far as that is possible.
    ///
    /// Space is reserved in steps, so that most syncs need not write the file's size; a step of 0 reserves nothing. The
    /// first step has to succeed: `.noSpace` refuses the new file before anything is lost in it.
    ///
    /// With `spare`, the name of a log file that is no longer needed (`LogSpares`), that file begins a new life instead:
    /// its space is there already, and in the system's memory too, which makes writing it much cheaper.
    package static func create(
        in storage: any Storage, directory: String, header: LogFileHeader, preallocationStep: Int = 8 << 20,
        recycling spare: String? = nil
    ) throws(StorageError) -> LogFile {
        let name = LogFileName.of(header.fileNumber)
        let path = directory.isEmpty ? name : directory + "/" + name
        if let spare {
            return try recycle(
                spare, in: storage, directory: directory, path: path, header, preallocationStep)
        }
        let file = try storage.open(path, mode: .create(exclusive: true))
        do throws(StorageError) {
            let log = try LogFile(file, path: path, header: header, preallocationStep: preallocationStep)
            try storage.syncDirectory(directory)
            return log
        } catch {
            try? file.close()
            try? storage.remove(path)
            throw error
        }
    }

    /// Gives a spare file a new header, and only then, when that is durable, the name of a log. So a file with the name
    /// of a log always has a whole header, or none of the frames behind it are an older life's.
    private static func recycle(
        _ spare: String, in storage: any Storage, directory: String, path: String, _ header: LogFileHeader,
        _ preallocationStep: Int
    ) throws(StorageError) -> LogFile {
        // The old name has to be gone for good: under it, the new content would look like damage.
        try storage.syncDirectory(directory)
        let file = try storage.open(spare, mode: .readWrite)
        do throws(StorageError) {
            let log = try LogFile(
                file, path: path, header: header, preallocationStep: preallocationStep,
                reused: try file.size())
            try storage.rename(spare, to: path)
            try storage.syncDirectory(directory)
            return log
        } catch {
            try? file.close()
            try? storage.remove(spare)
            try? storage.remove(path)
            throw error
        }
    }

    private init(
        _ file: any StorageFile, path: String, header: LogFileHeader, preallocationStep: Int, reused: Int = 0
    ) throws(StorageError) {
        var header = header
        header.reusedBytes = UInt64(reused)
        header.encode(into: &encoded)
        LogEndMark(fileNumber: header.fileNumber, previousChecksum: header.checksum).encode(into: &encoded)
        self.header = header
        self.path = path
        self.file = file
        self.preallocationStep = preallocationStep
        end = LogFormat.fileHeaderBytes
        allocated = max(preallocationStep, encoded.count, reused)
        canPreallocate = preallocationStep > 0
        nextSequence = header.firstSequence
        previousChecksum = header.checksum
        if canPreallocate, allocated > reused { try file.preallocate(to: allocated) }
        try file.write(at: 0, encoded.view)
        try file.syncAll()
    }

    /// Appends one frame in a single write and returns its header. The content's first sequence is the next one.
    @discardableResult
    package func append(_ content: LogFrameContent) throws(StorageError) -> LogFrameHeader {
        precondition(content.firstSequence == nextSequence, "frames follow one another without a gap")
        let frame = LogFrameEncoder.encode(
            content, storeTag: header.store.first, fileNumber: header.fileNumber,
            previousChecksum: previousChecksum,
            into: &encoded)
        let newEnd = end + frame.frameLength
        guard newEnd <= LogFormat.maximumFileBytes else { throw StorageError(.write, path, .other(EFBIG)) }
        try reserve(newEnd + LogEndMark.byteCount)
        try file.write(at: end, LogFrameEncoder.views(content, frame, encoded: encoded.view))
        end = newEnd
        previousChecksum = frame.headerChecksum
        nextSequence = frame.endSequence
        return frame
    }

    /// Reserves the next steps up to `size`. A full disk ends that, not the append: the frame may still fit.
    private func reserve(_ size: Int) throws(StorageError) {
        guard canPreallocate, size > allocated else { return }
        let steps = (size + preallocationStep - 1) / preallocationStep
        do throws(StorageError) {
            try file.preallocate(to: steps * preallocationStep)
            allocated = steps * preallocationStep
        } catch  where error.code == .noSpace {
            canPreallocate = false
        }
    }

    /// Makes every appended frame durable.
    package func sync() throws(StorageError) {
        try file.sync()
    }

    /// Gives back reserved space and closes the file, which goes on being read at the next opening.
    package func trimAndClose() throws(StorageError) {
        let used = end + LogEndMark.byteCount
        if allocated > used { try file.truncate(to: used) }
        try file.close()
    }

    /// Closes the file. Space that was reserved and not used goes with the file, when its events are in blocks.
    package func close() throws(StorageError) {
        try file.close()
    }
}

extension LogFile {
    /// Whether the header is not the one that was read: a recycled file gets its header before anything else changes.
    private static func hasNewHeader(
        _ file: any StorageFile, since bytes: Bytes
    ) throws(StorageError) -> Bool {
        let length = min(LogFormat.fileHeaderBytes, bytes.count)
        let now = try file.read(at: 0, length: length)
        return !bytes.view.trusted(0, length).raw.elementsEqual(now)
    }

    /// The log files in a directory, by ascending number. Names of any other form are passed over.
    package static func list(
        in storage: any Storage, directory: String
    ) throws(StorageError) -> [(number: UInt64, path: String)] {
        var files: [(number: UInt64, path: String)] = []
        for name in try storage.list(directory) {
            guard let number = LogFileName.number(in: name) else { continue }
            files.append((number, directory.isEmpty ? name : directory + "/" + name))
        }
        return files.sorted { $0.number < $1.number }
    }

    /// The bytes of a log file, for `LogScan`. With `syncing`, which recovery must use, the file is synced first: what
    /// a process that was killed left in the page cache must not be believed before it is durable. The directory is the
    /// caller's to sync, once for all files.
    ///
    /// Beside a writer the file may begin a new life while it is read: then there is no such file any more.
    package static func read(
        _ path: String, in storage: any Storage, syncing: Bool
    ) throws(StorageError) -> Bytes {
        let file = try storage.open(path, mode: syncing ? .readWrite : .read)
        if syncing { try file.syncAll() }
        let size = try file.size()
        guard size <= LogFormat.maximumFileBytes else { throw StorageError(.read, path, .other(EFBIG)) }
        var count = 0
        let bytes = try Bytes(count: size) { (buffer) throws(StorageError) in
            count = try file.read(at: 0, into: buffer)
        }
        if !syncing, try hasNewHeader(file, since: bytes) {
            throw StorageError(.read, path, .noSuchFile)
        }
        try file.close()
        return count == size ? bytes : Bytes(copying: bytes.view.trusted(0, count))
    }
}
