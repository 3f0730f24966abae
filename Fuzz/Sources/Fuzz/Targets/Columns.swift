import TallyrollFormat

/// What a text column refers to, from the end of the input: a heap, and one dictionary with a few terms.
private final class Surroundings: TextHeap, TermSource {
    private let text: Bytes

    init(_ text: [UInt8]) { self.text = Bytes(text) }

    func text(at position: Int, _ length: Int) throws -> ByteView {
        guard let slice = text.view.sliceIfInside(position, length) else {
            throw FormatError(
                .invalid, "heap", offset: position, expected: "text", found: "\(length) bytes beyond")
        }
        return slice
    }

    /// Two pieces, as if a chunk ended in the middle.
    func forEachPiece(
        from start: Int, to end: Int, _ body: (_ position: Int, _ text: ByteView) throws -> Void
    ) throws {
        guard start < end else { return }
        let middle = start + (end - start) / 2
        if middle > start { try body(start, try text(at: start, middle - start)) }
        try body(middle, try text(at: middle, end - middle))
    }

    func append(_ code: UInt32, of dictionary: DictionaryID, into out: inout ByteWriter) throws {
        guard code > 0, code < 64 else {
            throw FormatError(.invalid, "dictionary", offset: 0, expected: "1 to 63", found: "\(code)")
        }
        out.bytes([UInt8](repeating: 0x41, count: Int(code)))
    }
}

/// Numbers as columns meet them: rising, scattered, equal, extreme.
private func sampleIntegers(_ kind: Int, _ count: Int) -> [Int64] {
    (0..<count).map { index in
        let value = Int64(index)
        return switch kind {
        case 0: 1_700_000_000_000_000_000 + value * 1_000_000 + value % 7 * 1_000
        case 1: value * 2_654_435_761 % 1_000
        case 2: 5
        case 3: index % 2 == 0 ? .max - value : .min + value
        default: index % 100 == 0 ? value << 40 : value
        }
    }
}

private func withSize(_ count: Int, _ body: [UInt8]) -> [UInt8] {
    [UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8)] + body
}

private func textSeed(_ texts: [String?], leader: [UInt32]? = nil) -> [UInt8] {
    var memory = ByteWriter()
    var values = ValueList()
    for text in texts {
        if let text {
            values.append(offset: UInt32(memory.count), length: UInt32(text.utf8.count))
            memory.bytes(Array(text.utf8))
        } else {
            values.appendAbsent()
        }
    }
    var heap = TextHeapBuilder(codec: .none, level: 1)
    var out = ByteWriter()
    var encoder = TextColumnEncoder()
    encoder.encode(values, in: memory.view, shared: nil, leader: leader, heap: &heap, into: &out)
    return withSize(
        texts.count, [leader == nil ? 0 : 1, UInt8(min(out.count, 255))] + out.array + memory.array)
}

extension FuzzTarget {
    static let integers = FuzzTarget(
        name: "integers",
        seeds: {
            (0..<5).flatMap { kind in
                [3, 300].map { count in
                    var out = ByteWriter()
                    var encoder = IntegerColumnEncoder()
                    sampleIntegers(kind, count).withUnsafeBufferPointer { encoder.encode($0, into: &out) }
                    return withSize(count, out.array)
                }
            }
        },
        run: { view in
            var choices = Choices(view)
            let count = choices.word() % (Limits.blockEvents + 1)
            let bytes = choices.rest.owned
            defer { withExtendedLifetime(bytes) {} }
            guard let column = try? IntegerColumn(bytes.view, count: count) else { return }
            let all = column.decodeArray()
            check(all.count == count, "another number of values")
            for index in stride(from: 0, to: count, by: max(count / 50, 1)) {
                check(column.value(index) == all[index], "value \(index) read alone differs")
            }
        })

    static let codes = FuzzTarget(
        name: "codes",
        seeds: {
            let leader = (0..<200).map { UInt32($0 % 33) + 4 }
            var determined = DeterminedCodesEncoder()
            determined.lead(by: leader)
            var table = ByteWriter()
            leader.map { $0 / 3 }.withUnsafeBufferPointer { determined.write($0, into: &table) }
            return [[1, 1, 1], [0, 7, 3, 900], leader].map { codes in
                var out = ByteWriter()
                CodeColumn.write(codes, into: &out)
                return withSize(codes.count, out.array)
            } + [withSize(leader.count, table.array)]
        },
        run: { view in
            var choices = Choices(view)
            let count = choices.word() % (Limits.blockEvents + 1)
            let bytes = choices.rest.owned
            defer { withExtendedLifetime(bytes) {} }
            if CodeColumn.isDetermined(bytes.view) {
                var packed = ByteWriter()
                CodeColumn.write((0..<count).map { UInt32($0 % 33) + 4 }, into: &packed)
                let packedBytes = Bytes(packed.array)
                defer { withExtendedLifetime(packedBytes) {} }
                guard let leader = try? CodeColumn(packedBytes.view, count: count),
                    let table = try? CodeColumn.determined(bytes.view, by: leader)
                else { return }
                checkCodes(CodeColumn(table, by: leader))
                withExtendedLifetime(table) {}
            } else if let column = try? CodeColumn(bytes.view, count: count) {
                checkCodes(column)
            }
        })

