import TallyrollFormat
import Testing

/// Filters that say which terms a segment does not hold.
@Suite struct TermFilterTests {
    private func key(_ number: Int, _ dictionary: DictionaryID = .user) -> UInt64 {
        Array("term \(number)".utf8).withView { TermFilter.key($0, dictionary) }
    }

    private func section(_ keys: [UInt64]) -> [UInt8] {
        var out = ByteWriter()
        TermFilter.build(keys, into: &out)
        return out.array
    }

    @Test(arguments: [0, 1, 51, 52, 1_000, 40_000]) func deniesNothingThatIsThereAndMostOfTheRest(
        _ count: Int
    ) throws {
        let bytes = section((0..<count).map { key($0) })
        #expect(bytes.count == TermFilter.byteCount(terms: count))
        try bytes.withView { view in
            let filter = try TermFilter(view)
            #expect(filter.termCount == count)
            for number in 0..<count { #expect(filter.mayHold(key(number))) }
            let passed = (0..<20_000).count { filter.mayHold(key(count + $0)) }
            #expect(passed < 500, "\(passed) of 20,000")
            // The same text is another term in another dictionary.
            #expect((0..<count).count { filter.mayHold(key($0, .resource)) } <= count / 20 + 1)
        }
    }

    /// Keys that meet in one line are all there.
    @Test func termsThatCollide() throws {
        let keys = (0..<600).map { UInt64($0) | UInt64($0) << 20 }
        try section(keys).withView { view in
            let filter = try TermFilter(view)
            for key in keys { #expect(filter.mayHold(key)) }
            #expect(filter.mayHold(0) && filter.mayHold(.max) == false)
        }
    }

    @Test func whatIsNoFilterIsRefused() throws {
        let bytes = section((0..<60).map { key($0) })
        for length in 0..<bytes.count {
            Array(bytes[..<length]).withView { view in
                _ = #expect(throws: FormatError.self) { try TermFilter(view) }
            }
        }
        (bytes + [0]).withView { view in _ = #expect(throws: FormatError.self) { try TermFilter(view) } }
        for (place, value) in [(0, 2), (1, 200), (4, 255)] as [(Int, UInt8)] {
            var damaged = bytes
            damaged[place] = value
            damaged.withView { view in _ = #expect(throws: FormatError.self) { try TermFilter(view) } }
        }
    }
}
