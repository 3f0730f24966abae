/// Log files that are no longer needed, kept for a new life: a log that is written over space which is there already
/// costs the system far less than one that grows.
///
/// A spare has a name of its own, which no reader takes for a log's. Those that a crash leaves behind are removed at
/// the next opening.
struct LogSpares {
    private let storage: any Storage
    private var paths: [String] = []

    /// One file is being written, one waits for its blocks, one is ready: more spares would never be used.
    private static let countMax = 2
    /// A file that one very large append made longer than this is not worth its space.
    static let bytesMax = 64 << 20

    init(_ storage: any Storage) { self.storage = storage }

    /// Takes a log file whose events are all in synced blocks; removes it when there are spares enough.
    mutating func add(_ path: String, bytes: Int) throws(StorageError) {
        guard paths.count < LogSpares.countMax, bytes <= LogSpares.bytesMax,
            let number = LogFileName.number(in: path)
        else { return try storage.remove(path) }
        let spare = LogFileName.ofSpare(number)
        try storage.rename(path, to: spare)
        paths.append(spare)
    }

    /// The name of a file to use again, if there is one.
    mutating func take() -> String? { paths.popLast() }

    /// Removes them all.
    mutating func removeAll() throws(StorageError) {
        while let path = paths.popLast() { try storage.remove(path) }
    }

    /// Removes what another process left.
    static func removeLeft(in storage: any Storage) throws(StorageError) {
        for name in try storage.list("") where LogFileName.isSpare(name) { try storage.remove(name) }
    }
}
