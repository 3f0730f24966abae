import TallyrollFormat

/// Joins normalised parts by `and`.
enum Conjunction {
    /// How many (value, question) pairs are tried at most while a list is narrowed by the other questions about its
    /// field; beyond, the questions stay as they are.
    static let trialLimit = 100_000

    /// How often what was simplified is looked at again: what one look finds can lead to more, in long chains.
    static let rounds = 4

    static func joined(_ parts: [Filter], round: Int = 0) -> Filter {
        var list: [Filter] = []
        for part in parts {
            switch part {
            case .constant(false): return .constant(false)
            case .constant(true): continue
            case .and(let inner): list.append(contentsOf: inner)
            default: list.append(part)
            }
        }
        list = list.withoutRepeats
        var byField: [Field: [Filter]] = [:]
        for part in list {
            if let field = part.leafField { byField[field, default: []].append(part) }
        }
        var merged: [Filter] = []
        for part in list {
            guard let field = part.leafField else {
                merged.append(part)
                continue
            }
            guard let group = byField.removeValue(forKey: field) else { continue }
            merged.append(contentsOf: joined(field, group))
        }
        if merged.contains(.constant(false)) { return .constant(false) }
        let all = Set(merged)
        for part in merged {
            if case .not(let inner) = part, all.contains(inner) { return .constant(false) }
        }
        if round < rounds {
            let absorbed = Absorption.inConjunction(merged)
            if absorbed != merged { return joined(absorbed, round: round + 1) }
        }
        return .all(of: merged)
    }

    /// All questions about one field.
    private static func joined(_ field: Field, _ group: [Filter]) -> [Filter] {
        guard var left = Existence.inConjunction(group) else { return [.constant(false)] }
        if field.isInteger { return integers(field, left) }
        if field.isSingleValued {
            guard let ranges = TextRanges.inConjunction(field, left) else { return [.constant(false)] }
            left = ranges
        }
        return values(field, left)
    }

    /// The questions about a field of one text or result: when it must be one of some values, those that satisfy
    /// all the other questions are the answer. Elsewhere only the values that are ruled out are collected.
    private static func values(_ field: Field, _ group: [Filter]) -> [Filter] {
        var allowed: [Filter.Value]?
        var others: [Filter] = []
        for part in group {
            guard field.isSingleValued, let equality = part.equality else {
                others.append(part)
                continue
            }
            if let before = allowed {
                let wanted = Set(equality.values)
                allowed = before.filter(wanted.contains)
            } else {
                allowed = equality.values
            }
        }
        guard let allowed else { return withMergedExclusions(field, group) }
        guard allowed.count * others.count <= trialLimit, let tests = try? prepared(others) else {
            return [.equality(field, allowed)] + withMergedExclusions(field, others)
        }
        let left = allowed.filter { value in
            tests.allSatisfy { $0.leaf.matches(value) != $0.negated }
        }
        return [.equality(field, left)]
    }

    static func prepared(_ parts: [Filter]) throws(QueryError) -> [(
        leaf: CompiledLeaf, negated: Bool
    )] {
        var tests: [(leaf: CompiledLeaf, negated: Bool)] = []
        for part in parts {
            let (leaf, negated) = part.polarity
            tests.append((try CompiledLeaf(leaf), negated))
        }
        return tests
    }

    /// One list of the values that the field must not equal.
    private static func withMergedExclusions(_ field: Field, _ group: [Filter]) -> [Filter] {
        var excluded: [Filter.Value] = []
        var position: Int?
        var rest: [Filter] = []
        for part in group {
            let (leaf, negated) = part.polarity
            if negated, let equality = leaf.equality {
                excluded.append(contentsOf: equality.values)
                position = position ?? rest.count
            } else {
                rest.append(part)
            }
        }
        if let position { rest.insert(.not(.equality(field, excluded.withoutRepeats)), at: position) }
        return rest
    }

