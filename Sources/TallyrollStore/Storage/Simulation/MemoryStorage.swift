import Synchronization
import TallyrollFormat

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A disk in memory that knows what a crash would leave of it.
///
/// Every file has a volatile and a durable state in sectors of 512 bytes, and a volatile and a durable size; `sync`
/// moves the one to the other. A name made, changed or removed is durable only after `syncDirectory`. `crash` and
/// `kill` hand out independent clones, and this storage goes on as if nothing had happened, so that a test can look
/// at every point of one run.
package final class MemoryStorage: Storage {
    /// Called after an operation that changed the disk or synced something, outside every lock.
    package typealias Observer = @Sendable (MemoryStorage, StorageCall) -> Void

    struct State: Sendable {
        var disk: SimulatedDisk
        var locked: Set<Int> = []
        var operationCount = 0
        var observer: Observer?
    }

    private let state: Mutex<State>
    /// Bytes that all files together may have; a write beyond it stops where the space ends and throws `.noSpace`.
    package let capacity: Int

    package convenience init(capacity: Int = 1 << 50) {
        self.init(disk: SimulatedDisk(), capacity: capacity)
    }

    private init(disk: SimulatedDisk, capacity: Int) {
        state = Mutex(State(disk: disk))
        self.capacity = capacity
    }

    // MARK: Simulation

    /// Operations so far that changed the disk or synced something.
    package var operationCount: Int { state.withLock { $0.operationCount } }

    package func observe(_ observer: Observer?) {
        state.withLock { $0.observer = observer }
    }

    /// What a power loss at this instant could leave: of all that is not synced (sectors, sizes, names) any subset, each
    /// part kept with the chance `keep`. At 0 nothing unsynced survives, at 1 everything does. The same seed gives the
    /// same clone.
    package func crash(seed: UInt64, keep: Double = 0.5) -> MemoryStorage {
        var random = SplitMix64(seed: seed)
        let disk = state.withLock { $0.disk }
        return MemoryStorage(disk: disk.crashed(keep: keep, using: &random), capacity: capacity)
    }

    /// What the death of the process leaves: everything written is there, what was not synced still is not, and nobody
    /// holds a lock.
    package func kill() -> MemoryStorage {
        var disk = state.withLock { $0.disk }
        disk.sweep()
        return MemoryStorage(disk: disk, capacity: capacity)
    }

    /// Performs one operation under the lock, then counts and announces it.
    @discardableResult
    func perform<R: Sendable>(
        _ call: StorageCall, _ body: (inout State) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        let (result, observer) = try state.withLock { (state) throws(StorageError) -> (R, Observer?) in
            let result = try body(&state)
            state.operationCount += 1
            return (result, state.observer)
        }
        observer?(self, call)
        return result
    }

    /// Looks without counting.
    func look<R: Sendable>(_ body: (inout State) throws(StorageError) -> R) throws(StorageError) -> R {
        try state.withLock { (state) throws(StorageError) -> R in try body(&state) }
    }

    func release(_ node: Int) {
        state.withLock { _ = $0.locked.remove(node) }
    }

    // MARK: Storage

    package func createDirectory(_ path: String) throws(StorageError) {
        try perform(StorageCall(.createDirectory, path)) { (state) throws(StorageError) in
            if let node = state.disk.node(path) {
                guard state.disk.directories[node] != nil else {
                    throw StorageError(.createDirectory, path, .exists)
                }
                return
            }
            _ = try state.disk.make(.directory, at: path, for: .createDirectory)
        }
    }

    package func list(_ directory: String) throws(StorageError) -> [String] {
        try look { (state) throws(StorageError) in
            guard let node = state.disk.node(directory) else {
                throw StorageError(.list, directory, .noSuchFile)
            }
            guard let names = state.disk.directories[node]?.entries.keys else {
                throw StorageError(.list, directory, errno: ENOTDIR)
            }
            return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
    }

    package func exists(_ path: String) throws(StorageError) -> Bool {
        try look { (state) throws(StorageError) in state.disk.node(path) != nil }
    }

    package func open(_ path: String, mode: OpenMode) throws(StorageError) -> any StorageFile {
        if let node = try look({ (state) throws(StorageError) in state.disk.node(path) }) {
            if mode == .create(exclusive: true) { throw StorageError(.open, path, .exists) }
            guard try look({ (state) throws(StorageError) in state.disk.files[node] != nil }) else {
                throw StorageError(.open, path, errno: EISDIR)
            }
            return MemoryFile(storage: self, node: node, path: path, isWritable: mode != .read)
        }
        guard case .create = mode else { throw StorageError(.open, path, .noSuchFile) }
        let node = try perform(StorageCall(.open, path)) { (state) throws(StorageError) in
            try state.disk.findOrMakeFile(path, for: .open)
        }
        return MemoryFile(storage: self, node: node, path: path, isWritable: true)
    }

    package func remove(_ path: String) throws(StorageError) {
        try perform(StorageCall(.remove, path)) { (state) throws(StorageError) in
            let (parent, name, _) = try state.disk.file(path, for: .remove)
            state.disk.directories[parent]?.apply([(name, nil)])
        }
    }

    /// Atomic inside one directory. Between two, either name's change may be lost alone: sync the destination first.
    package func rename(_ source: String, to destination: String) throws(StorageError) {
        try perform(StorageCall(.rename, source)) { (state) throws(StorageError) in
            let (from, oldName, node) = try state.disk.file(source, for: .rename)
            guard let (to, newName) = state.disk.parent(destination) else {
                throw StorageError(.rename, source, .noSuchFile)
            }
            if let replaced = state.disk.node(destination), state.disk.directories[replaced] != nil {
                throw StorageError(.rename, source, errno: EISDIR)
            }
            if from != to {
                state.disk.directories[to]?.apply([(newName, node)])
                state.disk.directories[from]?.apply([(oldName, nil)])
            } else if oldName != newName {
                state.disk.directories[from]?.apply([(oldName, nil), (newName, node)])
            }
        }
    }

    package func syncDirectory(_ path: String) throws(StorageError) {
        try perform(StorageCall(.syncDirectory, path)) { (state) throws(StorageError) in
            guard let node = state.disk.node(path) else {
                throw StorageError(.syncDirectory, path, .noSuchFile)
            }
            guard state.disk.directories[node] != nil else {
                throw StorageError(.syncDirectory, path, errno: ENOTDIR)
            }
            state.disk.directories[node]?.sync()
        }
    }

    package func lockExclusively(_ path: String) throws(StorageError) -> any StorageLock {
        let node = try perform(StorageCall(.lock, path)) { (state) throws(StorageError) in
            let node = try state.disk.findOrMakeFile(path, for: .lock)
            guard state.locked.insert(node).inserted else { throw StorageError(.lock, path, .locked) }
            return node
        }
        return MemoryLock(storage: self, node: node)
    }

    package func freeBytes() throws(StorageError) -> Int {
        try look { (state) throws(StorageError) in max(0, capacity - state.disk.usedBytes) }
    }
}

/// A lock of a `MemoryStorage`.
final class MemoryLock: StorageLock {
    private let storage: MemoryStorage
    private let node: Int
    private let isHeld = Atomic(true)

    init(storage: MemoryStorage, node: Int) {
        self.storage = storage
        self.node = node
    }

    deinit { unlock() }

    func unlock() {
        if isHeld.exchange(false, ordering: .acquiringAndReleasing) { storage.release(node) }
    }
}

extension SimulatedDisk {
    fileprivate mutating func make(
        _ kind: Node, at path: String, for operation: StorageError.Operation
    ) throws(StorageError) -> Int {
        guard let (parent, name) = parent(path) else { throw StorageError(operation, path, .noSuchFile) }
        let node = makeNode(kind)
        directories[parent]?.apply([(name, node)])
        return node
    }

    fileprivate mutating func findOrMakeFile(
        _ path: String, for operation: StorageError.Operation
    ) throws(StorageError) -> Int {
        if let node = node(path) { return node }
        return try make(.file, at: path, for: operation)
    }

    fileprivate func file(
        _ path: String, for operation: StorageError.Operation
    ) throws(StorageError) -> (parent: Int, name: String, node: Int) {
        guard let (parent, name) = parent(path), let node = directories[parent]?.entries[name] else {
            throw StorageError(operation, path, .noSuchFile)
        }
        guard files[node] != nil else { throw StorageError(operation, path, errno: EISDIR) }
        return (parent, name, node)
    }
}
