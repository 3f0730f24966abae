import Testing
import TallyrollFormat
import TallyrollStore

/// What every storage has to do alike.
@Suite struct StorageContractTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func code(_ body: () throws -> Void) -> StorageError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? StorageError)?.code
        }
    }

    @Test(arguments: StorageKind.allCases) func namesComeAndGo(kind: StorageKind) throws {
        let storage = try kind.make(directory)
        try storage.createDirectory("")
        try storage.createDirectory("logs")
        try storage.createDirectory("logs")
        #expect(try storage.list("").isEmpty == false)
        try storage.put("logs/b", [1])
        try storage.put("logs/a", [2])
        try storage.put("logs/é", [3])
        #expect(try storage.list("logs") == ["a", "b", "é"])
        try storage.rename("logs/a", to: "logs/b")
        #expect(try storage.list("logs") == ["b", "é"])
        #expect(try storage.get("logs/b") == [2])
        try storage.remove("logs/b")
        #expect(try storage.exists("logs/b") == false)
        #expect(try storage.exists("logs"))
        try storage.syncDirectory("logs")
        #expect(try storage.freeBytes() > 0)

        #expect(code { try storage.remove("logs/b") } == .noSuchFile)
        #expect(code { try storage.rename("none", to: "other") } == .noSuchFile)
        #expect(code { _ = try storage.open("none", mode: .read) } == .noSuchFile)
        #expect(code { _ = try storage.open("none/none", mode: .create(exclusive: false)) } == .noSuchFile)
        #expect(code { _ = try storage.open("logs/é", mode: .create(exclusive: true)) } == .exists)
        #expect(code { try storage.createDirectory("none/none") } == .noSuchFile)
        #expect(code { try storage.createDirectory("logs/é") } == .exists)
        #expect(code { _ = try storage.list("none") } == .noSuchFile)
        #expect(code { try storage.syncDirectory("none") } == .noSuchFile)
    }

    @Test(arguments: StorageKind.allCases) func bytesComeBack(kind: StorageKind) throws {
        let storage = try kind.make(directory)
        let file = try storage.open("file", mode: .create(exclusive: true))
        let pieces: [[UInt8]] = (0..<2500).map {
            [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: $0 % 7)
        }
        let joined = Bytes(pieces.flatMap { $0 })
        var views: [ByteView] = []
        var position = 0
        for piece in pieces {
            views.append(joined.view.trusted(position, piece.count))
            position += piece.count
        }
        try file.write(at: 1000, views)
        #expect(try file.size() == 1000 + joined.count)
        #expect(try file.read(at: 0, length: 1000) == [UInt8](repeating: 0, count: 1000))
        #expect(try file.read(at: 1000, length: joined.count + 50) == joined.view.array)
        #expect(try file.read(at: 999_999, length: 5).isEmpty)

        try file.truncate(to: 1003)
        try file.truncate(to: 1010)
        #expect(
            try file.read(at: 1000, length: 100) == Array(joined.view.array[..<3]) + [0, 0, 0, 0, 0, 0, 0])
        try file.preallocate(to: 9000)
        try file.preallocate(to: 10)
        #expect(try file.size() == 9000)
        #expect(try file.read(at: 1010, length: 9000) == [UInt8](repeating: 0, count: 7990))
        try file.sync()
        try file.syncAll()

        let reader = try storage.open("file", mode: .read)
        #expect(code { try [1].withView { try reader.write(at: 0, $0) } } == .other(9))
        try file.close()
        try file.close()
        #expect(code { _ = try file.size() } == .other(9))
        #expect(code { try file.sync() } == .other(9))
        withExtendedLifetime(joined) {}
    }

    @Test(arguments: StorageKind.allCases) func aRemovedFileStaysForWhoHasIt(kind: StorageKind) throws {
        let storage = try kind.make(directory)
        let file = try storage.put("file", [1, 2, 3])
        try storage.remove("file")
        #expect(try file.read(at: 0, length: 3) == [1, 2, 3])
        try storage.put("file", [9])
        #expect(try file.read(at: 0, length: 3) == [1, 2, 3])
    }

    @Test(arguments: StorageKind.allCases) func aLockIsHeldOnce(kind: StorageKind) throws {
        let storage = try kind.make(directory)
        var lock: (any StorageLock)? = try storage.lockExclusively("lock")
        #expect(code { _ = try storage.lockExclusively("lock") } == .locked)
        lock?.unlock()
        lock = try storage.lockExclusively("lock")
        #expect(code { _ = try storage.lockExclusively("lock") } == .locked)
        withExtendedLifetime(lock) {}
        lock = nil
        _ = try storage.lockExclusively("lock")
        _ = try storage.lockExclusively("other")
    }

    @Test func errorsSayWhatWhereAndWhatToDo() {
        let error = StorageError(.write, "/data/wal-0000000001.log", errno: 28)
        #expect(error.code == .noSpace)
        #expect(error.description.contains("write /data/wal-0000000001.log"))
        #expect(error.description.contains("free space"))
        #expect(StorageError(.open, "x", errno: 24).code == .tooManyFiles)
        #expect(StorageError(.open, "x", errno: 5).code == .io)
        #expect(StorageError(.open, "x", errno: 13).code == .permission)
        #expect(StorageError(.open, "x", errno: 77).code == .other(77))
    }

    @Test func seededSourcesRepeatThemselves() {
        #expect(SeededEntropySource(seed: 1).bytes(37) == SeededEntropySource(seed: 1).bytes(37))
        #expect(SeededEntropySource(seed: 1).bytes(16) != SeededEntropySource(seed: 2).bytes(16))
        #expect(SystemEntropySource().bytes(16) != SystemEntropySource().bytes(16))
        let time = SimulatedTimeSource(start: 5, step: 2)
        #expect(time.nowNanoseconds() == 5 && time.nowNanoseconds() == 7)
        time.set(-1)
        #expect(time.nowNanoseconds() == -1)
        #expect(SystemTimeSource().nowNanoseconds() > 1_700_000_000_000_000_000)
    }
}
