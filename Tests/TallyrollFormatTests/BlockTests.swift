import Testing

@testable import TallyrollFormat

/// Blocks of captured events: every record comes back byte for byte, row by row and all at once.
@Suite struct BlockTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var events: Int
        var codec: Codec
        var testDescription: String { "\(events) events a block, \(codec)" }
    }

    static let cases: [Case] = [16, 300, 4096].flatMap { events in
        Codec.allCases.filter(\.isAvailable).map { Case(events: events, codec: $0) }
    }

    @Test(arguments: cases)
    func capturedEventsComeBack(_ shape: Case) throws {
        for name in JSONCorpusTests.names where name != "otrf_windows_security" {
            guard let lines = JSONCorpusTests.lines(name) else { return }
            try roundTrip(lines, shape, name)
        }
    }

    /// The largest capture once, since it has the widest objects.
    @Test func theWindowsCaptureComesBack() throws {
        guard let lines = JSONCorpusTests.lines("otrf_windows_security") else { return }
        try roundTrip(
            Array(lines.prefix(9_000)), Case(events: 4096, codec: .deflate), "otrf_windows_security")
    }

    private func roundTrip(_ lines: [[UInt8]], _ shape: Case, _ name: String) throws {
        var parser = EventJSONParser()
        var records = ByteWriter(capacity: 1 << 20)
        var offsets: [UInt32] = []
        for line in lines {
            offsets.append(UInt32(records.count))
            _ = try line.withView { (view) throws(EventInputError) in try parser.parse(view, into: &records) }
        }
        let encoder = BlockEncoder(codec: shape.codec, level: 1)
        let terms = GrowingTerms()
        var rows = BlockRows()
        var found = ByteWriter()
        var start = 0
        var index = 0
        while start < offsets.count {
            let end = min(start + shape.events, offsets.count)
            let recordedAt = (start..<end).map { 1_700_000_000_000_000_000 + Int64($0 / 100) }
            var out = ByteWriter(capacity: 1 << 20)
            try offsets[start..<end].withUnsafeBufferPointer { offsets in
                try recordedAt.withUnsafeBufferPointer { recordedAt in
                    _ = try encoder.encode(
                        BlockInput(
                            memory: records.view, recordOffsets: offsets, recordedAt: recordedAt,
                            firstSequence: UInt64(start), seeds: [1, 2, 3], tree: [0, 0],
                            chainBefore: [UInt8](repeating: 1, count: 32),
                            chainAfter: [UInt8](repeating: 2, count: 32)), storeTag: 7, segmentNumber: 1,
                        index: index, into: &out)
                }
            }
            let block = try BlockReader(source: MemoryBlockSource(Bytes(out.array)), origin: 0, terms: terms)
            try terms.add(block)
            try rows.load(block)
            for row in 0..<block.count {
                let first = Int(offsets[start + row])
                let next = start + row + 1 < offsets.count ? Int(offsets[start + row + 1]) : records.count
                let expected = records.view.trusted(first, next - first)
                found.removeAll()
                try rows.appendRecord(row, into: &found)
                var isEqual = found.view.isEqual(to: expected)
                #expect(isEqual, "\(name) block \(index) row \(row)")
                guard row % 13 == 0 else { continue }
                found.removeAll()
                let time = try block.appendRecord(row, into: &found)
                isEqual = found.view.isEqual(to: expected)
                #expect(isEqual, "\(name) block \(index) row \(row) alone")
                #expect(time == recordedAt[row])
            }
            // Few rows are read in another way than some, and those in another than all.
            for count in [4, 40] {
                let some = Array(stride(from: index % 3, to: block.count, by: block.count / count + 1))
                try rows.load(block, some)
                for (place, row) in some.enumerated() {
                    let first = Int(offsets[start + row])
                    let next = start + row + 1 < offsets.count ? Int(offsets[start + row + 1]) : records.count
                    found.removeAll()
                    try rows.appendRecord(place, into: &found)
                    let isEqual = found.view.isEqual(to: records.view.trusted(first, next - first))
                    #expect(isEqual, "\(name) block \(index) row \(row), \(some.count) together")
                }
            }
            start = end
            index += 1
        }
    }
}
