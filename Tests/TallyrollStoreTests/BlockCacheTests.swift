import Testing
import TallyrollFormat
import TallyrollIntegrity

@testable import TallyrollStore

/// The cache bounds what readers hold, not what blocks take in their file.
@Suite struct BlockCacheTests {
    /// A sealed segment whose blocks take little in the file and much in memory.
    private func segment(blocks: Int, cache: BlockCache) throws -> SegmentReader {
        let storage = MemoryStorage()
        let header = SegmentHeader(
            storeID: [UInt8](1...16), number: 1, epoch: 1, firstSequence: 0, capacity: 4 << 20, created: 0,
            blockEvents: 64, chainBefore: [UInt8](repeating: 7, count: 32), frontier: [])
        let builder = try SegmentBuilder.create(
            header, in: storage, encoder: BlockEncoder(codec: .deflate, level: 1))
        let seed = [UInt8](repeating: 9, count: 16)
        let hash = try #require(Digest([UInt8](repeating: 1, count: 32)))
        for block in 0..<blocks {
            let run = EventRun(firstSequence: UInt64(block * 40), seed: seed, capacity: 64, bytes: 1 << 20)
            for row in 0..<40 {
                // No number between a prefix and a suffix, which would need no heap.
                let name = String((block * 40 + row + 40) * 7919, radix: 36)
                let text = "entry \(name) " + String(repeating: "\(name) again ", count: 200)
                let details = JSONObject(trusted: #"{"text":"\#(text)"}"#)
                var record = ByteWriter()
                _ = try AuditEvent(type: "t", details: details)
                    .encode(now: Timestamp(nanosecondsSince1970: 5), into: &record)
                run.append(record.view, recordedAt: 5, chainHash: hash)
            }
            _ = try builder.append(run.encoded(seed))
        }
        try builder.seal()
        return try SegmentReader(SegmentName.of(1), in: storage, cache: cache)
    }

    @Test func holdsNoMoreThanItMay() throws {
        let cache = BlockCache(capacity: 512 << 10)
        let reader = try segment(blocks: 12, cache: cache)
        let stored = reader.entries.reduce(0) { $0 + $1.length }
        #expect(stored < cache.capacity / 4, "the blocks do not compress: the test tests nothing")
        var largest = 0
        for _ in 0..<2 {
            for entry in reader.entries {
                var rows = BlockRows()
                let block = try reader.block(entry)
                try rows.load(block)
                largest = max(largest, block.bytesHeld)
                #expect(cache.bytesHeld <= cache.capacity + largest)
            }
        }
        #expect(largest > 64 << 10)
        #expect(cache.bytesHeld > cache.capacity / 2, "what fits is kept")
        cache.removeAll()
        #expect(cache.bytesHeld == 0)
    }

    @Test func givesTheSameReaderWhileItFits() throws {
        let cache = BlockCache(capacity: 64 << 20)
        let reader = try segment(blocks: 3, cache: cache)
        for entry in reader.entries {
            let first = try reader.block(entry)
            #expect(try reader.block(entry) === first)
        }
    }

    @Test func keepsWhatIsLookedIntoAgain() throws {
        let cache = BlockCache(capacity: 1 << 20)
        let reader = try segment(blocks: 3, cache: cache)
        let places = reader.entries.map { SegmentOutline.Block($0) }
        for place in places { _ = try reader.passingBlock(place) }
        #expect(cache.readerCount == 0)
        let again = try reader.passingBlock(places[1])
        #expect(cache.readerCount == 1)
        #expect(try reader.passingBlock(places[1]) === again)
        #expect(try reader.block(places[1]) === again)
    }

    @Test func passesOverEverythingFindAPartOfIt() throws {
        let cache = BlockCache(capacity: 512 << 10)
        let reader = try segment(blocks: 24, cache: cache)
        /// The blocks that were there already.
        func pass() throws -> Int {
            var known = 0
            for entry in reader.entries {
                let block = try reader.block(entry)
                if block.bytesRead > 0 { known += 1 }
                var rows = BlockRows()
                try rows.load(block)
            }
            return known
        }
        #expect(try pass() == 0)
        let kept = cache.readerCount
        #expect(kept < reader.entries.count / 2, "everything fits: the test tests nothing")
        for _ in 0..<3 { #expect(try pass() >= kept / 2) }
    }

    @Test func keepsWhatIsUsedAgainWhilePassesGoOverEverything() throws {
        let cache = BlockCache(capacity: 512 << 10)
        let reader = try segment(blocks: 24, cache: cache)
        func use(_ entry: BlockEntry) throws -> Bool {
            let block = try reader.block(entry)
            defer { withExtendedLifetime(block) {} }
            let isKnown = block.bytesRead > 0
            var rows = BlockRows()
            try rows.load(block)
            return isKnown
        }
        for entry in reader.entries { _ = try use(entry) }
        // What comes when the cache is full, and comes again, stays.
        let favourite = reader.entries[20]
        for _ in 0..<3 { for entry in [favourite, reader.entries[21]] { _ = try use(entry) } }
        for _ in 0..<3 {
            for entry in reader.entries[..<20] { _ = try use(entry) }
            #expect(try use(favourite))
        }
    }
}
