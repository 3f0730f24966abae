import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// Reads a store beside its writer, in the same process or another, without ever being in its way. Every question is
/// answered from the store as it is when the question is asked.
public final class AuditLogReader: ReadableLog {
    /// What answers the questions.
    public let reads: StoreReads

    /// Opens the store at `path` for reading. `cacheBytes` and `indexBytes` are as in `StoreOptions`.
    ///
    /// - Throws: `.noStore` when there is none.
    public init(
        path: String, cacheBytes: Int = StoreOptions().cacheBytes,
        indexBytes: Int = StoreOptions().indexBytes
    ) throws(AuditLogError) {
        let follower = try StoreFollower(
            PosixStorage(root: path), path: path, cacheBytes: cacheBytes, indexBytes: indexBytes)
        reads = StoreReads(time: SystemTimeSource()) {
            try follower.refresh()
        } changes: {
            let watcher = try follower.watcher()
            return LogChanges(signal: watcher.signal, found: { watcher.noteChange() }, failure: { nil })
        }
    }
}
