import Synchronization
import Testing
import TallyrollFormat
import TallyrollStore

@Suite struct LogFileTests {
    private static let store = Octets16(first: 11, second: 22)

    private func header(_ number: UInt64 = 1, firstSequence: UInt64 = 0) -> LogFileHeader {
        LogFileHeader(
            store: LogFileTests.store, fileNumber: number, epoch: 1, firstSequence: firstSequence,
            blocksUpTo: 0,
            chainHead: [UInt8](repeating: 0, count: 32), frontier: [])
    }

    private func record(_ text: String) -> [UInt8] {
        var writer = ByteWriter()
        var encoder = RecordEncoder()
        encoder.begin(
            timestamp: 0, time: TimeNotation(digits: 0), outcome: .absent, duration: nil, into: &writer)
        "t".withView { encoder.string(.type, $0, into: &writer) }
        text.withView { encoder.string(.message, $0, into: &writer) }
        _ = encoder.end(into: &writer)
        return writer.array
    }

    /// Appends one event with a text.
    private func append(_ text: String, to log: LogFile, durableUpTo: UInt64 = 0) throws {
        try record(text).withView { view in
            _ = try log.append(
                LogFrameContent(
                    firstSequence: log.nextSequence, eventCount: 1, recordedAt: 0, durableUpTo: durableUpTo,
                    runs: [], records: [view]))
        }
    }

    /// The texts of a log, in order, and how it ends.
    private func texts(
        _ storage: any Storage, _ path: String = "wal-0000000001.log"
    ) throws -> (texts: [String], end: LogScan.End) {
        let bytes = try LogFile.read(path, in: storage, syncing: true)
        return try withExtendedLifetime(bytes) {
            let scan = try LogScan(bytes.view, store: LogFileTests.store)
            var texts: [String] = []
            for frame in scan.frames {
                var records = frame.records()
                while let record = try records.next() {
                    texts.append(try RecordView(record)[.message]?.string ?? "")
                }
            }
            return (texts, scan.end)
        }
    }

    @Test func namesSortAsNumbersDo() {
        #expect(LogFileName.of(1) == "wal-0000000001.log")
        #expect(LogFileName.of(12_345_678_901) == "wal-12345678901.log")
        #expect(LogFileName.number(in: "wal-0000000042.log") == 42)
        for name in [
            "wal-42.log", "wal-0000000042.tmp", "wal-00000000042.log", "wal-+000000042.log", "wal-.log",
        ] {
            #expect(LogFileName.number(in: name) == nil)
        }
    }

    @Test func whatIsAppendedIsRead() throws {
        let directory = try TemporaryDirectory()
        for storage in [MemoryStorage(), PosixStorage(root: directory.path)] as [any Storage] {
            try storage.createDirectory("logs")
            let log = try LogFile.create(
                in: storage, directory: "logs", header: header(), preallocationStep: 8192)
            var expected: [String] = []
            for index in 0..<300 {
                let text = "event \(index) " + String(repeating: "x", count: index % 90)
                try append(text, to: log, durableUpTo: log.nextSequence)
                expected.append(text)
            }
            try log.sync()
            let found = try texts(storage, log.path)
            #expect(found.texts == expected)
            #expect(found.end == .clean(at: log.end))
            #expect(log.nextSequence == 300)
            let size = try storage.open(log.path, mode: .read).size()
            #expect(size % 8192 == 0 && size - log.end < 8192)
            #expect(try LogFile.list(in: storage, directory: "logs").map(\.number) == [1])
            try log.close()
        }
    }

    @Test func creationWritesSyncsAndNamesBeforeAnythingElse() throws {
        let storage = FaultStorage(MemoryStorage())
        let log = try LogFile.create(in: storage, directory: "", header: header())
        #expect(storage.calls.map(\.operation) == [.open, .preallocate, .write, .syncAll, .syncDirectory])
        storage.removeCalls()
        try append("a", to: log)
        try log.sync()
        #expect(storage.calls.map(\.operation) == [.write, .sync])
    }

