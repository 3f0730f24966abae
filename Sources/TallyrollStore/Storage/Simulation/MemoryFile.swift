import Synchronization
import TallyrollFormat

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// An open file of a `MemoryStorage`.
final class MemoryFile: StorageFile {
    private let storage: MemoryStorage
    private let node: Int
    private let path: String
    private let isWritable: Bool
    private let isClosed = Atomic(false)

    init(storage: MemoryStorage, node: Int, path: String, isWritable: Bool) {
        self.storage = storage
        self.node = node
        self.path = path
        self.isWritable = isWritable
    }

    func size() throws(StorageError) -> Int {
        try check(.size, writing: false)
        return try storage.look { (state) throws(StorageError) in state.disk.files[node]?.size ?? 0 }
    }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
        try check(.read, writing: false)
        guard offset >= 0 else { throw StorageError(.read, path, errno: EINVAL) }
        nonisolated(unsafe) let target = buffer
        return try storage.look { (state) throws(StorageError) in
            state.disk.files[node]?.read(at: offset, into: target) ?? 0
        }
    }

    func write(at offset: Int, _ views: [ByteView]) throws(StorageError) {
        try check(.write, writing: true)
        guard offset >= 0 else { throw StorageError(.write, path, errno: EINVAL) }
        let length = views.reduce(0) { $0 + $1.count }
        let call = StorageCall(.write, path, offset: offset, length: length)
        let isComplete = try storage.perform(call) { (state) throws(StorageError) in
            var rest = length
            let size = state.disk.files[node]?.size ?? 0
            if offset + length > size {
                let free = max(0, storage.capacity - state.disk.usedBytes)
                rest = min(length, max(0, size + free - offset))
            }
            let fits = rest == length
            var position = offset
            for view in views {
                let piece = UnsafeRawBufferPointer(rebasing: view.raw.prefix(rest))
                state.disk.files[node]?.write(at: position, piece)
                position += piece.count
                rest -= piece.count
            }
            return fits
        }
        if !isComplete { throw StorageError(.write, path, .noSpace) }
    }

    func sync() throws(StorageError) { try sync(.sync) }

    func syncAll() throws(StorageError) { try sync(.syncAll) }

    private func sync(_ operation: StorageError.Operation) throws(StorageError) {
        try check(operation, writing: false)
        try storage.perform(StorageCall(operation, path)) { (state) throws(StorageError) in
            state.disk.files[node]?.sync()
        }
    }

    /// What a failed sync leaves behind; see `SimulatedContent.abandonUnsynced`.
    func abandonUnsynced() throws(StorageError) {
        try storage.look { (state) throws(StorageError) in state.disk.files[node]?.abandonUnsynced() }
    }

    func truncate(to size: Int) throws(StorageError) {
        try resize(to: size, for: .truncate) { $0.truncate(to: size) }
    }

    func preallocate(to size: Int) throws(StorageError) {
        try resize(to: size, for: .preallocate) { content in
            if content.size < size { content.truncate(to: size) }
        }
    }

    private func resize(
        to size: Int, for operation: StorageError.Operation, _ change: (inout SimulatedContent) -> Void
    ) throws(StorageError) {
        try check(operation, writing: true)
        guard size >= 0 else { throw StorageError(operation, path, errno: EINVAL) }
        try storage.perform(StorageCall(operation, path, offset: size)) { (state) throws(StorageError) in
            guard var content = state.disk.files[node] else { return }
            let free = max(0, storage.capacity - state.disk.usedBytes)
            guard size - content.size <= free else { throw StorageError(operation, path, .noSpace) }
            state.disk.files[node] = nil
            change(&content)
            state.disk.files[node] = content
        }
    }

    func close() throws(StorageError) {
        isClosed.store(true, ordering: .releasing)
    }

    private func check(_ operation: StorageError.Operation, writing: Bool) throws(StorageError) {
        guard !isClosed.load(ordering: .acquiring), isWritable || !writing else {
            throw StorageError(operation, path, errno: EBADF)
        }
    }
}
