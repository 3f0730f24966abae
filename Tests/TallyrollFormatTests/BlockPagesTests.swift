import Synchronization
import Testing

@testable import TallyrollFormat

/// Long columns are read by the page, and what lies side by side together.
@Suite struct BlockPagesTests {
    private struct TooLong: Error {}

    /// Counts what was read, and gives no more than `readMax` at once.
    private final class CountingSource: BlockSource {
        private let source: MemoryBlockSource
        private let readMax: Int
        private let counted = Mutex((reads: 0, bytes: 0))

        init(_ bytes: Bytes, readMax: Int = .max) {
            source = MemoryBlockSource(bytes)
            self.readMax = readMax
        }

        var reads: Int { counted.withLock { $0.reads } }
        var bytes: Int { counted.withLock { $0.bytes } }

        func read(_ offset: Int, _ length: Int) throws -> Bytes {
            guard length <= readMax else { throw TooLong() }
            counted.withLock { $0 = ($0.reads + 1, $0.bytes + length) }
            return try source.read(offset, length)
        }
    }

    private static let count = 4000

    private static func id(_ number: Int) -> String {
        let hash = UInt64(number + 1) &* 0x9E37_79B9_7F4A_7C15
        let text = String(hash, radix: 16)
        return "id-" + String(repeating: "0", count: 16 - text.count) + text
    }

    /// Fifteen digits: two values share a byte.
    private static func request(_ number: Int) -> String { "r" + id(number * 3).dropFirst(4) }

    private let stored: TestBlock
    private let terms = GrowingTerms()

    init() throws {
        let events = (0..<BlockPagesTests.count).map { number in
            AuditEvent(
                id: BlockPagesTests.id(number),
                timestamp: Timestamp(nanosecondsSince1970: Int64(number) * 1_000_003), type: "t",
                user: "user\(number % 70)", action: "action\(number % 5)",
                outcome: number % 3 == 0 ? .failure("error \(number % 40)") : .success,
                ip: "10.\(number % 3).0.\(number % 200)", userAgent: "agent \(number % 30)",
                requestID: BlockPagesTests.request(number),
                details: JSONObject(trusted: #"{"a":\#(number),"b":"text \#(number % 90)"}"#))
        }
        stored = try TestBlock(events, recordedAt: (0..<BlockPagesTests.count).map { Int64($0) })
        try terms.add(try BlockReader(source: MemoryBlockSource(stored.bytes), origin: 0, terms: terms))
    }

    private func reader(_ source: any BlockSource) throws -> BlockReader {
        try BlockReader(source: source, origin: 0, terms: terms, length: stored.bytes.count)
    }

    private func record(_ row: Int, _ reader: BlockReader) throws -> [UInt8] {
        var out = ByteWriter()
        _ = try reader.appendRecord(row, into: &out)
        return out.array
    }

    private func idSection() throws -> BlockSection {
        let reader = try reader(MemoryBlockSource(stored.bytes))
        let section = try #require(reader.directory.section(.column, Int(ColumnID.id.rawValue)))
        try #require(section.isPaged && section.sums.count == 8)
        return section
    }

    @Test func aRowTakesFewReadsAndPages() throws {
        let source = CountingSource(stored.bytes)
        let reader = try reader(source)
        for row in [5, 2_900, 3_999] { #expect(try record(row, reader) == stored.records[row]) }
        let long = try idSection().length
        // Header and directory, the short sections, and for each row a page of ids and one of request ids.
        #expect(source.reads <= 8)
        #expect(source.bytes <= stored.bytes.count - long + 4 * PagedBytes.pageBytes)
        #expect(reader.bytesHeld >= reader.bytesRead)
    }

    @Test func allRowsComeBackWhateverWasReadBefore() throws {
        for first in [[0], [17, 2_000], [3_998]] {
            let reader = try reader(CountingSource(stored.bytes))
            for row in first { #expect(try record(row, reader) == stored.records[row]) }
            var rows = BlockRows()
            try rows.load(reader)
            for row in stride(from: 0, to: BlockPagesTests.count, by: 7) {
                var out = ByteWriter()
                try rows.appendRecord(row, into: &out)
                #expect(out.array == stored.records[row])
            }
        }
    }

    @Test func aTextIsFoundInPagesThatWereNotRead() throws {
        let reader = try reader(CountingSource(stored.bytes))
        let column = try #require(try reader.text(.id))
        let context = try reader.context(.id)
        for row in [0, 511, 512, 3_999] {
            let found = try BlockPagesTests.id(row).withView { try column.rows(from: context, equalTo: $0) }
            #expect(found.rows == [row])
        }
        let none = try "id-0123456789abcdeg".withView { try column.rows(from: context, equalTo: $0) }
        #expect(none.isEmpty)
    }

    @Test func whatCannotBeReadTogetherIsReadAlone() throws {
        let reader = try reader(CountingSource(stored.bytes, readMax: 20 << 10))
        for row in [0, 2_000] { #expect(try record(row, reader) == stored.records[row]) }
    }

    @Test(arguments: [0, 3, 7])
    func damageOfAPageSparesTheOthers(page: Int) throws {
        let section = try idSection()
        var bytes = stored.bytes.view.array
        bytes[section.offset + page * PagedBytes.pageBytes + 300] ^= 4
        let reader = try reader(CountingSource(Bytes(bytes)))
        // Eight bytes an id, behind a head of few bytes.
        for row in [100, 1_800, 3_900] {
            let own = (20 + row * 8) / PagedBytes.pageBytes
            if own == page || page == 0 {
                #expect(throws: FormatError.self) { try record(row, reader) }
            } else {
                #expect(try record(row, reader) == stored.records[row])
            }
        }
        do {
            _ = try reader.read(section)
            Issue.record("a damaged section was read")
        } catch let problem as FormatError {
            #expect(problem.kind == .checksum)
            #expect(problem.offset == section.offset + page * PagedBytes.pageBytes)
        }
    }
}
