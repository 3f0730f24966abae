import Testing
import TallyrollFormat

@Suite struct PostingsDictionaryTests {
    private func build(_ terms: [[UInt8]]) throws -> [UInt8] {
        let owned = terms.map { Bytes($0) }
        defer { withExtendedLifetime(owned) {} }
        var writer = ByteWriter()
        try DictionarySection.build(count: terms.count, into: &writer) { owned[Int($0) - 1].view }
        return writer.array
    }

    private func vocabularies() -> [[[UInt8]]] {
        var random = PostingsRandom(seed: 3)
        var vocabularies: [[[UInt8]]] = [[], [[]], [[0]], [[], [0], [0, 0]]]
        vocabularies.append((0..<700).map { Array("user\($0)@example.com".utf8) })
        vocabularies.append((0..<300).map { Array("session\u{0}session-\($0 * 7)".utf8) })
        vocabularies.append(
            ["authentication", "authorization", "tool_execution", "a", "aa", "aaa", "aaaa", "baaa"].map {
                Array($0.utf8)
            })
        // Few letters and short, so that terms are often prefixes and suffixes of each other; zeros among them.
        for (count, letters, length) in [
            (15, 2, 4), (16, 3, 5), (17, 256, 6), (400, 2, 12), (900, 3, 30), (60, 2, 300),
        ] {
            var terms = Set<[UInt8]>()
            while terms.count < count {
                terms.insert((0..<random.below(length + 1)).map { _ in UInt8(random.below(letters)) })
                if terms.count == 1 << letters { break }
            }
            vocabularies.append(terms.sorted { $0.lexicographicallyPrecedes($1) }.shuffled(using: &random))
        }
        vocabularies.append([
            [UInt8](repeating: 1, count: 65_535), [UInt8](repeating: 1, count: 65_534), [1], [],
        ])
        return vocabularies
    }

    @Test func everyTermComesBack() throws {
        for terms in vocabularies() {
            try build(terms).withView { view in
                let dictionary = try DictionarySection(view)
                try dictionary.checkInvariants()
                #expect(dictionary.count == terms.count)
                let table = try dictionary.decodeAll()
                defer { withExtendedLifetime(table) {} }
                #expect(
                    table.count == terms.count && table[0] == nil && table[UInt32(terms.count + 1)] == nil)
                var writer = ByteWriter()
                for (index, term) in terms.enumerated() {
                    let code = UInt32(index + 1)
                    #expect(try term.withView { try dictionary.code(of: $0) } == code)
                    #expect(table[code]?.array == term)
                    writer.removeAll()
                    try dictionary.term(code, into: &writer)
                    #expect(writer.array == term)
                }
                var sorted: [[UInt8]] = []
                try dictionary.forEachTerm { (code, term) throws(FormatError) in
                    sorted.append(term.array)
                    return terms[Int(code) - 1] == sorted.last
                }
                #expect(sorted == terms.sorted { $0.lexicographicallyPrecedes($1) })
                #expect(throws: FormatError.self) { try dictionary.term(0, into: &writer) }
                #expect(throws: FormatError.self) {
                    try dictionary.term(UInt32(terms.count + 1), into: &writer)
                }
            }
        }
    }

    @Test func absentTermsAndPrefixes() throws {
        var random = PostingsRandom(seed: 4)
        for terms in vocabularies() where terms.count < 800 {
            let sorted = terms.sorted { $0.lexicographicallyPrecedes($1) }
            let known = Set(terms)
            try build(terms).withView { view in
                let dictionary = try DictionarySection(view)
                for _ in 0..<150 {
                    var wanted = terms.randomElement(using: &random) ?? []
                    if wanted.count > 1_000 { wanted = [1] }
                    switch random.below(4) {
                    case 0: wanted.append(UInt8(random.below(256)))
                    case 1: wanted = Array(wanted.prefix(random.below(wanted.count + 1)))
                    case 2 where !wanted.isEmpty:
                        wanted[random.below(wanted.count)] ^= UInt8(1 + random.below(3))
                    default: break
                    }
                    let range = try wanted.withView { try dictionary.range(withPrefix: $0) }
                    let expected = sorted.indices.filter { sorted[$0].starts(with: wanted) }
                    #expect(Array(range) == expected)
                    let found = try wanted.withView { try dictionary.code(of: $0) }
                    #expect((found != nil) == known.contains(wanted))
                    let below = sorted.filter { $0.lexicographicallyPrecedes(wanted) }.count
                    #expect(try wanted.withView { try dictionary.lowerBound($0) } == below)
                    var ranked: [[UInt8]] = []
                    try dictionary.forEachTerm(ranks: range) { (_, term) throws(FormatError) in
                        ranked.append(term.array)
                        return true
                    }
                    #expect(ranked == expected.map { sorted[$0] })
                }
            }
        }
    }

    @Test func whatCannotBeStoredThrows() {
        #expect(throws: FormatError.self) { try build([[1], [2], [1]]) }
        #expect(throws: FormatError.self) { try build([[], []]) }
        #expect(throws: FormatError.self) { try build([Array("12345678".utf8), Array("12345678".utf8)]) }
        #expect(throws: FormatError.self) { try build([[UInt8](repeating: 1, count: 65_536)]) }
    }

    @Test func flippedBitsAreFoundOrHarmless() throws {
        let small = vocabularies().filter { $0.count < 120 } + [(0..<330).map { Array("u\($0)@x".utf8) }]
        for terms in small where terms.reduce(0, { $0 + $1.count }) < 2_200 {
            let bytes = try build(terms)
            for bit in 0..<bytes.count * 8 {
                var damaged = bytes
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                damaged.withView { exercise($0, terms) }
            }
            for length in 0..<bytes.count {
                Array(bytes[..<length]).withView { view in
                    _ = #expect(throws: FormatError.self) { try DictionarySection(view) }
                }
            }
        }
    }

    @Test func randomBytesAreHarmless() throws {
        var random = PostingsRandom(seed: 6)
        let terms = (0..<50).map { Array("term-\($0)".utf8) }
        let bytes = try build(terms)
        for _ in 0..<3_000 {
            var damaged = bytes
            for _ in 0..<(1 + random.below(6)) {
                damaged[random.below(damaged.count)] = UInt8(truncatingIfNeeded: random.next())
            }
            guard damaged != bytes else { continue }
            damaged.withView { exercise($0, terms) }
        }
    }

    /// Reads everything of a section that may be damaged; if it passes the check, it holds other terms.
    private func exercise(_ view: ByteView, _ terms: [[UInt8]]) {
        guard let dictionary = try? DictionarySection(view) else { return }
        var writer = ByteWriter()
        for (index, term) in terms.prefix(40).enumerated() {
            if let code = try? term.withView({ try dictionary.code(of: $0) }) {
                #expect(code >= 1 && Int(code) <= dictionary.count)
            }
            if let range = try? term.withView({ try dictionary.range(withPrefix: $0) }) {
                #expect(range.lowerBound >= 0 && range.upperBound <= dictionary.count)
            }
            try? dictionary.term(UInt32(index + 1), into: &writer)
        }
        let table = try? dictionary.decodeAll()
        if (try? dictionary.checkInvariants()) != nil {
            let found = (0..<dictionary.count).map { table?[UInt32($0 + 1)]?.array }
            #expect(found != terms)
        }
    }
}
