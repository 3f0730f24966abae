import TallyrollFormat

private func sampleOrdinals(_ kind: Int, universe: Int) -> [UInt32] {
    switch kind {
    case 0: [UInt32(universe / 2)]
    case 1: stride(from: 0, to: universe, by: 97).map { UInt32($0) }
    case 2: stride(from: 0, to: universe, by: 3).map { UInt32($0) }
    default: (0..<universe).map { UInt32($0) }
    }
}

private let sampleTerms = (0..<300).map { "user\($0 * 7919 % 1000)@example.com" } + ["", "a", "b"]

extension FuzzTarget {
    static let postings = FuzzTarget(
        name: "postings",
        seeds: {
            [0, 10, 300, 5000, 60].map { events in
                var out = ByteWriter()
                // Of 60 events, most terms are met once and in the order of their codes.
                let codes = (0..<events).map {
                    events == 60
                        ? UInt32($0 % 3 == 0 ? $0 / 3 + 1 : 1) : UInt32($0 % 7 == 0 ? 0 : $0 * 31 % 20)
                }
                codes.withUnsafeBufferPointer { TermPostings.build(codes: $0, termCount: 20, into: &out) }
                return [UInt8(events & 0xFF), UInt8(events >> 8)] + out.array
            }
        },
        run: { view in
            var choices = Choices(view)
            let universe = choices.word()
            let bytes = choices.rest.owned
            defer { withExtendedLifetime(bytes) {} }
            guard let section = try? TermPostings(bytes.view, universe: universe) else { return }
            let isSound = (try? section.checkInvariants()) != nil
            if section.termCount < 1 << 16 {
                check((try? section.counts())?.count == section.termCount + 1, "counts")
            }
            var codes = [UInt32](repeating: 0, count: universe)
            for code in 1..<UInt32(min(section.termCount, 40) + 1) {
                guard let list = try? section.list(code) else {
                    check(!isSound, "a sound section without the list of code \(code)")
                    continue
                }
                let all = list.decode()
                check(all.allSatisfy { Int($0) < universe }, "an ordinal outside the universe")
                var cursor = PostingCursor(list)
                var steps = 0
                while let ordinal = cursor.next() {
                    check(Int(ordinal) < universe, "a cursor outside the universe")
                    steps += 1
                }
                check(steps <= universe, "a cursor that goes on for ever")
                var reverse = ReversePostingCursor(list)
                reverse.seek(atMost: universe / 2)
                var reverseSteps = 0
                while reverse.next() != nil { reverseSteps += 1 }
                check(reverseSteps <= universe, "a reverse cursor that goes on for ever")
                _ = list.contains(universe / 3)
                _ = list.rank(of: universe / 3)
                guard isSound else { continue }
                check(all.count == list.count && steps == list.count, "a sound list of another length")
                check(list.rank(of: universe) == list.count, "a rank that is not the count")
                for ordinal in all { codes[Int(ordinal)] = code }
            }
            guard isSound, section.termCount <= 40 else { return }
            var again = ByteWriter()
            codes.withUnsafeBufferPointer {
                TermPostings.build(codes: $0, termCount: section.termCount, into: &again)
            }
            check(again.view.isEqual(to: bytes.view), "a sound section that is not what is written")
        })

    static let dictionary = FuzzTarget(
        name: "dictionary",
        seeds: {
            [0, 1, 17, 303].map { count in
                var out = ByteWriter()
                let terms = sampleTerms.prefix(count).map { Bytes(Array($0.utf8)) }
                try? DictionarySection.build(count: count, into: &out) { terms[Int($0) - 1].view }
                return out.array
            }
        },
        run: { view in
            let bytes = view.owned
            defer { withExtendedLifetime(bytes) {} }
            guard let section = try? DictionarySection(bytes.view) else { return }
            let isSound = (try? section.checkInvariants()) != nil
            _ = try? section.code(of: ByteView(base: bytes.view.base, count: min(bytes.count, 5)))
            _ = try? section.range(withPrefix: ByteView(base: bytes.view.base, count: min(bytes.count, 2)))
            let table = try? section.decodeAll()
            check(!isSound || table != nil, "a sound dictionary that does not decode")
            for code in 1..<UInt32(min(section.count, 50) + 1) {
                var term = ByteWriter()
                guard (try? section.term(code, into: &term)) != nil else {
                    check(!isSound, "a sound dictionary without code \(code)")
                    continue
                }
                guard isSound else { continue }
                check((try? section.code(of: term.view)) == code, "a term that is not found")
                check(table?[code].map { $0.isEqual(to: term.view) } ?? false, "a term with two texts")
            }
        })

