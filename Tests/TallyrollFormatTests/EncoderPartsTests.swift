import Testing

@testable import TallyrollFormat

/// The parts that block encoding is made of, each beside a plain way to the same result.
struct EncoderPartsTests {
    @Test(arguments: 0..<20)
    func batchesGiveTheCodesOfOneByOne(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var memory = ByteWriter()
        var values = ValueColumn()
        for _ in 0..<Int(random.next() % 5000) {
            if random.next() % 7 == 0 {
                values.appendAbsent()
                continue
            }
            let start = memory.count
            let length = Int(random.next() % 70)
            let letters = seed % 3 == 0 ? 2 : random.next() % 200 + 1
            for _ in 0..<length { memory.u8(UInt8(random.next() % letters)) }
            values.append(offset: UInt32(start), length: UInt32(length))
        }
        var batched = TermInterner()
        var single = TermInterner()
        var plain: [[UInt8]: UInt32] = [:]
        // A second round finds every term known; after `removeAll` none is.
        for _ in 0..<2 {
            for _ in 0..<2 {
                let codes = [UInt32](unsafeUninitializedCapacity: values.count) { codes, initialized in
                    if let first = codes.baseAddress {
                        batched.intern(values.span, in: memory.view, into: first)
                    }
                    initialized = values.count
                }
                for row in 0..<values.count {
                    guard !values.span.isAbsent(row) else {
                        #expect(codes[row] == 0)
                        continue
                    }
                    let value = values.span.value(row, in: memory.view)
                    let expected = plain[value.array, default: UInt32(plain.count + 1)]
                    plain[value.array] = expected
                    let alone = single.intern(value)
                    #expect(codes[row] == expected && alone == expected)
                    let text = batched.term(codes[row]).array
                    #expect(text == value.array)
                }
            }
            let counts = [batched.count, single.count]
            #expect(counts == [plain.count, plain.count])
            batched.removeAll()
            single.removeAll()
            plain.removeAll()
        }
    }

    @Test func shortTermsOfEveryLengthAreToldApart() {
        var terms = TermInterner()
        for length in 0...70 {
            let text = [UInt8](repeating: 7, count: length)
            let code = text.withView { terms.intern($0) }
            #expect(Int(code) == length + 1)
        }
        for length in 1...70 {
            for place in 0..<length {
                var text = [UInt8](repeating: 7, count: length)
                text[place] = 8
                let code = text.withView { terms.code(of: $0) }
                #expect(code == nil, "length \(length), place \(place)")
            }
        }
    }

    @Test(arguments: [1, 2, 3, 10, 24, 1000, 1_000_000, 1 << 40, 999_999_937, UInt64(Int64.max)])
    func exactDivisionIsDivision(divisor: UInt64) {
        let exact = ExactDivisor(divisor)
        var random = SeededRandom(seed: divisor)
        for round in 0..<200 {
            let largest = UInt64(Int64.max) / divisor
            let quotient = round < 3 ? min(UInt64(round), largest) : random.next() % (largest + 1)
            let product = quotient * divisor
            #expect(exact.quotient(product) == quotient)
            #expect(exact.quotient(-Int64(product)) == -Int64(quotient))
            #expect(exact.divides(product))
            let number = random.next()
            #expect(exact.divides(number) == (number % divisor == 0))
        }
    }