    /// The questions about an integer: one range, without the values that are ruled out, or a list of values.
    private static func integers(_ field: Field, _ group: [Filter]) -> [Filter] {
        var constraint = IntegerConstraint(field)
        var others: [Filter] = []
        // One question that an event without the field fails means that the field is there, and then the opposite
        // of a comparison is a comparison.
        let isPresent = field.isAlwaysPresent || group.contains { !$0.polarity.negated }
        for part in group where !(isPresent && constraint.take(part)) { others.append(part) }
        if !isPresent { return withMergedExclusions(field, others) }
        return constraint.filters + others
    }

    static func lowerBound(_ field: Field, _ low: Int64) -> Filter {
        .comparison(field, .greaterOrEqual, field.value(low))
    }

    /// People end a range of times before a full second, not at the nanosecond before it.
    static func upperBound(_ field: Field, _ high: Int64) -> Filter {
        if field.kind == .time, high < Int64.max, (high + 1) % 1_000_000_000 == 0 {
            return .comparison(field, .less, field.value(high + 1))
        }
        return .comparison(field, .lessOrEqual, field.value(high))
    }
}

/// What an integer that is there must satisfy.
private struct IntegerConstraint {
    private let field: Field
    private var low = Int64.min
    private var high = Int64.max
    private var allowed: Set<Int64>?
    private var excluded: Set<Int64> = []
    private var isImpossible = false

    init(_ field: Field) { self.field = field }

    /// Takes a question in, or says that it cannot.
    mutating func take(_ part: Filter) -> Bool {
        let (leaf, negated) = part.polarity
        switch leaf {
        case .exists:
            if negated { isImpossible = true }
            return true
        case .comparison(_, let operation, let value):
            guard let number = value.integer(for: field), let wanted = negated ? operation.inverse : operation
            else { return false }
            switch IntegerTest(wanted, number) {
            case .range(let range):
                low = max(low, range.lowerBound)
                high = min(high, range.upperBound)
            case .notEqual(let number): excluded.insert(number)
            case .nothing: isImpossible = true
            case .member: return false
            }
            return true
        case .membership(_, let values):
            let numbers = values.compactMap { $0.integer(for: field) }
            guard numbers.count == values.count else { return false }
            if negated {
                excluded.formUnion(numbers)
            } else {
                allowed = allowed?.intersection(numbers) ?? Set(numbers)
            }
            return true
        case .constant, .and, .or, .not:
            return false
        }
    }

    /// The questions that are left. Together they fail for an event without the field.
    var filters: [Filter] {
        if isImpossible { return [.constant(false)] }
        if let allowed {
            let left = allowed.filter { self.low <= $0 && $0 <= self.high && !excluded.contains($0) }.sorted()
            return [.equality(field, left.map { field.value($0) })]
        }
        var low = low
        var high = high
        while low < high, excluded.contains(low) { low += 1 }
        while low < high, excluded.contains(high) { high -= 1 }
        guard low <= high, low < high || !excluded.contains(low) else { return [.constant(false)] }
        if low == high { return [.comparison(field, .equal, field.value(low))] }
        var parts: [Filter] = []
        if low > Int64.min { parts.append(Conjunction.lowerBound(field, low)) }
        if high < Int64.max { parts.append(Conjunction.upperBound(field, high)) }
        let inside = excluded.filter { $0 > low && $0 < high }.sorted().map { field.value($0) }
        if inside.count == 1 {
            parts.append(.comparison(field, .notEqual, inside[0]))
        } else if !inside.isEmpty {
            if parts.isEmpty, !field.isAlwaysPresent { parts.append(.exists(field)) }
            parts.append(.not(.membership(field, inside)))
        } else if parts.isEmpty, !field.isAlwaysPresent {
            parts.append(.exists(field))
        }
        return parts
    }
}

extension CompiledLeaf {
    /// Whether an event whose field has this value satisfies the leaf; for fields of one text or result.
    func matches(_ value: Filter.Value) -> Bool {
        switch value {
        case .text(let text): text.string.withView { matches(text: $0) }
        case .result(let result): matches(outcome: result.outcome)
        case .word, .integer, .time, .duration: false
        }
    }
}
