import Testing

@testable import TallyrollFormat

/// A segment is sealed when its indexes might not fit any more: what they are said to take at most must hold for any
/// terms, and be near what they take for usual ones.
@Suite struct PostingsBoundTests {
    private func build(_ codes: [UInt32], _ lists: Int) -> Int {
        var out = ByteWriter()
        codes.withUnsafeBufferPointer { TermPostings.build(codes: $0, termCount: lists, into: &out) }
        return out.count
    }

    @Test(arguments: [1, 2, 3, 4, 17, 63, 64, 65, 500, 9_000], [1, 2, 100, 4_097, 20_000])
    func postingsTakeNoMore(lists: Int, ordinals: Int) {
        var random = PostingsRandom(seed: UInt64(lists * 7 + ordinals))
        // How far terms differ in how frequent they are: not at all, or so that a few are nearly everywhere.
        for skew in [1, 2, 6] {
            for absent in [0, 7] {
                let codes = (0..<ordinals).map { _ -> UInt32 in
                    if random.below(10) < absent { return 0 }
                    var code = lists
                    for _ in 0..<skew { code = min(code, 1 + random.below(lists)) }
                    return UInt32(code)
                }
                let bytes = build(codes, lists)
                for part in [0, ordinals / 3, ordinals] {
                    var bound = PostingBound()
                    codes.withUnsafeBufferPointer {
                        bound.count(UnsafeBufferPointer(rebasing: $0[..<(part / 2)]), lists: lists)
                        bound.count(UnsafeBufferPointer(rebasing: $0[..<part]), lists: lists)
                    }
                    #expect(bytes <= bound.bytes(ordinals: ordinals, lists: lists))
                    guard part == ordinals, absent == 0, lists > 1 else { continue }
                    #expect(bound.bytes(ordinals: ordinals, lists: lists) < bytes * 4 / 3 + lists + 256)
                }
            }
        }
    }

    @Test func neighboursTakeNoMore() {
        // Each term in one stretch, and all stretches of the same length: a power of two, and one more.
        for length in [1, 2, 3, 8, 9, 127, 128, 129, 4_096, 5_000] {
            let codes = (0..<40_000).map { UInt32($0 / length + 1) }
            let lists = Int(codes.last ?? 0)
            var bound = PostingBound()
            codes.withUnsafeBufferPointer { bound.count($0, lists: lists) }
            #expect(build(codes, lists) <= bound.bytes(ordinals: codes.count, lists: lists))
        }
    }

    // MARK: Dictionaries

    private enum Vocabulary: CaseIterable {
        case random, incompressible, numbers, mail, oneTerm, chain, longOnes, alternating, thresholds
    }

    private func terms(_ kind: Vocabulary) -> [[UInt8]] {
        var random = PostingsRandom(seed: 11)
        func noise(_ count: Int) -> [UInt8] {
            (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }
        let all: [[UInt8]] =
            switch kind {
            case .random: (0..<5_000).map { _ in noise(random.below(20)) }
            case .incompressible: (0..<3_000).map { _ in noise(16 + random.below(300)) }
            case .numbers: (0..<9_000).map { Array("resource-\($0 * 7)".utf8) }
            case .mail: (0..<9_000).map { Array("user\($0)@mail.example.com".utf8) }
            case .oneTerm: [noise(Limits.termBytes)]
            // Each begins with the one before.
            case .chain: (1..<600).map { [UInt8](repeating: 0x61, count: $0) }
            case .longOnes: (0..<40).map { [UInt8($0 % 7)] + noise(Limits.termBytes - 1 - $0) }
            // Groups share a long end until one term falls between them that does not.
            case .alternating:
                (0..<4_000).map { number in
                    Array(
                        "\(number % 17 == 3 ? "\(number)" : "\(number)-\(String(repeating: "z", count: 90))")"
                            .utf8)
                }
            // Around the lengths at which what is dropped and appended takes more bytes.
            case .thresholds:
                (0..<2_000).map { number in
                    noise(2) + [UInt8](repeating: 7, count: [14, 15, 16, 142, 143, 144][number % 6])
                }
            }
        var seen: Set<[UInt8]> = []
        return all.filter { seen.insert($0).inserted }
    }

    @Test(arguments: Vocabulary.allCases) private func dictionaryTakesNoMore(kind: Vocabulary) throws {
        var terms = terms(kind)
        var random = PostingsRandom(seed: 5)
        for round in 0..<3 {
            if round > 0 { terms.shuffle(using: &random) }
            for measured in [0, 1, terms.count / 2, terms.count] {
                let shared = SharedTerms()
                var bound = DictionaryBound()
                for (place, term) in terms.enumerated() {
                    if place == measured { bound.measure(shared) }
                    _ = term.withView { shared.table.intern($0) }
                }
                if measured == terms.count { bound.measure(shared) }
                var out = ByteWriter()
                try DictionarySection.build(count: terms.count, into: &out) { shared.table.term($0) }
                #expect(out.count <= bound.bytes(shared))
                if measured == terms.count, kind == .numbers {
                    #expect(bound.bytes(shared) < out.count + 3 * terms.count)
                }
            }
        }
    }
}
