import TallyrollFormat

/// An open file of a `FaultStorage`.
final class FaultFile: StorageFile {
    private let base: any StorageFile
    private let path: String
    private let owner: FaultStorage

    init(_ base: any StorageFile, path: String, owner: FaultStorage) {
        self.base = base
        self.path = path
        self.owner = owner
    }

    func size() throws(StorageError) -> Int {
        try pass(.size)
        return try base.size()
    }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
        let call = StorageCall(.read, path, offset: offset, length: buffer.count)
        guard let fault = owner.announce(call) else { return try base.read(at: offset, into: buffer) }
        guard case .partial(let length) = fault.effect else { throw StorageError(.read, path, fault.code) }
        return try base.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(length)))
    }

    func write(at offset: Int, _ views: [ByteView]) throws(StorageError) {
        let call = StorageCall(.write, path, offset: offset, length: views.reduce(0) { $0 + $1.count })
        guard let fault = owner.announce(call) else { return try base.write(at: offset, views) }
        if case .partial(var rest) = fault.effect {
            var pieces: [ByteView] = []
            for view in views {
                pieces.append(view.trusted(0, min(view.count, rest)))
                rest -= min(view.count, rest)
            }
            try base.write(at: offset, pieces)
        }
        throw StorageError(.write, path, fault.code)
    }

    func sync() throws(StorageError) {
        try passSync(.sync)
        try base.sync()
    }

    func syncAll() throws(StorageError) {
        try passSync(.syncAll)
        try base.syncAll()
    }

    func truncate(to size: Int) throws(StorageError) {
        try pass(.truncate, size)
        try base.truncate(to: size)
    }

    func preallocate(to size: Int) throws(StorageError) {
        try pass(.preallocate, size)
        try base.preallocate(to: size)
    }

    func close() throws(StorageError) {
        try pass(.close)
        try base.close()
    }

    private func pass(_ operation: StorageError.Operation, _ offset: Int = 0) throws(StorageError) {
        if let fault = owner.announce(StorageCall(operation, path, offset: offset)) {
            throw StorageError(operation, path, fault.code)
        }
    }

    private func passSync(_ operation: StorageError.Operation) throws(StorageError) {
        guard let fault = owner.announce(StorageCall(operation, path)) else { return }
        try (base as? MemoryFile)?.abandonUnsynced()
        throw StorageError(operation, path, fault.code)
    }
}
