extension ByteWriter {
    /// Appends valid UTF-8 as the inside of a JSON string: `"`, `\` and control characters escaped in their
    /// shortest form, everything else as it is.
    @inline(__always)
    package mutating func escaped(_ value: ByteView) {
        let end = value.firstToEscape(from: 0)
        if end == value.count {
            bytes(value)
        } else {
            escaped(value, from: end)
        }
    }

    @inline(never)
    private mutating func escaped(_ value: ByteView, from first: Int) {
        bytes(value.trusted(0, first))
        var index = first
        while index < value.count {
            escape(value[index])
            let start = index + 1
            index = value.firstToEscape(from: start)
            bytes(value.trusted(start, index - start))
        }
    }

    private mutating func escape(_ byte: UInt8) {
        u8(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): u8(byte)
        case 0x08: u8(UInt8(ascii: "b"))
        case 0x09: u8(UInt8(ascii: "t"))
        case 0x0A: u8(UInt8(ascii: "n"))
        case 0x0C: u8(UInt8(ascii: "f"))
        case 0x0D: u8(UInt8(ascii: "r"))
        default:
            text("u00")
            u8(ByteWriter.hexDigit(byte >> 4))
            u8(ByteWriter.hexDigit(byte & 0xF))
        }
    }

    /// Appends JSON text on one line. Line ends in valid JSON text stand between its tokens only, so that a space
    /// in their place keeps the value and the length.
    @inline(__always)
    package mutating func onOneLine(_ json: ByteView) {
        let start = count
        bytes(json)
        if json.hasControlCharacter { replaceLineEnds(from: start) }
    }

    @inline(never)
    private mutating func replaceLineEnds(from start: Int) {
        for index in start..<count where view[index] == 0x0A || view[index] == 0x0D {
            patch(UInt8(ascii: " "), at: index)
        }
    }
}

extension ByteView {
    /// The first position from `start` on of a byte that a JSON string must not hold as it is, or the end.
    @inline(__always)
    func firstToEscape(from start: Int) -> Int {
        var index = start
        while count - index >= 8 {
            let found = JSONText.mustEscape(load(UInt64.self, at: index))
            if found != 0 { return index + found.trailingZeroBitCount >> 3 }
            index += 8
        }
        while index < count {
            let byte = self[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return index }
            index += 1
        }
        return index
    }

    /// Whether a control character is inside; in valid JSON text those are tabs and line ends.
    @inline(__always)
    fileprivate var hasControlCharacter: Bool {
        var index = 0
        var found: UInt64 = 0
        while count - index >= 8 {
            let word = load(UInt64.self, at: index)
            found |= (word &- JSONText.spaces) & ~word
            index += 8
        }
        while index < count {
            if self[index] < 0x20 { return true }
            index += 1
        }
        return found & JSONText.highs != 0
    }
}
