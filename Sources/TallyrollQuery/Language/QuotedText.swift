extension Scanner {
    /// Takes the quoted text that begins here; the opening quote has been seen, not taken.
    mutating func takeQuoted() throws(QueryError) -> String {
        let start = position
        var content: [UInt8] = []
        move(to: position + 1)
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                move(to: position + 1)
                return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                try takeEscape(into: &content)
            default:
                content.append(byte)
                move(to: position + 1)
            }
        }
        throw QueryError(
            .unclosedText, in: bytes, at: start, expected: "a closing quote",
            found: "a quoted text that does not end",
            suggestion: "add the missing `\"`, or write `\\\"` for a quote inside the text")
    }

    private mutating func takeEscape(into content: inout [UInt8]) throws(QueryError) {
        let start = position
        move(to: position + 1)
        switch current {
        case UInt8(ascii: "\""): content.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): content.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): content.append(UInt8(ascii: "/"))
        case UInt8(ascii: "n"): content.append(UInt8(ascii: "\n"))
        case UInt8(ascii: "r"): content.append(UInt8(ascii: "\r"))
        case UInt8(ascii: "t"): content.append(UInt8(ascii: "\t"))
        case UInt8(ascii: "u"):
            let scalar = try takeUnicodeEscape(from: start)
            content.append(contentsOf: Array(String(Character(scalar)).utf8))
            return
        default:
            throw QueryError(
                .syntax, in: bytes, at: start, expected: "one of \\\" \\\\ \\n \\r \\t \\uXXXX",
                found: "an unknown escape", suggestion: "write `\\\\` for a backslash")
        }
        move(to: position + 1)
    }

    private mutating func takeUnicodeEscape(from start: Int) throws(QueryError) -> Unicode.Scalar {
        move(to: position + 1)
        guard let first = takeHexadecimal() else { throw badUnicode(start) }
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take("\\u"), let second = takeHexadecimal(), (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw badUnicode(start) }
        return scalar
    }

    private mutating func takeHexadecimal() -> UInt32? {
        guard bytes.count - position >= 4 else { return nil }
        var value: UInt32 = 0
        for byte in bytes[position..<position + 4] {
            guard byte < 0x80, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        move(to: position + 4)
        return value
    }

    private func badUnicode(_ start: Int) -> QueryError {
        QueryError(
            .syntax, in: bytes, at: start, expected: "\\u and four hexadecimal digits of a character",
            found: "an incomplete \\u escape",
            suggestion: "characters beyond \\uFFFF take a pair of surrogates")
    }
}
