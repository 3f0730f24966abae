import TallyrollFormat
import TallyrollStore
import Testing

/// Files of an open store are cut, changed, swapped and exchanged: the store opens or says why not, what is undamaged
/// stays readable, and nothing is lost in silence.
@Suite struct EngineDamageTests {
    private static let segment = "segment-0000000001.seg"

    /// A store of a killed process, with blocks in an open segment and all events in one log file.
    private static func image(events: Int = 70) throws -> (disk: MemoryStorage, log: String) {
        let disk = MemoryStorage()
        let store = try openStore(disk)
        var number = 0
        while number < events {
            let count = min(events - number, 1 + number % 5)
            _ = try store.append(number..<number + count).get()
            number += count
        }
        store.close()
        let log = try LogFile.list(in: disk, directory: "")
        return (disk.kill(), try #require(log.last).path)
    }

    /// Where the frames of a log are, and the events in each.
    private static func frames(_ disk: MemoryStorage, _ log: String) throws -> [(range: Range<Int>, end: Int)]
    {
        let bytes = try LogFile.read(log, in: disk, syncing: false)
        let header = try bytes.withView { (view) throws(FormatError) in try LogFileHeader(view) }
        return try bytes.withView { (view) throws(FormatError) in
            try LogScan(view, store: header.store).frames.map {
                ($0.offset..<$0.offset + $0.header.frameLength, Int($0.header.endSequence))
            }
        }
    }

    private static func used(_ disk: MemoryStorage, _ file: String) throws -> Int {
        try #require(try disk.get(file)).withView { $0.usedCount }
    }

    private static func change(
        _ disk: MemoryStorage, _ file: String, _ body: (any StorageFile) throws -> Void
    ) throws {
        let file = try disk.open(file, mode: .readWrite)
        try body(file)
        try file.syncAll()
    }

    /// The numbers of the events that are readable; every one of them as it was handed in.
    private static func numbers(_ store: AuditStore) throws -> [Int] {
        try store.snapshot().readAll().filter { !$0.isEngineRecord }.map { event in
            let number = Int(event.text(.message)?.split(separator: ":").first ?? "") ?? -1
            #expect(event.record == TestEvent.record(number))
            return number
        }
    }

    /// Opens a damaged store twice; what is lost is named in findings and in the log, and the second opening finds the
    /// same events.
    private static func open(_ disk: MemoryStorage, _ place: String, events: Int = 70) throws -> [Int] {
        let store = try openStore(disk, seed: 5)
        let found = try numbers(store)
        #expect(found == found.sorted(), "\(place)")
        let missing = Set(0..<events).subtracting(found)
        if !missing.isEmpty {
            #expect(!store.findings.isEmpty, "\(place): \(missing.count) lost in silence")
            let records = try store.snapshot().readAll().filter(\.isEngineRecord)
            #expect(!records.isEmpty, "\(place): no record of the loss")
        }
        _ = try store.append(9000..<9001).get()
        #expect(store.close() == nil, "\(place)")
        let again = try openStore(disk, seed: 6)
        #expect(try numbers(again) == found + [9000], "\(place): another store at the second opening")
        again.close()
        return found
    }

    private static let step = testSeeds(2).count == 1 ? 1 : 23

    @Test(.timeLimit(.minutes(30))) func anyCutOfTheLogLeavesWhatStandsBeforeIt() throws {
        let (image, log) = try EngineDamageTests.image()
        // Without the blocks, the log is all there is.
        try image.remove(EngineDamageTests.segment)
        let frames = try EngineDamageTests.frames(image, log)
        let end = try EngineDamageTests.used(image, log)
        for cut in Array(stride(from: 4096, to: end, by: EngineDamageTests.step))
            + frames.map(\.range.upperBound) + [end]
        {
            let disk = image.kill()
            try EngineDamageTests.change(disk, log) { try $0.truncate(to: cut) }
            let whole = frames.last { $0.range.upperBound <= cut }?.end ?? 0
            let store = try openStore(disk, seed: 5)
            #expect(try EngineDamageTests.numbers(store) == Array(0..<whole), "cut at \(cut)")
            // Also a cut between two frames is noticed: the mark of the end is missing.
            let isWhole = cut >= (frames.last?.range.upperBound ?? 0) + LogEndMark.byteCount
            #expect(store.findings.isEmpty == isWhole, "cut at \(cut): \(store.findings)")
            store.close()
        }
    }

    @Test(.timeLimit(.minutes(30))) func anyCutOfTheOpenSegmentLosesNothingThatTheLogHolds() throws {
        let (image, _) = try EngineDamageTests.image()
        let end = try EngineDamageTests.used(image, EngineDamageTests.segment)
        for cut in stride(from: 0, to: end, by: EngineDamageTests.step * 3) {
            let disk = image.kill()
            try EngineDamageTests.change(disk, EngineDamageTests.segment) { try $0.truncate(to: cut) }
            #expect(try EngineDamageTests.open(disk, "cut at \(cut)") == Array(0..<70), "cut at \(cut)")
        }
    }

    @Test(.timeLimit(.minutes(30))) func aFlippedBitCostsAtMostItsFrame() throws {
        let (image, log) = try EngineDamageTests.image()
        let inBlocks = 64
        let frames = try EngineDamageTests.frames(image, log)
        for file in [log, EngineDamageTests.segment] {
            let end = try EngineDamageTests.used(image, file)
            for offset in stride(from: 0, to: end, by: EngineDamageTests.step * 2) {
                let disk = image.kill()
                try EngineDamageTests.change(disk, file) { file in
                    let byte = try file.read(at: offset, length: 1)[0] ^ (1 << UInt8(offset % 8))
                    try [byte].withView { try file.write(at: offset, $0) }
                }
                let found = try EngineDamageTests.open(disk, "\(file) at \(offset)")
                var lost = Set(0..<70).subtracting(found)
                if file == log, let place = frames.firstIndex(where: { $0.range.contains(offset) }) {
                    let start = place == 0 ? 0 : frames[place - 1].end
                    lost.subtract(max(start, inBlocks)..<max(frames[place].end, inBlocks))
                }
                #expect(lost.isEmpty, "\(file) at \(offset): \(lost.sorted()) of undamaged frames")
            }
        }
    }

    @Test(arguments: [[.default], [.default, .details("a.b"), .details("c")]] as [SegmentIndexes])
    func aFlippedBitInTheManifestIsATypedError(_ indexes: SegmentIndexes) throws {
        let (image, _) = try EngineDamageTests.image(events: 3)
        var options = StoreOptions.tiny
        options.indexes = indexes
        #expect(try openStore(image, options).close() == nil)
        let size = try image.open(StoreManifest.fileName, mode: .read).size()
        #expect((size > 64) == indexes.contains(.details("c")))
        for offset in 0..<size {
            let disk = image.kill()
            try EngineDamageTests.change(disk, StoreManifest.fileName) { file in
                let byte = try file.read(at: offset, length: 1)[0] ^ 4
                try [byte].withView { try file.write(at: offset, $0) }
            }
            #expect { try openStore(disk) } throws: {
                if case AuditLogError.damaged = $0 { true } else { false }
            }
        }
        for cut in [0, 1, 63, size - 1] {
            let disk = image.kill()
            try EngineDamageTests.change(disk, StoreManifest.fileName) { try $0.truncate(to: cut) }
            #expect(throws: AuditLogError.self) { try openStore(disk) }
        }
        let disk = image.kill()
        try disk.remove(StoreManifest.fileName)
        #expect(throws: AuditLogError.self) { try openStore(disk) }
        #expect(try !disk.exists(StoreManifest.fileName))
    }

