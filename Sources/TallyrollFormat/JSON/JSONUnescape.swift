extension JSONScanner {
    /// Appends the value of an escaped string whose grammar was checked before. Throws at a surrogate that has
    /// no other half; `out` then holds a part of the value.
    package static func unescape(
        _ view: ByteView, _ span: JSONStringSpan, into out: inout ByteWriter
    ) throws(JSONFault) {
        let end = span.start + span.length
        var index = span.start
        while index < end {
            var runEnd = index
            while runEnd < end, view[runEnd] != UInt8(ascii: "\\") { runEnd += 1 }
            out.bytes(view.trusted(index, runEnd - index))
            index = runEnd
            guard index < end else { return }
            let letter = view.byteOrZero(index + 1)
            if letter == UInt8(ascii: "u") {
                index += try unescapeUnicode(view, at: index, into: &out)
            } else {
                out.u8(plainEscape(letter))
                index += 2
            }
        }
    }

    private static func plainEscape(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: letter
        }
    }

    /// Appends the scalar of the `\u` escape, or pair of them, at `start` and returns the length of the text.
    private static func unescapeUnicode(
        _ view: ByteView, at start: Int, into out: inout ByteWriter
    ) throws(JSONFault) -> Int {
        let first = codeUnit(view, at: start)
        var value = first
        var length = 6
        if first >= 0xD800 && first < 0xE000 {
            guard first < 0xDC00, view.byteOrZero(start + 6) == UInt8(ascii: "\\"),
                view.byteOrZero(start + 7) == UInt8(ascii: "u")
            else { throw JSONFault(.loneSurrogate, at: start) }
            let second = codeUnit(view, at: start + 6)
            guard second >= 0xDC00, second < 0xE000 else { throw JSONFault(.loneSurrogate, at: start) }
            value = 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
            length = 12
        }
        guard let scalar = Unicode.Scalar(value), let units = Unicode.UTF8.encode(scalar) else {
            throw JSONFault(.loneSurrogate, at: start)
        }
        for unit in units { out.u8(unit) }
        return length
    }

    /// The value of the four digits of the `\u` escape at `start`.
    private static func codeUnit(_ view: ByteView, at start: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in start + 2..<start + 6 {
            value = value << 4 | (JSONText.hexValue(view.byteOrZero(index)) ?? 0)
        }
        return value
    }
}
