import TallyrollFormat

/// An aggregation that makes sense, taken apart into the states it needs: figures that can share a state do.
struct AggregatePlan: Sendable {
    /// Where a figure comes from.
    enum Source: Sendable {
        case count
        case distinct(Int)
        case number(Int, Aggregate.Function)
    }

    /// What is kept of the numbers of one field.
    struct NumberNeeds: Sendable {
        let field: Field
        var sum = false
        var least = false
        var largest = false
        var quantiles = false
    }

    let aggregation: Aggregation
    private(set) var sources: [Source] = []
    private(set) var numbers: [NumberNeeds] = []
    private(set) var distinct: [Field] = []

    /// The most values of a group that its percentiles, and different values that its count of them, are exact for.
    let quantileLimit: Int
    let distinctLimit: Int

    /// Groups that are counted at a time.
    static let groupLimit = 1 << 20

    init(_ aggregation: Aggregation) throws(QueryLimitError) {
        self.aggregation = aggregation
        quantileLimit = aggregation.isGrouped ? 1 << 10 : 1 << 19
        distinctLimit = aggregation.isGrouped ? 1 << 11 : 1 << 19
        if let width = aggregation.width, width <= 0 { throw QueryLimitError(.badBucket, "\(width) ns") }
        for field in aggregation.fields { try AggregatePlan.checkGroupable(field) }
        for aggregate in aggregation.aggregates { sources.append(try source(aggregate)) }
        if case .aggregate(let aggregate, _) = aggregation.order, !aggregation.aggregates.contains(aggregate)
        {
            throw QueryLimitError(.unknownOrder, "\(aggregate)")
        }
    }

    static func checkGroupable(_ field: Field) throws(QueryLimitError) {
        guard field != .text, field.isComparable else {
            throw QueryLimitError(.ungroupableField, field == .text ? "text" : "\(field) as a whole")
        }
    }

    private mutating func source(_ aggregate: Aggregate) throws(QueryLimitError) -> Source {
        guard let field = aggregate.field else { return .count }
        if aggregate.function == .distinct {
            try AggregatePlan.checkGroupable(field)
            if let known = distinct.firstIndex(of: field) { return .distinct(known) }
            distinct.append(field)
            return .distinct(distinct.count - 1)
        }
        if case .percentile(let percentile) = aggregate.function, !percentile.isValid {
            throw QueryLimitError(.badPercentile, "")
        }
        guard AggregatePlan.fits(aggregate.function, field) else {
            throw QueryLimitError(.unfittingField, "\(aggregate)")
        }
        let place = numbers.firstIndex { $0.field == field } ?? numbers.count
        if place == numbers.count { numbers.append(NumberNeeds(field: field)) }
        switch aggregate.function {
        case .count, .distinct: break
        case .min: numbers[place].least = true
        case .max: numbers[place].largest = true
        case .sum, .average: numbers[place].sum = true
        case .percentile: numbers[place].quantiles = true
        }
        return .number(place, aggregate.function)
    }

    private static func fits(_ function: Aggregate.Function, _ field: Field) -> Bool {
        switch field.kind {
        case .duration: true
        case .json: field.isComparable
        case .time, .integer: function == .min || function == .max
        case .text, .severity, .result: false
        }
    }

    /// Whether events are only counted, by one field that has codes.
    var isCountedByCode: Bool {
        guard isCountOnly, aggregation.width == nil, aggregation.fields.count == 1,
            case .codes = LeafSource(aggregation.fields[0])
        else { return false }
        return true
    }

    /// Nanoseconds that counting an event is expected to take, roughly: what its columns cost to read, and what its
    /// figures cost to keep.
    var costPerEvent: Double {
        // Mostly the posting lists know.
        if isCountedByCode { return 0.2 }
        func cost(_ field: Field) -> Double {
            switch LeafSource(field) {
            case .sequence: 1
            case .codes, .outcome: 4
            case .timestamp, .recordedAt, .duration: 6
            case .text: 25
            case .id, .document, .anyText: 40
            }
        }
        return aggregation.fields.reduce(0) { $0 + cost($1) } + distinct.reduce(0) { $0 + cost($1) + 4 }
            + numbers.reduce(0) { $0 + cost($1.field) + ($1.quantiles ? 6 : 3) }
    }

    var isGrouped: Bool { aggregation.isGrouped }
    /// The parts of a group's key: the stretch of time first, if there is one.
    var keyWidth: Int { aggregation.fields.count + (aggregation.width == nil ? 0 : 1) }
    /// Whether every figure is the number of events.
    var isCountOnly: Bool { numbers.isEmpty && distinct.isEmpty }
}
