extension Filter: CustomStringConvertible {
    /// The filter as an expression, which reads back to the same tree when the filter is well-formed and its lists
    /// of `and` and `or` have at least two members.
    public var description: String {
        var text = ""
        write(to: &text, inside: .top)
        return text
    }

    /// What surrounds a part: decides about brackets.
    private enum Surroundings {
        case top, or, and, not
    }

    private func write(to text: inout String, inside surroundings: Surroundings) {
        switch self {
        case .constant(let value):
            text += value ? "true" : "false"
        case .comparison(let field, let operation, let value):
            text += "\(field) \(operation.symbol) \(value.notation(for: field, operation))"
        case .membership(let field, let values):
            text += "\(field) in ("
            for (index, value) in values.enumerated() {
                if index > 0 { text += ", " }
                text += value.notation(for: field, .equal)
            }
            text += ")"
        case .exists(let field):
            text += "\(field) exists"
        case .not(let inner):
            text += "not "
            inner.write(to: &text, inside: .not)
        case .and(let list):
            Filter.write(
                list, " and ", empty: "true", as: .and, bracketed: surroundings == .and, surroundings, &text)
        case .or(let list):
            Filter.write(
                list, " or ", empty: "false", as: .or, bracketed: surroundings != .top, surroundings, &text)
        }
    }

    private static func write(
        _ list: [Filter], _ separator: String, empty: String, as own: Surroundings, bracketed: Bool,
        _ surroundings: Surroundings, _ text: inout String
    ) {
        guard list.count > 1 else {
            guard let only = list.first else {
                text += empty
                return
            }
            return only.write(to: &text, inside: surroundings)
        }
        let bracketed = bracketed || surroundings == .not
        if bracketed { text += "(" }
        for (index, part) in list.enumerated() {
            if index > 0 { text += separator }
            part.write(to: &text, inside: own)
        }
        if bracketed { text += ")" }
    }
}

extension Filter.Value {
    /// The value as an expression writes it for that field and operator.
    func notation(for field: Field, _ operation: Filter.Operator) -> String {
        switch self {
        case .text(let text):
            let isPattern = operation == .matches || operation == .contains
            return field.kind == .json && !isPattern
                ? Notation.quoted(text.string) : Notation.word(text.string)
        case .word(let word): return word.text.string
        case .integer(let number): return String(number)
        case .time(let point): return point.description
        case .duration(let nanoseconds): return DurationText.format(nanoseconds)
        case .result(let result): return result.rawValue
        }
    }
}

extension TimePoint: CustomStringConvertible {
    /// The point as an expression writes it: `2026-01-02T03:04:05.5Z`, `now`, `now-24h`.
    public var description: String {
        switch self {
        case .absolute(let nanoseconds): return TimeText.format(nanoseconds)
        case .relative(0): return "now"
        case .relative(let offset):
            return "now" + (offset < 0 ? "-" : "+") + DurationText.format(magnitude: offset.magnitude)
        }
    }
}
