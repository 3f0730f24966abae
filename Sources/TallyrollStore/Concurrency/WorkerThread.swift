#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A thread of the engine's own. Blocking calls run on these, never on Swift's cooperative pool.
///
/// `@unchecked Sendable`: `handle` is written once, before the initialiser returns.
package final class WorkerThread: @unchecked Sendable {
    private final class Start {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Written once before the initialiser returns.
    private var handle: pthread_t?
    private let joined = Monitor(false)

    /// Starts a thread that runs `body`. Fails only when the system has no thread to give.
    package init(_ name: String, _ body: @escaping @Sendable () -> Void) throws(StorageError) {
        let start = Unmanaged.passRetained(Start(body))
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        // A new thread inherits the mask: signals are the application's, and its handlers never run here.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        // Those that a fault in the thread itself raises must reach whoever reports crashes.
        for fault in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] { sigdelset(&all, fault) }
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let status = pthread_create(&thread, nil, workerMain, start.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard status == 0 else {
            start.release()
            throw StorageError(.open, "thread \(name)", .other(status))
        }
        handle = thread
    }

    deinit {
        joined.withLock { joined in if !joined, let handle { _ = pthread_detach(handle) } }
    }

    /// Whether the caller runs on this thread, which must never wait for its own end.
    package var isCurrent: Bool { handle.map { pthread_equal(pthread_self(), $0) != 0 } ?? false }

    /// Waits until the thread has ended. May be called more than once, by others than the thread itself.
    package func join() {
        joined.withLock { joined in
            guard !joined, let handle else { return }
            pthread_join(handle, nil)
            joined = true
        }
    }

    fileprivate static func run(_ context: UnsafeMutableRawPointer) {
        Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body()
    }
}

#if canImport(Darwin)
    private func workerMain(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        WorkerThread.run(context)
        return nil
    }
#else
    private func workerMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let context { WorkerThread.run(context) }
        return nil
    }
#endif
