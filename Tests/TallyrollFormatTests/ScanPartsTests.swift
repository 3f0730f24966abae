import Testing

@testable import TallyrollFormat

/// What goes over whole columns by the word, against the same done one by one.
@Suite struct ScanPartsTests {
    @Test(arguments: 1...11)
    func packedCodesAreJudged(width: Int) throws {
        var random = SeededRandom(seed: UInt64(width))
        for count in [1, 7, 63, 64, 65, 300, 4096] {
            let codes = (0..<count).map { _ in random.next() & BitPacking.mask(width) }
            let wanted = (0..<1 << width).map { _ in random.next() % 3 == 0 }
            var packed = ByteWriter()
            codes.withUnsafeBufferPointer { BitPacking.pack($0, width: width, into: &packed) }
            let verdicts = CodeVerdicts(packed: packed.view, width: width, count: count)
            var table = wanted.map { $0 ? CodeVerdicts.yes : CodeVerdicts.no }
            let found = try #require(table.withUnsafeMutableBufferPointer { verdicts.rows($0) })
            #expect(found.rows == codes.indices.filter { wanted[Int(codes[$0])] })
            table[Int(codes[count / 2])] = CodeVerdicts.unknown
            #expect(table.withUnsafeMutableBufferPointer { verdicts.rows($0) } == nil)
        }
    }

    @Test(arguments: 0..<20)
    func bitsAreSpread(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let places = random.next() & random.next()
        var bits = random.next()
        if places.nonzeroBitCount < 64 { bits &= 1 << UInt64(places.nonzeroBitCount) - 1 }
        var expected: UInt64 = 0
        var rank: UInt64 = 0
        for place in 0..<UInt64(64) where places >> place & 1 != 0 {
            expected |= (bits >> rank & 1) << place
            rank += 1
        }
        #expect(BitSource.spread(bits, over: places) == expected)
        #expect(BitSource.spread(bits, over: .max) == bits)

        var rows = RowSet(size: 200)
        for row in 0..<200 where random.next() & 1 != 0 { rows.insert(row) }
        var source = BitSource(rows)
        var position = 0
        while position < 260 {
            let count = Int(random.next() % 65)
            let taken = source.next(count)
            for bit in 0..<64 {
                let isSet = bit < count && position + bit < 200 && rows.contains(position + bit)
                #expect(taken >> UInt64(bit) & 1 == (isSet ? 1 : 0))
            }
            position += count
        }
    }

    @Test(arguments: 0..<20)
    func someIntegersAreRead(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let bits = random.next() % 20
        var value: Int64 = 0
        let values = (0..<1000).map { _ in
            value += Int64(random.next() >> (63 - bits)) - (random.next() % 40 == 0 ? 1 << 40 : 0)
            return value
        }
        var encoder = IntegerColumnEncoder()
        var out = ByteWriter()
        values.withUnsafeBufferPointer { encoder.encode($0, into: &out) }
        try out.array.withView { view throws in
            let column = try IntegerColumn(view, count: values.count)
            for share: UInt64 in [1, 3, 40, 300] {
                var wanted = (0..<UInt32(1000)).filter { _ in random.next() % share == 0 }
                #expect(column.values(wanted) == wanted.map { values[Int($0)] })
                wanted.reverse()
                #expect(column.values(wanted) == wanted.map { values[Int($0)] })
            }
        }
    }

    @Test(arguments: [3, 70])
    func distinctTextsMayLieInTheColumn(length: Int) throws {
        let choices = ["a", "b", "c"].map { String(repeating: $0, count: length / 3) }
        var memory = ByteWriter()
        var list = ValueList()
        for row in 0..<500 {
            list.append(offset: UInt32(memory.count), length: UInt32(length / 3))
            memory.bytes(Array(choices[row % 3].utf8))
        }
        var encoder = TextColumnEncoder()
        var heap = TextHeapBuilder(codec: .deflate, level: 6)
        var out = ByteWriter()
        encoder.encode(list, in: memory.view, heap: &heap, into: &out)
        #expect(out.array[0] == TextEncoding.localCodes.rawValue)
        #expect((heap.finish() == 0) == (length <= 64), "short texts need no heap")
        guard length <= 64 else { return }
        #expect(out.array[1] == TextColumnEncoder.ownTextsFlag)
        // One byte of text less than the ends say.
        var cut = out.array
        #expect(cut[3] == UInt8(length))
        cut[3] -= 1
        cut.remove(at: 4)
        let column = try TextColumn(Bytes(cut), count: 500, leaders: nil)
        let context = ColumnContext(heap: NoHeap(), terms: GrowingTerms(), dictionary: nil, leaders: nil)
        #expect(throws: FormatError.self) { try column.rows(from: context) { _ in true } }
        let search = TextNeedle(SubstringSearch(Array("c".utf8), eitherCase: false))
        #expect(throws: FormatError.self) {
            try column.rows(from: context, holding: search, isJSON: false) { _ in true }
        }
    }
}

/// A block without text.
private final class NoHeap: TextHeap {
    func text(at position: Int, _ length: Int) throws -> ByteView {
        throw FormatError(.invalid, "heap", offset: position, expected: "nothing", found: "a question")
    }

    func forEachPiece(
        from start: Int, to end: Int, _ body: (_ position: Int, _ text: ByteView) throws -> Void
    ) throws {
        throw FormatError(.invalid, "heap", offset: start, expected: "nothing", found: "a question")
    }
}
