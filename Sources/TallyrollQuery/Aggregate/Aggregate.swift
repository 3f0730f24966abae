/// One figure about the events of a group: how many there are, or what the values of a field come to.
///
/// Numbers in `details` and `extra` count by their exact decimal value, every one that stands at the path; strings
/// that look like numbers are none. An event without a value adds nothing, and a figure over no values is no value.
public struct Aggregate: Sendable, Hashable {
    package enum Function: Sendable, Hashable {
        case count, distinct, min, max, sum, average
        case percentile(Percentile)
    }

    package let function: Function
    /// What it is about; nil for the number of events.
    package let field: Field?

    package init(_ function: Function, _ field: Field?) {
        self.function = function
        self.field = field
    }

    /// How many events there are.
    public static var count: Aggregate { Aggregate(.count, nil) }

    /// How many different values a field has: as many groups as grouping by it would give.
    public static func distinct(_ field: Field) -> Aggregate { Aggregate(.distinct, field) }

    /// The smallest value of `time`, `recorded`, `sequence`, `duration`, or numbers in `details` or `extra`.
    public static func min(_ field: Field) -> Aggregate { Aggregate(.min, field) }

    /// The largest value of `time`, `recorded`, `sequence`, `duration`, or numbers in `details` or `extra`.
    public static func max(_ field: Field) -> Aggregate { Aggregate(.max, field) }

    /// The exact sum of `duration`, or of numbers in `details` or `extra`.
    public static func sum(_ field: Field) -> Aggregate { Aggregate(.sum, field) }

    /// The mean of `duration`, or of numbers in `details` or `extra`: the exact sum divided by how many there are, and
    /// rounded once, half to even; spans to whole nanoseconds, numbers to 20 significant digits.
    public static func average(_ field: Field) -> Aggregate { Aggregate(.average, field) }

    /// The smallest value that at least this share of all values does not exceed, from 0 to 1: 0.5 is the median.
    /// Of `duration`, or of numbers in `details` or `extra`.
    public static func percentile(_ share: Double, _ field: Field) -> Aggregate {
        Aggregate(.percentile(Percentile(share: share)), field)
    }
}

extension Aggregate: CustomStringConvertible {
    /// The name of a column of such figures: `count`, `distinct_user`, `p99.9_duration`, `sum_details.bytes`.
    public var description: String {
        let name =
            switch function {
            case .count: "count"
            case .distinct: "distinct"
            case .min: "min"
            case .max: "max"
            case .sum: "sum"
            case .average: "avg"
            case .percentile(let percentile): "p\(percentile)"
            }
        return field.map { "\(name)_\($0)" } ?? name
    }
}

/// A share of all values, in thousand-millionths.
package struct Percentile: Sendable, Hashable, CustomStringConvertible {
    /// From 0 to a thousand million; what lies beyond is not valid.
    package let billionths: Int

    package static let whole = 1_000_000_000
    package static let median = Percentile(share: 0.5)

    /// The decimal fraction that the number prints as: 0.1 is a tenth, not its nearest binary fraction.
    init(share: Double) {
        billionths = share >= 0 && share <= 1 ? Int((share * Double(Percentile.whole)).rounded()) : -1
    }

    /// Percents as text: `95`, `99.9`; nil unless it is from 0 to 100 with at most seven fraction digits.
    package init?(percents text: some StringProtocol) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let whole = UInt8(first), whole <= 100 else { return nil }
        var value = Int(whole) * (Percentile.whole / 100)
        if parts.count == 2 {
            var scale = Percentile.whole / 100
            guard !parts[1].isEmpty, parts[1].utf8.count <= 7 else { return nil }
            for byte in parts[1].utf8 {
                guard byte &- 0x30 < 10 else { return nil }
                scale /= 10
                value += Int(byte &- 0x30) * scale
            }
        }
        guard value <= Percentile.whole else { return nil }
        billionths = value
    }

    var isValid: Bool { billionths >= 0 }

    /// The place, from 1, of the value among `count` in ascending order.
    func rank(of count: Int) -> Int {
        let product = billionths.magnitude.multipliedFullWidth(by: count.magnitude)
        let (quotient, rest) = UInt(Percentile.whole).dividingFullWidth((product.high, product.low))
        return Swift.max(Int(quotient) + (rest > 0 ? 1 : 0), 1)
    }

    /// In percent: `95`, `99.9`.
    package var description: String {
        let unit = Percentile.whole / 100
        let rest = billionths % unit
        guard rest > 0 else { return "\(billionths / unit)" }
        var digits = String(repeating: "0", count: 7 - "\(rest)".utf8.count) + "\(rest)"
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(billionths / unit).\(digits)"
    }
}
