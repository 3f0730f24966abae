import Synchronization
import Testing
import TallyrollFormat
import TallyrollStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The real system, and a system that behaves as badly as it may.
@Suite struct StoragePosixTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Calls that do at most `limit` bytes at a time and are interrupted every second time.
    private func clumsy(_ limit: Int) -> PosixCalls {
        let turn = Mutex(0)
        let interrupted: @Sendable () -> Bool = {
            turn.withLock { count in
                count += 1
                if count % 2 == 1 { errno = EINTR }
                return count % 2 == 1
            }
        }
        var calls = PosixCalls.system
        calls.read = { interrupted() ? -1 : pread($0, $1, min($2, limit), off_t($3)) }
        calls.write = { descriptor, vectors, count, offset in
            if interrupted() { return -1 }
            var bytes: [UInt8] = []
            for index in 0..<Int(count) {
                bytes += UnsafeRawBufferPointer(start: vectors[index].iov_base, count: vectors[index].iov_len)
            }
            return pwrite(descriptor, Array(bytes.prefix(limit)), min(limit, bytes.count), off_t(offset))
        }
        calls.resize = { interrupted() ? -1 : ftruncate($0, off_t($1)) }
        calls.allocate = { _, _ in
            errno = interrupted() ? EINTR : EOPNOTSUPP
            return -1
        }
        return calls
    }

    @Test(arguments: [1, 2, 3, 5, 7, 64]) func carriesOnAfterPartialAndInterruptedCalls(limit: Int) throws {
        let storage = PosixStorage(root: directory.path, calls: clumsy(limit))
        let file = try storage.open("file", mode: .create(exclusive: true))
        let bytes = (0..<100).map { UInt8($0) }
        try bytes.withView { view in
            try file.write(at: 3, [view.trusted(0, 1), .empty, view.trusted(1, 6), view.trusted(7, 93)])
        }
        #expect(try file.read(at: 0, length: 200) == [0, 0, 0] + bytes)
        try file.truncate(to: 10)
        #expect(try file.size() == 10)
        try file.preallocate(to: 5000)
        #expect(try file.size() == 5000)
    }

    @Test func aFailedSyncIsReportedAndNeverRepeated() throws {
        let count = Mutex(0)
        let counter: @Sendable () -> Void = { count.withLock { $0 += 1 } }
        for reason in [EINTR, EIO, ENOSPC] {
            var calls = PosixCalls.system
            calls.synchronize = { _ in
                counter()
                errno = reason
                return -1
            }
            calls.synchronizeAll = calls.synchronize
            let storage = PosixStorage(root: directory.path, calls: calls)
            let file = try storage.open("file", mode: .create(exclusive: false))
            #expect(throws: StorageError(.sync, directory.path + "/file", errno: reason)) { try file.sync() }
            #expect(throws: StorageError(.syncAll, directory.path + "/file", errno: reason)) {
                try file.syncAll()
            }
            #expect(throws: StorageError(.syncDirectory, directory.path, errno: reason)) {
                try storage.syncDirectory("")
            }
        }
        #expect(count.withLock { $0 } == 9)
    }

    @Test func aFullDiskAndADeviceThatTakesNothingSurface() throws {
        var calls = PosixCalls.system
        calls.allocate = { _, _ in
            errno = ENOSPC
            return -1
        }
        calls.write = { _, _, _, _ in 0 }
        let file = try PosixStorage(root: directory.path, calls: calls).open(
            "f", mode: .create(exclusive: true))
        #expect(throws: StorageError(.preallocate, directory.path + "/f", .noSpace)) {
            try file.preallocate(to: 99)
        }
        #expect(throws: StorageError(.write, directory.path + "/f", .io)) {
            try [1].withView { try file.write(at: 0, $0) }
        }
    }

    @Test func makesItsRootAndGoesByWholePaths() throws {
        let storage = PosixStorage(root: directory.path + "/store")
        #expect(try storage.exists("") == false)
        try storage.createDirectory("")
        try storage.createDirectory("")
        #expect(try storage.exists(""))
        #expect(throws: StorageError(.open, directory.path + "/store/none", .noSuchFile)) {
            try storage.open("none", mode: .read)
        }
    }

    @Test func preallocationReservesBlocks() throws {
        let storage = PosixStorage(root: directory.path)
        let file = try storage.open("file", mode: .create(exclusive: true))
        try file.preallocate(to: 1 << 20)
        var status = stat()
        #expect(stat(directory.path + "/file", &status) == 0)
        #expect(status.st_size == 1 << 20)
        #expect(status.st_blocks * 512 >= 1 << 20)
    }

    @Test func descriptorsAreGivenBack() throws {
        let storage = PosixStorage(root: directory.path)
        try storage.put("file", [1])
        for _ in 0..<5000 {
            _ = try storage.open("file", mode: .read)
            _ = try storage.lockExclusively("lock")
            _ = try storage.list("")
            try storage.syncDirectory("")
        }
    }
}
