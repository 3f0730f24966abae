import TallyrollFormat

/// What is kept of the numbers of one field, for each group.
struct NumberFigures {
    private let needs: AggregatePlan.NumberNeeds
    private let quantileLimit: Int
    private var counts: [Int] = []
    private var sums: [ExactSum] = []
    private var least: [Extreme] = []
    private var largest: [Extreme] = []
    private var quantiles: [Quantiles] = []
    /// What the states take beyond their own sizes.
    private(set) var extraBytes = 0
    /// A number that cannot be added up.
    private(set) var refused: ExactNumber?

    init(_ needs: AggregatePlan.NumberNeeds, quantileLimit: Int) {
        self.needs = needs
        self.quantileLimit = quantileLimit
    }

    /// What each group takes at least.
    var bytesPerGroup: Int {
        (needs.sum ? 8 + MemoryLayout<ExactSum>.stride : 0)
            + (needs.least ? MemoryLayout<Extreme>.stride : 0)
            + (needs.largest ? MemoryLayout<Extreme>.stride : 0)
            + (needs.quantiles ? MemoryLayout<Quantiles>.stride : 0)
    }

    mutating func grow(to groups: Int) {
        func grow<State>(_ states: inout [State], _ empty: @autoclosure () -> State) {
            while states.count < groups { states.append(empty()) }
        }
        if needs.sum {
            grow(&counts, 0)
            grow(&sums, ExactSum())
        }
        if needs.least { grow(&least, Extreme()) }
        if needs.largest { grow(&largest, Extreme()) }
        if needs.quantiles { grow(&quantiles, Quantiles()) }
    }

    /// Adds numbers `range` of a batch to the groups of their rows.
    mutating func add(_ batch: borrowing NumberBatch, _ range: Range<Int>, _ groups: [UInt32]) {
        let (rows, mantissas, exponents) = (batch.rows, batch.mantissas, batch.exponents)
        @inline(__always)
        func forEach(_ body: (_ group: Int, _ number: SmallDecimal) -> Void) {
            for place in range {
                let group = groups[Int(rows[place])]
                if group == GroupKeys.none { continue }
                body(Int(group), SmallDecimal(mantissa: mantissas[place], exponent: exponents[place]))
            }
        }
        if needs.sum {
            forEach { group, number in
                if ExactSum.accepts(number) {
                    counts[group] += 1
                    sums[group].add(number, &extraBytes)
                } else {
                    refused = ExactNumber(number)
                }
            }
        }
        if needs.least { forEach { least[$0].add($1, wantsLargest: false) } }
        if needs.largest { forEach { largest[$0].add($1, wantsLargest: true) } }
        if needs.quantiles { forEach { quantiles[$0].add($1, limit: quantileLimit, &extraBytes) } }
    }

    /// Adds the numbers of a batch that did not fit its arrays.
    mutating func addWide(_ batch: borrowing NumberBatch, _ groups: [UInt32]) {
        for (row, text) in batch.wide {
            let group = groups[Int(row)]
            guard group != GroupKeys.none, let number = text.withView({ ExactNumber(json: $0) }) else {
                continue
            }
            add(number, Int(group))
        }
    }

    private mutating func add(_ number: ExactNumber, _ group: Int) {
        if needs.sum {
            if ExactSum.accepts(number) {
                counts[group] += 1
                sums[group].add(number, &extraBytes)
            } else {
                refused = number
            }
        }
        if needs.least { least[group].add(number, wantsLargest: false, &extraBytes) }
        if needs.largest { largest[group].add(number, wantsLargest: true, &extraBytes) }
        if needs.quantiles { quantiles[group].add(number, limit: quantileLimit, &extraBytes) }
    }

    /// Adds what was kept elsewhere; `groups` are the groups here of the groups there.
    mutating func merge(_ other: NumberFigures, _ groups: [UInt32]) {
        refused = refused ?? other.refused
        for (theirs, group) in groups.enumerated() {
            let mine = Int(group)
            if needs.sum {
                counts[mine] += other.counts[theirs]
                sums[mine].merge(other.sums[theirs], &extraBytes)
            }
            if needs.least { least[mine].merge(other.least[theirs], wantsLargest: false, &extraBytes) }
            if needs.largest { largest[mine].merge(other.largest[theirs], wantsLargest: true, &extraBytes) }
            if needs.quantiles {
                quantiles[mine].merge(other.quantiles[theirs], limit: quantileLimit, &extraBytes)
            }
        }
    }

    // MARK: Results

    private static let averageDigits = 20

    /// Figures of a group. Percentiles are worked out together, since they need the values in order.
    func figures(_ functions: [Aggregate.Function], of group: Int) -> [AggregateFigure] {
        let percentiles = functions.compactMap { function -> Percentile? in
            if case .percentile(let percentile) = function { percentile } else { nil }
        }
        var quantileValues = percentiles.isEmpty ? nil : quantiles[group].values(at: percentiles)?[...]
        return functions.map { function in
            if case .percentile = function {
                return AggregateFigure(
                    value: value(quantileValues?.popFirst()), isExact: quantiles[group].isExact)
            }
            return AggregateFigure(value: value(number(function, group)), isExact: true)
        }
    }

    private func number(_ function: Aggregate.Function, _ group: Int) -> ExactNumber? {
        switch function {
        case .count, .distinct, .percentile: return nil
        case .min: return least[group].value
        case .max: return largest[group].value
        case .sum: return counts[group] == 0 ? nil : sums[group].value
        case .average:
            guard counts[group] > 0 else { return nil }
            let sum = sums[group].value
            return needs.field.kind == .duration
                ? sum.divided(by: counts[group], lowest: 0)
                : sum.divided(by: counts[group], significantDigits: NumberFigures.averageDigits)
        }
    }

    /// A number as a value of the field.
    private func value(_ number: ExactNumber?) -> AggregateValue {
        guard let number else { return .none }
        switch needs.field.kind {
        case .duration: return .duration(nanoseconds: number.wholePart)
        case .time: return .time(Timestamp(nanosecondsSince1970: Int64(clamping: number.wholePart)))
        case .integer: return .count(Int(clamping: number.wholePart))
        case .json, .text, .severity, .result: return .number(number)
        }
    }
}
