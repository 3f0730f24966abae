import TallyrollFormat

/// A value in JSON text, as it stands there.
package struct JSONToken {
    package enum Kind: Sendable {
        case string, number, word, object, array
    }

    package let kind: Kind
    /// The text of a scalar, with the quotes of a string; only the first byte of an object or array.
    package let raw: ByteView

    /// The kind that a first byte announces.
    @inline(__always)
    static func kind(_ first: UInt8) -> Kind {
        switch first {
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): .word
        default: .number
        }
    }
}

/// Small steps over JSON text that may be damaged: every step ends, none leaves the text.
package enum JSONText {
    @inline(__always)
    static func skipSpace(_ text: ByteView, _ from: Int) -> Int {
        var position = from
        while position < text.count {
            switch text.base[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return position
            }
        }
        return position
    }

    /// Where the closing quote of a string is whose content begins at `from`, or nil when it does not end.
    @inline(__always)
    static func closingQuote(_ text: ByteView, _ from: Int) -> Int? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var position = from
        while position < text.count {
            while text.count - position >= 8 {
                let word = text.load(UInt64.self, at: position)
                let quotes = word ^ (ones &* 0x22)
                let slashes = word ^ (ones &* 0x5C)
                let hits = ((quotes &- ones) & ~quotes | (slashes &- ones) & ~slashes) & highs
                if hits != 0 {
                    position += hits.trailingZeroBitCount >> 3
                    break
                }
                position += 8
            }
            guard position < text.count else { return nil }
            switch text.base[position] {
            case UInt8(ascii: "\""): return position
            case UInt8(ascii: "\\"): position += 2
            default: position += 1
            }
        }
        return nil
    }

    /// Where a scalar that is no string ends.
    @inline(__always)
    static func scalarEnd(_ text: ByteView, _ from: Int) -> Int {
        var position = from
        while position < text.count {
            switch text.base[position] {
            case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"):
                return position
            default: position += 1
            }
        }
        return position
    }

    /// Where the value that begins at `from` ends, or nil when it does not.
    static func valueEnd(_ text: ByteView, _ from: Int) -> Int? {
        var position = from
        var depth = 0
        while position < text.count {
            switch text.base[position] {
            case UInt8(ascii: "\""):
                guard let quote = closingQuote(text, position + 1) else { return nil }
                position = quote + 1
                if depth == 0 { return position }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                position += 1
                if depth <= 0 { return position }
            default:
                if depth == 0 {
                    let end = scalarEnd(text, position)
                    return end > position ? end : nil
                }
                position += 1
            }
        }
        return nil
    }

    /// The text that a string's content (without quotes) stands for: the content itself when it holds no backslash,
    /// else unescaped in `scratch`, valid until that is used again. Half a surrogate pair becomes U+FFFD.
    @inline(__always)
    static func content(_ content: ByteView, _ scratch: inout QueryScratch) -> ByteView {
        for position in 0..<content.count where content.base[position] == UInt8(ascii: "\\") {
            unescape(content, from: position, &scratch)
            return scratch.bytes.view
        }
        return content
    }

    private static func unescape(_ content: ByteView, from: Int, _ scratch: inout QueryScratch) {
        scratch.bytes.removeAll()
        scratch.bytes.bytes(content.trusted(0, from))
        var position = from
        while position < content.count {
            let byte = content.base[position]
            position += 1
            guard byte == UInt8(ascii: "\\"), position < content.count else {
                scratch.bytes.u8(byte)
                continue
            }
            let escape = content.base[position]
            position += 1
            switch escape {
            case UInt8(ascii: "b"): scratch.bytes.u8(0x08)
            case UInt8(ascii: "f"): scratch.bytes.u8(0x0C)
            case UInt8(ascii: "n"): scratch.bytes.u8(0x0A)
            case UInt8(ascii: "r"): scratch.bytes.u8(0x0D)
            case UInt8(ascii: "t"): scratch.bytes.u8(0x09)
            case UInt8(ascii: "u"): append(unicode(content, &position), &scratch)
            default: scratch.bytes.u8(escape)
            }
        }
    }

    private static func unicode(_ content: ByteView, _ position: inout Int) -> UInt32 {
        guard let first = hexadecimal(content, position) else { return 0xFFFD }
        position += 4
        guard (0xD800..<0xE000).contains(first) else { return first }
        guard first < 0xDC00, position + 1 < content.count, content.base[position] == UInt8(ascii: "\\"),
            content.base[position + 1] == UInt8(ascii: "u"), let second = hexadecimal(content, position + 2),
            (0xDC00..<0xE000).contains(second)
        else { return 0xFFFD }
        position += 6
        return 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
    }

    private static func hexadecimal(_ content: ByteView, _ from: Int) -> UInt32? {
        guard let digits = content.sliceIfInside(from, 4) else { return nil }
        var value: UInt32 = 0
        for index in 0..<4 {
            let byte = digits[index]
            let small = byte | 0x20
            if DurationText.isDigit(byte) {
                value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            } else if small >= UInt8(ascii: "a"), small <= UInt8(ascii: "f") {
                value = value << 4 | UInt32(small - UInt8(ascii: "a") + 10)
            } else {
                return nil
            }
        }
        return value
    }

    private static func append(_ scalar: UInt32, _ scratch: inout QueryScratch) {
        func low(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: scalar >> shift & 0x3F | 0x80) }
        switch scalar {
        case 0..<0x80:
            scratch.bytes.u8(UInt8(truncatingIfNeeded: scalar))
        case 0x80..<0x800:
            scratch.bytes.u8(UInt8(truncatingIfNeeded: scalar >> 6 | 0xC0))
            scratch.bytes.u8(low(0))
        case 0x800..<0x10000:
            scratch.bytes.u8(UInt8(truncatingIfNeeded: scalar >> 12 | 0xE0))
            scratch.bytes.u8(low(6))
            scratch.bytes.u8(low(0))
        default:
            scratch.bytes.u8(UInt8(truncatingIfNeeded: scalar >> 18 | 0xF0))
            scratch.bytes.u8(low(12))
            scratch.bytes.u8(low(6))
            scratch.bytes.u8(low(0))
        }
    }
}
