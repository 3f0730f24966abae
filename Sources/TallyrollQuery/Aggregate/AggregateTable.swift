import TallyrollFormat

/// What a figure came to.
public enum AggregateValue: Sendable, Hashable {
    /// There was nothing to work it out from.
    case none
    /// A number of events or of different values, or a sequence.
    case count(Int)
    /// A number of `details` or `extra`.
    case number(ExactNumber)
    /// A span, in nanoseconds: sums of spans may be longer than 64 bits can say.
    case duration(nanoseconds: Int128)
    /// A moment.
    case time(Timestamp)
}

/// A figure, and whether it is exact.
public struct AggregateFigure: Sendable, Hashable {
    /// What it came to.
    public let value: AggregateValue
    /// False for a percentile or a count of different values over so many that it was estimated.
    public let isExact: Bool
}

/// The groups of events that an aggregation found, with their figures.
public struct AggregateTable: Sendable {
    /// One group.
    public struct Row: Sendable, Hashable {
        /// Where its stretch of time begins, if events were grouped by time.
        public let start: Timestamp?
        /// The values of the fields that events were grouped by.
        public let values: [String]
        /// The figures, in the order in which they were asked for.
        public let figures: [AggregateFigure]
    }

    /// What was asked for.
    public let aggregates: [Aggregate]
    /// The groups that have events, in the order that was asked for. Without grouping there is always one.
    public let rows: [Row]
    /// How many groups there are, also those beyond the limit.
    public let groupCount: Int
    /// What could not be read, so that events may be missing from the figures.
    package let problems: [QueryProblem]
    package var explanation: QueryExplanation { account.explanation }
    let account: RunAccount

    /// The figure of a row, or nil when it was not asked for.
    public func figure(_ aggregate: Aggregate, of row: Row) -> AggregateFigure? {
        aggregates.firstIndex(of: aggregate).map { row.figures[$0] }
    }
}

extension AggregateValue: CustomStringConvertible {
    /// The value as text: spans in the unit that suits them, with all their digits.
    public var description: String {
        switch self {
        case .none: "-"
        case .count(let count): "\(count)"
        case .number(let number): "\(number)"
        case .duration(let nanoseconds): SpanText.format(nanoseconds)
        case .time(let time): "\(time)"
        }
    }

    /// Negative, zero or positive, for values of one kind; nil when one of them is none.
    func compare(to other: AggregateValue) -> Int? {
        func order<T: Comparable>(_ a: T, _ b: T) -> Int { a < b ? -1 : a == b ? 0 : 1 }
        return switch (self, other) {
        case (.count(let a), .count(let b)): order(a, b)
        case (.number(let a), .number(let b)): order(a, b)
        case (.duration(let a), .duration(let b)): order(a, b)
        case (.time(let a), .time(let b)): order(a.nanosecondsSince1970, b.nanosecondsSince1970)
        default: nil
        }
    }
}

/// Spans of any length as text: `12.345ms`, `3661.5s`.
package enum SpanText {
    private static let units: [(name: String, digits: Int)] = [("s", 9), ("ms", 6), ("us", 3), ("ns", 0)]

    package static func format(_ nanoseconds: Int128) -> String {
        guard nanoseconds != 0 else { return "0s" }
        let digits = "\(nanoseconds.magnitude)".utf8.count
        let unit = units.first { digits > $0.digits } ?? units[3]
        return "\(ExactNumber(nanoseconds, exponent: -unit.digits))" + unit.name
    }
}
