/// A decimal number of at most 64 bits of digits: `mantissa × 10^exponent`. Zero has the exponent 0.
package struct SmallDecimal: Sendable, Equatable {
    package var mantissa: Int64
    package var exponent: Int32

    @inlinable
    package init(mantissa: Int64, exponent: Int32) {
        self.mantissa = mantissa
        self.exponent = mantissa == 0 ? 0 : exponent
    }

    /// Exponents beyond this are left to wider numbers.
    package static let exponentMax = 1_000_000
    /// So many digits always fit.
    private static let digitsMax = 18

    /// The number that the text is by the grammar of JSON, or nil when it is none or may not fit.
    package init?(_ text: ByteView) {
        var position = 0
        let isNegative = text.count > 0 && text.base[0] == 0x2D
        if isNegative { position = 1 }
        var mantissa: Int64 = 0
        let wholeStart = position
        while position < text.count, NumberPattern.isDigit(text.base[position]) {
            guard position - wholeStart < SmallDecimal.digitsMax else { return nil }
            mantissa = mantissa &* 10 &+ Int64(text.base[position] &- 0x30)
            position += 1
        }
        let wholeDigits = position - wholeStart
        guard wholeDigits > 0, wholeDigits == 1 || text.base[wholeStart] != 0x30 else { return nil }
        var fractionDigits = 0
        if position < text.count, text.base[position] == 0x2E {
            position += 1
            let start = position
            while position < text.count, NumberPattern.isDigit(text.base[position]) {
                guard position - start + wholeDigits < SmallDecimal.digitsMax else { return nil }
                mantissa = mantissa &* 10 &+ Int64(text.base[position] &- 0x30)
                position += 1
            }
            fractionDigits = position - start
            guard fractionDigits > 0 else { return nil }
        }
        var exponent = -fractionDigits
        if position < text.count {
            guard let written = SmallDecimal.exponent(text, position) else { return nil }
            exponent += written
        }
        self.init(mantissa: isNegative ? -mantissa : mantissa, exponent: Int32(exponent))
    }

    /// The exponent that the rest of a number's text writes.
    private static func exponent(_ text: ByteView, _ from: Int) -> Int? {
        guard text.base[from] | 0x20 == 0x65 else { return nil }
        var position = from + 1
        var isNegative = false
        if position < text.count, text.base[position] == 0x2B || text.base[position] == 0x2D {
            isNegative = text.base[position] == 0x2D
            position += 1
        }
        guard position < text.count else { return nil }
        var value = 0
        while position < text.count {
            guard NumberPattern.isDigit(text.base[position]), value < exponentMax / 20 else { return nil }
            value = value * 10 + Int(text.base[position] &- 0x30)
            position += 1
        }
        return isNegative ? -value : value
    }
}

/// Numbers that were read from some rows, in no particular order; a row may have several.
package struct NumberBatch {
    package private(set) var rows: [UInt32] = []
    package private(set) var mantissas: [Int64] = []
    package private(set) var exponents: [Int32] = []
    /// Texts that are numbers too wide for the arrays, or no numbers at all.
    package private(set) var wide: [(row: UInt32, text: [UInt8])] = []

    package init() {}

    package var count: Int { rows.count }
    package var hasWide: Bool { !wide.isEmpty }

    package mutating func removeAll() {
        rows.removeAll(keepingCapacity: true)
        mantissas.removeAll(keepingCapacity: true)
        exponents.removeAll(keepingCapacity: true)
        wide.removeAll()
    }

    @inlinable
    package mutating func append(row: Int, _ number: SmallDecimal) {
        appendParts(UInt32(truncatingIfNeeded: row), number.mantissa, number.exponent)
    }

    @usableFromInline
    mutating func appendParts(_ row: UInt32, _ mantissa: Int64, _ exponent: Int32) {
        rows.append(row)
        mantissas.append(mantissa)
        exponents.append(exponent)
    }

    /// Adds the number that a scalar's JSON text is; other scalars are passed over.
    package mutating func append(row: Int, json text: ByteView) {
        guard text.count > 0 else { return }
        let first = text.base[0]
        guard NumberPattern.isDigit(first) || first == 0x2D else { return }
        if let number = SmallDecimal(text) {
            append(row: row, number)
        } else {
            wide.append((UInt32(truncatingIfNeeded: row), text.array))
        }
    }

    /// Adds an integer for each row of a column that is wanted.
    package mutating func append(_ column: IntegerColumn, _ wanted: RowSet) {
        let values = column.decodeArray()
        wanted.forEach { row in
            appendParts(UInt32(truncatingIfNeeded: row), values[row], 0)
        }
    }

    /// Adds an integer for each wanted row that has one.
    package mutating func append(_ column: OptionalIntegers, _ wanted: RowSet) {
        column.forEach(in: wanted) { row, value in
            appendParts(UInt32(truncatingIfNeeded: row), value, 0)
        }
    }
}
