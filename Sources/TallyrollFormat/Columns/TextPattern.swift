/// What the values of a text column may have in common, found in one pass each. Both kinds give the text back
/// exactly; what would not is not a pattern.

/// All values have one length and differ only at positions that hold hex digits: UUIDs, trace and request ids.
package struct HexTemplate {
    /// The first value, whose constant positions are the template.
    package var literal: [UInt8]
    /// The positions that vary, ascending.
    package var positions: [Int]
    package var uppercase: Bool

    /// Longer texts are not identifiers.
    static let lengthMax = 128

    /// The template of the present values, or nil.
    static func find(_ values: ValueSpan, in memory: ByteView) -> HexTemplate? {
        guard let firstIndex = values.firstPresent else { return nil }
        let first = values.value(firstIndex, in: memory)
        guard first.count > 0, first.count <= lengthMax else { return nil }
        return HexLanes.areFast && first.count <= HexLanes.lengthMax
            ? HexLanes.template(of: values, first, in: memory) : find(values, first, in: memory)
    }

    /// `find` by the word, on any processor.
    static func find(_ values: ValueSpan, _ first: ByteView, in memory: ByteView) -> HexTemplate? {
        let length = first.count
        var scan = HexScan(length: length)
        for index in 0..<values.count where !values.isAbsent(index) {
            guard values.length(index) == length else { return nil }
            scan.add(values.value(index, in: memory), first)
            if index & 63 == 63, scan.isHopeless { return nil }
        }
        guard !scan.isHopeless else { return nil }
        let positions = (0..<length).filter { scan.varies(at: $0) }
        return HexTemplate(literal: first.array, positions: positions, uppercase: !scan.isLowercase)
    }

    /// The positions as runs of consecutive ones.
    var runs: [(start: Int, count: Int)] {
        var runs: [(start: Int, count: Int)] = []
        for position in positions {
            if let last = runs.last, last.start + last.count == position {
                runs[runs.count - 1].count += 1
            } else {
                runs.append((position, 1))
            }
        }
        return runs
    }

    /// The value of a hex digit known to be one.
    @inline(__always)
    static func nibble(_ digit: UInt8) -> UInt8 { (digit & 0x0F) &+ (digit >> 6) &* 9 }

    static let lowercaseDigits: StaticString = "0123456789abcdef"
    static let uppercaseDigits: StaticString = "0123456789ABCDEF"
}

