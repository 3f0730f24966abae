import TallyrollStore

/// Tells cheaply whether the files of a store may have changed, so that following a quiet store costs next to
/// nothing.
struct StoreWatch {
    private struct Stamp: Equatable {
        var name: String
        var size: Int
        var seconds: Int
        var nanoseconds: Int
    }

    private let place: StorePlace
    private var known: [Stamp] = []
    /// File systems stamp by a clock that ticks in milliseconds: a stamp this young may hide a later change.
    private static let youngNanoseconds: Int64 = 100_000_000

    /// Knows nothing yet: the first question is answered with yes.
    init(_ place: StorePlace) { self.place = place }

    /// Whether anything may have changed since the last time this said yes.
    mutating func mayHaveChanged() throws -> Bool {
        var stamps: [Stamp] = []
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var isYoung = false
        for name in try place.storage.list("") {
            var status = stat()
            // A file that went away meanwhile is a change.
            guard stat("\(place.path)/\(name)", &status) == 0 else { continue }
            #if canImport(Darwin)
                let time = status.st_mtimespec
            #else
                let time = status.st_mtim
            #endif
            let age = Int64(now.tv_sec - time.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec - time.tv_nsec)
            if age < StoreWatch.youngNanoseconds { isYoung = true }
            stamps.append(
                Stamp(name: name, size: Int(status.st_size), seconds: time.tv_sec, nanoseconds: time.tv_nsec))
        }
        guard stamps != known else { return false }
        known = isYoung ? [] : stamps
        return true
    }
}
