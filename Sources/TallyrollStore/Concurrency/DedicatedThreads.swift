import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Threads of our own for work that reads files or keeps a core busy: such work must never occupy the cooperative
/// pool, whose threads are few and shared with the whole application.
package enum DedicatedThreads {
    /// Runs `body` once on each of `count` threads, with the number of the thread, and returns when all are done.
    /// Thread 0 is the caller's own. Where the system gives fewer threads, those there are run more than one number
    /// each: every number is run exactly once.
    package static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        var started: [pthread_t] = []
        var leftOver: [Int] = []
        for number in 1..<max(count, 1) {
            if let thread = create({ body(number) }) {
                started.append(thread)
            } else {
                leftOver.append(number)
            }
        }
        body(0)
        for number in leftOver { body(number) }
        for thread in started { pthread_join(thread, nil) }
    }

    /// Runs `body` on a thread of its own and hands back what it gives or throws. Where the system gives no
    /// thread, it is run in place.
    package static func perform<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            let work: @Sendable () -> Void = { continuation.resume(with: Result { try body() }) }
            if let thread = create(work) { pthread_detach(thread) } else { work() }
        }
    }

    /// Runs `body` on a thread of its own, or in place where the system gives none.
    package static func start(_ body: @escaping @Sendable () -> Void) {
        if let thread = create(body) { pthread_detach(thread) } else { body() }
    }

    /// The number of processors that are online.
    package static var processorCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// What a thread is to run.
    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private static func create(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
        let work = Unmanaged.passRetained(Work(body))
        #if canImport(Darwin)
            var thread: pthread_t?
            let status = pthread_create(&thread, nil, { DedicatedThreads.enter($0) }, work.toOpaque())
        #else
            var thread = pthread_t()
            let status = pthread_create(&thread, nil, { DedicatedThreads.enter($0) }, work.toOpaque())
        #endif
        guard status == 0 else {
            work.release()
            return nil
        }
        return thread
    }

    private static func enter(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let pointer { Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().body() }
        return nil
    }
}
