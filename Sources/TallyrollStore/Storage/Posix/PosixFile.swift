import Synchronization
import TallyrollFormat

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file of the operating system. Calls block; interrupted and partial ones are carried on, except a sync, which
/// is asked for once and believed.
package final class PosixFile: StorageFile {
    private static let closed: Int32 = -1
    /// The most views the system takes in one call; POSIX promises at least 16, Linux and Darwin take 1,024.
    private static let viewsPerCall = 1024

    private let descriptor: Atomic<Int32>
    private let path: String
    private let calls: PosixCalls

    package init(descriptor: Int32, path: String, calls: PosixCalls = .system) {
        self.descriptor = Atomic(descriptor)
        self.path = path
        self.calls = calls
    }

    deinit {
        let open = descriptor.load(ordering: .acquiring)
        if open != PosixFile.closed { _ = systemClose(open) }
    }

    /// The descriptor; a closed file answers every call with the system's "bad descriptor".
    private var handle: Int32 { descriptor.load(ordering: .relaxed) }

    package func size() throws(StorageError) -> Int { Int(try status().st_size) }

    func status() throws(StorageError) -> stat {
        var status = stat()
        guard fstat(handle, &status) == 0 else { throw failure(.size) }
        return status
    }

    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int
    {
        guard let start = buffer.baseAddress else { return 0 }
        var done = 0
        while done < buffer.count {
            let count = calls.read(handle, start + done, buffer.count - done, offset + done)
            if count > 0 {
                done += count
            } else if count == 0 {
                break
            } else if errno != EINTR {
                throw failure(.read)
            }
        }
        return done
    }

    package func write(at offset: Int, _ views: [ByteView]) throws(StorageError) {
        var vectors: [iovec] = []
        vectors.reserveCapacity(views.count)
        for view in views where !view.isEmpty {
            vectors.append(iovec(iov_base: UnsafeMutableRawPointer(mutating: view.base), iov_len: view.count))
        }
        var first = 0
        var position = offset
        while first < vectors.count {
            let batch = min(vectors.count - first, PosixFile.viewsPerCall)
            let count = vectors.withUnsafeBufferPointer { buffer in
                buffer.baseAddress.map { calls.write(handle, $0 + first, Int32(batch), position) } ?? 0
            }
            guard count > 0 else {
                if count < 0, errno == EINTR { continue }
                // Nothing written and no error would go on for ever: it is a device that takes no data.
                throw count < 0 ? failure(.write) : StorageError(.write, path, .io)
            }
            position += count
            first = PosixFile.advance(&vectors, from: first, by: count)
        }
    }

    /// Takes `written` bytes off the vectors from `first` on and returns the first that still holds any.
    private static func advance(_ vectors: inout [iovec], from first: Int, by written: Int) -> Int {
        var index = first
        var rest = written
        while index < vectors.count, rest >= vectors[index].iov_len {
            rest -= vectors[index].iov_len
            index += 1
        }
        if rest > 0, index < vectors.count {
            vectors[index].iov_base = vectors[index].iov_base.map { $0 + rest }
            vectors[index].iov_len -= rest
        }
        return index
    }

    package func prefetch(at offset: Int, length: Int) {
        #if canImport(Darwin)
            var range = radvisory(ra_offset: off_t(offset), ra_count: Int32(clamping: length))
            _ = fcntl(handle, F_RDADVISE, &range)
        #else
            _ = posix_fadvise(handle, off_t(offset), off_t(length), Int32(POSIX_FADV_WILLNEED))
        #endif
    }

    package func sync() throws(StorageError) {
        guard calls.synchronize(handle) == 0 else { throw failure(.sync) }
    }

    package func syncAll() throws(StorageError) {
        guard calls.synchronizeAll(handle) == 0 else { throw failure(.syncAll) }
    }

    package func truncate(to size: Int) throws(StorageError) {
        try resize(to: size, for: .truncate)
    }

    package func preallocate(to size: Int) throws(StorageError) {
        guard try self.size() < size else { return }
        while calls.allocate(handle, size) != 0 {
            switch errno {
            case EINTR: continue
            // The file system cannot reserve: the size alone still spares most syncs an inode update.
            case EOPNOTSUPP, ENOSYS, EINVAL: return try resize(to: size, for: .preallocate)
            default: throw failure(.preallocate)
            }
        }
    }

    private func resize(to size: Int, for operation: StorageError.Operation) throws(StorageError) {
        while calls.resize(handle, size) != 0 {
            guard errno == EINTR else { throw failure(operation) }
        }
    }

    package func close() throws(StorageError) {
        let open = descriptor.exchange(PosixFile.closed, ordering: .acquiringAndReleasing)
        guard open != PosixFile.closed else { return }
        // Interrupted or failed, the descriptor is gone: closing again could hit somebody else's file.
        guard systemClose(open) == 0 || errno == EINTR else { throw failure(.close) }
    }

    private func failure(_ operation: StorageError.Operation) -> StorageError {
        StorageError(operation, path, errno: errno)
    }
}

/// `close(2)` under a name that a method called `close` does not hide.
func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
