import Foundation
import TallyrollStore
import Testing

@testable import Tallyroll
@testable import TallyrollQuery

/// A reader says so when it cannot read part of the store, whatever it is asked.
@Suite struct UnreadableStoreTests {
    private static let count = 64 * 5

    private func writeStore(at path: String, isSealed: Bool) async throws {
        let log = try await AuditLog.open(at: path, options: blocks(of: 64))
        try await log.append(contentsOf: (0..<UnreadableStoreTests.count).map { event($0) })
        if isSealed { try await log.seal() }
        try await log.close()
    }

    private func segmentFile(_ path: String) -> String { "\(path)/\(SegmentName.of(1))" }

    private func flip(_ path: String, at offset: Int) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: segmentFile(path)))
        bytes[offset] ^= 0x10
        try bytes.write(to: URL(fileURLWithPath: segmentFile(path)))
    }

    private func entries(_ path: String) throws -> [Int] {
        let follower = try StoreFollower(PosixStorage(root: path), path: path)
        return try #require(follower.refresh().segments.first).entries.map(\.offset)
    }

    /// The problem that every kind of question throws.
    private func problems(_ reader: AuditLogReader) async throws -> [QueryProblem] {
        let questions: [(String, () async throws -> Void)] = [
            ("count", { _ = try await reader.count() }),
            ("filtered count", { _ = try await reader.count(where: "user = user3") }),
            ("groups", { _ = try await reader.count(by: .user) }),
            ("histogram", { _ = try await reader.histogram(every: .seconds(60)) }),
            ("aggregate", { _ = try await reader.aggregate(Aggregation(.count).by(.type)) }),
            ("newest", { for try await _ in reader.events() {} }),
            ("oldest", { for try await _ in reader.events(order: .oldest) {} }),
            ("id", { _ = try await reader.events(withID: "unknown") }),
            ("sequence", { _ = try await reader.event(at: 100) }),
            (
                "blocking",
                {
                    let events = try reader.eventsBlocking()
                    while try events.next() != nil {}
                }
            ),
            ("following", { for try await _ in reader.follow(from: .beginning) {} }),
        ]
        var found: [QueryProblem] = []
        for (name, ask) in questions {
            let error = await #expect(throws: IncompleteAnswer.self, "\(name)") { try await ask() }
            if let error { found.append(error.problem) }
        }
        return found
    }

    @Test func segmentsOfOtherStoresAreReported() async throws {
        try await withDirectory { path in
            try await withDirectory { other in
                try await writeStore(at: path, isSealed: true)
                try await writeStore(at: other, isSealed: true)
                try FileManager.default.removeItem(atPath: segmentFile(path))
                try FileManager.default.copyItem(atPath: segmentFile(other), toPath: segmentFile(path))
                let problems = try await problems(AuditLogReader(path: path))
                for problem in problems {
                    #expect(problem.segment == 1)
                    #expect(problem.kind == .damaged)
                    #expect(problem.what.contains(SegmentName.of(1)))
                    #expect(problem.what.contains("store id"))
                }
            }
        }
    }

    @Test func damageBetweenBlocksOfAnOpenSegmentIsReported() async throws {
        try await withDirectory { path in
            try await writeStore(at: path, isSealed: false)
            let offsets = try entries(path)
            try #require(offsets.count > 2)
            try flip(path, at: offsets[1] + 200)
            let problems = try await problems(AuditLogReader(path: path))
            for problem in problems {
                #expect(problem.segment == 1)
                #expect(problem.sequences.contains(64))
            }
        }
    }

    /// What the log still holds is not missing; what is missing is said.
    @Test(arguments: ["header", "first block", "last block"])
    func openSegmentsNeverLoseEventsInSilence(_ place: String) async throws {
        try await withDirectory { path in
            try await writeStore(at: path, isSealed: false)
            let offsets = try entries(path)
            let offset =
                switch place {
                case "header": 20
                case "first block": try #require(offsets.first) + 200
                default: try #require(offsets.last) + 200
                }
            try flip(path, at: offset)
            let reader = try AuditLogReader(path: path)
            for _ in 0..<2 {
                do {
                    #expect(try await reader.count() == UnreadableStoreTests.count, "\(place)")
                } catch {
                    #expect(error is IncompleteAnswer, "\(place): \(error)")
                }
            }
        }
    }
}
