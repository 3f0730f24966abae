import TallyrollFormat

/// Finds a text in others, in linear time whatever both are.
///
/// Candidates are places where the first and the last byte fit, looked for sixteen at a time; each is then compared.
/// Where that has cost more than a small multiple of the bytes passed (texts made of repetitions), the rest is
/// searched by Knuth, Morris and Pratt's method, which never looks back.
package struct SubstringSearch: Sendable {
    /// The text looked for; with its ASCII letters small when either case will do.
    private let needle: [UInt8]
    /// For each byte of the needle, the bits that are set in a byte before it is compared: 0x20 for a letter in
    /// either case, else 0.
    private let masks: [UInt8]
    /// For each length of a fitting prefix, the next shorter prefix that also ends there.
    private let borders: [UInt32]

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
        self.masks = masks
        borders = Self.borders(of: lowered)
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

    private func find(
        _ needle: UnsafeBufferPointer<UInt8>, _ masks: UnsafeBufferPointer<UInt8>, _ text: ByteView,
        _ from: Int
    ) -> Int? {
        let last = needle.count - 1
        let final = text.count - needle.count
        var work = 0
        var position = from
        let firstByte = SIMD16<UInt8>(repeating: needle[0])
        let lastByte = SIMD16<UInt8>(repeating: needle[last])
        let firstMask = SIMD16<UInt8>(repeating: masks[0])
        let lastMask = SIMD16<UInt8>(repeating: masks[last])
        let base = UnsafeRawPointer(text.base)

        while position <= final {
            if position + 15 <= final {
                let heads = (base + position).loadUnaligned(as: SIMD16<UInt8>.self) | firstMask
                let tails = (base + position + last).loadUnaligned(as: SIMD16<UInt8>.self) | lastMask
                let differing = (heads ^ firstByte) | (tails ^ lastByte)
                if !Self.hasZero(differing) {
                    position += 16
                    continue
                }
            }
            let end = min(position + 16, final + 1)
            while position < end {
                if text.base[position] | masks[0] == needle[0],
                    text.base[position + last] | masks[last] == needle[last]
                {
                    var index = 1
                    while index < last, text.base[position + index] | masks[index] == needle[index] {
                        index += 1
                    }
                    if index >= last { return position }
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

    @inline(__always)
    private static func hasZero(_ bytes: SIMD16<UInt8>) -> Bool {
        bytes.min() == 0
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

    private static func isLetter(_ byte: UInt8) -> Bool {
        let small = byte | 0x20
        return small >= UInt8(ascii: "a") && small <= UInt8(ascii: "z")
    }
}