    @Test func zerosAreFoundAsDamage() throws {
        let (image, log) = try EngineDamageTests.image()
        var random = SplitMix64(seed: 11)
        for file in [log, EngineDamageTests.segment] {
            let end = try EngineDamageTests.used(image, file)
            for _ in 0..<25 {
                let disk = image.kill()
                let start = Int(random.next() % UInt64(end))
                let length = min(end - start, 1 + Int(random.next() % 1500))
                try EngineDamageTests.change(disk, file) { file in
                    try [UInt8](repeating: 0, count: length).withView { try file.write(at: start, $0) }
                }
                let found = try EngineDamageTests.open(disk, "\(file): \(length) zeros at \(start)")
                if file != log { #expect(found == Array(0..<70)) }
            }
        }
    }

    /// A store whose log no longer goes back to its first blocks.
    private static func olderImage() throws -> MemoryStorage {
        let disk = MemoryStorage()
        var store = try openStore(disk)
        _ = try store.append(0..<64).get()
        store.close()
        // An opening leaves in the log what is in no block.
        store = try openStore(disk)
        _ = try store.append(64..<70).get()
        store.close()
        return disk.kill()
    }

    @Test func damageToBlocksThatTheLogDoesNotHoldIsKeptAndNamed() throws {
        let image = try EngineDamageTests.olderImage()
        let end = try EngineDamageTests.used(image, EngineDamageTests.segment)
        for offset in stride(from: 0, to: end, by: EngineDamageTests.step * 5) {
            let disk = image.kill()
            try EngineDamageTests.change(disk, EngineDamageTests.segment) { file in
                let byte = try file.read(at: offset, length: 1)[0] ^ 16
                try [byte].withView { try file.write(at: offset, $0) }
            }
            let before = try disk.get(EngineDamageTests.segment)
            let found = try EngineDamageTests.open(disk, "at \(offset)")
            #expect(Set(64..<70).isSubset(of: found), "at \(offset): \(found)")
            let after = try disk.get(EngineDamageTests.segment) ?? []
            #expect(after.starts(with: (before ?? []).prefix(end)), "at \(offset): bytes were changed")
        }
        for cut in stride(from: 0, to: end, by: EngineDamageTests.step * 5) {
            let disk = image.kill()
            try EngineDamageTests.change(disk, EngineDamageTests.segment) { try $0.truncate(to: cut) }
            let found = try EngineDamageTests.open(disk, "cut at \(cut)")
            #expect(Set(64..<70).isSubset(of: found), "cut at \(cut): \(found)")
        }
    }

    @Test func filesOfAnotherStoreAreRefusedAndLeftAlone() throws {
        let (image, log) = try EngineDamageTests.image(events: 40)
        let other = MemoryStorage()
        let store = try openStore(other, seed: 99)
        _ = try store.append(0..<40).get()
        try store.seal().get()
        store.close()
        for (name, source) in [
            ("wal-0000000099.log", try #require(try LogFile.list(in: other, directory: "").last).path),
            ("segment-0000000001.seg", EngineDamageTests.segment),
            ("segment-0000000002.seg", EngineDamageTests.segment),
        ] {
            let disk = image.kill()
            if try disk.exists(name) { try disk.remove(name) }
            try disk.put(name, try #require(try other.get(source)), sync: true)
            let before = try disk.get(log)
            #expect { try openStore(disk) } throws: { error in
                if case AuditLogError.damaged(let file, _) = error { file == name } else { false }
            }
            #expect(try disk.get(log) == before)
        }
    }

    @Test func logFilesOfOlderEpochsAndOtherNamesDoNoHarm() throws {
        let (image, log) = try EngineDamageTests.image(events: 40)
        let old = try #require(try image.get(log))
        let store = try openStore(image, seed: 7)
        _ = try store.append(40..<60).get()
        store.close()
        let newer = try #require(try LogFile.list(in: image, directory: "").last).path
        for name in [log, "wal-0000000077.log"] {
            let disk = image.kill()
            try disk.put(name, old, sync: true)
            let again = try openStore(disk, seed: 8)
            #expect(try EngineDamageTests.numbers(again) == Array(0..<60))
            #expect(!again.findings.contains { $0.kind == .damage })
            again.close()
        }
        // Swapped: the files say themselves which they are.
        let disk = image.kill()
        let bytes = try #require(try disk.get(newer))
        try disk.remove(newer)
        try disk.put(log, bytes, sync: true)
        try disk.put(newer, old, sync: true)
        let again = try openStore(disk, seed: 8)
        #expect(try EngineDamageTests.numbers(again) == Array(0..<60))
        again.close()
    }
}
