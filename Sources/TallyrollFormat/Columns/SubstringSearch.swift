/// Finds a text in others, in linear time whatever both are.
///
/// Candidates are places where the two rarest bytes of the text fit, looked for 64 at a time; each is then compared.
/// Where that has cost more than a small multiple of the bytes passed (texts made of repetitions), the rest is
/// searched by Knuth, Morris and Pratt's method, which never looks back.
package struct SubstringSearch: Sendable {
    /// The text looked for; with its ASCII letters small when either case will do.
    package let needle: [UInt8]
    /// For each byte of the needle, the bits that are set in a byte before it is compared: 0x20 for a letter in
    /// either case, else 0.
    private let masks: [UInt8]
    /// For each length of a fitting prefix, the next shorter prefix that also ends there.
    private let borders: [UInt32]
    /// The places in the needle of the two bytes that candidates are found by; the first is not behind the second.
    private let anchors: (Int, Int)
    package let eitherCase: Bool

    package init(_ text: [UInt8], eitherCase: Bool) {
        var lowered = text
        var masks = [UInt8](repeating: 0, count: text.count)
        if eitherCase {
            for (index, byte) in text.enumerated() where Self.isLetter(byte) {
                lowered[index] = byte | 0x20
                masks[index] = 0x20
            }
        }
        needle = lowered
        self.eitherCase = eitherCase
        self.masks = masks
        borders = Self.borders(of: lowered)
        anchors = Self.anchors(of: lowered)
    }

    package var count: Int { needle.count }

    /// Where the text first occurs at or after `from`.
    package func find(in text: ByteView, from: Int = 0) -> Int? {
        guard needle.count > 0 else { return from }
        guard text.count - from >= needle.count else { return nil }
        return needle.withUnsafeBufferPointer { needle in
            masks.withUnsafeBufferPointer { masks in
                find(needle, masks, text, from)
            }
        }
    }

    /// Whether a byte is what the needle has at `index`.
    @inline(__always)
    package func fits(_ byte: UInt8, at index: Int) -> Bool { byte | masks[index] == needle[index] }

    private func find(
        _ needle: UnsafeBufferPointer<UInt8>, _ masks: UnsafeBufferPointer<UInt8>, _ text: ByteView,
        _ from: Int
    ) -> Int? {
        let final = text.count - needle.count
        let (first, second) = anchors
        let pair = AnchorPair(
            first: needle[first], firstMask: masks[first], second: needle[second], secondMask: masks[second])
        var work = 0
        var position = from
        /// Where the next 64 places are looked at together: behind those that were found to hold a candidate.
        var coarse = from
        while position <= final {
            if position >= coarse, position + 63 <= final {
                if !pair.mayFit64(text.base + position + first, text.base + position + second) {
                    position += 64
                    continue
                }
                coarse = position + 64
            }
            if position + 15 <= final,
                !pair.mayFit16(text.base + position + first, text.base + position + second)
            {
                position += 16
                continue
            }
            let end = min(position + 16, final + 1)
            while position < end {
                if text.base[position + first] | pair.firstMask == pair.first,
                    text.base[position + second] | pair.secondMask == pair.second
                {
                    var index = 0
                    while index < needle.count, text.base[position + index] | masks[index] == needle[index] {
                        index += 1
                    }
                    if index == needle.count { return position }
                    work += index
                    if work > 4 * (position - from) + 256 {
                        return findWithoutLookingBack(needle, masks, text, position)
                    }
                }
                position += 1
            }
        }
        return nil
    }

    /// The two bytes that candidates are found by.
    private struct AnchorPair {
        let first: UInt8
        let firstMask: UInt8
        let second: UInt8
        let secondMask: UInt8

        /// Whether both bytes fit at one of 16 places that begin at the two pointers.
        @inline(__always)
        func mayFit16(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>) -> Bool {
            Self.isAny(fits(a, b, 0))
        }

        /// The same for 64 places.
        @inline(__always)
        func mayFit64(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>) -> Bool {
            Self.isAny((fits(a, b, 0) .| fits(a, b, 16)) .| (fits(a, b, 32) .| fits(a, b, 48)))
        }

        @inline(__always)
        private func fits(
            _ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ offset: Int
        ) -> SIMDMask<SIMD16<Int8>> {
            let heads = UnsafeRawPointer(a + offset).loadUnaligned(as: SIMD16<UInt8>.self)
            let tails = UnsafeRawPointer(b + offset).loadUnaligned(as: SIMD16<UInt8>.self)
            return (heads | SIMD16(repeating: firstMask)) .== SIMD16(repeating: first)
                .& ((tails | SIMD16(repeating: secondMask)) .== SIMD16(repeating: second))
        }

        @inline(__always)
        private static func isAny(_ mask: SIMDMask<SIMD16<Int8>>) -> Bool {
            let words = unsafeBitCast(mask, to: SIMD2<UInt64>.self)
            return words[0] | words[1] != 0
        }
    }

    private func findWithoutLookingBack(
        _ needle: UnsafeBufferPointer<UInt8>, _ masks: UnsafeBufferPointer<UInt8>, _ text: ByteView,
        _ from: Int
    ) -> Int? {
        var fitting = 0
        for position in from..<text.count {
            while fitting > 0, text.base[position] | masks[fitting] != needle[fitting] {
                fitting = Int(borders[fitting])
            }
            if text.base[position] | masks[fitting] == needle[fitting] { fitting += 1 }
            if fitting == needle.count { return position + 1 - needle.count }
        }
        return nil
    }

    private static func borders(of text: [UInt8]) -> [UInt32] {
        var borders = [UInt32](repeating: 0, count: text.count + 1)
        var length = 0
        for index in text.indices.dropFirst() {
            while length > 0, text[index] != text[length] { length = Int(borders[length]) }
            if text[index] == text[length] { length += 1 }
            borders[index + 1] = UInt32(truncatingIfNeeded: length)
        }
        return borders
    }

    /// The places of the two bytes that are the rarest in texts of logs, as far apart as equally rare ones are.
    private static func anchors(of text: [UInt8]) -> (Int, Int) {
        guard var best = text.indices.first else { return (0, 0) }
        for index in text.indices where commonness(text[index]) < commonness(text[best]) { best = index }
        var other = best == 0 ? text.count - 1 : 0
        for index in text.indices
        where index != best && text[index] != text[best] && commonness(text[index]) < commonness(text[other])
        {
            other = index
        }
        return (min(best, other), max(best, other))
    }

    /// How common a byte is, from 0; letters stand for both cases.
    private static func commonness(_ byte: UInt8) -> Int {
        let byOrder: StaticString = "qzjxkvwybfgphmducl0nrsiaot1e 2"
        if byte >= 0x80 { return 12 }
        for index in 0..<byOrder.utf8CodeUnitCount
        where byOrder.utf8Start[index] == byte | (isLetter(byte) ? 0x20 : 0) {
            return index
        }
        return isDigit(byte) ? 20 : byte < 0x20 ? 0 : 10
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    private static func isLetter(_ byte: UInt8) -> Bool {
        let small = byte | 0x20
        return small >= UInt8(ascii: "a") && small <= UInt8(ascii: "z")
    }
}
