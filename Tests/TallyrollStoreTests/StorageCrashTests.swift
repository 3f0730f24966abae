import Synchronization
import Testing
import TallyrollFormat
import TallyrollStore

/// What the simulated disk may and may not lose.
@Suite struct StorageCrashTests {
    private let seeds: Range<UInt64> = 0..<200

    @Test func whatWasSyncedWithItsNameIsNeverLost() throws {
        let disk = MemoryStorage()
        try disk.createDirectory("d")
        try disk.syncDirectory("")
        let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
        let file = try disk.put("d/file", bytes, sync: true)
        try disk.syncDirectory("d")
        try [7, 7].withView { try file.write(at: 5000, $0) }
        for seed in seeds {
            let found = try disk.crash(seed: seed).get("d/file") ?? []
            #expect(found.count >= 5000 && found.prefix(5000).elementsEqual(bytes), "seed \(seed)")
        }
    }

    /// Each outcome that a power loss allows has to come up, and no other.
    @Test func whatWasNotSyncedMayVanishOrStay() throws {
        let disk = MemoryStorage()
        try disk.put("unnamed", [1, 2, 3], sync: true)
        #expect(Set(try seeds.map { try disk.crash(seed: $0).get("unnamed") }) == [nil, [1, 2, 3]])

        try disk.syncDirectory("")
        let file = try disk.open("unnamed", mode: .readWrite)
        try [4, 5, 6].withView { try file.write(at: 0, $0) }
        #expect(Set(try seeds.map { try disk.crash(seed: $0).get("unnamed") }) == [[1, 2, 3], [4, 5, 6]])
        try [7, 8, 9].withView { try file.write(at: 0, $0) }
        let found = Set(try seeds.map { try disk.crash(seed: $0).get("unnamed") })
        #expect(found == [[1, 2, 3], [4, 5, 6], [7, 8, 9]])
        try file.sync()
        #expect(Set(try seeds.map { try disk.crash(seed: $0).get("unnamed") }) == [[7, 8, 9]])
    }

    @Test func sectorsSurviveInAnySubsetAndExtensionsReadAsZerosOrData() throws {
        let disk = MemoryStorage()
        let file = try disk.put("file", [UInt8](repeating: 1, count: 1536), sync: true)
        try disk.syncDirectory("")
        try [UInt8](repeating: 2, count: 3 * 1024).withView { try file.write(at: 0, $0) }
        var patterns: Set<[UInt8]> = []
        var sizes: Set<Int> = []
        for seed in seeds {
            let found = try disk.crash(seed: seed).get("file") ?? []
            sizes.insert(found.count)
            #expect((1536...3072).contains(found.count))
            for sector in stride(from: 0, to: found.count, by: 512) {
                let bytes = Set(found[sector..<min(sector + 512, found.count)])
                #expect(bytes.count == 1, "a torn sector")
                #expect(bytes.isSubset(of: sector < 1536 ? [1, 2] : [0, 2]))
            }
            patterns.insert(stride(from: 0, to: 1536, by: 512).map { found[$0] })
        }
        #expect(patterns.count == 8)
        #expect(sizes.isSuperset(of: [1536, 3072]) && sizes.count > 2)
    }

    @Test func keepDecidesWhatSurvives() throws {
        let disk = MemoryStorage()
        let file = try disk.put("file", [1], sync: true)
        try disk.syncDirectory("")
        try [UInt8](repeating: 9, count: 4000).withView { try file.write(at: 0, $0) }
        try disk.put("new", [3])
        for seed in seeds {
            let nothing = disk.crash(seed: seed, keep: 0)
            #expect(try nothing.list("") == ["file"])
            #expect(try nothing.get("file") == [1])
            let everything = disk.crash(seed: seed, keep: 1)
            #expect(try everything.get("file") == [UInt8](repeating: 9, count: 4000))
            #expect(try everything.get("new") == [3])
        }
        #expect(try disk.crash(seed: 4).get("file") == disk.crash(seed: 4).get("file"))
    }

    @Test func namesSurviveInAnySubsetButARenameIsWhole() throws {
        let disk = MemoryStorage()
        try disk.put("current", [1], sync: true)
        try disk.syncDirectory("")
        try disk.put("temporary", [2], sync: true)
        try disk.rename("temporary", to: "current")
        var seen: Set<[String]> = []
        for seed in seeds {
            let crashed = disk.crash(seed: seed)
            let current = try #require(try crashed.get("current"))
            #expect(current == [1] || current == [2])
            seen.insert(try crashed.list("") + ["\(current[0])"])
        }
        #expect(seen == [["current", "1"], ["current", "2"], ["current", "temporary", "1"]])

        try disk.syncDirectory("")
        try disk.remove("current")
        #expect(Set(try seeds.map { try disk.crash(seed: $0).get("current") }) == [nil, [2]])
        try disk.syncDirectory("")
        #expect(Set(try seeds.map { try disk.crash(seed: $0).get("current") }) == [nil])
    }

