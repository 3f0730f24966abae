import TallyrollFormat

/// What is asked about groups of events: which figures, how the events are grouped, in which order the groups come.
///
/// ```swift
/// Aggregation(.count, .average(.duration), .percentile(0.99, .duration))
///     .by(.type).every(.seconds(3600)).top(10, by: .average(.duration))
/// ```
public struct Aggregation: Sendable, Hashable {
    /// What the groups are put in order by.
    public enum Order: Sendable, Hashable {
        /// The start of the stretch of time, then the values of the fields.
        case group
        /// A figure; groups without a value come last.
        case aggregate(Aggregate, isAscending: Bool)
    }

    /// The figures of every group.
    public private(set) var aggregates: [Aggregate]
    /// The fields by whose values events are grouped; events that lack one of them are in no group.
    public private(set) var fields: [Field] = []
    /// The length of the stretches of event time by which events are grouped, in nanoseconds.
    package private(set) var width: Int64?
    private var chosenOrder: Order?
    /// At most so many groups.
    public private(set) var limit: Int?
    /// What the state of the groups may take; beyond it, the run is refused.
    package private(set) var memoryLimit = Aggregation.defaultMemoryLimit

    /// What the groups of one question may take in memory.
    public static let defaultMemoryLimit = 64 << 20

    /// Asks for figures; without any, for the number of events.
    public init(_ aggregates: Aggregate...) { self.init(aggregates) }

    /// Asks for figures; without any, for the number of events.
    public init(_ aggregates: [Aggregate]) { self.aggregates = aggregates.isEmpty ? [.count] : aggregates }

    /// The same, grouped by the values of fields.
    public func by(_ fields: Field...) -> Aggregation { by(fields) }

    /// The same, grouped by the values of fields.
    public func by(_ fields: [Field]) -> Aggregation { changed { $0.fields = fields } }

    /// The same, grouped by stretches of event time. They begin at multiples of their length, counted from 1970 in UTC.
    public func every(_ width: Duration) -> Aggregation { every(nanoseconds: width.nanosecondsClamped) }

    /// The same, with at most so many groups, those with the largest figure first.
    public func top(_ limit: Int, by aggregate: Aggregate? = nil) -> Aggregation {
        changed {
            $0.limit = limit
            if let aggregate { $0.chosenOrder = .aggregate(aggregate, isAscending: false) }
        }
    }

    /// The same, in an order.
    public func ordered(_ order: Order) -> Aggregation { changed { $0.chosenOrder = order } }

    package func every(nanoseconds: Int64) -> Aggregation { changed { $0.width = nanoseconds } }

    /// The same with less or more memory for its groups, in bytes.
    public func memory(_ bytes: Int) -> Aggregation { changed { $0.memoryLimit = bytes } }

    private func changed(_ change: (inout Aggregation) -> Void) -> Aggregation {
        var copy = self
        change(&copy)
        return copy
    }

    /// By time where groups are stretches of time and nothing was said; else by the first figure, largest first.
    public var order: Order {
        chosenOrder ?? (width != nil ? .group : .aggregate(aggregates[0], isAscending: false))
    }

    var isGrouped: Bool { width != nil || !fields.isEmpty }
}

extension Duration {
    fileprivate var nanosecondsClamped: Int64 {
        let (seconds, attoseconds) = components
        return Int64(clamping: Int128(seconds) * 1_000_000_000 + Int128(attoseconds / 1_000_000_000))
    }
}
