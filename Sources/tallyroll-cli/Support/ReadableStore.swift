import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// A store that is read beside whoever writes it, and what was found unreadable on the way.
///
/// Every problem is told once, as a warning; a command that met any ends with `finish()`, which makes that the exit
/// code.
final class ReadableStore {
    let place: StorePlace
    let follower: StoreFollower
    private var told: Set<String> = []

    init(_ option: StoreOption) throws(CommandFailure) {
        place = StorePlace(path: try option.path())
        do throws(AuditLogError) {
            follower = try StoreFollower(place.storage, path: place.path)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Everything acknowledged by now.
    func snapshot() throws(CommandFailure) -> StoreSnapshot {
        do throws(AuditLogError) {
            let snapshot = try follower.refresh()
            for problem in follower.problems { warn("\(problem.file): \(problem.message)") }
            return snapshot
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Tells when there may be more.
    func watcher() throws(CommandFailure) -> DirectoryWatcher {
        do throws(AuditLogError) {
            return try follower.watcher()
        } catch {
            throw CommandFailure(error)
        }
    }

    /// A query engine on everything acknowledged by now.
    func engine() throws(CommandFailure) -> QueryEngine { ReadableStore.engine(try snapshot()) }

    static func engine(_ snapshot: StoreSnapshot) -> QueryEngine {
        QueryEngine(snapshot, now: SystemTimeSource().nowNanoseconds())
    }

    func warn(_ problems: [QueryProblem]) {
        // What made a file unreadable was told when the snapshot was taken.
        for problem in problems where !told.contains(problem.what) { warn("\(problem)") }
    }

    func warn(_ problem: String) {
        if told.insert(problem).inserted { Terminal.warn(problem) }
    }

    var hasProblems: Bool { !told.isEmpty }

    /// Throws the exit code of bad news when anything was unreadable.
    func finish() throws(CommandFailure) {
        if hasProblems { throw .badNews }
    }
}