    private static func checkCodes(_ column: CodeColumn) {
        let all = column.decodeArray()
        check(all.count == column.count, "another number of codes")
        for index in stride(from: 0, to: column.count, by: max(column.count / 50, 1)) {
            check(column.code(index) == all[index], "code \(index) read alone differs")
            let rows = column.rows(equalTo: all[index])
            check(rows.contains(index) && rows.size == column.count, "a row that its own code does not find")
        }
        _ = try? LeaderRanks(column)
    }

    static let texts = FuzzTarget(
        name: "texts",
        seeds: {
            [
                textSeed([nil, nil]), textSeed(["a", "a"]),
                textSeed(["req_01ab", nil, "req_ffee", "req_9c0d"]),
                textSeed((0..<40).map { "user\($0)@example.com" }),
                textSeed((0..<40).map { $0 % 3 == 0 ? nil : "v\($0 % 5)x" }),
                textSeed(
                    (0..<40).map { "address \($0 % 4 * 97)" }, leader: (0..<40).map { UInt32($0 % 4) + 1 }),
                textSeed((0..<30).map { String(repeating: "ab\($0)", count: $0) }),
            ]
        },
        run: { view in
            var choices = Choices(view)
            let count = choices.word() % 2_000
            let follows = choices.byte() & 1 == 1
            let length = min(choices.byte(), choices.rest.count)
            let bytes = choices.rest.trusted(0, length).owned
            defer { withExtendedLifetime(bytes) {} }
            let rest = choices.rest.trusted(length, choices.rest.count - length).array
            var leaders: LeaderRanks?
            var packed = ByteWriter()
            var packedBytes = Bytes([])
            defer { withExtendedLifetime(packedBytes) {} }
            if follows {
                CodeColumn.write((0..<count).map { UInt32($0 % 4) + 1 }, into: &packed)
                packedBytes = Bytes(copying: packed.view)
                leaders = try? LeaderRanks(CodeColumn(packedBytes.view, count: count))
            }
            guard let column = try? TextColumn(bytes, count: count, leaders: leaders) else { return }
            let surroundings = Surroundings(rest)
            let context = ColumnContext(
                heap: surroundings, terms: surroundings, dictionary: .ip, leaders: leaders)
            var values = ValueList()
            var text = ByteWriter()
            let decodes = (try? column.decode(from: context, into: &values, text: &text)) != nil
            if decodes { check(values.count == count, "another number of texts") }
            for index in stride(from: 0, to: count, by: max(count / 50, 1)) {
                var out = ByteWriter()
                guard let isPresent = try? column.append(index, from: context, into: &out), decodes else {
                    continue
                }
                check(isPresent != values.isAbsent(index), "entry \(index) is absent in one reading only")
                if isPresent {
                    check(
                        values.value(index, in: text.view).isEqual(to: out.view),
                        "text \(index) read alone differs")
                }
            }
            _ = try? column.rows(from: context) { $0?.isEmpty ?? true }
            readSome(column, context, values, text.view, decodes: decodes)
        })
}

/// Reads every third entry together, and asks for texts as they are stored.
private func readSome(
    _ column: TextColumn, _ context: ColumnContext, _ values: ValueList, _ text: ByteView, decodes: Bool
) {
    let entries = stride(from: 0, to: column.count, by: 3).map { UInt32($0) }
    var cells = [ByteView?](repeating: nil, count: entries.count + 1)
    var arena = TextArena()
    let reads = entries.withUnsafeBufferPointer { entries in
        cells.withUnsafeMutableBufferPointer { cells in
            guard let first = cells.baseAddress else { return false }
            return (try? column.read(entries, from: context, into: first, arena: &arena)) != nil
        }
    }
    guard decodes else { return }
    check(reads || entries.isEmpty, "what decodes as a whole does not in part")
    for (place, entry) in entries.enumerated() where reads {
        let whole = values.isAbsent(Int(entry)) ? nil : values.value(Int(entry), in: text)
        switch (whole, cells[place]) {
        case (nil, nil): continue
        case (let whole?, let cell?): check(whole.isEqual(to: cell), "text \(entry) read with others differs")
        default: check(false, "entry \(entry) is absent in one reading only")
        }
    }
    for wanted in [[UInt8](), Array("v1x".utf8), Array("1".utf8)] {
        let equal = wanted.withView { try? column.rows(from: context, equalTo: $0) }
        if let equal {
            for entry in stride(from: 0, to: column.count, by: 7) {
                let isEqual =
                    !values.isAbsent(entry)
                    && wanted.withView { values.value(entry, in: text).isEqual(to: $0) }
                check(equal.contains(entry) == isEqual, "entry \(entry) is equal in one reading only")
            }
        }
        let needle = TextNeedle(SubstringSearch(wanted, eitherCase: true))
        _ = try? column.rows(from: context, holding: needle, isJSON: true) { $0.count > 3 }
        _ = try? column.rows(from: context, holding: needle, isJSON: false) { $0.count > 3 }
    }
}
