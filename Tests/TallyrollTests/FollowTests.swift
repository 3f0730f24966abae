import Foundation
import Synchronization
import TallyrollFormat
import TallyrollStore
import Testing

@testable import Tallyroll

/// Following gives every event once, in order, whatever the writer does.
@Suite struct FollowTests {
    /// What is compared of an event.
    private struct Seen: Equatable, CustomStringConvertible {
        var sequence: UInt64
        var id: String
        var message: String?

        init(_ event: RecordedEvent) {
            sequence = event.sequence
            id = event.id
            message = event.event.message
        }

        var description: String { "\(sequence) \(message ?? "-")" }
    }

    private static let last = "the last one"

    /// Follows until the event with the last message comes.
    private func followToTheLast(_ sequence: FollowSequence) async throws -> [Seen] {
        var seen: [Seen] = []
        for try await event in sequence {
            seen.append(Seen(event))
            if event.event.message == FollowTests.last { break }
        }
        return seen
    }

    private func appendLast(to log: AuditLog) async throws {
        try await log.append(AuditEvent(type: "end", message: FollowTests.last))
    }

    private func all(_ log: some ReadableLog, _ filter: Filter = .all) async throws -> [Seen] {
        var seen: [Seen] = []
        for try await event in log.events(where: filter, order: .oldest) { seen.append(Seen(event)) }
        return seen
    }

