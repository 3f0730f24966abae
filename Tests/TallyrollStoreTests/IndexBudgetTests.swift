import Testing
import TallyrollFormat
import TallyrollIntegrity

@testable import TallyrollStore

/// Dictionaries that were decoded are let go when others need the room, and whoever uses one keeps it.
@Suite struct IndexBudgetTests {
    private let termsASegment = 64

    private func user(_ segment: Int, _ row: Int) -> String {
        "user \(row) of segment \(segment)@example.com"
    }

    private func segment(_ number: Int, cache: BlockCache) throws -> SegmentReader {
        let storage = MemoryStorage()
        let header = SegmentHeader(
            storeID: [UInt8](1...16), number: UInt64(number), epoch: 1, firstSequence: 0, capacity: 4 << 20,
            created: 0, blockEvents: 64, chainBefore: [UInt8](repeating: 7, count: 32), frontier: [])
        let builder = try SegmentBuilder.create(
            header, in: storage, encoder: BlockEncoder(codec: .none, level: 1))
        let seed = [UInt8](repeating: 9, count: 16)
        let hash = try #require(Digest([UInt8](repeating: 1, count: 32)))
        let run = EventRun(firstSequence: 0, seed: seed, capacity: 64, bytes: 1 << 16)
        for row in 0..<termsASegment {
            var record = ByteWriter()
            _ = try AuditEvent(type: "t", user: user(number, row))
                .encode(now: Timestamp(nanosecondsSince1970: 5), into: &record)
            run.append(record.view, recordedAt: 5, chainHash: hash)
        }
        _ = try builder.append(run.encoded(seed))
        try builder.seal()
        return try SegmentReader(SegmentName.of(UInt64(number)), in: storage, cache: cache)
    }

    private func read(_ reader: SegmentReader, into rows: inout BlockRows) throws {
        for entry in reader.entries { try rows.load(try reader.block(entry)) }
    }

    private func isRight(_ rows: borrowing BlockRows, _ segment: Int) -> Bool {
        for row in 0..<termsASegment where rows.string(.user, row)?.string != user(segment, row) {
            return false
        }
        return rows.count == termsASegment
    }

    @Test func whatDoesNotFitIsLetGoAndReadAgain() throws {
        let large = BlockCache(capacity: 64 << 20)
        var rows = BlockRows()
        let kept = try (1...8).map { try segment($0, cache: large) }
        for reader in kept { try read(reader, into: &rows) }
        let all = large.indexes.bytesHeld
        #expect(all > 8 * termsASegment * 20)

        // Dictionaries may take twice as much as blocks.
        let small = BlockCache(capacity: all / 8)
        let readers = try (1...8).map { try segment($0, cache: small) }
        for _ in 0..<2 {
            for (index, reader) in readers.enumerated() {
                try read(reader, into: &rows)
                let isRight = isRight(rows, index + 1)
                #expect(isRight)
                #expect(small.indexes.bytesHeld <= all / 4 + all / 4, "two segments more at most")
            }
        }
        #expect(small.indexes.bytesHeld > 0)
        for reader in readers { reader.releaseTerms() }
        #expect(small.indexes.bytesHeld == 0)
        withExtendedLifetime(kept) {}
    }

    @Test func fewTermsAreFetchedOneByOneUntilDecodingIsCheaper() throws {
        let cache = BlockCache(capacity: 64 << 20)
        let reader = try segment(1, cache: cache)
        let entry = try #require(reader.entries.first)
        var rows = BlockRows()
        var held: [Int] = []
        for row in [7, 7, 31, 0, 12, 39, 5] {
            try rows.load(try reader.block(entry), [row])
            #expect(rows.string(.user, 0)?.string == user(1, row))
            held.append(cache.indexes.bytesHeld)
        }
        #expect(held[0] == held[1], "a look-up keeps the section, and decodes nothing")
        #expect(held.last ?? 0 > held[0] + termsASegment * 20, "many look-ups do")

        reader.releaseTerms()
        // The rows that were read keep the dictionaries of their segment.
        var others = BlockRows()
        try others.load(try reader.block(entry), [20])
        #expect(others.string(.user, 0)?.string == user(1, 20))
        #expect(cache.indexes.bytesHeld == held[0], "what was let go is counted anew")
    }

    @Test func rowsKeepTheDictionariesTheyReferTo() throws {
        let cache = BlockCache(capacity: 64 << 20)
        var rows = BlockRows()
        var reader: SegmentReader? = try segment(3, cache: cache)
        if let reader { try read(reader, into: &rows) }
        reader?.releaseTerms()
        var others = BlockRows()
        for number in 4..<10 { try read(try segment(number, cache: cache), into: &others) }
        reader = nil
        let isRight = isRight(rows, 3)
        #expect(isRight)
    }
}