    @Test(arguments: 0..<40)
    func stringsEndWhereAByteLoopSaysSo(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let alphabet = Array((seed % 2 == 0 ? #"ab\""# : #"abcdefgh\ijklmnopqrstuvwx"yz"#).utf8)
        for _ in 0..<200 {
            var text: [UInt8] = [0x22]
            for _ in 0..<Int(random.next() % 90) {
                text.append(alphabet[Int(random.next() % UInt64(alphabet.count))])
            }
            let found = text.withView { JSONText.endOfString($0, from: 0) }
            #expect(found == EncoderPartsTests.endOfString(text), "\(text)")
        }
    }

    private static func endOfString(_ text: [UInt8]) -> Int? {
        var position = 1
        while position < text.count {
            if text[position] == 0x22 { return position + 1 }
            position += text[position] == 0x5C ? 2 : 1
        }
        return nil
    }

    @Test(arguments: 0..<60)
    func knownShapesFindWhatAScanFinds(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let scalars = [
            "1", "-2.5", "true", "null", #""x""#, #""a\"b\\""#, #""""#,
            #""\#(String(repeating: "y", count: 80))""#,
        ]
        func scalar() -> String { scalars[Int(random.next() % UInt64(scalars.count))] }
        var scanner = ShapeScanner()
        var known = KnownShapes()
        var recognized = 0
        for _ in 0..<100 {
            let text =
                switch random.next() % 6 {
                case 0: "{}"
                case 1: #"{"a":\#(scalar()),"b":\#(scalar())}"#
                case 2: #"{"a":\#(scalar()),"b":[\#(scalar()),\#(scalar())]}"#
                case 3: #"{"a":\#(scalar()),"b":{"a long name of a member, beyond a word":\#(scalar())}}"#
                case 4: #"{ "a" : \#(scalar()) }"#
                default: #"{"a":\#(scalar()),"b":{"c":\#(scalar())}, "d":[]}"#
                }
            Array(text.utf8).withView { view in
                let hasShape = scanner.scan(view)
                #expect(hasShape)
                var slots = ValueColumn()
                slots.append(offset: 0, length: 0)
                if let shape = known.recognize(view, hint: 5, at: 1000, slots: &slots) {
                    recognized += 1
                    let found = known.text(shape).string
                    let expected = scanner.shape.view.string
                    #expect(found == expected)
                    let counts = [slots.count - 1, known.slotCount(shape)]
                    #expect(counts == [scanner.slots.count, scanner.slots.count])
                    for index in 0..<scanner.slots.count {
                        let place = [slots.span.offset(index + 1) - 1000, slots.span.length(index + 1)]
                        #expect(place == [scanner.slots.offset(index), scanner.slots.length(index)])
                    }
                } else {
                    let kept = slots.count
                    #expect(kept == 1, "a shape that does not fit leaves no scalars behind")
                    let number = known.number(of: scanner.shape.view)
                    known.remember(number, hint: 5)
                }
            }
        }
        #expect(recognized > 0)
    }

    @Test func aShapeIsNotTakenForALongerOrShorterOne() {
        var known = KnownShapes()
        var scanner = ShapeScanner()
        Array(#"{"a":1,"b":2}"#.utf8).withView { _ = scanner.scan($0) }
        let number = known.number(of: scanner.shape.view)
        known.remember(number, hint: 0)
        for text in [
            #"{"a":1}"#, #"{"a":1,"b":2,"c":3}"#, #"{"a":1,"b":{}}"#, #"{"a":1,"b":}"#, "{", #"{"a":"#, "",
        ] {
            var slots = ValueColumn()
            let shape = Array(text.utf8).withView { known.recognize($0, hint: 0, at: 0, slots: &slots) }
            #expect(shape == nil, "\(text)")
        }
    }

    /// Every length around those that are copied without a call, and the bytes around the copy stay as they are.
    @Test func shortBytesAreCopiedWhole() throws {
        let source = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 1) }
        var out = ByteWriter(capacity: 16)
        var expected: [UInt8] = []
        for length in Array(0...70) + [127, 128, 129, 255] {
            let part = Array(source[3..<3 + length])
            part.withView { out.lengthPrefixed($0) }
            expected += length < 128 ? [UInt8(length)] : [UInt8(length & 127 | 128), UInt8(length >> 7)]
            expected += part
            #expect(out.array == expected, "\(length) bytes")
        }
    }

    /// Texts of one length (mostly) with digits of one case (mostly) where they vary, the last at the memory's end.
    private static func hexTexts(_ random: inout SeededRandom) -> (ValueList, [UInt8]) {
        let letters = Array((random.next() % 2 == 0 ? "0123456789abcdef" : "0123456789ABCDEF").utf8)
        let length = Int(random.next() % 64) + 1
        let share = random.next() % 4
        var model: [UInt8] = []
        var varies: [Bool] = []
        for _ in 0..<length {
            model.append(UInt8(random.next() % 96) + 32)
            varies.append(random.next() % 4 < share)
        }
        let stray = random.next() % 8
        var values = ValueList()
        var memory: [UInt8] = []
        for _ in 0..<Int(random.next() % 300) + 1 {
            if random.next() % 5 == 0 {
                values.appendAbsent()
                continue
            }
            var text = model
            for position in 0..<length where varies[position] {
                text[position] = letters[Int(random.next() % 16)]
            }
            if stray == 0, random.next() % 100 == 0 {
                text[Int(random.next() % UInt64(length))] = UInt8(truncatingIfNeeded: random.next())
            }
            if stray == 1, random.next() % 100 == 0 { text.removeLast() }
            values.append(offset: UInt32(memory.count), length: UInt32(text.count))
            memory += text
        }
        return (values, memory)
    }

    @Test(.enabled(if: HexLanes.areFast), arguments: 0..<300)
    func hexDigitsByLanesAreThoseByTheWord(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let (values, bytes) = EncoderPartsTests.hexTexts(&random)
        bytes.withView { memory in
            values.withSpan { span in
                guard let row = span.firstPresent else { return }
                let first = span.value(row, in: memory)
                guard first.count > 0 else { return }
                let wide = HexLanes.template(of: span, first, in: memory)
                let plain = HexTemplate.find(span, first, in: memory)
                #expect(wide?.literal == plain?.literal)
                #expect(wide?.positions == plain?.positions)
                #expect(wide?.uppercase == plain?.uppercase)
                guard let plain, HexLanes.take(plain) else { return }
                var packed = ByteWriter()
                var expected = ByteWriter()
                HexLanes.pack(span, plain, in: memory, into: &packed)
                NibblePacker.pack(span, plain, in: memory, into: &expected)
                let (byLanes, byWord) = (packed.array, expected.array)
                #expect(byLanes == byWord)
            }
        }
    }
}
