import Synchronization
import TallyrollFormat

/// Any storage, made to fail: the Nth call of the given kinds, once or from then on. Records every call.
package final class FaultStorage: Storage {
    /// What happens instead of the call.
    package enum Effect: Sendable, Equatable {
        /// Nothing is done and the error is thrown. After a failed sync of a file in memory the unsynced data is lost
        /// although later syncs succeed, which is what Linux does.
        case fail
        /// A write writes this many bytes and then throws; a read returns at most this many and does not throw.
        case partial(Int)
    }

    /// Which call fails, and how.
    package struct Fault: Sendable {
        package var operations: Set<StorageError.Operation>
        /// Only calls on paths that contain this; all when empty.
        package var pathPart: String
        /// The first call that fails, counted from 1 among the calls that match, from when the fault was added.
        package var nth: Int
        package var code: StorageError.Code
        /// Whether every matching call after it fails too.
        package var isSticky: Bool
        package var effect: Effect

        package init(
            _ operations: Set<StorageError.Operation>, nth: Int = 1, _ code: StorageError.Code,
            isSticky: Bool = false, effect: Effect = .fail, pathPart: String = ""
        ) {
            self.operations = operations
            self.pathPart = pathPart
            self.nth = nth
            self.code = code
            self.isSticky = isSticky
            self.effect = effect
        }
    }

    private struct State: Sendable {
        var faults: [(fault: Fault, seen: Int)] = []
        var calls: [StorageCall] = []
        var failureCount = 0
    }

    private let base: any Storage
    private let state = Mutex(State())

    package init(_ base: any Storage) { self.base = base }

    /// Every call so far, in order, those that failed too.
    package var calls: [StorageCall] { state.withLock { $0.calls } }

    /// How many calls were made to fail: zero means that a test did not reach its fault.
    package var failureCount: Int { state.withLock { $0.failureCount } }

    package func add(_ fault: Fault) {
        state.withLock { $0.faults.append((fault, 0)) }
    }

    /// The device works again.
    package func removeFaults() {
        state.withLock { $0.faults.removeAll() }
    }

    package func removeCalls() {
        state.withLock { $0.calls.removeAll() }
    }

    /// Records a call and says how it has to fail, if it has to.
    func announce(_ call: StorageCall) -> Fault? {
        state.withLock { state in
            state.calls.append(call)
            var result: Fault?
            for index in state.faults.indices {
                let fault = state.faults[index].fault
                guard fault.operations.contains(call.operation), call.path.contains(part: fault.pathPart)
                else {
                    continue
                }
                state.faults[index].seen += 1
                let seen = state.faults[index].seen
                if result == nil, seen == fault.nth || (fault.isSticky && seen > fault.nth) { result = fault }
            }
            if result != nil { state.failureCount += 1 }
            return result
        }
    }

    private func pass(_ operation: StorageError.Operation, _ path: String) throws(StorageError) {
        if let fault = announce(StorageCall(operation, path)) {
            throw StorageError(operation, path, fault.code)
        }
    }

    package func createDirectory(_ path: String) throws(StorageError) {
        try pass(.createDirectory, path)
        try base.createDirectory(path)
    }

    package func list(_ directory: String) throws(StorageError) -> [String] {
        try pass(.list, directory)
        return try base.list(directory)
    }

    package func exists(_ path: String) throws(StorageError) -> Bool {
        try pass(.exists, path)
        return try base.exists(path)
    }

    package func open(_ path: String, mode: OpenMode) throws(StorageError) -> any StorageFile {
        try pass(.open, path)
        return FaultFile(try base.open(path, mode: mode), path: path, owner: self)
    }

    package func remove(_ path: String) throws(StorageError) {
        try pass(.remove, path)
        try base.remove(path)
    }

    package func rename(_ source: String, to destination: String) throws(StorageError) {
        try pass(.rename, source)
        try base.rename(source, to: destination)
    }

    package func syncDirectory(_ path: String) throws(StorageError) {
        try pass(.syncDirectory, path)
        try base.syncDirectory(path)
    }

    package func lockExclusively(_ path: String) throws(StorageError) -> any StorageLock {
        try pass(.lock, path)
        return try base.lockExclusively(path)
    }

    package func freeBytes() throws(StorageError) -> Int {
        try pass(.freeBytes, "")
        return try base.freeBytes()
    }
}

extension String {
    fileprivate func contains(part: String) -> Bool {
        part.isEmpty || indices.contains { self[$0...].hasPrefix(part) }
    }
}