    @Test(arguments: [StorageError.Operation.open, .preallocate, .write, .syncAll, .syncDirectory])
    func aFailedCreationLeavesNoFileAndTheNumberIsFree(operation: StorageError.Operation) throws {
        let storage = FaultStorage(MemoryStorage())
        storage.add(.init([operation], .noSpace))
        let error = #expect(throws: StorageError.self) {
            try LogFile.create(in: storage, directory: "", header: header())
        }
        #expect(error?.operation == operation)
        #expect(try LogFile.list(in: storage, directory: "").isEmpty)
        _ = try LogFile.create(in: storage, directory: "", header: header())
    }

    @Test(arguments: [FaultStorage.Effect.fail, .partial(90), .partial(5)])
    func aFailedWriteMovesNeitherEndNorChain(effect: FaultStorage.Effect) throws {
        let storage = FaultStorage(MemoryStorage())
        let log = try LogFile.create(in: storage, directory: "", header: header())
        try append("before", to: log)
        let end = log.end
        storage.add(.init([.write], .io, effect: effect))
        #expect(throws: StorageError.self) { try append("lost, and longer than what follows it", to: log) }
        #expect(log.end == end && log.nextSequence == 1)
        #expect(try texts(storage).texts == ["before"])
        // The engine never goes on after this; the test does, to see that the state did not move.
        try append("after", to: log)
        #expect(try texts(storage).texts == ["before", "after"])
    }

    @Test func aFullDiskEndsPreallocationAndNotTheAppend() throws {
        let disk = MemoryStorage(capacity: 8192 + 500)
        let log = try LogFile.create(in: disk, directory: "", header: header(), preallocationStep: 8192)
        var count = 0
        let error = #expect(throws: StorageError.self) {
            while true {
                try append("text", to: log)
                count += 1
            }
        }
        #expect(error?.operation == .write && error?.code == .noSpace)
        #expect(log.end > 8192)
        // The frame that failed may be there, without the mark behind it.
        #expect([count, count + 1].contains(try texts(disk).texts.count))
    }

    @Test func aFileTooLargeToReadIsRefused() throws {
        let disk = MemoryStorage()
        try disk.open("wal", mode: .create(exclusive: true)).truncate(to: 1 << 40)
        #expect(throws: StorageError(.read, "wal", .other(27))) {
            try LogFile.read("wal", in: disk, syncing: false)
        }
    }

    /// A log of the same store whose frames are all valid, and no longer needed.
    private func makeSpare(_ disk: MemoryStorage) throws -> String {
        let old = try LogFile.create(in: disk, directory: "", header: header(1), preallocationStep: 4096 * 3)
        for index in 0..<60 {
            try append(
                "old \(index) " + String(repeating: "z", count: index * 31 % 900), to: old,
                durableUpTo: old.nextSequence)
        }
        try old.sync()
        try old.close()
        let spare = LogFileName.ofSpare(1)
        try disk.rename(old.path, to: spare)
        return spare
    }

    @Test func aRecycledFileShowsNothingOfItsOlderLife() throws {
        let disk = MemoryStorage()
        let spare = try makeSpare(disk)
        let log = try LogFile.create(in: disk, directory: "", header: header(2), recycling: spare)
        #expect(try disk.list("") == [LogFileName.of(2)])
        #expect(log.header.reusedBytes > 4096)
        let empty = try texts(disk, log.path)
        #expect(empty.texts == [] && empty.end == .clean(at: 4096))
        try append("new", to: log)
        let one = try texts(disk, log.path)
        #expect(one.texts == ["new"] && one.end == .clean(at: log.end))
        try log.trimAndClose()
        #expect(try disk.open(log.path, mode: .read).size() == log.end + 32)
    }

    /// The heart of it: at every point of a run, whatever a power loss or a kill leaves, every event that was
    /// acknowledged is there, in order, nothing is there that was not appended, and a torn tail is never called damage.
    @Test(arguments: [false, true])
    func acknowledgedEventsSurviveACrashAtEveryPoint(isRecycled: Bool) throws {
        let disk = MemoryStorage()
        let spare = isRecycled ? try makeSpare(disk) : nil
        let acknowledged = Mutex(0)
        let points = Mutex(0)
        let all = (0..<40).map { "event \($0) " + String(repeating: "y", count: ($0 * 97) % 1500) }
        let failures = Mutex<[String]>([])
        disk.observe { disk, call in
            let promised = acknowledged.withLock { $0 }
            let seed = points.withLock { count in
                count += 1
                return UInt64(count)
            }
            for (name, clone) in [
                ("kill", disk.kill()), ("none", disk.crash(seed: seed, keep: 0)),
                ("few", disk.crash(seed: seed &* 3, keep: 0.2)),
                ("half", disk.crash(seed: seed &* 5, keep: 0.5)),
                ("most", disk.crash(seed: seed &* 7, keep: 0.9)),
            ] {
                let found = (try? self.texts(clone, LogFileName.of(2))) ?? (texts: [], end: .torn(at: 0))
                let isDamaged = if case .damaged = found.end { true } else { false }
                if found.texts.count < promised || found.texts != Array(all.prefix(found.texts.count))
                    || isDamaged
                {
                    failures.withLock {
                        $0.append(
                            "\(name) after \(call) seed \(seed): \(found.texts.count) of \(promised), \(found.end)"
                        )
                    }
                }
            }
        }
        let log = try LogFile.create(
            in: disk, directory: "", header: header(2), preallocationStep: 4096 * 3, recycling: spare)
        for (index, text) in all.enumerated() {
            try append(text, to: log, durableUpTo: UInt64(acknowledged.withLock { $0 }))
            // Several frames to a sync, so that frames may be missing in any order.
            if index % 3 == 2 {
                try log.sync()
                acknowledged.withLock { $0 = index + 1 }
            }
        }
        disk.observe(nil)
        #expect(failures.withLock { $0 } == [])
        #expect(points.withLock { $0 } > 50)
    }
}
