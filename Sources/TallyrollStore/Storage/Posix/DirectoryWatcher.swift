import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Announces that the files of a directory may have changed: because the system says so, where it can, and by the clock
/// where it cannot, the less often the longer nothing was found.
package final class DirectoryWatcher: Sendable {
    /// Announced after changes, at most once a millisecond.
    package let signal = ChangeSignal()
    private let pause: Pause
    private let stop: StopPipe

    /// Between two announcements, so that a busy writer does not keep the watching thread busy too.
    private static let restMilliseconds: Int32 = 1
    /// Changes that the system does not tell of (by another machine, through a memory map) are found this late.
    private static let watchedMilliseconds: Int32 = 1000

    /// Starts to watch the directory at `path`.
    package init(path: String) throws(StorageError) {
        let stop = try StopPipe()
        let pause = Pause()
        self.stop = stop
        self.pause = pause
        let signal = signal
        let notices = DirectoryNotices(path)
        _ = try WorkerThread("tally-watch") {
            DirectoryWatcher.watch(notices, stop, pause, signal)
        }
    }

    deinit { stop.stop() }

    /// Tells that an announcement was right: without notices from the system, the next one comes soon.
    package func noteChange() { pause.reset() }

    private static func watch(
        _ notices: DirectoryNotices?, _ stop: StopPipe, _ pause: Pause, _ signal: ChangeSignal
    ) {
        while true {
            var waiting = [pollfd(fd: stop.readEnd, events: Int16(POLLIN), revents: 0)]
            if let notices {
                waiting.append(pollfd(fd: notices.descriptor, events: Int16(POLLIN), revents: 0))
            }
            let time = notices == nil ? pause.next() : DirectoryWatcher.watchedMilliseconds
            guard poll(&waiting, nfds_t(waiting.count), time) >= 0 || errno == EINTR else {
                return signal.close()
            }
            if waiting[0].revents != 0 { return signal.close() }
            if waiting.count > 1, waiting[1].revents != 0 { notices?.drain() }
            signal.announce()
            guard notices != nil else { continue }
            if poll(&waiting, 1, DirectoryWatcher.restMilliseconds) > 0 { return signal.close() }
        }
    }

    /// How long to wait without notices: from 5 ms to a quarter of a second, doubling while nothing is found.
    private final class Pause: Sendable {
        private static let shortest: Int32 = 5
        private static let longest: Int32 = 250
        private let milliseconds = Atomic<Int32>(Pause.shortest)

        func reset() { milliseconds.store(Pause.shortest, ordering: .relaxed) }

        func next() -> Int32 {
            let time = milliseconds.load(ordering: .relaxed)
            milliseconds.store(min(time * 2, Pause.longest), ordering: .relaxed)
            return time
        }
    }

    /// A pipe whose closed writing end ends the thread that polls the other.
    private final class StopPipe: Sendable {
        let readEnd: Int32
        private let writeEnd: Int32

        init() throws(StorageError) {
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { throw StorageError(.open, "pipe", errno: errno) }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            readEnd = ends[0]
            writeEnd = ends[1]
        }

        /// The thread that polls has the last reference, and closes the other end with it.
        func stop() { _ = close(writeEnd) }

        deinit { _ = close(readEnd) }
    }
}

/// What the system tells of changes in a directory.
private final class DirectoryNotices: Sendable {
    let descriptor: Int32

    /// Nil where the system tells of none.
    init?(_ path: String) {
        #if os(Linux) || os(Android)
            let descriptor = inotify_init1(Int32(O_NONBLOCK) | Int32(O_CLOEXEC))
            guard descriptor >= 0 else { return nil }
            self.descriptor = descriptor
            let changes = UInt32(IN_MODIFY) | UInt32(IN_CREATE) | UInt32(IN_MOVED_TO) | UInt32(IN_DELETE)
            guard inotify_add_watch(descriptor, path, changes) >= 0 else { return nil }
        #else
            return nil
        #endif
    }

    deinit { _ = close(descriptor) }

    /// Forgets the notices that wait: each says no more than that there was a change.
    func drain() {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
        }
    }
}
