import TallyrollFormat
import TallyrollQuery

/// Random events and filters over vocabularies so small that they meet often.
struct Generator {
    var random: SplitMix64

    static let texts = [
        "", "a", "b", "ab", "aab", "A", "Ab", "é", "e\u{301}", "😀", "a😀b", "a/b", "a b", "x\"y\\z\n", "5",
        "5.0", "true",
        "null", "and", "now", "*", "a*b", "warning", "error", "Zebra", "'q", "\u{1}\u{7F}\u{85}\u{A0}",
        // The same to the eye, or to whoever normalises: never to us. Then texts whose order differs in UTF-16.
        "\u{C5}", "\u{212B}", "A\u{30A}", "\u{FFFD}", "\u{10FFFF}", "\u{FEFF}a", "ß", "ss", "İ", "i\u{307}",
    ]
    /// Texts that end early for whoever works with C strings.
    static let zeros = ["\0", "a\0b", "a\0"]
    static let globs = [
        "*", "?", "a*", "*b", "a?b", "*a*b*", "??", "*?b", "", "a**", "*😀*", "?*?", "5*", "*.*", "é",
    ]
    static let numbers = [
        "0", "-0", "5", "5.0", "50e-1", "5.5", "-5", "9223372036854775807", "9223372036854775808",
        "9007199254740993", "9007199254740992", "1e3", "1000", "0.001", "-12.50", "-12.5",
    ]
    static let severities = [
        "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency", "odd",
    ]
    static let integers: [Int64] = [
        .min, .min + 1, -1, 0, 1, 2, 3, 4, 5, 999_999_999, 1_000_000_000, .max - 1, .max,
    ]
    static let keys = ["a", "b", "a.b", "é", "e\u{301}", "x y", ""]
    static let fields: [Field] = [
        .id, .sequence, .time, .recorded, .user, .type, .severity, .action, .resourceType, .resourceID,
        .resource,
        .result, .error, .component, .message, .ip, .agent, .request, .session, .correlation, .duration,
        .text,
    ]
    /// Text fields that segments keep dictionaries of.
    static let coded: [StringField] = [
        .user, .type, .action, .resourceType, .resourceID, .component, .ip, .sessionID, .requestID,
        .correlationID, .userAgent,
    ]
    /// Most questions are about few fields, so that they can be merged.
    static let favourites: [Field] = [.user, .time, .duration, .result, .severity, .sequence, .type, .text]

    /// How often each text field is there, in percent, and how many of the texts it takes; 60 and all unless chosen.
    private var presence: [StringField: Int] = [:]
    private var texts: [StringField: Int] = [:]

    /// How many values a text field takes when these are not the few texts.
    private(set) var manyValues: [StringField: Int] = [:]
    /// The texts that there are.
    private let vocabulary: [String]

    init(random: SplitMix64, hasZeros: Bool = true) {
        self.random = random
        vocabulary = hasZeros ? Generator.texts + Generator.zeros : Generator.texts
    }

    /// Gives each field of the events to come a vocabulary of its own: fields that are always there, never, or seldom,
    /// with one value, a few, or many; some of them `manyValues` where that is given.
    mutating func chooseVocabulary(manyValues: Int? = nil) {
        for field in StringField.allCases {
            presence[field] = random.pick([0, 3, 60, 60, 60, 97, 100])
            texts[field] = random.pick([1, 2, 5, vocabulary.count, vocabulary.count])
        }
        guard let manyValues else { return }
        for field in [.user] + (0..<3).map({ _ in random.pick(Generator.coded) }) {
            self.manyValues[field] = manyValues
            presence[field] = random.pick([60, 75, 100])
        }
    }

    mutating func event() -> PlainEvent {
        var event = PlainEvent()
        for field in StringField.allCases where field != .details && field != .extra {
            guard random.chance(presence[field] ?? 60) else { continue }
            if let many = manyValues[field] {
                event.strings[field] = "v-\(random.below(many))"
            } else {
                event.strings[field] = vocabulary[random.below(texts[field] ?? vocabulary.count)]
            }
        }
        event.strings[.type] = event.strings[.type] ?? random.pick(vocabulary)
        if random.chance(80) { event.strings[.severity] = random.pick(Generator.severities) }
        if random.chance(80) { event.details = object(3) }
        if random.chance(40) { event.extra = object(2) }
        event.sequence = max(0, random.pick(Generator.integers))
        event.time = random.pick(Generator.integers)
        event.recorded = random.pick(Generator.integers)
        event.duration = random.chance(60) ? random.pick(Generator.integers) : nil
        event.result = random.chance(70) ? random.pick(ResultKind.allCases) : nil
        return event
    }

    private mutating func object(_ depth: Int) -> Model {
        .object((0..<random.below(5)).map { _ in (random.pick(Generator.keys), model(depth - 1)) })
    }

    private mutating func model(_ depth: Int) -> Model {
        switch random.below(depth > 0 ? 7 : 4) {
        case 0, 1: .string(random.pick(vocabulary))
        case 2: .number(random.pick(Generator.numbers))
        case 3: .word(random.pick(["true", "false", "null"]))
        case 4: .array((0..<random.below(4)).map { _ in model(depth - 1) })
        default: object(depth)
        }
    }

    mutating func filter(_ depth: Int) -> Filter {
        if depth == 0 || random.chance(25) { return leaf() }
        switch random.below(5) {
        case 0: return .not(filter(depth - 1))
        case 1, 2: return .and((0..<(2 + random.below(4))).map { _ in filter(depth - 1) })
        default: return .or((0..<(2 + random.below(4))).map { _ in filter(depth - 1) })
        }
    }

    private mutating func leaf() -> Filter {
        if random.chance(3) { return .constant(random.chance(50)) }
        let field = self.field()
        switch random.below(8) {
        case 0: return .exists(random.chance(10) ? .details([]) : field)
        case 1, 2: return .membership(field, (0..<random.below(5)).map { _ in value(field, .equal) })
        default:
            let operation = random.pick(Filter.Operator.allCases.filter(field.accepts))
            return .comparison(field, operation, value(field, operation))
        }
    }

    private mutating func field() -> Field {
        switch random.below(10) {
        case 0, 1:
            let path = FieldPath((0..<(1 + random.below(3))).map { _ in random.pick(Generator.keys) })
            return random.chance(70) ? .details(path) : .extra(path)
        case 2, 3: return random.pick(Generator.fields)
        default: return random.pick(Generator.favourites)
        }
    }

    private mutating func value(_ field: Field, _ operation: Filter.Operator) -> Filter.Value {
        switch field.kind {
        case .integer: return .integer(random.pick(Generator.integers))
        case .time: return .time(.absolute(nanoseconds: random.pick(Generator.integers)))
        case .duration: return .duration(nanoseconds: random.pick(Generator.integers))
        case .result: return .result(random.pick(ResultKind.allCases))
        case .severity:
            return .text(
                random.pick(operation.isOrdering ? Generator.severities.dropLast() : Generator.severities))
        case .text: return .text(random.pick(operation == .matches ? Generator.globs : vocabulary))
        case .json:
            if operation == .matches { return .text(random.pick(Generator.globs)) }
            let text = random.pick(vocabulary + Generator.numbers + ["true", "null", "007"])
            if operation == .contains || random.chance(40) { return .text(text) }
            return BareWord(text).map { .word($0) } ?? .text(text)
        }
    }
}
