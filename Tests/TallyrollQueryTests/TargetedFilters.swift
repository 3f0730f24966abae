import TallyrollFormat
import TallyrollQuery

/// Filters of the forms that plans treat in ways of their own, over values that events have.
extension QueryWorld {
    private static let fields: [Field] = [
        .user, .user, .type, .type, .action, .component, .session, .request, .correlation, .ip, .severity,
        .agent,
        .resourceType, .resourceID,
    ]

    mutating func targetedFilter() -> Filter {
        let parts = (0..<generator.random.pick([1, 1, 2, 2, 3])).map { _ in targetedPart() }
        if parts.count == 1 { return parts[0] }
        return generator.random.chance(50) ? .and(parts) : .or(parts)
    }

    private mutating func targetedPart() -> Filter {
        let field = coded()
        switch generator.random.below(12) {
        case 0: return .comparison(field, .notEqual, value(field))
        case 1: return .not(.membership(field, values(field)))
        case 2: return .or([.membership(field, values(field)), anyEquality()])
        case 3: return .and([anyEquality(), .comparison(field, .notEqual, value(field))])
        case 4: return narrowedList(field)
        case 5:
            return .and([.equal(.resourceType, text(.resourceType)), .equal(.resourceID, text(.resourceID))])
        case 6: return .and([anyEquality(), .not(anyEquality())])
        case 7: return numbers()
        case 8, 9, 10: return valuesOfOneEvent()
        default: return generator.random.chance(50) ? .exists(field) : .not(.exists(field))
        }
    }

    /// Values that one event has together, so that the lists of several fields have events in common.
    private mutating func valuesOfOneEvent() -> Filter {
        let event = events[generator.random.below(events.count)]
        var parts: [Filter] = event.result.map { [.result($0)] } ?? []
        for field in QueryWorld.listed {
            guard let text = field.stringField.flatMap({ event.strings[$0] }) else { continue }
            parts.append(generator.random.chance(70) ? .equal(field, text) : .oneOf(field, [text, "absent"]))
        }
        parts.shuffle(using: &generator.random)
        parts = Array(parts.prefix(2 + generator.random.below(2)))
        switch generator.random.below(5) {
        case 0, 1: return .or(parts)
        case 2: return .and(parts)
        case 3: return .and(parts.dropLast() + parts.suffix(1).map { .not($0) })
        default: return .or(parts.dropLast() + parts.suffix(1).map { .not($0) })
        }
    }

    /// Fields of which segments may have posting lists; the first ones of every segment.
    private static let listed: [Field] = [
        .user, .type, .resourceType, .resourceID, .user, .type, .severity, .action, .component,
    ]

    private mutating func anyEquality() -> Filter {
        if generator.random.chance(20) { return .result(generator.random.pick(ResultKind.allCases)) }
        let field = coded()
        return .membership(field, values(field))
    }

    /// A field that segments keep a dictionary of; where some have many values, mostly one of those.
    private mutating func coded() -> Field {
        let many = QueryWorld.fields.filter { field in
            field.stringField.map { generator.manyValues[$0] != nil } ?? false
        }
        return generator.random.pick(many.isEmpty || generator.random.chance(40) ? QueryWorld.fields : many)
    }

    /// A list of values, and what other questions about the same field leave of it.
    private mutating func narrowedList(_ field: Field) -> Filter {
        let list = Filter.membership(field, values(field) + values(field))
        let other: Filter =
            switch generator.random.below(4) {
            case 0: .comparison(field, .matches, .text(ExactText(generator.random.pick(Generator.globs))))
            case 1: .comparison(field, .contains, value(field))
            case 2: .membership(field, values(field))
            // Severities are in order only with those that are known.
            default:
                .comparison(
                    field, generator.random.pick([.less, .greaterOrEqual]),
                    field == .severity ? .text("warning") : value(field))
            }
        return .and([list, generator.random.chance(60) ? .not(other) : other])
    }

    /// Bounds, lists and single values of an integer, together.
    private mutating func numbers() -> Filter {
        let field = generator.random.pick([Field.sequence, .time, .recorded])
        func number(_ random: inout SplitMix64) -> Filter.Value {
            let event = events[random.below(events.count)]
            let near = Int64(random.below(3) - 1)
            return switch field {
            case .time: .time(.absolute(nanoseconds: event.time.addingReportingOverflow(near).partialValue))
            case .recorded: .time(.absolute(nanoseconds: event.recorded + near))
            default: .integer(event.sequence + near)
            }
        }
        let random = generator.random.pick([
            Filter.Operator.less, .lessOrEqual, .greater, .greaterOrEqual, .notEqual,
        ])
        let bound = Filter.comparison(field, random, number(&generator.random))
        let list = Filter.membership(field, (0..<3).map { _ in number(&generator.random) })
        let range = Filter.and([
            .comparison(field, .greaterOrEqual, number(&generator.random)),
            .comparison(field, generator.random.pick([.less, .lessOrEqual]), number(&generator.random)),
        ])
        return switch generator.random.below(5) {
        case 0: .and([list, bound])
        case 1: .or([list, range])
        case 2: .and([range, .not(list)])
        case 3: .or([range, bound])
        default: range
        }
    }

    /// Values that events have, once or twice, and some that none has.
    private mutating func values(_ field: Field) -> [Filter.Value] {
        (0..<(1 + generator.random.below(4))).map { _ in value(field) }
    }

    private mutating func value(_ field: Field) -> Filter.Value { .text(ExactText(text(field))) }

    private mutating func text(_ field: Field) -> String {
        if generator.random.chance(15) { return generator.random.pick(["absent", "v-1000000", ""]) }
        for _ in 0..<4 {
            let event = events[generator.random.below(events.count)]
            if let text = field.stringField.flatMap({ event.strings[$0] }) { return text }
        }
        return generator.random.pick(Generator.texts)
    }
}
