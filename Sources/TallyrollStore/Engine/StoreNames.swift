import TallyrollFormat

/// The names in a store's directory, listed again only when they may have changed.
struct StoreNames {
    /// By number.
    private(set) var segments: [UInt64] = []
    private(set) var logs: [(number: UInt64, path: String)] = []
    /// That of the directory before it was listed; nil when a change soon after could bear the same.
    private var stamp: DirectoryStamp?

    /// Nanoseconds after which a change certainly gets another stamp: clocks of file systems are coarse.
    private static let settled = 2_000_000_000

    /// True when nothing was added, taken away or renamed since the last look.
    mutating func look(in storage: any Storage) throws -> Bool {
        let found = try storage.stamp("")
        if let found, found == stamp { return true }
        stamp = nil
        segments = []
        logs = []
        for name in try storage.list("") {
            if let number = SegmentName.number(in: name) { segments.append(number) }
            if let number = LogFileName.number(in: name) { logs.append((number, name)) }
        }
        segments.sort()
        logs.sort { $0.number < $1.number }
        if let found, SystemTimeSource().nowNanoseconds() - found.changedAt > StoreNames.settled {
            stamp = found
        }
        return false
    }
}
