extension Filter {
    /// The same question in the form that planning starts from:
    ///
    /// - `not` stands only before single questions, and not even there where the field is always present and the
    ///   opposite operator says the same;
    /// - lists of `and` and `or` are flat, without constants and without members twice;
    /// - under an `and`, the bounds of a time or another integer are one range at most, and equalities of a text field
    ///   are one value or one list;
    /// - under an `or`, equalities of a field are one list, bounds of an integer are the widest ones, and ranges that
    ///   overlap or touch are one;
    /// - what a member of a list says about the others is used (`a or (a and b)` is `a`), what all members of an `or`
    ///   demand stands before it, and what `exists` or another question implies is left out;
    /// - what can hold for no event is the constant false, what must hold for every event the constant true.
    ///
    /// The answer is the same for every event, whatever fields it lacks. Bind times first (`bound(now:)`): those that
    /// are still counted from now are left as they are.
    package func normalized() -> Filter {
        normalized(negated: false)
    }

    /// What all of the members must satisfy: the members of an `and`, else the filter itself.
    package var conjuncts: [Filter] {
        switch self {
        case .and(let list): list
        case .constant(true): []
        default: [self]
        }
    }

    /// The range outside of which no event that is meant has its value of an integer field; nil when none is meant.
    /// For a normalised filter.
    package func bounds(of field: Field) -> ClosedRange<Int64>? {
        switch self {
        case .constant(false): return nil
        case .and(let list):
            var low = Int64.min
            var high = Int64.max
            for part in list {
                guard let range = part.bounds(of: field) else { return nil }
                low = max(low, range.lowerBound)
                high = min(high, range.upperBound)
            }
            return low <= high ? low...high : nil
        case .or(let list):
            let ranges = list.compactMap { $0.bounds(of: field) }
            guard let low = ranges.map(\.lowerBound).min(), let high = ranges.map(\.upperBound).max() else {
                return nil
            }
            return low...high
        case .comparison(field, let operation, let value):
            guard let number = value.integer(for: field) else { break }
            switch IntegerTest(operation, number) {
            case .range(let range): return range
            case .nothing: return nil
            case .notEqual, .member: break
            }
        case .membership(field, let values):
            let numbers = values.compactMap { $0.integer(for: field) }
            guard numbers.count == values.count else { break }
            guard let low = numbers.min(), let high = numbers.max() else { return nil }
            return low...high
        default: break
        }
        return Int64.min...Int64.max
    }

    func normalized(negated: Bool) -> Filter {
        switch self {
        case .constant(let value): return .constant(value != negated)
        case .not(let inner): return inner.normalized(negated: !negated)
        case .and(let list):
            let parts = list.map { $0.normalized(negated: negated) }
            return negated ? Disjunction.joined(parts) : Conjunction.joined(parts)
        case .or(let list):
            let parts = list.map { $0.normalized(negated: negated) }
            return negated ? Conjunction.joined(parts) : Disjunction.joined(parts)
        case .comparison, .membership, .exists:
            return simplifiedLeaf.negatedLeaf(negated)
        }
    }

    /// The leaf, or a simpler question that is the same for every event.
    private var simplifiedLeaf: Filter {
        switch self {
        case .exists(let field):
            return field.isAlwaysPresent ? .constant(true) : self
        case .membership(let field, let values):
            let values = values.withoutRepeats
            if field == .result, values.count == ResultKind.allCases.count { return .exists(field) }
            return .equality(field, values)
        case .comparison(let field, let operation, let value):
            if let number = value.integer(for: field) {
                switch IntegerTest(operation, number) {
                case .nothing: return .constant(false)
                case .range(Int64.min...Int64.max): return Filter.exists(field).simplifiedLeaf
                default: return self
                }
            }
            if case .result(let result) = value, operation == .notEqual {
                return .equality(field, ResultKind.allCases.filter { $0 != result }.map { .result($0) })
            }
            guard field.isSingleValued, case .text(let text) = value else { return self }
            if operation == .contains, text.string.utf8.isEmpty { return Filter.exists(field).simplifiedLeaf }
            if operation == .matches {
                if text.string.utf8.elementsEqual([UInt8(ascii: "*")]) {
                    return Filter.exists(field).simplifiedLeaf
                }
                let isPattern = text.string.utf8.contains {
                    $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?")
                }
                if !isPattern { return .comparison(field, .equal, value) }
            }
            return self
        case .constant, .and, .or, .not:
            return self
        }
    }

    func negatedLeaf(_ negated: Bool) -> Filter {
        guard negated else { return self }
        switch self {
        case .constant(let value): return .constant(!value)
        case .comparison(let field, let operation, let value):
            if field.isAlwaysPresent, let inverse = operation.inverse {
                return .comparison(field, inverse, value)
            }
            return .not(self)
        default: return .not(self)
        }
    }

    /// The field is one of the values.
    static func equality(_ field: Field, _ values: [Value]) -> Filter {
        guard let first = values.first else { return .constant(false) }
        return values.count == 1 ? .comparison(field, .equal, first) : .membership(field, values)
    }

    /// The field and the values when the question is whether the field equals one of them.
    var equality: (field: Field, values: [Value])? {
        switch self {
        case .comparison(let field, .equal, let value): (field, [value])
        case .membership(let field, let values): (field, values)
        default: nil
        }
    }

    /// The question behind a `not`, or this one, and whether there was a `not`.
    var polarity: (leaf: Filter, negated: Bool) {
        if case .not(let inner) = self { return (inner, true) }
        return (self, false)
    }

    /// The field that a single question is about, behind a `not` too.
    package var leafField: Field? {
        switch self {
        case .comparison(let field, _, _), .membership(let field, _), .exists(let field): field
        case .not(let inner): inner.leafField
        case .constant, .and, .or: nil
        }
    }
}

extension Array where Element: Hashable {
    /// The members in order, each once.
    var withoutRepeats: [Element] {
        var seen = Set<Element>(minimumCapacity: count)
        return filter { seen.insert($0).inserted }
    }
}
