import Testing
import TallyrollFormat
import TallyrollStore

@Suite struct StorageFaultTests {
    @Test func failsTheNthCallOnceOrForEver() throws {
        let storage = FaultStorage(MemoryStorage())
        let file = try storage.put("file", [1])
        storage.add(.init([.sync], nth: 2, .io))
        try file.sync()
        #expect(throws: StorageError(.sync, "file", .io)) { try file.sync() }
        try file.sync()
        storage.add(.init([.write, .truncate], nth: 1, .noSpace, isSticky: true))
        for _ in 0..<3 {
            #expect(throws: StorageError(.truncate, "file", .noSpace)) { try file.truncate(to: 0) }
        }
        #expect(storage.failureCount == 4)
        storage.removeFaults()
        try file.truncate(to: 0)
        #expect(
            storage.calls.map(\.operation) == [
                .open, .write, .sync, .sync, .sync, .truncate, .truncate, .truncate, .truncate,
            ])
    }

    @Test func everyKindOfCallCanFail() throws {
        for operation in StorageError.Operation.allCases {
            let storage = FaultStorage(MemoryStorage())
            let file = try storage.put("file", [1])
            storage.add(.init([operation], .io))
            var byte: UInt8 = 0
            let calls: [StorageError.Operation: () throws -> Void] = [
                .createDirectory: { try storage.createDirectory("d") }, .list: { _ = try storage.list("") },
                .exists: { _ = try storage.exists("file") },
                .open: { _ = try storage.open("file", mode: .read) },
                .remove: { try storage.remove("file") },
                .rename: { try storage.rename("file", to: "g") },
                .syncDirectory: { try storage.syncDirectory("") },
                .lock: { _ = try storage.lockExclusively("l") }, .freeBytes: { _ = try storage.freeBytes() },
                .size: { _ = try file.size() },
                .read: { _ = try withUnsafeMutableBytes(of: &byte) { try file.read(at: 0, into: $0) } },
                .write: { try [2].withView { try file.write(at: 0, $0) } }, .sync: { try file.sync() },
                .syncAll: { try file.syncAll() }, .truncate: { try file.truncate(to: 0) },
                .preallocate: { try file.preallocate(to: 9) }, .close: { try file.close() },
            ]
            let call = try #require(calls[operation])
            let error = #expect(throws: StorageError.self) { try call() }
            #expect(error?.operation == operation && error?.code == .io)
            #expect(try storage.get("file") == [1], "\(operation) failed and did something")
        }
    }

    @Test func partialEffects() throws {
        let storage = FaultStorage(MemoryStorage())
        let file = try storage.put("file", [1, 1, 1, 1])
        storage.add(.init([.write], .noSpace, effect: .partial(3)))
        #expect(throws: StorageError(.write, "file", .noSpace)) {
            try [2, 2, 2, 2].withView { try file.write(at: 0, [$0.trusted(0, 2), $0.trusted(2, 2)]) }
        }
        #expect(try storage.get("file") == [2, 2, 2, 1])
        storage.add(.init([.read], .io, effect: .partial(1)))
        #expect(try file.read(at: 0, length: 4) == [2])
    }

    @Test func pathsSelect() throws {
        let storage = FaultStorage(MemoryStorage())
        storage.add(.init([.open], .tooManyFiles, isSticky: true, pathPart: "wal-"))
        try storage.put("segment", [1])
        #expect(throws: StorageError(.open, "a-wal-1", .tooManyFiles)) { try storage.put("a-wal-1", [1]) }
    }

    /// Linux marks the pages clean: the next sync says yes, and the data is not there after a power loss.
    @Test func aSyncAfterAFailedOneLies() throws {
        let disk = MemoryStorage()
        let storage = FaultStorage(disk)
        let file = try storage.put("file", [1], sync: true)
        try storage.syncDirectory("")
        try [2].withView { try file.write(at: 0, $0) }
        storage.add(.init([.sync], .io))
        #expect(throws: StorageError.self) { try file.sync() }
        try file.sync()
        #expect(try disk.get("file") == [2])
        #expect(Set(try (0..<50).map { try disk.crash(seed: $0).get("file") }) == [[1], [2]])
        try [3].withView { try file.write(at: 0, $0) }
        try file.sync()
        #expect(Set(try (0..<50).map { try disk.crash(seed: $0).get("file") }) == [[3]])
    }
}
