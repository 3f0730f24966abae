import TallyrollFormat

/// What a text column refers to, from the end of the input: a heap, and one dictionary with a few terms.
private final class Surroundings: TextHeap, TermSource {
    private let text: [UInt8]

    init(_ text: [UInt8]) { self.text = text }

    func append(_ position: Int, _ length: Int, into out: inout ByteWriter) throws {
        guard position >= 0, length >= 0, position <= text.count, length <= text.count - position else {
            throw FormatError(
                .invalid, "heap", offset: position, expected: "text", found: "\(length) bytes beyond")
        }
        out.bytes(Array(text[position..<position + length]))
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
            [[1, 1, 1], [0, 7, 3, 900], (0..<200).map { UInt32($0 % 33) + 4 }].map { codes in
                var out = ByteWriter()
                CodeColumn.write(codes, into: &out)
                return withSize(codes.count, out.array)
            }
        },
        run: { view in
            var choices = Choices(view)
            let count = choices.word() % (Limits.blockEvents + 1)
            let bytes = choices.rest.owned
            defer { withExtendedLifetime(bytes) {} }
            guard let column = try? CodeColumn(bytes.view, count: count) else { return }
            let all = column.decodeArray()
            check(all.count == count, "another number of codes")
            for index in stride(from: 0, to: count, by: max(count / 50, 1)) {
                check(column.code(index) == all[index], "code \(index) read alone differs")
                let rows = column.rows(equalTo: all[index])
                check(rows.contains(index) && rows.size == count, "a row that its own code does not find")
            }
            _ = try? LeaderRanks(column)
        })

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
            if follows {
                CodeColumn.write((0..<count).map { UInt32($0 % 4) + 1 }, into: &packed)
                leaders = try? LeaderRanks(CodeColumn(packed.view, count: count))
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
        })
}