    /// Many producers with different durabilities, seals, and a log that is rotated at every seal.
    @Test func followersSeeWhatTheLogHolds() async throws {
        try await withLog(blocks(of: 64)) { log, path in
            try await log.append(contentsOf: (0..<30).map { event($0) })
            let reader = try AuditLogReader(path: path)
            let some: Filter = .user("user3") || .type("end")
            async let inside = followToTheLast(log.follow(from: .beginning))
            async let outside = followToTheLast(reader.follow(from: .beginning))
            async let filtered = followToTheLast(reader.follow(where: some, from: .sequence(10)))
            try await withThrowingTaskGroup { group in
                for producer in 0..<4 {
                    group.addTask {
                        for round in 0..<40 {
                            let levels: [Durability] = [.memory, .os, .disk]
                            try await log.append(
                                contentsOf: (0..<(round % 9 + 1)).map {
                                    event(producer * 1000 + round * 10 + $0)
                                },
                                durability: levels[round % 3])
                            if producer == 0, round % 10 == 9 { try await log.seal() }
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await appendLast(to: log)
            let expected = try await all(log)
            #expect(try await inside == expected)
            #expect(try await outside == expected)
            #expect(try await filtered == all(log, some).filter { $0.sequence >= 10 })
        }
    }

    @Test func followingGoesOnFromAPosition() async throws {
        try await withDirectory { path in
            var position: UInt64?
            var seen: [UInt64] = []
            for round in 0..<6 {
                let log = try await AuditLog.open(at: path, options: blocks(of: 16))
                try await log.append(contentsOf: (0..<20).map { event($0) })
                if round % 2 == 0 { try await log.seal() }
                let from = position.map { FollowStart.sequence($0) } ?? .beginning
                var iterator = log.follow(where: .user("user2"), from: from).makeAsyncIterator()
                // Some loops end in the middle of a stretch.
                for _ in 0..<(round % 3 + 1) {
                    seen.append(try #require(try await iterator.next()).sequence)
                }
                position = iterator.position
                try await log.close()
                if round == 5 {
                    while let event = try await iterator.next() { seen.append(event.sequence) }
                }
            }
            let reader = try AuditLogReader(path: path)
            let expected = try await collect(reader.events(where: .user("user2"), order: .oldest))
            #expect(seen == expected)
        }
    }

    @Test func followingEndsWithTheLog() async throws {
        try await withDirectory { path in
            let log = try await AuditLog.open(at: path)
            try await log.append(event(1))
            async let seen = all(log.follow(from: .beginning))
            try await log.append(event(2))
            try await log.close()
            #expect(try await seen.map(\.sequence) == [0, 1])
        }
    }

    private func all(_ sequence: FollowSequence) async throws -> [Seen] {
        var seen: [Seen] = []
        for try await event in sequence { seen.append(Seen(event)) }
        return seen
    }

    @Test func waitingIsCancelled() async throws {
        try await withLog { log, path in
            let reader = try AuditLogReader(path: path)
            for source: any ReadableLog in [log, reader] {
                let task = Task { try await source.follow().first { _ in true } }
                try await Task.sleep(for: .milliseconds(5))
                task.cancel()
                await #expect(throws: CancellationError.self) { _ = try await task.value }
            }
        }
    }

    @Test func aPlaceBehindTheEndIsRefused() async throws {
        try await withLog { log, _ in
            try await log.append(contentsOf: (0..<3).map { event($0) })
            var iterator = log.follow(from: .sequence(4)).makeAsyncIterator()
            await #expect(throws: FollowError(position: 4, endSequence: 3)) { _ = try await iterator.next() }
        }
    }

    // MARK: Another process

    /// A writing process is killed again and again, and takes up the log where it was; the follower must not notice.
    @Test func followersOutliveWriters() async throws {
        try await withDirectory { path in
            // The store is there before the first writer is.
            try await AuditLog.open(at: path, options: killWriterOptions).close()
            let reader = try AuditLogReader(path: path)
            let count = Atomic<Int>(0)
            let follower = Task {
                var seen: [Seen] = []
                for try await event in reader.follow(from: .beginning) {
                    seen.append(Seen(event))
                    count.store(seen.count, ordering: .relaxed)
                    if event.event.message == FollowTests.last { break }
                }
                return seen
            }
            for round in 0..<5 {
                let before = count.load(ordering: .relaxed)
                let writer = Process()
                writer.executableURL = try killWriter()
                writer.arguments = [path, "\(round * 1_000_000)"]
                writer.standardOutput = FileHandle.nullDevice
                try writer.run()
                // Until the follower has seen some of what this one wrote.
                while count.load(ordering: .relaxed) < before + 200, writer.isRunning {
                    try await Task.sleep(for: .milliseconds(1))
                }
                #expect(writer.isRunning, "the writer ended by itself")
                kill(writer.processIdentifier, SIGKILL)
                writer.waitUntilExit()
            }
            let log = try await AuditLog.open(at: path)
            try await appendLast(to: log)
            let seen = try await follower.value
            let expected = try await all(log)
            #expect(seen.count == expected.count)
            #expect(seen == expected)
            try await log.close()
        }
    }

    private var killWriterOptions: StoreOptions {
        var options = blocks(of: 32)
        options.segmentBytes = 1 << 20
        return options
    }

    /// The executable is built beside the tests.
    private func killWriter() throws -> URL {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let places = ([own] + CommandLine.arguments.filter { $0.hasSuffix(".xctest") }).map {
            URL(filePath: $0).deletingLastPathComponent().appending(path: "kill-writer")
        }
        return try #require(places.first { FileManager.default.isExecutableFile(atPath: $0.path) })
    }
}

/// A look at a log beside its writer reads what was added, not all of it.
@Suite struct FollowerCostTests {
    @Test func looksReadOnlyWhatWasAdded() throws {
        let storage = CountingStorage(MemoryStorage())
        let store = try AuditStore.open(storage, path: "test", options: blocks(of: 4096))
        func append(_ count: Int) throws {
            var batch = RecordBatch(capacity: 512)
            for number in 0..<count {
                batch.offsets.append(UInt32(batch.bytes.count))
                _ = try event(number).encode(now: Timestamp(nanosecondsSince1970: 1), into: &batch.bytes)
            }
            let isDone = Monitor(false)
            _ = store.enqueue(
                AppendRequest(batch, durability: .disk) { _ in isDone.update { $0 = true } }, whenFull: .wait)
            isDone.wait { $0 ? () : nil }
        }
        try append(2000)
        let follower = try StoreFollower(storage, path: "test")
        #expect(try follower.refresh().endSequence == 2000)
        var most = 0
        for round in 1...50 {
            try append(1)
            let before = storage.bytesRead
            let snapshot = try follower.refresh()
            most = max(most, storage.bytesRead - before)
            #expect(snapshot.endSequence == UInt64(2000 + round))
            #expect(snapshot.tail.reduce(0) { $0 + $1.count } == 2000 + round)
        }
        #expect(most < 128 << 10, "a look read \(most) bytes for one event")
        let before = storage.bytesRead
        _ = try follower.refresh()
        #expect(storage.bytesRead - before < 128 << 10)
        store.close()
    }
}
