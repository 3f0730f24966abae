import Testing
import TallyrollFormat

@Suite struct PostingsTermTests {
    private func build(_ codes: [UInt32], termCount: Int) -> [UInt8] {
        var writer = ByteWriter()
        codes.withUnsafeBufferPointer { TermPostings.build(codes: $0, termCount: termCount, into: &writer) }
        return writer.array
    }

    private func randomCodes(_ count: Int, termCount: Int, _ random: inout PostingsRandom) -> [UInt32] {
        (0..<count).map { _ in
            // Log-uniform, so that there are long lists, short ones and terms without any.
            let bits = random.below(BitPacking.width(forMaximum: UInt64(termCount)) + 1)
            return UInt32(min(random.below(1 << bits), termCount))
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func everyListComesBack(seed: UInt64) throws {
        var random = PostingsRandom(seed: seed)
        let shapes = [
            (0, 0), (0, 3), (1, 1), (2, 1), (1, 0), (5, 0), (100, 1), (1_000, 15), (1_000, 16), (1_000, 17),
            (5_000, 4_000),
            (20_000, 40), (20_000, 1_500),
        ]
        for (count, termCount) in shapes {
            let codes = randomCodes(count, termCount: termCount, &random)
            var expected = [[UInt32]](repeating: [], count: termCount + 1)
            for (ordinal, code) in codes.enumerated() { expected[Int(code)].append(UInt32(ordinal)) }
            try build(codes, termCount: termCount).withView { view in
                let postings = try TermPostings(view, universe: count)
                try postings.checkInvariants()
                #expect(postings.termCount == termCount && postings.universe == count)
                #expect(try postings.counts().map { Int($0) } == expected.map(\.count))
                for code in 1..<(termCount + 1) {
                    #expect(try postings.count(UInt32(code)) == expected[code].count)
                    #expect(try postings.list(UInt32(code)).decode() == expected[code])
                }
                #expect(throws: FormatError.self) { try postings.list(0) }
                #expect(throws: FormatError.self) { try postings.list(UInt32(termCount + 1)) }
                #expect(throws: FormatError.self) { try postings.count(UInt32(termCount + 1)) }
            }
        }
    }

    /// Codes by first appearance, as a segment has them, most of them met once: their lists take no bits of their own.
    @Test(arguments: 0..<12 as Range<UInt64>) func listsOfOneEventComeBack(seed: UInt64) throws {
        var random = PostingsRandom(seed: seed)
        let count = [2, 30, 700, 9_000][random.below(4)]
        let fresh = [2, 3, 6][random.below(3)]
        var codes: [UInt32] = []
        var met: UInt32 = 0
        for _ in 0..<count {
            if met == 0 || random.below(fresh) == 0 { met += 1 }
            codes.append(random.below(fresh) == 0 ? UInt32(random.below(Int(met) + 1)) : met)
        }
        // Terms that no event has, at the end, as behind a block that was taken back.
        let termCount = Int(met) + random.below(3)
        var expected = [[UInt32]](repeating: [], count: termCount + 1)
        for (ordinal, code) in codes.enumerated() { expected[Int(code)].append(UInt32(ordinal)) }
        let bytes = build(codes, termCount: termCount)
        try bytes.withView { view in
            let postings = try TermPostings(view, universe: count)
            try postings.checkInvariants()
            for code in 1..<(termCount + 1) {
                let list = try postings.list(UInt32(code))
                #expect(list.decode() == expected[code] && list.count == expected[code].count)
                guard let ordinal = expected[code].first else { continue }
                #expect(list.contains(Int(ordinal)) && list.rank(of: count) == list.count)
                var reverse = ReversePostingCursor(list)
                #expect(reverse.next() == expected[code].last)
            }
        }
        guard bytes.count < 200 else { return }
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            damaged.withView { exercise($0, codes) }
        }
    }

    /// What the first ordinals are stored for: 1,000 terms met once and one that all others have.
    @Test func termsMetOnceTakeFewBits() {
        let codes: [UInt32] = (0..<4_000).map { (ordinal: UInt32) -> UInt32 in
            ordinal % 4 == 1 ? ordinal / 4 + 2 : 1
        }
        // 4 bits for each count and for each first ordinal, 12 for every 16th place, and the bitmap of the other term.
        #expect(build(codes, termCount: 1_001).count < 1_700)
        var turned = codes
        turned.swapAt(1, 3_997)
        #expect(build(turned, termCount: 1_001).count > 2_200)
    }

    /// Every bit counts: a flipped one is refused on opening or found by the check, and no read traps or leaves
    /// the universe.
    @Test func flippedBitsAreFoundOrInRange() throws {
        var random = PostingsRandom(seed: 5)
        for (count, termCount) in [(40, 3), (300, 40), (900, 20)] {
            let codes = randomCodes(count, termCount: termCount, &random)
            let bytes = build(codes, termCount: termCount)
            for bit in 0..<bytes.count * 8 {
                var damaged = bytes
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                damaged.withView { exercise($0, codes) }
            }
            for length in 0..<bytes.count {
                Array(bytes[..<length]).withView { view in
                    _ = #expect(throws: FormatError.self) { try TermPostings(view, universe: count) }
                }
            }
            (bytes + [0]).withView { view in
                _ = #expect(throws: FormatError.self) { try TermPostings(view, universe: count) }
            }
        }
    }

    /// Reads everything of a section that may be damaged; if it passes the check, it is another valid section.
    private func exercise(_ view: ByteView, _ codes: [UInt32]) {
        guard let postings = try? TermPostings(view, universe: codes.count) else { return }
        _ = try? postings.counts()
        var rebuilt = [UInt32](repeating: 0, count: postings.universe)
        for code in 1..<UInt32(max(postings.termCount, 0) + 1) {
            guard let list = try? postings.list(code) else { continue }
            for ordinal in list.decode() { rebuilt[Int(ordinal)] = code }
            var reverse = ReversePostingCursor(list)
            while let ordinal = reverse.next() { #expect(Int(ordinal) < postings.universe) }
        }
        if (try? postings.checkInvariants()) != nil {
            #expect(rebuilt != codes)
            #expect(build(rebuilt, termCount: postings.termCount) == view.array)
        }
    }
}
