/// Joins normalised parts by `or`.
enum Disjunction {
    static func joined(_ parts: [Filter], round: Int = 0) -> Filter {
        var list: [Filter] = []
        for part in parts {
            switch part {
            case .constant(true): return .constant(true)
            case .constant(false): continue
            case .or(let inner): list.append(contentsOf: inner)
            default: list.append(part)
            }
        }
        list = mergedEqualities(list.withoutRepeats)
        list = mergedBounds(list)
        list = IntegerIntervals.joined(list)
        list = byField(list)
        if list.contains(.constant(true)) { return .constant(true) }
        let all = Set(list)
        for part in list {
            if let opposite = part.opposite, all.contains(opposite) { return .constant(true) }
        }
        if round < Conjunction.rounds {
            let absorbed = Absorption.inDisjunction(list)
            if absorbed != list { return joined(absorbed, round: round + 1) }
            if let factored = Absorption.factored(list) { return factored }
        }
        return .any(of: list)
    }

    /// Joins what is asked about one field.
    private static func byField(_ list: [Filter]) -> [Filter] {
        var groups: [Field: [Filter]] = [:]
        for part in list {
            if let field = part.leafField { groups[field, default: []].append(part) }
        }
        return list.flatMap { part -> [Filter] in
            guard let field = part.leafField else { return [part] }
            return groups.removeValue(forKey: field).map { joined(field, $0) } ?? []
        }
    }

    private static func joined(_ field: Field, _ group: [Filter]) -> [Filter] {
        guard group.count > 1 else { return group }
        guard var left = Existence.inDisjunction(group) else { return [.constant(true)] }
        guard field.isSingleValued, left.count > 1, left.count <= groupLimit else { return left }
        left = withJoinedExclusions(field, left)
        guard !field.isInteger, left.count > 1 else { return left }
        return TextRanges.inDisjunction(field, withoutCovered(field, left))
    }

    private static let groupLimit = 1_000

    /// What is ruled out only where all of several questions rule it out: one question, where one can say it.
    private static func withJoinedExclusions(_ field: Field, _ group: [Filter]) -> [Filter] {
        let negated = group.filter(\.polarity.negated)
        guard !negated.isEmpty else { return group }
        var plain = group.filter { !$0.polarity.negated }
        var excluded = Conjunction.joined(negated.map(\.polarity.leaf))
        // A value that may be there need not be ruled out.
        if let (_, ruledOut) = excluded.equality, let place = plain.firstIndex(where: { $0.equality != nil })
        {
            let allowed = Set(plain.remove(at: place).equality?.values ?? [])
            excluded = .equality(field, ruledOut.filter { !allowed.contains($0) })
        }
        if excluded == .constant(false) { return [.constant(true)] }
        return plain + excluded.conjuncts.map { $0.normalized(negated: true) }
    }

    /// Values that another of the questions finds anyway need not be asked for.
    private static func withoutCovered(_ field: Field, _ group: [Filter]) -> [Filter] {
        let others = group.filter { $0.equality == nil && !$0.polarity.negated }
        guard !others.isEmpty, let tests = try? Conjunction.prepared(others) else { return group }
        return group.flatMap { part -> [Filter] in
            guard let (_, values) = part.equality, values.count * tests.count <= Conjunction.trialLimit else {
                return [part]
            }
            let left = values.filter { value in !tests.contains { $0.leaf.matches(value) } }
            return left.isEmpty ? [] : [.equality(field, left)]
        }
    }

    /// One list of values for each field that is compared for equality. That holds for fields of several values
    /// too: some value is among these, or some value is among those.
    private static func mergedEqualities(_ list: [Filter]) -> [Filter] {
        var values: [Field: [Filter.Value]] = [:]
        for part in list {
            guard let equality = part.equality else { continue }
            values[equality.field, default: []].append(contentsOf: equality.values)
        }
        return list.compactMap { part in
            guard let field = part.equality?.field else { return part }
            return values.removeValue(forKey: field).map { .equality(field, $0.withoutRepeats) }
        }
    }

    /// The widest bound on each side for each integer field; both together may leave nothing out.
    private static func mergedBounds(_ list: [Filter]) -> [Filter] {
        var merged = list
        for field in list.compactMap(\.leafField).withoutRepeats where field.isInteger {
            merged = mergedBounds(merged, of: field)
        }
        return merged
    }

    private static func mergedBounds(_ list: [Filter], of field: Field) -> [Filter] {
        var below: Int64?
        var above: Int64?
        var points: [Int64] = []
        var position: Int?
        var rest: [Filter] = []
        for part in list {
            var isBound = false
            if case .comparison(field, let operation, let value) = part,
                let number = value.integer(for: field)
            {
                switch IntegerTest(operation, number) {
                case .range(let range):
                    isBound = true
                    if range.lowerBound == range.upperBound {
                        points.append(range.lowerBound)
                    } else if range.lowerBound == Int64.min {
                        below = max(below ?? Int64.min, range.upperBound)
                    } else {
                        above = min(above ?? Int64.max, range.lowerBound)
                    }
                case .notEqual, .member, .nothing: break
                }
            } else if case .membership(field, let values) = part {
                let numbers = values.compactMap { $0.integer(for: field) }
                isBound = numbers.count == values.count
                if isBound { points.append(contentsOf: numbers) }
            }
            if isBound {
                position = position ?? rest.count
            } else {
                rest.append(part)
            }
        }
        guard let position, below != nil || above != nil else { return list }
        rest.insert(contentsOf: bounds(field, below, above, points), at: position)
        return rest
    }

    private static func bounds(_ field: Field, _ below: Int64?, _ above: Int64?, _ points: [Int64])
        -> [Filter]
    {
        if let below, let above, below >= above - 1 {
            return [field.isAlwaysPresent ? .constant(true) : .exists(field)]
        }
        let outside = points.filter { point in
            !(below.map { point <= $0 } ?? false) && !(above.map { point >= $0 } ?? false)
        }
        var parts: [Filter] = []
        if let below { parts.append(Conjunction.upperBound(field, below)) }
        if let above { parts.append(Conjunction.lowerBound(field, above)) }
        if !outside.isEmpty { parts.append(.equality(field, outside.withoutRepeats.map { field.value($0) })) }
        return parts
    }
}

extension Field {
    /// An integer as a value of the field.
    func value(_ number: Int64) -> Filter.Value {
        switch kind {
        case .time: .time(.absolute(nanoseconds: number))
        case .duration: .duration(nanoseconds: number)
        default: .integer(number)
        }
    }
}
