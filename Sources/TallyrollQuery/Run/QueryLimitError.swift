/// A query that would need more memory than it may have, or asks for what has no answer.
public struct QueryLimitError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is too much, or does not go.
    public enum Kind: String, Sendable {
        /// There are more groups than are counted at a time.
        case tooManyGroups
        /// The field has no single text by which events could be grouped.
        case ungroupableField
        /// The buckets of a histogram must be longer than nothing.
        case badBucket
        /// There are more buckets than are counted at a time.
        case tooManyBuckets
        /// Groups and what is kept of their values take more memory than they may.
        case tooMuchMemory
        /// The field's values are no numbers that such a figure could be worked out from.
        case unfittingField
        /// Percentiles lie between 0 and 100.
        case badPercentile
        /// A number has digits so far from the decimal point that it is not added up.
        case numberOutOfRange
        /// The groups are to be in the order of a figure that is not asked for.
        case unknownOrder
    }

    /// What is too much, or does not go.
    public let kind: Kind
    private let detail: String

    init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    /// One line that says what is wrong and what to do.
    public var description: String {
        switch kind {
        case .tooManyGroups:
            "more than \(detail) groups: narrow the filter, or group by a field with fewer values"
        case .ungroupableField: "events cannot be grouped by \(detail): choose a field with one value"
        case .badBucket: "buckets of \(detail) cannot be: choose a span above zero"
        case .tooManyBuckets: "more than \(detail) buckets: choose a longer span, or bound the time"
        case .tooMuchMemory:
            "the groups need more than \(detail) bytes of memory: narrow the filter, group by fields with fewer "
                + "values, or ask for fewer percentiles and counts of different values"
        case .unfittingField:
            "there is no \(detail): min and max are of time, recorded, sequence, duration, details.<path> or "
                + "extra.<path>; sums, averages and percentiles of the last three"
        case .badPercentile: "a percentile lies from 0 to 100 percent: choose one such as 99.9"
        case .numberOutOfRange:
            "\(detail) has digits beyond 10^±400 and cannot be added up: leave its event out by the filter"
        case .unknownOrder: "the groups cannot be in the order of \(detail): ask for it as a figure too"
        }
    }
}
