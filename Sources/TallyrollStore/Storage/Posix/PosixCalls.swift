#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The system calls whose partial results and interruptions `PosixFile` has to handle, as values, so that a test
/// can make the system behave badly. Each returns what the system call does and leaves its error in `errno`.
package struct PosixCalls: Sendable {
    package var read: @Sendable (Int32, UnsafeMutableRawPointer, Int, Int) -> Int
    package var write: @Sendable (Int32, UnsafePointer<iovec>, Int32, Int) -> Int
    package var synchronize: @Sendable (Int32) -> Int32
    package var synchronizeAll: @Sendable (Int32) -> Int32
    package var allocate: @Sendable (Int32, Int) -> Int32
    package var resize: @Sendable (Int32, Int) -> Int32

    /// The calls of the system this was built for.
    package static let system = PosixCalls(
        read: { pread($0, $1, $2, off_t($3)) },
        write: { pwritev($0, $1, $2, off_t($3)) },
        synchronize: { flushData($0) },
        synchronizeAll: { flushAll($0) },
        allocate: { reserve($0, $1) },
        resize: { ftruncate($0, off_t($1)) })

    #if canImport(Darwin)
        /// `fsync` on Darwin leaves the data in the drive's cache; only this asks the drive itself.
        private static func flushData(_ descriptor: Int32) -> Int32 { fcntl(descriptor, F_FULLFSYNC) }
        private static func flushAll(_ descriptor: Int32) -> Int32 { fcntl(descriptor, F_FULLFSYNC) }

        private static func reserve(_ descriptor: Int32, _ size: Int) -> Int32 {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { return -1 }
            var request = fstore_t(
                fst_flags: UInt32(F_ALLOCATEALL), fst_posmode: F_PEOFPOSMODE, fst_offset: 0,
                fst_length: off_t(size) - status.st_size, fst_bytesalloc: 0)
            guard fcntl(descriptor, F_PREALLOCATE, &request) == 0 else { return -1 }
            return ftruncate(descriptor, off_t(size))
        }
    #else
        private static func flushData(_ descriptor: Int32) -> Int32 { fdatasync(descriptor) }
        private static func flushAll(_ descriptor: Int32) -> Int32 { fsync(descriptor) }

        /// `fallocate` with mode 0, under the name that needs no GNU extensions. It answers with the error itself.
        private static func reserve(_ descriptor: Int32, _ size: Int) -> Int32 {
            let reason = posix_fallocate(descriptor, 0, off_t(size))
            if reason != 0 { errno = reason }
            return reason == 0 ? 0 : -1
        }
    #endif
}