    @Test func aLostDirectoryTakesItsFilesAlong() throws {
        let disk = MemoryStorage()
        try disk.createDirectory("d")
        try disk.put("d/file", [1], sync: true)
        try disk.syncDirectory("d")
        #expect(try disk.crash(seed: 1, keep: 0).list("").isEmpty)
        try disk.syncDirectory("")
        #expect(try disk.crash(seed: 1, keep: 0).get("d/file") == [1])
    }

    @Test func truncationIsDurableOnlyWhenSynced() throws {
        let disk = MemoryStorage()
        let file = try disk.put("file", [UInt8](repeating: 1, count: 2000), sync: true)
        try disk.syncDirectory("")
        try file.truncate(to: 100)
        try file.truncate(to: 2000)
        let found = try seeds.map { try disk.crash(seed: $0).get("file") ?? [] }
        #expect(found.contains { $0.count == 100 })
        #expect(found.contains { $0.count == 2000 && $0[1999] == 1 })
        #expect(found.contains { $0.count == 2000 && $0[1999] == 0 })
        try file.sync()
        let synced = [UInt8](repeating: 1, count: 100) + [UInt8](repeating: 0, count: 1900)
        #expect(Set(try seeds.map { try disk.crash(seed: $0).get("file") }) == [synced])
    }

    @Test func aKillKeepsWhatWasWrittenButNotItsDurabilityNorLocks() throws {
        let disk = MemoryStorage()
        let lock = try disk.lockExclusively("lock")
        try disk.put("file", [1, 2])
        let killed = disk.kill()
        #expect(try killed.get("file") == [1, 2])
        let second = try killed.lockExclusively("lock")
        #expect(throws: StorageError(.lock, "lock", .locked)) { try disk.lockExclusively("lock") }
        #expect(try killed.crash(seed: 3, keep: 0).list("").isEmpty)
        try killed.open("file", mode: .read).sync()
        try killed.syncDirectory("")
        #expect(try killed.crash(seed: 3, keep: 0).get("file") == [1, 2])
        withExtendedLifetime((lock, second)) {}
    }

    @Test func clonesAreIndependent() throws {
        let disk = MemoryStorage()
        let file = try disk.put("file", [1], sync: true)
        try disk.syncDirectory("")
        let clone = disk.crash(seed: 1)
        try [2].withView { try file.write(at: 0, $0) }
        #expect(try clone.get("file") == [1])
        try clone.put("file", [3])
        #expect(try disk.get("file") == [2])
    }

    @Test func everyChangeIsAnnouncedAndACloneCanBeTakenThere() throws {
        let disk = MemoryStorage()
        let seen = Mutex<[(StorageError.Operation, [UInt8]?)]>([])
        disk.observe { storage, call in
            let found = (try? storage.crash(seed: 0, keep: 0).get("file")) ?? nil
            seen.withLock { $0.append((call.operation, found)) }
        }
        let file = try disk.put("file", [1], sync: true)
        try disk.syncDirectory("")
        try [2].withView { try file.write(at: 0, $0) }
        try file.syncAll()
        disk.observe(nil)
        let operations = seen.withLock { $0.map(\.0) }
        #expect(operations == [.open, .write, .sync, .syncDirectory, .write, .syncAll])
        #expect(seen.withLock { $0.map(\.1) } == [nil, nil, nil, [1], [1], [2]])
        #expect(disk.operationCount == 6)
    }

    @Test func aFullDiskTakesWhatFits() throws {
        let disk = MemoryStorage(capacity: 1000)
        let file = try disk.put("file", [UInt8](repeating: 1, count: 600))
        let more = [UInt8](repeating: 2, count: 500)
        #expect(throws: StorageError(.write, "file", .noSpace)) {
            try more.withView { try file.write(at: 600, [$0.trusted(0, 300), $0.trusted(300, 200)]) }
        }
        #expect(try file.size() == 1000)
        #expect(try disk.freeBytes() == 0)
        #expect(throws: StorageError(.preallocate, "file", .noSpace)) { try file.preallocate(to: 1001) }
        try more.withView { try file.write(at: 0, $0) }
        try file.truncate(to: 100)
        #expect(try disk.freeBytes() == 900)
    }
}