    static let ids = FuzzTarget(
        name: "ids",
        seeds: {
            [0, 1, 100, 3000].map { count in
                var out = ByteWriter()
                let hashes = (0..<count).map { UInt64($0 + 1) &* 0x9E37_79B9_7F4A_7C15 }
                let blocks = (0..<count).map { UInt32($0 / 64) }
                let present = [UInt64](repeating: .max, count: (count + 63) / 64)
                hashes.withUnsafeBufferPointer { hashes in
                    blocks.withUnsafeBufferPointer { blocks in
                        present.withUnsafeBufferPointer {
                            IDTable.build(hashes: hashes, present: $0, payload: .blocks(blocks), into: &out)
                        }
                    }
                }
                return out.array
            }
        },
        run: { view in
            let bytes = view.owned
            defer { withExtendedLifetime(bytes) {} }
            guard let table = try? IDTable(bytes.view) else { return }
            _ = try? table.checkInvariants()
            for step in 0..<64 {
                var found = 0
                for _ in table.candidates(UInt64(step) &* 0x9E37_79B9_7F4A_7C15) { found += 1 }
                check(found <= table.count, "more candidates than entries")
            }
        })

    static let termFilter = FuzzTarget(
        name: "terms",
        seeds: {
            [0, 1, 51, 52, 400].map { count in
                var out = ByteWriter()
                TermFilter.build((0..<count).map { UInt64($0 + 1) &* 0x9E37_79B9_7F4A_7C15 }, into: &out)
                return out.array
            }
        },
        run: { view in
            let bytes = view.owned
            defer { withExtendedLifetime(bytes) {} }
            guard let filter = try? TermFilter(bytes.view) else { return }
            check(bytes.count == TermFilter.byteCount(terms: filter.termCount), "bytes that say nothing")
            // Its own bytes as keys reach every line.
            for place in 0..<max(bytes.count - 7, 0) {
                _ = filter.mayHold(bytes.view.load(UInt64.self, at: place))
            }
        })

    /// Checksums of pages, of two sections whose lengths the first four bytes say.
    static let pages = FuzzTarget(
        name: "pages",
        seeds: {
            [(0, 0), (20_000, 3), (20_000, 65_535), (16_385, 16_384)].map { first, second in
                var out = ByteWriter()
                let pages = pagedSections(first, second).filter { PageSums.hasPages($0) }
                    .reduce(0) { $0 + PagedBytes.pageCount($1.length) }
                PageSums.write((0..<pages).map { UInt32($0) }, into: &out)
                return [first, second].flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] } + out.array
            }
        },
        run: { view in
            guard view.count >= 4 else { return }
            let bytes = view.owned
            defer { withExtendedLifetime(bytes) {} }
            let lengths = [0, 2].map { Int(bytes.view[$0]) | Int(bytes.view[$0 + 1]) << 8 }
            let sections = pagedSections(lengths[0], lengths[1])
            let rest = bytes.view.trusted(4, bytes.count - 4)
            guard let sums = try? PageSums(rest, of: sections) else { return }
            var count = 0
            for section in sections {
                let found = sums.sums(of: section)
                check((found != nil) == PageSums.hasPages(section), "checksums of a section without pages")
                if let found {
                    check(found.count == PagedBytes.pageCount(section.length), "a checksum a page")
                    count += found.count
                }
            }
            check(rest.count == 1 + 4 * count, "bytes that say nothing")
        })

    private static func pagedSections(_ first: Int, _ second: Int) -> [IndexSection] {
        [
            IndexSection(role: .dictionary, id: 5, offset: 4_096, length: first, checksum: 0),
            IndexSection(role: .filter, id: 13, offset: 70_000, length: 40_000, checksum: 0),
            IndexSection(role: .ids, id: 0, offset: 120_000, length: second, checksum: 0),
        ]
    }

    /// The first two bytes are how many blocks the segment has.
    static let filter = FuzzTarget(
        name: "filter",
        seeds: {
            [(0, 0), (3, 40), (64, 500), (300, 900)].map { blocks, keys in
                var builder = BlockFilterBuilder(
                    blockCount: blocks, unknown: blocks > 60 ? [7, 40] : [])
                for key in 0..<keys {
                    let lists = stride(from: key % blocks, to: blocks, by: key % 4 == 0 ? 9 : blocks)
                    Array(lists.map { UInt32($0) }).withUnsafeBufferPointer {
                        builder.add(sampleKey(key, of: keys), blocks: $0)
                    }
                }
                var out = ByteWriter()
                builder.write(into: &out)
                return [UInt8(blocks & 0xFF), UInt8(blocks >> 8)] + out.array
            }
        },
        run: { view in
            var choices = Choices(view)
            let blocks = choices.word()
            let bytes = choices.rest.owned
            defer { withExtendedLifetime(bytes) {} }
            // The paths that the filter of details names stand before its section.
            _ = try? BlockFilter.open(.details, bytes.view, blocks: blocks, origin: 0)
            guard let filter = try? BlockFilter(bytes.view, blocks: blocks) else { return }
            let isSound = (try? filter.checkInvariants()) != nil
            for step in 0..<40 {
                let key = sampleKey(step, of: 40)
                let found = filter.blocks(holding: key).decode()
                check(found.allSatisfy { Int($0) < blocks }, "a block that the segment does not have")
                check(
                    filter.unknown.allSatisfy { found.contains($0) },
                    "a block of which nothing is known, left out")
                check(!isSound || found.count <= blocks, "more blocks than there are")
            }
        })
}

/// Keys in ascending order all over their range.
private func sampleKey(_ index: Int, of count: Int) -> UInt64 {
    UInt64.max / UInt64(max(count, 1)) * UInt64(index) + UInt64(index * 0x9E37 & 0xFFF)
}
