import Testing
import TallyrollFormat

@Suite struct FilterTests {
    private func section(_ gatherer: FilterGatherer) -> [UInt8] {
        var out = ByteWriter()
        gatherer.write(into: &out)
        return out.array
    }

    /// The lines as the values of one field.
    private func append(_ lines: [String?], _ field: StringField, to gatherer: inout FilterGatherer) {
        var list = ValueList()
        var memory: [UInt8] = []
        for line in lines {
            guard let line else {
                list.appendAbsent()
                continue
            }
            list.append(offset: UInt32(memory.count), length: UInt32(line.utf8.count))
            memory += Array(line.utf8)
        }
        memory.withView { view in list.withSpan { gatherer.add(field, $0, in: view) } }
        gatherer.endBlock()
    }

    private func blocks(_ bytes: [UInt8], _ count: Int, _ key: UInt64) throws -> [UInt32] {
        try bytes.withView { try BlockFilter($0, blocks: count).blocks(holding: key).decode() }
    }

    // MARK: Keys and blocks

    @Test(arguments: [1, 2, 3, 7, 64, 300]) func noBlockIsMissed(blockCount: Int) throws {
        var random = PostingsRandom(seed: UInt64(blockCount))
        var gatherer = FilterGatherer(.session)
        var held: [[UInt64: Bool]] = []
        for block in 0..<blockCount {
            var keys = BlockKeys()
            // Some values are nearly everywhere, some in a few blocks, some in one.
            keys.keys = (0..<40).map { UInt64($0) << 50 | 5 }.filter { _ in random.below(10) < 8 }
            keys.keys += (0..<40).map { UInt64($0) << 40 | 9 }.filter { _ in random.below(10) < 1 }
            keys.keys += (0..<20).map { _ in random.next() | 1 }
            keys.isComplete = block % 50 != 49
            held.append(Dictionary(keys.keys.map { ($0, true) }, uniquingKeysWith: { first, _ in first }))
            gatherer.append(keys)
        }
        let bytes = section(gatherer)
        #expect(bytes.count <= gatherer.bytesBound)
        try bytes.withView { view in
            let filter = try BlockFilter(view, blocks: blockCount)
            try filter.checkInvariants()
            for (block, keys) in held.enumerated() {
                for key in keys.keys { #expect(filter.mayHold(key, in: block)) }
            }
            var inVain = 0
            for _ in 0..<4_000 {
                inVain += filter.blocks(holding: random.next()).count - filter.unknown.count
            }
            #expect(inVain < 4_000 / 256 * 3 + 20)
            for block in filter.unknown { #expect(filter.mayHold(random.next(), in: Int(block))) }
        }
    }

    @Test func whatIsNearlyEverywhereCostsNoList() throws {
        var gatherer = FilterGatherer(.session)
        for block in 0..<1_000 {
            append(["everywhere", block % 3 == 0 ? nil : "often"], .sessionID, to: &gatherer)
        }
        let bytes = section(gatherer)
        #expect(bytes.count < 70)
        let key = Array("often".utf8).withView { FilterKey.of($0) }
        #expect(try blocks(bytes, 1_000, key).count == 1_000)
    }

    @Test func cutSectionsAreRefused() throws {
        var gatherer = FilterGatherer(.session)
        for block in 0..<40 {
            append((0..<20).map { "s-\($0 * block % 77)" }, .sessionID, to: &gatherer)
        }
        let bytes = section(gatherer)
        for length in 0..<bytes.count {
            Array(bytes[..<length]).withView { view in
                _ = #expect(throws: FormatError.self) { try BlockFilter(view, blocks: 40) }
            }
        }
        bytes.withView { view in
            _ = #expect(throws: FormatError.self) { try BlockFilter(view, blocks: 41) }
        }
    }

    // MARK: Values in details

    @Test func detailsLeadToTheirBlocks() throws {
        var gatherer = FilterGatherer(.details)
        append([#"{"a":5.0,"b":{"c":["x",{"d":true}]}}"#], .details, to: &gatherer)
        append([nil, #"{"a":"5","é":"\u00e9"}"#], .details, to: &gatherer)
        append([#"{"a":50e-1,"b":null}"#], .details, to: &gatherer)
        append([#"{"broken":"\ud800"}"#], .details, to: &gatherer)
        append([#"{"z":{}}"#], .details, to: &gatherer)
        let bytes = section(gatherer)
        func found(_ path: [String], _ key: (ByteView, UInt64) -> UInt64?, _ text: String) throws -> [UInt32]
        {
            let key = try #require(text.withView { key($0, FilterKey.path(path)) })
            return try blocks(bytes, 5, key)
        }
        // Nothing is known of the fourth block.
        #expect(try found(["a"], FilterKey.number, "5") == [0, 2, 3])
        #expect(try found(["a"], FilterKey.number, "0.5e1") == [0, 2, 3])
        #expect(try found(["a"], FilterKey.string, "5") == [1, 3])
        #expect(try found(["b", "c"], FilterKey.string, "x") == [0, 3])
        #expect(try found(["b", "c", "d"], FilterKey.word, "true") == [0, 3])
        #expect(try found(["é"], FilterKey.string, "é") == [1, 3])
        #expect(try found(["b"], FilterKey.word, "null") == [2, 3])
        #expect(try found(["b"], FilterKey.string, "x") == [3])
    }

    @Test func onlyChosenPathsAreGathered() throws {
        let wanted = FilterKey.path(["a", "b"])
        var gatherer = FilterGatherer(.details, paths: [wanted])
        append([#"{"a":{"b":"x"},"c":"x"}"#], .details, to: &gatherer)
        let bytes = section(gatherer)
        let x = Array("x".utf8)
        #expect(try blocks(bytes, 1, x.withView { FilterKey.string($0, at: wanted) }) == [0])
        let other = FilterKey.path(["c"])
        #expect(try blocks(bytes, 1, x.withView { FilterKey.string($0, at: other) }).isEmpty)
    }

    @Test func numbersOfOneValueHaveOneKey() {
        let same = [
            ["5", "5.0", "50e-1", "0.5e1", "5.00E0", "500e-2"], ["0", "-0", "0.0", "0e99"],
            ["-1.25", "-125e-2", "-0.0125e+2"], ["100", "1e2", "1.00E+2"],
            ["1e1000000000000000000", "1e1000000000000000"],
        ]
        let hashes = same.map { texts in
            texts.map { text in text.withView { FilterKey.number($0, at: 7) } }
        }
        for keys in hashes { #expect(Set(keys).count == 1 && keys[0] != nil) }
        #expect(Set(hashes.map { $0[0] }).count == same.count)
        #expect("007".withView { FilterKey.number($0, at: 7) } == nil)
    }

    // MARK: Text

    @Test func textIsFoundByItsPieces() throws {
        var random = PostingsRandom(seed: 5)
        let words = ["Rate", "limit", "exceeded", "überlauf", "ok", "x", "timeout 30000 ms"]
        var texts: [String] = []
        var gatherer = FilterGatherer(.text)
        for block in 0..<30 {
            let text = (0..<4).map { _ in words[random.below(words.count)] }.joined(separator: " ")
            texts.append(text)
            append([text, nil], block % 2 == 0 ? .message : .error, to: &gatherer)
        }
        append([#"{"k":["hidden needle","Caf\u00e9"]}"#], .details, to: &gatherer)
        let bytes = section(gatherer)
        try bytes.withView { view in
            let filter = try BlockFilter(view, blocks: 31)
            try filter.checkInvariants()
            func mayHold(_ needle: [UInt8], _ block: Int) -> Bool {
                needle.withView { Trigram.keys($0) }.allSatisfy { filter.mayHold($0, in: block) }
            }
            for (block, text) in texts.enumerated() {
                let bytes = Array(text.uppercased().utf8.isEmpty ? "".utf8 : text.utf8)
                for _ in 0..<20 {
                    let start = random.below(bytes.count)
                    let end = start + random.below(bytes.count - start + 1)
                    let piece = bytes[start..<end].map { $0 >= 0x61 && $0 < 0x7B ? $0 & 0xDF : $0 }
                    #expect(mayHold(piece, block))
                }
            }
            #expect(mayHold(Array("NEEDLE".utf8), 30) && mayHold(Array("café".utf8), 30))
            #expect(!mayHold(Array("no such text".utf8), 30))
        }
    }

    // MARK: Choices

    @Test func choicesSurviveTheHeader() throws {
        let choices: [SegmentIndexes] = [
            .none, .default, .all, [.details("a.b"), .details("\"x.y\".z"), .text],
            [.details("a"), .details],
        ]
        for indexes in choices {
            let header = SegmentHeader(
                storeID: [UInt8](repeating: 1, count: 16), number: 1, epoch: 1, firstSequence: 3,
                capacity: 1 << 20, created: 1, blockEvents: 16, chainBefore: [UInt8](repeating: 2, count: 32),
                frontier: [[UInt8]](repeating: [UInt8](repeating: 3, count: 32), count: 2), indexes: indexes)
            var out = ByteWriter()
            header.write(into: &out)
            #expect(try out.array.withView { try SegmentHeader($0) } == header)
        }
        #expect(SegmentIndexes.details("a").union(.details) == .details)
        #expect(SegmentIndexes.all.contains(.details("q")) && !SegmentIndexes.details("q").contains(.details))
        #expect("\([.details("\"x.y\".z"), .result] as SegmentIndexes)" == "result, details.\"x.y\".z")
        for name in SegmentIndexes.names { #expect(SegmentIndexes(named: name) != nil) }
        #expect(SegmentIndexes(named: "details.a.b") == .details("a.b"))
        #expect(SegmentIndexes(named: "nonsense") == nil)
    }
}
