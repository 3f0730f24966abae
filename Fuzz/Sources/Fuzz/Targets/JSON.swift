import TallyrollFormat

/// A second reading of RFC 8259, as plain as it can be: what the scanner is compared with.
private struct PlainJSON {
    let text: [UInt8]
    var position = 0

    /// Whether the text is one object and nothing else, with valid UTF-8 and no deeper than the limit.
    static func isObject(_ text: [UInt8]) -> Bool {
        guard String(validating: text, as: UTF8.self) != nil else { return false }
        var plain = PlainJSON(text: text)
        plain.spaces()
        guard plain.peek == UInt8(ascii: "{"), plain.value(level: 1) else { return false }
        plain.spaces()
        return plain.position == text.count
    }

    private var peek: UInt8? { position < text.count ? text[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func spaces() {
        while let byte = peek, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    private mutating func value(level: Int) -> Bool {
        switch peek {
        case UInt8(ascii: "{"): return members(level: level, close: UInt8(ascii: "}"), named: true)
        case UInt8(ascii: "["): return members(level: level, close: UInt8(ascii: "]"), named: false)
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "t"): return word("true")
        case UInt8(ascii: "f"): return word("false")
        case UInt8(ascii: "n"): return word("null")
        default: return number()
        }
    }

    private mutating func members(level: Int, close: UInt8, named: Bool) -> Bool {
        guard level <= Limits.jsonDepth else { return false }
        position += 1
        spaces()
        if take(close) { return true }
        while true {
            spaces()
            if named {
                guard string() else { return false }
                spaces()
                guard take(UInt8(ascii: ":")) else { return false }
                spaces()
            }
            guard value(level: level + 1) else { return false }
            spaces()
            if take(close) { return true }
            guard take(UInt8(ascii: ",")) else { return false }
        }
    }

    private mutating func word(_ word: String) -> Bool {
        for byte in word.utf8 where !take(byte) { return false }
        return true
    }

    private mutating func string() -> Bool {
        guard take(UInt8(ascii: "\"")) else { return false }
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return true
            case 0..<0x20: return false
            case UInt8(ascii: "\\"):
                guard let escape = peek else { return false }
                position += 1
                if escape == UInt8(ascii: "u") {
                    for _ in 0..<4 {
                        guard let digit = peek, Character(Unicode.Scalar(digit)).isHexDigit, digit < 0x80
                        else {
                            return false
                        }
                        position += 1
                    }
                } else if !"\"\\/bfnrt".utf8.contains(escape) {
                    return false
                }
            default: break
            }
        }
        return false
    }

    private mutating func digits() -> Bool {
        let start = position
        while let byte = peek, (0x30...0x39).contains(byte) { position += 1 }
        return position > start
    }

    private mutating func number() -> Bool {
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) {
            guard digits() else { return false }
        }
        if take(UInt8(ascii: ".")), !digits() { return false }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            return digits()
        }
        return true
    }
}

private let sampleDocuments = [
    "{}", #" {"a":[1,-0.5e+3,true,false,null,"x\u00e9\n"],"b":{"c":{}}} "#, #"{"k":"ü","k":[[],[{}]]}"#,
]

extension FuzzTarget {
    static let json = FuzzTarget(
        name: "json",
        seeds: { sampleDocuments.map { Array($0.utf8) } },
        run: { view in
            let text = view.owned
            defer { withExtendedLifetime(text) {} }
            let taken = (try? JSONScanner.object(in: text.view, depth: 0)) != nil
            let expected = PlainJSON.isObject(view.array)
            check(taken == expected, "the scanner says \(taken), the plain reading \(expected)")
        })

    /// Objects come back from their shapes; hostile shapes are refused or parsed.
    static let shape = FuzzTarget(
        name: "shape",
        seeds: {
            sampleDocuments.map { Array($0.utf8) }
                + [
                    [
                        0x7B, 0x22, 0x61, 0x22, 0x3A, 0x01, 0x2C, 0x22, 0x62, 0x22, 0x3A, 0x5B, 0x01, 0x5D,
                        0x7D,
                    ]
                ]
        },
        run: { view in
            let text = view.owned
            defer { withExtendedLifetime(text) {} }
            var table = ShapeTable()
            _ = try? table.append(view.array)
            var scanner = ShapeScanner()
            guard scanner.scan(text.view), (try? JSONScanner.object(in: text.view, depth: 0)) != nil else {
                return
            }
            guard let shape = try? Shape(scanner.shape.array) else {
                return check(false, "the shape of a valid object does not parse")
            }
            check(shape.markers.count == scanner.slots.count, "another number of scalars")
            var out = ByteWriter()
            var copied = 0
            for (slot, marker) in shape.markers.enumerated() {
                out.bytes(Array(shape.text[copied..<marker]))
                out.bytes(scanner.slots.value(slot, in: text.view))
                copied = marker + 1
            }
            out.bytes(Array(shape.text[copied...]))
            check(out.view.isEqual(to: text.view), "an object changed on its way through its shape")
        })
}
