/// Spans as expressions write them: `150ms`, `2s`, `1.5h`, `1w`.
package enum DurationText {
    /// The units, longest first.
    static let units: [(name: String, nanoseconds: UInt64)] = [
        ("w", 604_800_000_000_000), ("d", 86_400_000_000_000), ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
    ]

    package static func format(_ nanoseconds: Int64) -> String {
        (nanoseconds < 0 ? "-" : "") + format(magnitude: nanoseconds.magnitude)
    }

    /// In the longest unit, up to hours, that says it as a whole number.
    static func format(magnitude: UInt64) -> String {
        guard magnitude > 0 else { return "0s" }
        for unit in units.dropFirst(2) where magnitude % unit.nanoseconds == 0 {
            return "\(magnitude / unit.nanoseconds)\(unit.name)"
        }
        return "\(magnitude)ns"
    }

    /// The span in nanoseconds, or nil when it is none, is finer than a nanosecond, or does not fit 64 bits.
    /// A number without a unit counts in `bareUnit` nanoseconds, if there is such a unit.
    package static func parse(_ text: some StringProtocol, bareUnit: UInt64? = nil) -> Int64? {
        var rest = text.utf8[...]
        let negative = rest.first == UInt8(ascii: "-")
        if negative { rest = rest.dropFirst() }
        let whole = rest.prefix { isDigit($0) }
        rest = rest.dropFirst(whole.count)
        var fraction = rest.prefix(0)
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix { isDigit($0) }
            guard !fraction.isEmpty else { return nil }
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard !whole.isEmpty, whole.count <= 20, fraction.count <= 20 else { return nil }
        guard let count = UInt64(String(decoding: whole, as: UTF8.self)) else { return nil }
        let name = String(decoding: rest, as: UTF8.self)
        let named = units.first { $0.name == name }?.nanoseconds
        guard let unit = name.isEmpty ? bareUnit : named else { return nil }

        var (total, overflow) = count.multipliedReportingOverflow(by: unit)
        var scale = unit
        for digit in fraction {
            let value = UInt64(digit - UInt8(ascii: "0"))
            guard scale % 10 == 0 || value == 0 else { return nil }
            scale /= 10
            let (sum, more) = total.addingReportingOverflow(value * scale)
            total = sum
            overflow = overflow || more
        }
        guard !overflow else { return nil }
        return signed(total, negative)
    }

    private static func signed(_ magnitude: UInt64, _ negative: Bool) -> Int64? {
        if negative {
            return magnitude <= Int64.min.magnitude ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
        }
        return Int64(exactly: magnitude)
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
