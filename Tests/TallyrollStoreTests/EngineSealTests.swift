import TallyrollFormat
import TallyrollStore
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What happens while a full segment is sealed: the log goes on, and the blocks of the next segment wait.
@Suite struct EngineSealTests {
    private struct Gate {
        var isReached = false
        var isOpen = false
    }

    private static let part = 100
    private static let size = 700
    /// More than a segment of the smallest size holds.
    private static let partsMax = 60

    private var options: StoreOptions {
        var options = StoreOptions.tiny
        options.blockEvents = 256
        options.codec = .none
        return options
    }

    private func append(_ part: Int, to store: AuditStore) throws -> Result<AppendReceipt, AuditLogError> {
        let first = part * EngineSealTests.part
        return try store.append(first..<first + EngineSealTests.part, size: EngineSealTests.size)
    }

    private func records(_ parts: Int) -> [[UInt8]] {
        (0..<parts * EngineSealTests.part).map { TestEvent.record($0, size: EngineSealTests.size) }
    }

    @Test func blocksOfTheNextSegmentWaitForTheSeal() throws {
        let disk = MemoryStorage()
        let gate = Monitor(Gate())
        disk.observe { _, call in
            guard call.operation == .truncate, call.path.hasSuffix(".seg") else { return }
            gate.update { $0.isReached = true }
            gate.wait(nanoseconds: 20_000_000_000) { $0.isOpen ? true : nil }
        }
        defer { gate.update { $0.isOpen = true } }
        let store = try openStore(disk, options)
        var parts = 0
        while parts < EngineSealTests.partsMax, !gate.withLock({ $0.isReached }) {
            _ = try append(parts, to: store).get()
            parts += 1
        }
        try #require(gate.withLock { $0.isReached })
        // Several blocks more, whose segment has no file yet.
        for _ in 0..<10 {
            _ = try append(parts, to: store).get()
            parts += 1
        }
        #expect(try store.snapshot().readAll().map(\.record) == records(parts))
        #expect(try disk.list("").count { $0.hasSuffix(".seg") } == 1)
        let killed = try openStore(disk.kill(), options, seed: 2)
        #expect(try killed.snapshot().readAll().map(\.record) == records(parts))
        #expect(try killed.snapshot().verified().verdict == .intact)
        killed.close()

        gate.update { $0.isOpen = true }
        disk.observe(nil)
        _ = try append(parts, to: store).get()
        parts += 1
        #expect(store.close() == nil)
        let again = try openStore(disk, options, seed: 3)
        let segments = again.snapshot().segments
        #expect(segments.count > 1 && segments.dropLast().allSatisfy(\.reader.isSealed))
        #expect(try again.snapshot().readAll().map(\.record) == records(parts))
        #expect(try again.snapshot().verified().verdict == .intact)
        again.close()
    }

    /// A seal that fails stops the log, and costs nothing that was acknowledged.
    @Test(arguments: [StorageError.Operation.truncate, .syncAll])
    func aFullSegmentThatCannotBeSealedStopsTheLog(_ operation: StorageError.Operation) throws {
        let disk = MemoryStorage()
        let storage = FaultStorage(disk)
        let store = try openStore(storage, options)
        _ = try append(0, to: store).get()
        try store.sync().get()
        // The file of the first segment is there with its first block; before, its making would fail.
        _ = try append(1, to: store).get()
        _ = try append(2, to: store).get()
        while store.snapshot().segments.isEmpty { usleep(1000) }
        storage.add(.init([operation], .io, pathPart: ".seg"))
        var parts = 3
        while parts < EngineSealTests.partsMax, case .success = try append(parts, to: store) { parts += 1 }
        #expect(parts < EngineSealTests.partsMax)
        #expect(storage.failureCount == 1)
        #expect(store.close() != nil)
        storage.removeFaults()
        let again = try openStore(storage, options, seed: 2)
        let found = try again.snapshot().readAll().map(\.record)
        #expect(found.starts(with: records(parts)))
        #expect(try again.snapshot().verified().verdict == .intact)
        again.close()
    }

    /// Closed right after the log was changed over, when events of the block that fills are still in the file before.
    @Test func aStoreAtRestHasOneSmallLogFile() throws {
        let disk = MemoryStorage()
        let store = try openStore(disk, options)
        var parts = 0
        while parts < EngineSealTests.partsMax, try logFiles(disk).count < 2 {
            _ = try append(parts, to: store).get()
            parts += 1
        }
        try #require(try logFiles(disk).count > 1)
        #expect(store.close() == nil)
        let left = try logFiles(disk)
        #expect(left.count == 1)
        let blockBytes = options.blockEvents * EngineSealTests.size
        for path in left { #expect(try disk.open(path, mode: .read).size() < 2 * blockBytes) }
        let again = try openStore(disk, options, seed: 2)
        #expect(try again.snapshot().readAll().map(\.record) == records(parts))
        #expect(try again.snapshot().verified().verdict == .intact)
        again.close()
    }

    private func logFiles(_ disk: MemoryStorage) throws -> [String] {
        try disk.list("").filter { LogFileName.number(in: $0) != nil }
    }
}
