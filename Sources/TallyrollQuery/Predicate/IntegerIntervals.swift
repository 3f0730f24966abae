/// Ranges of an integer field of which one must hold, joined where they overlap or touch:
/// `a >= 1 and a < 5 or a >= 5 and a < 9` is `a >= 1 and a < 9`.
enum IntegerIntervals {
    static func joined(_ alternatives: [Filter]) -> [Filter] {
        var fields: [Field] = []
        for case .and(let parts) in alternatives {
            if let field = parts[0].leafField, field.isInteger, !fields.contains(field) {
                fields.append(field)
            }
        }
        return fields.reduce(alternatives) { joined($0, of: $1) }
    }

    private static func joined(_ alternatives: [Filter], of field: Field) -> [Filter] {
        var ranges: [ClosedRange<Int64>] = []
        var position: Int?
        var rest: [Filter] = []
        var hasInterval = false
        for part in alternatives {
            guard let found = intervals(part, of: field) else {
                rest.append(part)
                continue
            }
            if case .and = part { hasInterval = true }
            ranges += found
            position = position ?? rest.count
        }
        guard let position, hasInterval, ranges.count > 1 else { return alternatives }
        ranges.sort { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
        var merged: [ClosedRange<Int64>] = []
        for range in ranges {
            if let last = merged.last, last.upperBound == .max || range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        rest.insert(contentsOf: filters(field, merged), at: position)
        return rest
    }

    /// The values for which a part holds, when it is about nothing else than this field.
    private static func intervals(_ part: Filter, of field: Field) -> [ClosedRange<Int64>]? {
        switch part {
        case .comparison(field, let operation, let value):
            guard let number = value.integer(for: field),
                case .range(let range) = IntegerTest(operation, number)
            else { return nil }
            return [range]
        case .membership(field, let values):
            let numbers = values.compactMap { $0.integer(for: field) }
            return numbers.count == values.count ? numbers.map { $0...$0 } : nil
        case .and(let parts):
            var all = Int64.min...Int64.max
            for part in parts {
                guard case .comparison = part, let found = intervals(part, of: field),
                    let range = found.first,
                    range.overlaps(all)
                else { return nil }
                all = range.clamped(to: all)
            }
            return [all]
        default: return nil
        }
    }

    private static func filters(_ field: Field, _ ranges: [ClosedRange<Int64>]) -> [Filter] {
        var filters: [Filter] = []
        var points: [Filter.Value] = []
        for range in ranges {
            let (low, high) = (range.lowerBound, range.upperBound)
            if low == high {
                points.append(field.value(low))
            } else if low == .min, high == .max {
                filters.append(field.isAlwaysPresent ? .constant(true) : .exists(field))
            } else if low == .min {
                filters.append(Conjunction.upperBound(field, high))
            } else if high == .max {
                filters.append(Conjunction.lowerBound(field, low))
            } else {
                filters.append(
                    .and([Conjunction.lowerBound(field, low), Conjunction.upperBound(field, high)]))
            }
        }
        if !points.isEmpty { filters.append(.equality(field, points)) }
        return filters
    }
}
