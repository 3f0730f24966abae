/// Integers of one fixed width, side by side in bytes: value `i` holds bits `i * width ..< (i + 1) * width`, least
/// significant bit first. Widths are 0 to 64. The bits after the last value, less than a byte, are zero.
package enum BitPacking {
    /// The bits needed for every value from 0 to `maximum`; 0 when there is only one such value.
    @inline(__always)
    package static func width(forMaximum maximum: UInt64) -> Int {
        UInt64.bitWidth - maximum.leadingZeroBitCount
    }

    /// The bytes that `count` values of `width` bits take.
    @inline(__always)
    package static func bytes(count: Int, width: Int) -> Int {
        precondition(count >= 0 && width >= 0 && width <= 64)
        return (count * width + 7) >> 3
    }

    /// Appends the values. Each must be below `2^width`.
    package static func pack(
        _ values: UnsafeBufferPointer<UInt64>, width: Int, into writer: inout ByteWriter
    ) {
        packIntegers(values, width: width, into: &writer)
    }

    /// Appends the values less `base`. Each must then be below `2^width`.
    package static func pack(
        _ values: UnsafeBufferPointer<UInt32>, minus base: UInt32 = 0, width: Int,
        into writer: inout ByteWriter
    ) {
        packIntegers(values, minus: base, width: width, into: &writer)
    }

    /// The value at `index`, which the caller has proved to lie inside `view`.
    ///
    /// - Complexity: O(1), one or two loads.
    @inline(__always)
    package static func value(_ view: ByteView, index: Int, width: Int) -> UInt64 {
        precondition(index >= 0 && width >= 0 && width <= 64)
        let bit = index * width
        precondition(bit + width <= view.count * 8, "packed value out of bounds")
        if width == 0 { return 0 }
        let byte = bit >> 3
        if byte + 9 <= view.count {
            return word(view.base + byte, shift: bit & 7) & mask(width)
        }
        return nearEnd(view, bit: bit, width: width)
    }

    /// The sum, modulo 2^64, of the first `count` values; all of them must lie inside `view`.
    static func sum(_ view: ByteView, width: Int, count: Int) -> UInt64 {
        precondition(count >= 0 && width >= 0 && width <= 64 && count * width <= view.count * 8)
        if width == 0 { return 0 }
        var total: UInt64 = 0
        var index = 0
        if width <= 57, view.count >= 8 {
            let keep = mask(width)
            // Values that begin eight bytes before the end or earlier are read with whole loads.
            let whole = min(count, ((view.count - 8) * 8) / width + 1)
            var bit = 0
            if width <= 14 {
                // Four values lie in one load.
                let step = UInt64(truncatingIfNeeded: width)
                while index &+ 4 <= whole {
                    let raw = UnsafeRawPointer(view.base + bit >> 3).loadUnaligned(as: UInt64.self)
                    let first = UInt64(littleEndian: raw) &>> UInt64(truncatingIfNeeded: bit & 7)
                    let second = first &>> step
                    let third = second &>> step
                    total &+= (first & keep) &+ (second & keep)
                    total &+= (third & keep) &+ (third &>> step & keep)
                    bit &+= width &* 4
                    index &+= 4
                }
            }
            while index < whole {
                let raw = UnsafeRawPointer(view.base + bit >> 3).loadUnaligned(as: UInt64.self)
                total &+= UInt64(littleEndian: raw) &>> UInt64(truncatingIfNeeded: bit & 7) & keep
                bit &+= width
                index &+= 1
            }
        }
        while index < count {
            total &+= value(view, index: index, width: width)
            index += 1
        }
        return total
    }

    /// Reads `target.count` values from index `start` on; all of them must lie inside `view`.
    package static func unpack(
        _ view: ByteView, width: Int, from start: Int, into target: UnsafeMutableBufferPointer<UInt64>
    ) {
        unpackIntegers(view, width: width, from: start, into: target)
    }

    /// Reads `target.count` values of at most 32 bits from index `start` on; all of them must lie inside `view`.
    package static func unpack(
        _ view: ByteView, width: Int, from start: Int, into target: UnsafeMutableBufferPointer<UInt32>
    ) {
        precondition(width <= 32)
        unpackIntegers(view, width: width, from: start, into: target)
    }

    /// The lowest `width` bits set.
    @inline(__always)
    package static func mask(_ width: Int) -> UInt64 {
        width == 0 ? 0 : UInt64.max &>> UInt64(truncatingIfNeeded: 64 &- width)
    }

    /// 64 bits that begin `shift` (0 to 7) bits into the byte at `pointer`; nine bytes must be readable.
    @inline(__always)
    private static func word(_ pointer: UnsafePointer<UInt8>, shift: Int) -> UInt64 {
        let low = UInt64(littleEndian: UnsafeRawPointer(pointer).loadUnaligned(as: UInt64.self))
        let shift = UInt64(truncatingIfNeeded: shift)
        return low &>> shift | (UInt64(pointer[8]) &<< 1) &<< (63 &- shift)
    }

    /// A value among the last bytes of `view`, where nine bytes are no longer readable.
    @inline(never)
    private static func nearEnd(_ view: ByteView, bit: Int, width: Int) -> UInt64 {
        let first = bit >> 3
        let last = (bit + width - 1) >> 3
        var value = UInt64(view[first]) >> UInt64(bit & 7)
        for byte in (first + 1)..<(last + 1) {
            value |= UInt64(view[byte]) << UInt64((byte - first) * 8 - bit & 7)
        }
        return value & mask(width)
    }

    @inline(__always)
    private static func packIntegers<T: FixedWidthInteger & UnsignedInteger>(
        _ values: UnsafeBufferPointer<T>, minus base: T = 0, width: Int, into writer: inout ByteWriter
    ) {
        precondition(width >= 0 && width <= 64)
        writer.reserve(bytes(count: values.count, width: width) + 8)
        var every: UInt64 = 0
        var pending: UInt64 = 0
        var filled = 0
        for element in values {
            let value = UInt64(truncatingIfNeeded: element &- base)
            every |= value
            pending |= value &<< UInt64(truncatingIfNeeded: filled)
            filled += width
            if filled >= 64 {
                writer.u64(pending)
                filled -= 64
                // What did not fit; nothing when the value ended with the word. `filled < width` here.
                pending = filled == 0 ? 0 : value &>> UInt64(truncatingIfNeeded: width &- filled)
            }
        }
        precondition(every & ~mask(width) == 0, "value wider than its packing")
        while filled > 0 {
            writer.u8(UInt8(truncatingIfNeeded: pending))
            pending >>= 8
            filled -= 8
        }
    }

    @inline(__always)
    private static func unpackIntegers<T: FixedWidthInteger & UnsignedInteger>(
        _ view: ByteView, width: Int, from start: Int, into target: UnsafeMutableBufferPointer<T>
    ) {
        precondition(start >= 0 && width >= 0 && width <= 64)
        guard let output = target.baseAddress, !target.isEmpty else { return }
        let end = start + target.count
        precondition(end * width <= view.count * 8, "packed values out of bounds")
        if width == 0 {
            target.update(repeating: 0)
            return
        }
        // Values that begin at least nine bytes before the end are read with whole loads, the rest one by one.
        let safeBits = (view.count - 8) * 8
        let safeEnd = safeBits > 0 ? min(end, (safeBits - 1) / width + 1) : 0
        let keep = mask(width)
        var index = start
        var bit = start * width
        if width <= 14 {
            // Four values lie in one load.
            let step = UInt64(truncatingIfNeeded: width)
            while index &+ 4 <= safeEnd {
                let raw = UnsafeRawPointer(view.base + bit >> 3).loadUnaligned(as: UInt64.self)
                let first = UInt64(littleEndian: raw) &>> UInt64(truncatingIfNeeded: bit & 7)
                let second = first &>> step
                let third = second &>> step
                let place = output + (index &- start)
                place[0] = T(truncatingIfNeeded: first & keep)
                place[1] = T(truncatingIfNeeded: second & keep)
                place[2] = T(truncatingIfNeeded: third & keep)
                place[3] = T(truncatingIfNeeded: third &>> step & keep)
                index &+= 4
                bit &+= width &* 4
            }
        } else if width <= 28 {
            let step = UInt64(truncatingIfNeeded: width)
            while index &+ 2 <= safeEnd {
                let raw = UnsafeRawPointer(view.base + bit >> 3).loadUnaligned(as: UInt64.self)
                let first = UInt64(littleEndian: raw) &>> UInt64(truncatingIfNeeded: bit & 7)
                let place = output + (index &- start)
                place[0] = T(truncatingIfNeeded: first & keep)
                place[1] = T(truncatingIfNeeded: first &>> step & keep)
                index &+= 2
                bit &+= width &* 2
            }
        }
        if width <= 57 {
            while index < safeEnd {
                let raw = UnsafeRawPointer(view.base + bit >> 3).loadUnaligned(as: UInt64.self)
                let value = UInt64(littleEndian: raw) &>> UInt64(truncatingIfNeeded: bit & 7) & keep
                output[index &- start] = T(truncatingIfNeeded: value)
                index &+= 1
                bit &+= width
            }
        } else {
            while index < safeEnd {
                let value = word(view.base + bit >> 3, shift: bit & 7) & keep
                output[index &- start] = T(truncatingIfNeeded: value)
                index &+= 1
                bit &+= width
            }
        }
        while index < end {
            output[index &- start] = T(truncatingIfNeeded: value(view, index: index, width: width))
            index &+= 1
        }
    }
}
