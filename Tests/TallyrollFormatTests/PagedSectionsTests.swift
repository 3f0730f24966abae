import Synchronization
import Testing

@testable import TallyrollFormat

/// Sections of which only those pages are in memory that were asked for say the same as whole ones: each question is
/// put to one of which nothing was read.
@Suite struct PagedSectionsTests {
    /// Pages of an array. Those that were not asked for stay zero, so that a look at one shows.
    private final class ArrayPages: PageSource {
        let bytes: [UInt8]
        let read = Atomic(0)
        let damaged: Int?

        init(_ bytes: [UInt8], damaged: Int? = nil) {
            self.bytes = bytes
            self.damaged = damaged
        }

        func read(_ pages: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
            if let damaged, pages.contains(damaged) {
                throw FormatError(.checksum, "page", offset: damaged, expected: "a sound one", found: "other")
            }
            bytes.withUnsafeBytes {
                let start = pages.lowerBound * PagedBytes.pageBytes
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<start + buffer.count]))
            }
        }

        func didRead(_ bytes: Int) { read.add(bytes, ordering: .relaxed) }
    }

    private func paged<R>(_ bytes: [UInt8], _ body: (PagedBytes, ArrayPages) throws -> R) rethrows -> R {
        let pages = ArrayPages(bytes)
        let gauge = MemoryGauge()
        let paged = PagedBytes(count: bytes.count, from: pages, gauge: gauge)
        defer { withExtendedLifetime(paged) {} }
        let result = try body(paged, pages)
        #expect(gauge.bytes == paged.bytesHeld && paged.bytesHeld == pages.read.load(ordering: .relaxed))
        return result
    }

    @Test(arguments: [(60_000, 9), (60_000, 700), (150_000, 40_000)]) func postings(count: Int, terms: Int)
        throws
    {
        var random = PostingsRandom(seed: UInt64(terms))
        let codes = (0..<count).map { _ in UInt32(min(random.below(terms + 1), random.below(terms + 1))) }
        var writer = ByteWriter()
        codes.withUnsafeBufferPointer { TermPostings.build(codes: $0, termCount: terms, into: &writer) }
        let bytes = writer.array
        try bytes.withView { view in
            let whole = try TermPostings(view, universe: count)
            let chosen = [1, 2, terms - 1, terms] + (0..<20).map { _ in 1 + random.below(terms) }
            for code in chosen.map({ UInt32($0) }) {
                try paged(bytes) { bytes, pages in
                    let lists = try TermPostings(bytes.view, universe: count, pages: bytes.pages)
                    let list = try lists.list(code)
                    let expected = try whole.list(code).decode()
                    #expect(list.decode() == expected)
                    if let last = expected.last { #expect(list.contains(Int(last))) }
                    let most = 6 * PagedBytes.pageBytes + expected.count * 2 + 2 * count / 8
                    #expect(pages.read.load(ordering: .relaxed) <= most, "one list alone")
                }
                try paged(bytes) { bytes, _ in
                    let lists = try TermPostings(bytes.view, universe: count, pages: bytes.pages)
                    #expect(try lists.count(code) == whole.count(code))
                }
            }
            try paged(bytes) { bytes, _ in
                let lists = try TermPostings(bytes.view, universe: count, pages: bytes.pages)
                #expect(try lists.counts() == whole.counts())
                try lists.checkInvariants()
            }
        }
    }

    @Test func dictionary() throws {
        var random = PostingsRandom(seed: 4)
        let terms = Set(
            (0..<9_000).map { _ in "user\(random.below(9_999_999))@example\(random.below(40)).com" }
        )
        .map { Array($0.utf8) }
        var text: [UInt8] = []
        let places = terms.map { term in
            text += term
            return text.count - term.count..<text.count
        }
        var writer = ByteWriter()
        try text.withView { text in
            try DictionarySection.build(count: terms.count, into: &writer) { code in
                let place = places[Int(code) - 1]
                return text.trusted(place.lowerBound, place.count)
            }
        }
        let bytes = writer.array
        for _ in 0..<50 {
            let number = random.below(terms.count)
            let term = terms[number]
            try paged(bytes) { bytes, pages in
                let section = try DictionarySection(bytes.view, pages: bytes.pages)
                #expect(
                    try term.withView { (view) throws(FormatError) in try section.code(of: view) }
                        == UInt32(number + 1))
                #expect(pages.read.load(ordering: .relaxed) < 20 * PagedBytes.pageBytes, "a few pages")
            }
            try paged(bytes) { bytes, pages in
                let section = try DictionarySection(bytes.view, pages: bytes.pages)
                var out = ByteWriter()
                try section.term(UInt32(number + 1), into: &out)
                #expect(out.array == term)
                #expect(pages.read.load(ordering: .relaxed) <= 8 * PagedBytes.pageBytes, "a few pages")
            }
            try paged(bytes) { bytes, _ in
                let section = try DictionarySection(bytes.view, pages: bytes.pages)
                let absent = term + [33]
                #expect(
                    try absent.withView { (view) throws(FormatError) in try section.code(of: view) } == nil)
            }
        }
        try paged(bytes) { bytes, _ in
            let table = try DictionarySection(bytes.view, pages: bytes.pages).decodeAll()
            for (number, term) in terms.enumerated() { #expect(table[UInt32(number + 1)]?.array == term) }
        }
    }

    @Test func ids() throws {
        var random = PostingsRandom(seed: 6)
        let hashes = (0..<40_000).map { _ in random.next() }
        let blocks = (0..<40_000).map { UInt32($0 / 300) }
        var writer = ByteWriter()
        hashes.withUnsafeBufferPointer { hashes in
            blocks.withUnsafeBufferPointer {
                IDTable.build(hashes: hashes, payload: .blocks($0), into: &writer)
            }
        }
        let bytes = writer.array
        for ordinal in (0..<100).map({ _ in random.below(hashes.count) }) {
            try paged(bytes) { bytes, pages in
                let table = try IDTable(bytes.view, pages: bytes.pages)
                try table.need(hashes[ordinal])
                #expect(table.candidates(hashes[ordinal]).contains(blocks[ordinal]))
                #expect(pages.read.load(ordering: .relaxed) <= 7 * PagedBytes.pageBytes, "a few pages")
            }
        }
    }

    @Test func aDamagedPageThrowsWhenItIsNeededAndNoEarlier() throws {
        let pages = ArrayPages([UInt8](repeating: 7, count: 5 * PagedBytes.pageBytes + 9), damaged: 2)
        let bytes = PagedBytes(count: pages.bytes.count, from: pages, gauge: MemoryGauge())
        try bytes.pages.need(0..<2 * PagedBytes.pageBytes)
        try bytes.pages.need(5 * PagedBytes.pageBytes..<Int.max)
        for _ in 0..<2 {
            #expect(throws: FormatError.self) { try bytes.pages.need(8_000..<9_000) }
        }
        try bytes.pages.need(3 * PagedBytes.pageBytes..<4 * PagedBytes.pageBytes)
        #expect(bytes.bytesHeld == 3 * PagedBytes.pageBytes + 9)
        #expect(bytes.view[4_000] == 7 && bytes.view[5 * PagedBytes.pageBytes + 8] == 7)
    }

    @Test func severalThreadsReadEachPageOnce() async throws {
        let pages = ArrayPages((0..<200 * PagedBytes.pageBytes).map { UInt8(truncatingIfNeeded: $0 >> 12) })
        let bytes = PagedBytes(count: pages.bytes.count, from: pages, gauge: MemoryGauge())
        try await withThrowingTaskGroup { group in
            for seed in 1...8 as ClosedRange<UInt64> {
                group.addTask {
                    var random = PostingsRandom(seed: seed)
                    for _ in 0..<400 {
                        let page = random.below(200)
                        let offset = page << PagedBytes.pageShift
                        try bytes.pages.need(offset..<offset + 1)
                        #expect(bytes.view[offset] == UInt8(truncatingIfNeeded: page))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(pages.read.load(ordering: .relaxed) == bytes.bytesHeld)
        #expect(bytes.bytesHeld <= pages.bytes.count)
    }
}