/// All values are a common prefix, a decimal number in canonical form with a fixed count of fraction digits, and a
/// common suffix: `user123@example.com`, `item 7`, `0.004213`.
package struct NumberPattern {
    package var prefix: [UInt8]
    package var suffix: [UInt8]
    /// Digits after the point; 0 for integers.
    package var fractionDigits: Int

    /// 18 digits always fit an Int64.
    static let digitsMax = 18

    /// The pattern of the present values, with each one's number appended to `numbers`, or nil.
    static func find(
        _ values: ValueSpan, in memory: ByteView, numbers: inout PlainList<Int64>
    ) -> NumberPattern? {
        guard let firstIndex = values.firstPresent else { return nil }
        let first = values.value(firstIndex, in: memory)
        guard first.raw.contains(where: { isDigit($0) }) else { return nil }
        var prefix = first.count
        var suffix = first.count
        for index in 0..<values.count where !values.isAbsent(index) {
            values.fetchAhead(of: index, in: memory)
            let value = values.value(index, in: memory)
            prefix = min(prefix, value.count)
            if prefix > 0 { prefix = commonPrefix(value, first, atMost: prefix) }
            suffix = min(suffix, value.count)
            if suffix > 0 { suffix = commonSuffix(value, first, atMost: suffix) }
        }
        // The number takes every digit it can: neither side may end inside one.
        while prefix > 0, isNumeric(first.base[prefix - 1]) { prefix -= 1 }
        suffix = min(suffix, first.count - prefix)
        while suffix > 0, isNumeric(first.base[first.count - suffix]) { suffix -= 1 }
        guard prefix + suffix < first.count else { return nil }

        numbers.removeAll()
        var fraction = -1
        for index in 0..<values.count where !values.isAbsent(index) {
            let value = values.value(index, in: memory)
            guard value.count > prefix + suffix else { return nil }
            let middle = ByteView(base: value.base + prefix, count: value.count - prefix - suffix)
            guard let parsed = parse(middle), fraction < 0 || fraction == parsed.fractionDigits else {
                return nil
            }
            fraction = parsed.fractionDigits
            numbers.append(parsed.mantissa)
        }
        return NumberPattern(
            prefix: first.trusted(0, prefix).array, suffix: first.trusted(first.count - suffix, suffix).array,
            fractionDigits: max(fraction, 0))
    }

    /// How many of the first `limit` bytes, which both have, are the same.
    @inline(__always)
    private static func commonPrefix(_ a: ByteView, _ b: ByteView, atMost limit: Int) -> Int {
        var common = 0
        while common &+ 8 <= limit {
            let difference = a.load(UInt64.self, at: common) ^ b.load(UInt64.self, at: common)
            if difference != 0 { return common + difference.trailingZeroBitCount >> 3 }
            common &+= 8
        }
        while common < limit, a.base[common] == b.base[common] { common &+= 1 }
        return common
    }

    /// How many of the last `limit` bytes, which both have, are the same.
    @inline(__always)
    private static func commonSuffix(_ a: ByteView, _ b: ByteView, atMost limit: Int) -> Int {
        var common = 0
        while common &+ 8 <= limit {
            let difference =
                a.load(UInt64.self, at: a.count - common - 8) ^ b.load(UInt64.self, at: b.count - common - 8)
            if difference != 0 { return common + difference.leadingZeroBitCount >> 3 }
            common &+= 8
        }
        while common < limit, a.base[a.count - 1 - common] == b.base[b.count - 1 - common] { common &+= 1 }
        return common
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    @inline(__always)
    private static func isNumeric(_ byte: UInt8) -> Bool { isDigit(byte) || byte == 0x2E }

    /// The number that `text` writes in its only canonical form: no plus, no leading zeros, no minus zero.
    @inline(__always)
    static func parse(_ text: ByteView) -> (mantissa: Int64, fractionDigits: Int)? {
        var position = 0
        let negative = text.base[0] == 0x2D
        if negative { position = 1 }
        let integerStart = position
        var mantissa: Int64 = 0
        var digits = 0
        var point = -1
        while position < text.count {
            let byte = text.base[position]
            if isDigit(byte) {
                digits += 1
                guard digits <= digitsMax else { return nil }
                mantissa = mantissa &* 10 &+ Int64(byte &- 0x30)
            } else if byte == 0x2E, point < 0, position > integerStart {
                point = position
            } else {
                return nil
            }
            position += 1
        }
        let integerDigits = (point < 0 ? text.count : point) - integerStart
        guard digits > 0, integerDigits > 0, point != text.count - 1 else { return nil }
        guard integerDigits == 1 || text.base[integerStart] != 0x30 else { return nil }
        guard !negative || mantissa != 0 else { return nil }
        return (negative ? -mantissa : mantissa, point < 0 ? 0 : text.count - 1 - point)
    }

    /// Bytes that the text of any number fits into.
    static let textMax = 24

    /// Writes the text of a number so that it ends before `end`, and returns how many bytes it takes.
    @inline(__always)
    static func write(
        _ mantissa: Int64, fractionDigits: Int, endingAt end: UnsafeMutablePointer<UInt8>
    ) -> Int {
        var count = 0
        var rest = mantissa.magnitude
        var digits = 0
        while rest > 0 || digits <= fractionDigits {
            if digits == fractionDigits, digits > 0 {
                count += 1
                end[-count] = 0x2E
            }
            count += 1
            digits += 1
            let quotient = rest / 10
            end[-count] = 0x30 &+ UInt8(truncatingIfNeeded: rest &- quotient &* 10)
            rest = quotient
        }
        if mantissa < 0 {
            count += 1
            end[-count] = 0x2D
        }
        return count
    }

    /// Appends the text of a number.
    package static func write(_ mantissa: Int64, fractionDigits: Int, into out: inout ByteWriter) {
        let count = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: textMax) { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            let count = write(mantissa, fractionDigits: fractionDigits, endingAt: base + textMax)
            out.bytes(ByteView(base: base + (textMax - count), count: count))
            return count
        }
        precondition(count > 0)
    }
}
