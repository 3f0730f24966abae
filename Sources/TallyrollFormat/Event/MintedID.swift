/// Ids that the engine makes: UUIDv7 text (RFC 9562) that carries where the event stands, so that it costs no
/// bytes on disk and needs no index.
///
/// ```
/// bits of the UUID, most significant first
///   48  milliseconds since 1970 of recordedAt
///    4  version, 7
///   12  sequence, bits 47 to 36
///    2  variant, binary 10
///   36  sequence, bits 35 to 0
///   26  store tag: the low bits of a number that each store draws for itself
/// ```
///
/// Text order is (millisecond, sequence) order. The text is lower case only; any other form of the same UUID is
/// another id. A foreign UUIDv7 has this store's tag once in 67 million; whoever looks an id up also compares the
/// milliseconds and sees whether the event at that sequence was minted.
package enum MintedID {
    package static let textBytes = 36
    package static let tagBits: UInt64 = 26
    /// The largest sequence that fits. A store ends there, and takes no file for its own that claims more.
    package static let maximumSequence: UInt64 = 1 << 48 - 1

    /// What an id's text says.
    package struct Parts: Equatable {
        package let milliseconds: UInt64
        package let sequence: UInt64
        package let tag: UInt64
    }

    /// The bits of a store's tag that ids carry.
    @inline(__always)
    package static func tag(_ storeTag: UInt64) -> UInt64 { storeTag & (1 << tagBits - 1) }

    /// The milliseconds that the id of an event recorded then carries. Times before 1970 count as 1970.
    @inline(__always)
    package static func milliseconds(recordedAt nanoseconds: Int64) -> UInt64 {
        UInt64(max(nanoseconds, 0)) / 1_000_000
    }

    /// Appends the id's 36 bytes.
    @inline(__always)
    package static func write(
        recordedAt nanoseconds: Int64, sequence: UInt64, storeTag: UInt64, into out: inout ByteWriter
    ) {
        let sequence = sequence & maximumSequence
        let high = milliseconds(recordedAt: nanoseconds) << 16 | 0x7000 | sequence >> 36
        let low = 1 << 63 | (sequence & (1 << 36 - 1)) << tagBits | tag(storeTag)
        out.reserve(textBytes)
        out.u64(hexText(UInt32(truncatingIfNeeded: high >> 32)))
        out.u8(UInt8(ascii: "-"))
        let middle = hexText(UInt32(truncatingIfNeeded: high))
        out.u32(UInt32(truncatingIfNeeded: middle))
        out.u8(UInt8(ascii: "-"))
        out.u32(UInt32(truncatingIfNeeded: middle >> 32))
        out.u8(UInt8(ascii: "-"))
        let third = hexText(UInt32(truncatingIfNeeded: low >> 32))
        out.u32(UInt32(truncatingIfNeeded: third))
        out.u8(UInt8(ascii: "-"))
        out.u32(UInt32(truncatingIfNeeded: third >> 32))
        out.u64(hexText(UInt32(truncatingIfNeeded: low)))
    }

    /// The id as a string.
    package static func text(recordedAt nanoseconds: Int64, sequence: UInt64, storeTag: UInt64) -> String {
        var out = ByteWriter(capacity: textBytes)
        write(recordedAt: nanoseconds, sequence: sequence, storeTag: storeTag, into: &out)
        return out.view.string
    }

    /// The eight lower-case digits of a value, the first in the lowest byte.
    @inline(__always)
    private static func hexText(_ value: UInt32) -> UInt64 {
        // One digit a byte, the most significant lowest.
        var digits = UInt64(value.byteSwapped)
        digits = (digits | digits << 16) & 0x0000_FFFF_0000_FFFF
        digits = (digits | digits << 8) & 0x00FF_00FF_00FF_00FF
        digits = (digits >> 4 | digits << 8) & 0x0F0F_0F0F_0F0F_0F0F
        let letters = (digits &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return digits &+ 0x3030_3030_3030_3030 &+ letters &* 39
    }

    /// What `text` says, or nil when it is not the text of a version 7 UUID in lower case.
    package static func parse(_ text: ByteView) -> Parts? {
        guard text.count == textBytes else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        var digits = 0
        for index in 0..<textBytes {
            let byte = text[index]
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let value = JSONText.hexValue(byte), byte < UInt8(ascii: "A") || byte > UInt8(ascii: "F")
            else {
                return nil
            }
            if digits < 16 { high = high << 4 | UInt64(value) } else { low = low << 4 | UInt64(value) }
            digits += 1
        }
        guard high >> 12 & 0xF == 7, low >> 62 == 2 else { return nil }
        return Parts(
            milliseconds: high >> 16, sequence: (high & 0xFFF) << 36 | low >> tagBits & (1 << 36 - 1),
            tag: tag(low))
    }

    /// What `text` says if it may be an id that the store with this tag minted.
    package static func parse(_ text: ByteView, storeTag: UInt64) -> Parts? {
        guard let parts = parse(text), parts.tag == tag(storeTag) else { return nil }
        return parts
    }
}
