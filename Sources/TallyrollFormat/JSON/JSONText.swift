/// Looking at JSON text eight bytes at a time.
package enum JSONText {
    static let ones: UInt64 = 0x0101_0101_0101_0101
    static let highs: UInt64 = 0x8080_8080_8080_8080
    static let quotes: UInt64 = 0x2222_2222_2222_2222
    static let backslashes: UInt64 = 0x5C5C_5C5C_5C5C_5C5C
    static let spaces: UInt64 = 0x2020_2020_2020_2020

    /// The high bit of each byte of `word` that is a quote, a backslash, a control character or not ASCII. Bits
    /// above the lowest one set may be wrong (a borrow runs upwards), the lowest never is.
    @inline(__always)
    static func special(_ word: UInt64) -> UInt64 {
        let quote = (word ^ quotes) &- ones
        let backslash = (word ^ backslashes) &- ones
        let control = word &- spaces
        return (quote | backslash | control | word) & highs
    }

    /// The same for the bytes that a JSON string must not hold as they are: quotes, backslashes and control
    /// characters. Exact for the lowest bit set.
    @inline(__always)
    static func mustEscape(_ word: UInt64) -> UInt64 {
        let quote = (word ^ quotes) &- ones
        let backslash = (word ^ backslashes) &- ones
        let control = word &- spaces
        return (quote | backslash | control) & ~word & highs
    }

    @inline(__always)
    static func isSpecial(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// The value of a hexadecimal digit, or nil.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte &- UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte &- UInt8(ascii: "a") &+ 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte &- UInt8(ascii: "A") &+ 10)
        default: nil
        }
    }
}

extension JSONText {
    /// Bytes of a string that are looked at word by word, before a library call is worth its price.
    private static let lookedAtFirst = 24

    /// The position after the closing quote of the string that begins at `start`, or nil when it does not end.
    @inline(__always)
    static func endOfString(_ text: ByteView, from start: Int) -> Int? {
        var position = start &+ 1
        let near = min(text.count &- 8, start &+ lookedAtFirst)
        while position <= near {
            let word = text.load(UInt64.self, at: position)
            let quote = word ^ quotes
            let backslash = word ^ backslashes
            // Exact for the lowest bit set.
            let found = ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash) & highs
            if found == 0 {
                position &+= 8
                continue
            }
            position &+= found.trailingZeroBitCount >> 3
            if text.base[position] == UInt8(ascii: "\"") { return position &+ 1 }
            position &+= 2
        }
        return endOfLongString(text, from: position)
    }

    /// The same from a position inside the string at which no escape is open. A quote closes the string unless an odd
    /// number of backslashes stands before it.
    @inline(never)
    private static func endOfLongString(_ text: ByteView, from start: Int) -> Int? {
        var position = start
        while position < text.count {
            guard let found = findByte(UInt8(ascii: "\""), text.base + position, text.count - position) else {
                return nil
            }
            let quote = position + found
            var first = quote
            while first > position, text.base[first - 1] == UInt8(ascii: "\\") { first -= 1 }
            if (quote - first) & 1 == 0 { return quote + 1 }
            position = quote + 1
        }
        return nil
    }
}

extension ByteView {
    /// The byte at `position`, or zero, which no JSON structure uses, at and behind the end.
    @inline(__always)
    package func byteOrZero(_ position: Int) -> UInt8 {
        position < count ? self[position] : 0
    }

    /// The first position from `start` on whose byte ends a run of plain ASCII inside a JSON string, or the end.
    @inline(__always)
    package func plainRunEnd(from start: Int) -> Int {
        var index = start
        while count - index >= 8 {
            let special = JSONText.special(load(UInt64.self, at: index))
            if special != 0 { return index + special.trailingZeroBitCount >> 3 }
            index += 8
        }
        while index < count, !JSONText.isSpecial(self[index]) { index += 1 }
        return index
    }

    /// The length of the valid UTF-8 sequence of two to four bytes at `position`, or zero when there is none
    /// (overlong forms, surrogates and values above U+10FFFF are not valid).
    package func multiByteScalarLength(at position: Int) -> Int {
        let first = byteOrZero(position)
        let second = byteOrZero(position + 1)
        switch first {
        case 0xC2...0xDF:
            return isContinuation(second) ? 2 : 0
        case 0xE0...0xEF:
            let low: UInt8 = first == 0xE0 ? 0xA0 : 0x80
            let high: UInt8 = first == 0xED ? 0x9F : 0xBF
            return second >= low && second <= high && isContinuation(byteOrZero(position + 2)) ? 3 : 0
        case 0xF0...0xF4:
            let low: UInt8 = first == 0xF0 ? 0x90 : 0x80
            let high: UInt8 = first == 0xF4 ? 0x8F : 0xBF
            guard second >= low, second <= high else { return 0 }
            return isContinuation(byteOrZero(position + 2)) && isContinuation(byteOrZero(position + 3))
                ? 4 : 0
        default:
            return 0
        }
    }

    @inline(__always)
    private func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
