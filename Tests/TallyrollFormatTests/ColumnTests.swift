import Testing

@testable import TallyrollFormat

/// Columns against the plain arrays they were made from.
@Suite struct ColumnTests {
    /// Few codes and many, few rows and many, and codes that there is no place for.
    @Test(arguments: [(1, 3), (63, 90), (64, 5), (900, 5), (900, 61), (900, 62), (900, 63), (900, 400)])
    func codesAreCounted(rows: Int, codeMax: Int) throws {
        var random = SeededRandom(seed: UInt64(rows * 1_000 + codeMax))
        let codes = (0..<900).map { _ in 1 + UInt32(random.next() % UInt64(codeMax + 2)) }
        let chosen = (0..<900).filter { _ in random.next() % 900 < UInt64(rows) }.map { UInt32($0 + 77) }
        var expected = [Int](repeating: 5, count: codeMax + 2)
        for row in chosen { expected[min(Int(codes[Int(row) - 77]), codeMax + 1)] += 3 }
        var out = ByteWriter()
        CodeColumn.write(codes, into: &out)
        try out.view.array.withView { view in
            let column = try CodeColumn(view, count: codes.count)
            var counts = [Int](repeating: 5, count: codeMax + 2)
            counts.withUnsafeMutableBufferPointer { counts in
                chosen.withUnsafeBufferPointer { column.addCounts(of: $0, from: 77, 3, to: counts) }
            }
            #expect(counts == expected)
        }
    }

    /// Columns that a leading one determines, or does in all rows but one; leading codes with gaps, few and too many.
    @Test(arguments: 0..<80)
    func determinedCodesComeBack(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let count = [1, 40, 63, 64, 1000, 4096][Int(random.next() % 6)]
        let kinds = [1, 2, 39, 700, 5000][Int(random.next() % 5)]
        let bits = UInt64([1, 3, 20, 30][Int(random.next() % 4)])
        let meanings = (0..<kinds).map { _ in 4 + UInt32(random.next() >> (64 - bits)) }
        let leader = (0..<count).map { _ in 1 + UInt32(random.next() % UInt64(kinds)) }
        var codes = leader.map { meanings[Int($0) - 1] }
        let isBroken = random.next() % 3 == 0
        if isBroken { codes[Int(random.next() % UInt64(count))] += 1 }

        var encoder = DeterminedCodesEncoder()
        encoder.lead(by: leader)
        var out = ByteWriter()
        codes.withUnsafeBufferPointer { encoder.write($0, into: &out) }
        var leaderOut = ByteWriter()
        CodeColumn.write(leader, into: &leaderOut)
        try leaderOut.array.withView { leaderView in
            try out.array.withView { view in
                let leading = try CodeColumn(leaderView, count: count)
                guard CodeColumn.isDetermined(view) else {
                    #expect(try CodeColumn(view, count: count).decodeArray() == codes)
                    return
                }
                #expect(view.count < count * Int(bits) / 8 + 16)
                let table = try CodeColumn.determined(view, by: leading)
                expectSame(CodeColumn(table, by: leading), codes, &random)
            }
        }
    }

