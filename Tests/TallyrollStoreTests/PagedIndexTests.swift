import Testing
import TallyrollFormat
import TallyrollIntegrity

@testable import TallyrollStore

/// Long index sections are read page by page, each page is checked, and all of it stays within one budget.
@Suite struct PagedIndexTests {
    private let users = 900

    private func user(_ number: Int) -> [UInt8] {
        // No two share much, so that the dictionary takes many pages.
        var random = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
        return (0..<60).map { _ in
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(97 + random >> 33 % 26)
        }
    }

    private func makeSegment(_ number: UInt64, in storage: MemoryStorage) throws -> String {
        let header = SegmentHeader(
            storeID: [UInt8](1...16), number: number, epoch: 1, firstSequence: 0, capacity: 4 << 20,
            created: 0, blockEvents: 1024, chainBefore: [UInt8](repeating: 7, count: 32), frontier: [])
        let builder = try SegmentBuilder.create(
            header, in: storage, encoder: BlockEncoder(codec: .none, level: 1))
        let seed = [UInt8](repeating: 9, count: 16)
        let hash = try #require(Digest([UInt8](repeating: 1, count: 32)))
        let run = EventRun(firstSequence: 0, seed: seed, capacity: users, bytes: 1 << 20)
        for row in 0..<users {
            var record = ByteWriter()
            _ = try AuditEvent(type: "t", user: String(decoding: user(row), as: UTF8.self))
                .encode(now: Timestamp(nanosecondsSince1970: 5), into: &record)
            run.append(record.view, recordedAt: 5, chainHash: hash)
        }
        _ = try builder.append(run.encoded(seed))
        try builder.seal()
        return SegmentName.of(number)
    }

    @Test func aTermIsFoundWithoutReadingTheDictionary() throws {
        let storage = MemoryStorage()
        let name = try makeSegment(1, in: storage)
        let cache = BlockCache(capacity: 64 << 20)
        let reader = try SegmentReader(name, in: storage, cache: cache)
        let section = try #require(reader.footer?.section(.dictionary, DictionaryID.user.rawValue))
        #expect(PageSums.hasPages(section) && reader.footer?.section(.pages) != nil)
        #expect(try reader.code(of: user(345), .user) != nil)
        #expect(reader.indexBytesRead < section.length / 4 * 3)
        #expect(cache.indexes.bytesHeld < section.length / 4 * 3)
        for number in 0..<users { #expect(try reader.code(of: user(number), .user) != nil) }
        #expect(try reader.code(of: user(users + 5), .user) == nil)
        #expect(cache.indexes.bytesHeld <= section.length, "each page once")
    }

    @Test(arguments: [0, 24 << 10, 100 << 10]) func memoryStaysWithinTheBudget(capacity: Int) throws {
        let storage = MemoryStorage()
        let names = try (1...12).map { try makeSegment($0, in: storage) }
        let cache = BlockCache(capacity: 0, indexes: capacity)
        let readers = try names.map { try SegmentReader($0, in: storage, cache: cache) }
        let section = try #require(readers[0].footer?.section(.dictionary, DictionaryID.user.rawValue))
        for turn in 0..<4 {
            for reader in readers {
                for number in stride(from: turn, to: users, by: 101) {
                    #expect(try reader.code(of: user(number), .user) != nil)
                    let lists = try #require(try reader.postings(PostingColumn.user))
                    #expect(try lists.postings.count(1) == 1)
                    withExtendedLifetime(lists) {}
                    // What is asked for at the moment may go beyond.
                    #expect(cache.indexes.bytesHeld <= capacity + section.length)
                }
            }
        }
        #expect(cache.indexes.bytesHeld > 0)
        withExtendedLifetime(readers) {}
    }

    @Test func whatIsKeptIsCountedUntilItGoes() throws {
        let storage = MemoryStorage()
        let name = try makeSegment(1, in: storage)
        let cache = BlockCache(capacity: 0, indexes: 64 << 20)
        do {
            let reader = try SegmentReader(name, in: storage, cache: cache)
            _ = try reader.code(of: user(1), .user)
            _ = try reader.termTable(.user)
            _ = try reader.postings(PostingColumn.type)
            #expect(cache.indexes.bytesHeld > 60 * users)
        }
        #expect(cache.indexes.bytesHeld == 0)
    }

    @Test func aDamagedPageCostsNoAnswer() throws {
        let storage = MemoryStorage()
        let name = try makeSegment(1, in: storage)
        var footer: SegmentFooter?
        do {
            footer = try SegmentReader(name, in: storage, cache: BlockCache(capacity: 0)).footer
        }
        let section = try #require(footer?.section(.dictionary, DictionaryID.user.rawValue))
        for place in stride(from: section.offset + 40, to: section.offset + section.length, by: 7_001) {
            try flip(place, name, storage)
            let reader = try SegmentReader(name, in: storage, cache: BlockCache(capacity: 64 << 20))
            for number in stride(from: 0, to: users + 9, by: 11) {
                #expect((try reader.code(of: user(number), .user) != nil) == (number < users))
            }
            try flip(place, name, storage)
        }
    }

    /// What is wrong in the list of checksums is found, with all other checksums right, and costs no answer.
    @Test func wrongPageChecksumsAreFound() throws {
        let storage = MemoryStorage()
        let name = try makeSegment(1, in: storage)
        let sound = try SegmentReader(name, in: storage, cache: BlockCache(capacity: 0))
        let footer = try #require(sound.footer)
        #expect(try problems(name, storage, sound.header).isEmpty)
        let place = try #require(footer.sections.firstIndex { $0.role == .pages })
        let section = footer.sections[place]
        let file = try storage.open(name, mode: .readWrite)
        for offset in stride(from: section.offset, to: section.offset + section.length, by: 3) {
            try flip(offset, name, storage)
            var changed = footer
            changed.sections[place].checksum = try file.bytes(
                at: section.offset, section.length, what: "test"
            ).withView { Checksum.of($0) }
            var out = ByteWriter()
            changed.write(into: &out)
            try file.write(at: footer.tableOffset, out.view)
            #expect(try problems(name, storage, sound.header).count == 1)
            if offset % 5 == 0 {
                let reader = try SegmentReader(name, in: storage, cache: BlockCache(capacity: 64 << 20))
                #expect(try reader.code(of: user(offset % users), .user) != nil)
            }
            try flip(offset, name, storage)
        }
    }

    private func problems(
        _ name: String, _ storage: MemoryStorage, _ header: SegmentHeader
    ) throws -> [VerificationProblem] {
        let place = CheckedPlace(segment: header.number, file: name)
        return try CheckedRegion(
            storage.open(name, mode: .read), header: header, place: place, isQuick: false
        ).problems
    }

    private func flip(_ offset: Int, _ name: String, _ storage: MemoryStorage) throws {
        let file = try storage.open(name, mode: .readWrite)
        var byte = try file.read(at: offset, length: 1)
        byte[0] ^= 0x10
        try byte.withView { try file.write(at: offset, $0) }
    }
}
