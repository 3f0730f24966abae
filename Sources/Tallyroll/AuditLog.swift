import TallyrollFormat
import TallyrollStore

/// An audit log: append-only, tamper-evident, queryable, in one directory.
///
/// One `AuditLog` writes a store at a time, in this process or any other; any number of `AuditLogReader`s may read it
/// meanwhile. All methods may be called from any thread or task. Nothing here blocks a thread of Swift's cooperative
/// pool, except the methods whose names say `Blocking`, which are for code that is not async.
///
/// ```swift
/// let log = try await AuditLog.open(at: "/var/lib/app/audit")
/// let receipt = try await log.append(AuditEvent(type: .authentication, user: "alice@example.com", action: "login"))
/// let failures = try await log.count(where: "type = authentication and result = failure")
/// try await log.close()
/// ```
///
/// Closing is explicit and also safe to forget: when the last reference goes, everything accepted is made durable.
public final class AuditLog: ReadableLog {
    let store: AuditStore
    /// What answers questions; shares the log's view of the store.
    public let reads: StoreReads

    private init(_ store: AuditStore) {
        self.store = store
        reads = StoreReads(time: store.time) {
            store.snapshot()
        } changes: {
            LogChanges(signal: store.appended, found: {}, failure: { store.failure })
        }
    }

    /// Opens the store at `path`, creating it if there is none, and recovers it if the last writer did not close it.
    ///
    /// - Parameters:
    ///   - path: A directory of its own for this store.
    ///   - options: Layout options count only when the store is created.
    /// - Throws: `.locked` when another writer has it open, `.storage` when the system refuses, `.damaged` when the
    ///   store's manifest cannot be read.
    /// - Complexity: linear in what the last writer left in the write-ahead log, at most some tens of megabytes,
    ///   and in the number of segments.
    public static func open(
        at path: String, options: StoreOptions = StoreOptions()
    ) async throws(AuditLogError) -> AuditLog {
        do {
            return try await DedicatedThreads.perform {
                try AuditLog.openBlocking(at: path, options: options)
            }
        } catch {
            throw AuditLog.known(error)
        }
    }

    /// `open` for code that is not async.
    public static func openBlocking(
        at path: String, options: StoreOptions = StoreOptions()
    ) throws(AuditLogError) -> AuditLog {
        AuditLog(try AuditStore.open(PosixStorage(root: path), path: path, options: options))
    }

    /// Errors of the engine arrive here as what they are.
    static func known(_ error: any Error) -> AuditLogError {
        error as? AuditLogError ?? .failed(cause: "\(error)")
    }

    /// What recovery found and did when the log was opened; empty after a clean close. The log holds a record of each
    /// finding it dealt with, of type `tallyroll.recovery`.
    public var recoveryFindings: [RecoveryFinding] { store.findings }

    // MARK: Life

    /// Makes every append so far durable, also those that asked for less.
    public func sync() async throws(AuditLogError) {
        try await finished { store.sync($0) }
    }

    /// Seals the open segment: everything appended so far lies in a finished, indexed file when this returns.
    /// Segments are sealed by themselves when they are full; sealing many small ones costs space and time.
    public func seal() async throws(AuditLogError) {
        try await finished { store.seal($0) }
    }

    /// Makes everything accepted durable and lets go of the store. Appends from now on fail with `.closed`; reading
    /// goes on to work. Gives the failure that stopped the log, if one did.
    public func close() async throws(AuditLogError) {
        let failure: AuditLogError?
        do {
            failure = try await DedicatedThreads.perform { [store] in store.close() }
        } catch {
            throw AuditLog.known(error)
        }
        if let failure { throw failure }
    }

    /// `close` for code that is not async.
    public func closeBlocking() throws(AuditLogError) {
        if let failure = store.close() { throw failure }
    }

    private func finished(
        _ start: (@escaping @Sendable (Result<Void, AuditLogError>) -> Void) -> Void
    ) async throws(AuditLogError) {
        let result = await withCheckedContinuation { continuation in
            start { continuation.resume(returning: $0) }
        }
        try result.get()
    }
}