    /// A column that is determined must not be packed as well, or the test above sees nothing.
    @Test func whatAnActionDeterminesTakesATable() throws {
        let leader = (0..<4096).map { UInt32($0 % 39) + 7 }
        var encoder = DeterminedCodesEncoder()
        encoder.lead(by: leader)
        var out = ByteWriter()
        leader.map { $0 / 4 }.withUnsafeBufferPointer { encoder.write($0, into: &out) }
        #expect(out.count < 40)
        out.array.withView { #expect(CodeColumn.isDetermined($0)) }
    }

    private func expectSame(_ column: CodeColumn, _ codes: [UInt32], _ random: inout SeededRandom) {
        let count = codes.count
        #expect(column.decodeArray() == codes)
        #expect(codes.indices.allSatisfy { column.code($0) == codes[$0] })
        #expect(codes.allSatisfy { $0 >= column.smallest })
        if let constant = column.constant { #expect(codes.allSatisfy { $0 == constant }) }
        let wanted = codes[Int(random.next() % UInt64(count))]
        let found = column.rows(equalTo: wanted)
        #expect(codes.indices.allSatisfy { found.contains($0) == (codes[$0] == wanted) })

        let rows = (0..<count).filter { _ in random.next() % 3 == 0 }.map { UInt32($0) }
        var read = [UInt32](repeating: 0, count: count)
        rows.withUnsafeBufferPointer { rows in
            read.withUnsafeMutableBufferPointer { read in
                if let first = read.baseAddress { column.read(rows, into: first) }
            }
        }
        #expect(rows.indices.allSatisfy { read[$0] == codes[Int(rows[$0])] })

        let middle = count / 3..<count
        var counts = [Int](repeating: 0, count: 50)
        var expected = counts
        for code in codes[middle] { expected[min(Int(code), 49)] += 2 }
        counts.withUnsafeMutableBufferPointer { column.addCounts(of: middle, 2, to: $0) }
        #expect(counts == expected)
        for row in rows { expected[min(Int(codes[Int(row)]), 49)] += 3 }
        counts.withUnsafeMutableBufferPointer { counts in
            rows.withUnsafeBufferPointer { column.addCounts(of: $0, from: 0, 3, to: counts) }
        }
        #expect(counts == expected)
    }

    @Test(arguments: 0..<60)
    func integersComeBack(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let count = [1, 2, 127, 128, 129, 255, 256, 257, 1000, 4096][Int(random.next() % 10)]
        let kind = random.next() % 7
        var value = Int64(bitPattern: random.next()) >> 8
        let values: [Int64] = (0..<count).map { index in
            switch kind {
            case 0: return value
            case 1: return Int64(bitPattern: random.next())
            case 2: return Int64(random.next() % 1000)
            case 3:
                value += Int64(random.next() % 5_000) * 1_000
                return random.next() % 64 == 0 ? value - 2_000_000_000 : value
            case 4: return index % 2 == 0 ? .min : .max
            case 5: return Int64(index / 700) * 123_456_789
            default: return -Int64(random.next() % 7) * 1_000_000
            }
        }
        var encoder = IntegerColumnEncoder()
        var out = ByteWriter()
        values.withUnsafeBufferPointer { encoder.encode($0, into: &out) }
        let bytes = out.array
        try bytes.withView { view throws in
            let column = try IntegerColumn(view, count: count)
            #expect(column.decodeArray() == values, "seed \(seed)")
            for index in stride(from: 0, to: count, by: 1 + count / 50) {
                #expect(column.value(index) == values[index], "seed \(seed) at \(index)")
            }
            for length in 0..<min(bytes.count, 40) {
                #expect(throws: FormatError.self) { try IntegerColumn(view.trusted(0, length), count: count) }
            }
        }
    }

    /// The kinds of text that audit events hold, so that every encoding is met.
    private func texts(_ kind: UInt64, _ count: Int, _ random: inout SeededRandom) -> [String?] {
        (0..<count).map { index in
            let number = random.next()
            switch kind {
            case 0: return nil
            case 1: return "the same"
            case 2: return ["alpha", "beta", "", "ünïcode ✓"][Int(number % 4)]
            case 3: return "req_" + hexText(number, 12)
            case 4: return "item \(number % 70_000)"
            case 5: return "0.\(String(1_000_000 + number % 20_000).dropFirst())"
            case 6: return "\(Int64(number % 2_000) - 1_000)"
            case 7: return number % 3 == 0 ? nil : "user\(number % 40)@example.com"
            case 8:
                return "free text \(number) with \(index) words "
                    + String(repeating: "x", count: Int(number % 90))
            case 9: return number % 2 == 0 ? nil : hexText(number, 8).uppercased()
            case 10: return "s" + hexText(UInt64(index % 7) * 77, 8)
            case 11: return number % 50 == 0 ? "-0" : "\(number % 10)"
            case 12: return address(number)
            case 13: return number % 3 == 0 ? nil : address(number & 0x0A03_FFFF)
            case 14:
                return number % 300 == 0
                    ? ["10.0.0.01", "1.2.3", "256.1.1.1", "1.2.3.4."][index % 4] : address(number)
            case 15: return "10.0.0.\(number % 30)"
            default: return String(repeating: "long ", count: Int(number % 9_000))
            }
        }
    }

    private func address(_ value: UInt64) -> String {
        "\(value >> 24 & 255).\(value >> 16 & 255).\(value >> 8 & 255).\(value & 255)"
    }

    private func hexText(_ value: UInt64, _ digits: Int) -> String {
        let text = String(value, radix: 16)
        return String((String(repeating: "0", count: digits) + text).suffix(digits))
    }

    @Test(arguments: 0..<170)
    func textsComeBack(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let kind = seed % 17
        let count = kind == 16 ? 40 : [1, 3, 64, 65, 500, 3000][Int(random.next() % 6)]
        let values = texts(kind, count, &random)
        let leader = (0..<count).map { _ in UInt32(random.next() % 20) }
        var memory = ByteWriter()
        var list = ValueList()
        for value in values {
            guard let value else {
                list.appendAbsent()
                continue
            }
            let start = memory.count
            value.withView { memory.bytes($0) }
            list.append(offset: UInt32(start), length: UInt32(memory.count - start))
        }
        let shared = SharedTerms()
        let codec = seed % 2 == 0 ? Codec.deflate : .none
        var heap = TextHeapBuilder(codec: codec, level: 6)
        var encoder = TextColumnEncoder()
        var out = ByteWriter()
        encoder.encode(
            list, in: memory.view, shared: seed % 3 == 0 ? shared : nil, leader: seed % 5 < 2 ? leader : nil,
            heap: &heap, into: &out)

        var codes = ByteWriter()
        CodeColumn.write(leader, into: &codes)
        let codeBytes = Bytes(codes.array)
        defer { withExtendedLifetime(codeBytes) {} }
        let leaders = try LeaderRanks(try CodeColumn(codeBytes.view, count: count))
        let context = ColumnContext(
            heap: try BuiltHeap(&heap), terms: ListedTerms(shared), dictionary: .ip, leaders: leaders)
        let column = try TextColumn(Bytes(out.array), count: count, leaders: leaders)

        var decoded = ValueList()
        var text = ByteWriter()
        try column.decode(from: context, into: &decoded, text: &text)
        var single = ByteWriter()
        for row in 0..<count {
            let whole: String? = decoded.isAbsent(row) ? nil : decoded.value(row, in: text.view).string
            #expect(whole == values[row], "seed \(seed) row \(row)")
            single.removeAll()
            let isPresent = try column.append(row, from: context, into: &single)
            let alone: String? = isPresent ? single.view.string : nil
            #expect(alone == values[row], "seed \(seed) row \(row)")
        }
        try readsSomeRows(column, context, values, seed)
        for row in stride(from: count - 1, through: 0, by: -max(count / 5, 1)) {
            // The first row that is read of a column by itself is looked for in another way than later ones.
            let fresh = try TextColumn(Bytes(out.array), count: count, leaders: leaders)
            try readsOneRow(row, fresh, context, values, seed)
        }
        let wanted = values.first { $0 != nil } ?? nil
        let rows = try column.rows(from: context) { $0?.string == wanted }
        for row in 0..<count {
            #expect(rows.contains(row) == (values[row] == wanted), "seed \(seed) row \(row)")
        }
        try findsEqualAndHeldTexts(column, context, values, seed)
    }

    private func readsOneRow(
        _ row: Int, _ column: TextColumn, _ context: ColumnContext, _ values: [String?], _ seed: UInt64
    ) throws {
        var arena = TextArena()
        var cell: ByteView?
        try [UInt32(row)].withUnsafeBufferPointer { entries in
            try column.read(entries, from: context, into: &cell, arena: &arena)
        }
        #expect(cell?.string == values[row], "seed \(seed) row \(row) by itself")
    }

    /// Any ascending set of rows gives the same texts as all do.
    private func readsSomeRows(
        _ column: TextColumn, _ context: ColumnContext, _ values: [String?], _ seed: UInt64
    ) throws {
        for step in [1, 3, 40, 300] {
            let rows = stride(from: Int(seed % 7) % step, to: values.count, by: step).map { UInt32($0) }
            var cells = [ByteView?](repeating: nil, count: rows.count + 1)
            var arena = TextArena()
            try rows.withUnsafeBufferPointer { rows in
                try cells.withUnsafeMutableBufferPointer { cells in
                    let first = try #require(cells.baseAddress)
                    try column.read(rows, from: context, into: first, arena: &arena)
                }
            }
            for (place, row) in rows.enumerated() {
                let text = cells[place]?.string
                #expect(text == values[Int(row)], "seed \(seed) row \(row), every \(step)")
            }
        }
    }

    /// What is compared as it is stored is what comparing texts says.
    private func findsEqualAndHeldTexts(
        _ column: TextColumn, _ context: ColumnContext, _ values: [String?], _ seed: UInt64
    ) throws {
        let present = values.compactMap { $0 }
        let isJSON = seed % 2 == 1
        for text in [present.last, present.first.map { $0 + "x" }, "7"].compactMap({ $0 }) {
            let equal = try text.withView { try column.rows(from: context, equalTo: $0) }
            #expect(equal.rows == values.indices.filter { values[$0] == text }, "seed \(seed) = \(text)")
            for part in Set([text, String(text.dropFirst().prefix(4))]) {
                let search = SubstringSearch(Array(part.utf8), eitherCase: true)
                let found = try column.rows(from: context, holding: TextNeedle(search), isJSON: isJSON) {
                    search.find(in: $0) != nil
                }
                // Equal values are judged once: columns repeat them.
                var known: [String: Bool] = [:]
                let wanted = values.indices.filter { row in
                    guard let value = values[row] else { return false }
                    if let verdict = known[value] { return verdict }
                    let verdict = value.withView { search.find(in: $0) != nil }
                    known[value] = verdict
                    return verdict
                }
                #expect(found.rows == wanted, "seed \(seed) contains \(part)")
            }
        }
    }

    @Test(arguments: [
        #"{}"#, #"{"a":1}"#, #"{"a":{"b":[1,"x",null,true,{"c":-1.5e3}]},"d":"q\"uo\\te"}"#,
        #"{ "spaced" : [ 1 , 2 ] , "n" : { } }"#, #"{"dup":1,"dup":2}"#, #"{"":"","é":"✓","\u0041":false}"#,
    ])
    func shapesGiveTheTextBack(text: String) throws {
        var scanner = ShapeScanner()
        try text.withView { view throws in
            let hasShape = scanner.scan(view)
            #expect(hasShape)
            let shape = try Shape(scanner.shape.array)
            let slotCount = scanner.slots.count
            #expect(shape.paths.count == slotCount)
            var rebuilt = ByteWriter()
            var copied = 0
            for (slot, marker) in shape.markers.enumerated() {
                shape.text.withView { rebuilt.bytes($0.trusted(copied, marker - copied)) }
                rebuilt.bytes(scanner.slots.value(slot, in: view))
                copied = marker + 1
            }
            shape.text.withView { rebuilt.bytes($0.trusted(copied, $0.count - copied)) }
            let found = rebuilt.view.string
            #expect(found == text)
        }
    }
}

/// A heap that was built and is read at once.
private final class BuiltHeap: TextHeap {
    private let text: Bytes

    init(_ builder: inout TextHeapBuilder) throws {
        let chunks = builder.finish()
        var directory = ByteWriter()
        builder.writeDirectory(into: &directory)
        let heap = try TextHeapDirectory(directory.view)
        var text: [UInt8] = []
        for chunk in 0..<chunks {
            text += try heap.inflate(chunk, stored: builder.chunk(chunk)).withView { $0.array }
        }
        self.text = Bytes(text)
    }

    func text(at position: Int, _ length: Int) throws -> ByteView { text.view.trusted(position, length) }

    func forEachPiece(
        from start: Int, to end: Int, _ body: (_ position: Int, _ text: ByteView) throws -> Void
    ) throws {
        try body(start, text.view.trusted(start, end - start))
    }
}

/// The terms of a dictionary that was filled before.
private final class ListedTerms: TermSource {
    private let terms: [[UInt8]]

    init(_ shared: SharedTerms) {
        terms = (0..<shared.table.count).map { shared.table.term(UInt32($0 + 1)).array }
    }

    func append(_ code: UInt32, of dictionary: DictionaryID, into out: inout ByteWriter) throws {
        out.bytes(terms[Int(code) - 1])
    }
}
