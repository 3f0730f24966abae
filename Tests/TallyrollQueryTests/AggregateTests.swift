import TallyrollFormat
import TallyrollQuery
import TallyrollStore
import Testing

@Suite("Aggregates against the oracle")
struct AggregateTests {
    static let integers = ["0", "1", "2", "3", "250", "-7", "100000"]
    static let fixed = ["0.125", "12.500", "3.141", "-0.001", "99.999"]
    static let wild = [
        "0", "-0", "-0.0", "0e5", "5", "5.0", "50e-1", "-5", "0.1", "0.2", "0.3", "1e-7", "2.5E+3",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
        "9007199254740993", "1700000000000000001", "1.7976931348623157e308", "-1.7976931348623157e308",
        "5e-324",
        "1e399", "-1e399", "1e-399", "-99999999999999999999999999999999999999",
        "123456789012345678901234567890.123456789", "170141183460469231731687303715884105727",
        "1000000000000000000000000000000000000000e-39",
    ]
    static let grouping: [Field] = [
        .user, .type, .severity, .result, .resource, .details(["a"]), .details(["k"]),
    ]
    static let counted: [Field] = [
        .user, .type, .ip, .message, .resource, .id, .sequence, .time, .duration, .result, .details(["a"]),
        .details(["n"]), .extra(["a"]),
    ]
    static let numeric: [Field] = [
        .duration, .details(["n"]), .details(["a"]), .extra(["a"]), .details(["o", "n"]),
    ]
    static let shares: [(value: Double, numerator: Int, denominator: Int)] = [
        (0, 0, 1), (0.5, 1, 2), (0.9, 9, 10), (0.999, 999, 1000), (1, 1, 1), (0.333, 333, 1000),
    ]

    /// Gives events numbers in details.
    static func addNumbers(_ event: inout PlainEvent, _ generator: inout Generator, _ vocabulary: [String]) {
        func value() -> Model {
            switch generator.random.below(12) {
            case 0: .string(generator.random.pick(["5", "", "text", "1e3"]))
            case 1: .word(generator.random.pick(["true", "null"]))
            case 2:
                .array([.number(generator.random.pick(vocabulary)), .array([.number("4")]), .string("6")])
            case 3: .array([])
            case 4: .object([("n", .number("77"))])
            default: .number(generator.random.pick(vocabulary))
            }
        }
        guard generator.random.chance(80) else { return }
        var members: [(String, Model)] = [
            ("n", value()), ("k", .number(generator.random.pick(["1", "1.0", "2"]))),
        ]
        if generator.random.chance(30) { members.append(("o", .object([("n", value()), ("n", value())]))) }
        if case .object(let others)? = event.details { members += others }
        event.details = .object(members)
    }

    @Test(arguments: 0..<18)
    func agreesWithTheOracle(_ seed: Int) throws {
        let vocabulary = [AggregateTests.integers, AggregateTests.fixed, AggregateTests.wild][seed % 3]
        var world = try QueryWorld(
            seed: UInt64(seed) + 9_000, blockEvents: [16, 64, 33, 1][seed % 4],
            count: seed % 4 == 3 ? 40 : 260
        ) { AggregateTests.addNumbers(&$0, &$1, vocabulary) }
        let engines = try world.views()
        for round in 0..<9 {
            let filter = world.generator.random.chance(40) ? .all : world.filter()
            var aggregation = Aggregation(
                (0..<(1 + world.generator.random.below(6))).map { _ in
                    aggregate(&world.generator)
                }
            ).by(
                (0..<world.generator.random.pick([0, 0, 1, 1, 2, 3])).map { _ in
                    world.generator.random.pick(AggregateTests.grouping)
                })
            let width = world.generator.random.pick([nil, nil, 10_000_000_000, Int64.max])
            if let width { aggregation = aggregation.every(.nanoseconds(width)) }
            let way = QueryWay.random(&world.generator.random)
            let what: Comment = "seed \(seed) round \(round): \(aggregation), \(way), of \(filter)"
            let meant = world.expected(filter, .oldest).map { world.events[$0] }
            let expected = AggregateOracle(events: meant, width: width).rows(aggregation)

            let engine = world.generator.random.pick(engines)
            let table = try way { try engine.aggregate(where: filter, aggregation) }
            #expect(table.groupCount == expected.count, what)
            #expect(Set(table.rows.map(PlainRow.init)).symmetricDifference(expected) == [], what)
            #expect(isOrdered(table.rows, aggregation), what)
            if table.rows.count > 1 {
                let some = try engines[0].aggregate(where: filter, aggregation.top(2))
                #expect(some.rows == Array(table.rows.prefix(2)), what)
                #expect(some.groupCount == table.groupCount, what)
            }
        }
    }

    private func aggregate(_ generator: inout Generator) -> Aggregate {
        let number = generator.random.pick(AggregateTests.numeric)
        switch generator.random.below(9) {
        case 0: return .count
        case 1, 2: return .distinct(generator.random.pick(AggregateTests.counted))
        case 3: return .min(generator.random.pick(AggregateTests.numeric + [.time, .recorded, .sequence]))
        case 4: return .max(generator.random.pick(AggregateTests.numeric + [.time, .recorded, .sequence]))
        case 5: return .sum(number)
        case 6: return .average(number)
        default:
            // Some events have more than a thousand numbers at `a`: the sketch's business.
            let few = number == .details(["a"]) ? .details(["n"]) : number
            return .percentile(generator.random.pick(AggregateTests.shares).value, few)
        }
    }

    /// Whether rows come by time, or else with falling first figures and those without a value last.
    private func isOrdered(_ rows: [AggregateTable.Row], _ aggregation: Aggregation) -> Bool {
        zip(rows, rows.dropFirst()).allSatisfy { row, next in
            if case .group = aggregation.order {
                return (row.start?.nanosecondsSince1970 ?? 0) <= (next.start?.nanosecondsSince1970 ?? 0)
            }
            switch (row.figures[0].value, next.figures[0].value) {
            case (_, .none): return true
            case (.none, _): return false
            case (.count(let a), .count(let b)): return a >= b
            case (.number(let a), .number(let b)): return PlainNumber("\(a)") >= PlainNumber("\(b)")
            case (.duration(let a), .duration(let b)): return a >= b
            case (.time(let a), .time(let b)): return a.nanosecondsSince1970 >= b.nanosecondsSince1970
            default: return false
            }
        }
    }

    @Test func nothingComesToNoValue() throws {
        let world = try QueryWorld(seed: 3, blockEvents: 16, count: 40)
        let engine = QueryEngine(world.store.snapshot(), now: 0)
        let aggregation = Aggregation(
            .count, .distinct(.user), .sum(.duration), .average(.duration), .min(.time),
            .max(.details(["n"])),
            .percentile(0.5, .duration))
        let table = try engine.aggregate(where: .none, aggregation)
        #expect(table.rows.count == 1)
        #expect(
            table.rows[0].figures.map(\.value) == [.count(0), .count(0), .none, .none, .none, .none, .none])
        #expect(try engine.aggregate(where: .none, aggregation.by(.user)).rows.isEmpty)
    }

    @Test func refusesWhatCannotBe() throws {
        let world = try QueryWorld(seed: 1, blockEvents: 16, count: 60) { event, _ in
            event.details = .object([("huge", .number("1e401")), ("tiny", .number("1e-401"))])
        }
        let engine = QueryEngine(world.store.snapshot(), now: 0)
        func kind(_ aggregation: Aggregation) -> QueryLimitError.Kind? {
            do {
                _ = try engine.aggregate(aggregation)
                return nil
            } catch { return (error as? QueryLimitError)?.kind }
        }
        #expect(kind(Aggregation(.sum(.user))) == .unfittingField)
        #expect(kind(Aggregation(.sum(.time))) == .unfittingField)
        #expect(kind(Aggregation(.percentile(0.5, .sequence))) == .unfittingField)
        #expect(kind(Aggregation(.max(.details([])))) == .unfittingField)
        #expect(kind(Aggregation(.distinct(.text))) == .ungroupableField)
        #expect(kind(Aggregation(.count).by(.text)) == .ungroupableField)
        #expect(kind(Aggregation(.percentile(1.5, .duration))) == .badPercentile)
        #expect(kind(Aggregation(.percentile(.nan, .duration))) == .badPercentile)
        #expect(kind(Aggregation(.count).every(.zero)) == .badBucket)
        #expect(kind(Aggregation(.count).by(.user).top(1, by: .sum(.duration))) == .unknownOrder)
        #expect(kind(Aggregation(.sum(.details(["huge"])))) == .numberOutOfRange)
        #expect(kind(Aggregation(.average(.details(["tiny"])))) == .numberOutOfRange)
        #expect(kind(Aggregation(.max(.details(["huge"])), .min(.details(["tiny"])))) == nil)
        #expect(kind(Aggregation(.count).by(.id).memory(1_000)) == .tooMuchMemory)
        #expect(kind(Aggregation(.distinct(.id)).memory(100)) == .tooMuchMemory)
        #expect(kind(Aggregation(.percentile(0.5, .duration)).memory(100)) == .tooMuchMemory)
    }
}

/// A row in values that compare by meaning.
struct PlainRow: Hashable {
    var start: Int64?
    var values: [[UInt8]]
    var figures: [String]

    init(_ row: AggregateTable.Row) {
        start = row.start?.nanosecondsSince1970
        values = row.values.map { Array($0.utf8) }
        figures = row.figures.map { figure in
            switch figure.value {
            case .none: "none"
            case .count(let count): "\(count)"
            case .number(let number): PlainNumber("\(number)").text
            case .duration(let nanoseconds): "\(nanoseconds)ns"
            case .time(let time): "\(time)"
            }
        }
    }

    init(start: Int64?, values: [[UInt8]], figures: [String]) {
        (self.start, self.values, self.figures) = (start, values, figures)
    }
}

/// What figures come to, worked out from the events one by one.
struct AggregateOracle {
    let events: [PlainEvent]
    let width: Int64?

    func rows(_ aggregation: Aggregation) -> [PlainRow] {
        struct Key: Hashable {
            var bucket: Int64?
            var values: [[UInt8]]
        }
        var groups: [Key: [PlainEvent]] = [:]
        if width == nil, aggregation.fields.isEmpty { groups[Key(bucket: nil, values: [])] = [] }
        for event in events {
            let values = aggregation.fields.map { Oracle(event: event).groupText($0) }
            if values.contains(nil) { continue }
            let bucket = width.map { event.time / $0 - (event.time % $0 < 0 ? 1 : 0) }
            groups[Key(bucket: bucket, values: values.map { Array(($0 ?? "").utf8) }), default: []].append(
                event)
        }
        return groups.map { key, events in
            let start = key.bucket.map { bucket in
                let (start, overflow) = bucket.multipliedReportingOverflow(by: width ?? 1)
                return overflow ? Int64.min : start
            }
            return PlainRow(
                start: start, values: key.values,
                figures: aggregation.aggregates.map { figure($0, events) })
        }
    }

    private func figure(_ aggregate: Aggregate, _ events: [PlainEvent]) -> String {
        guard let field = aggregate.field else { return "\(events.count)" }
        if aggregate.function == .distinct {
            return
                "\(Set(events.compactMap { Oracle(event: $0).groupText(field).map { Array($0.utf8) } }).count)"
        }
        let numbers = events.flatMap { self.numbers(field, $0) }.sorted()
        guard !numbers.isEmpty else { return "none" }
        switch aggregate.function {
        case .count, .distinct: return ""
        case .min: return text(numbers[0], field)
        case .max: return text(numbers[numbers.count - 1], field)
        case .sum: return text(numbers.reduce(.zero, +), field)
        case .average:
            return text(
                numbers.reduce(.zero, +).divided(
                    by: numbers.count, significantDigits: field == .duration ? nil : 20), field)
        case .percentile(let percentile):
            guard
                let share = AggregateTests.shares.first(where: {
                    Int(($0.value * 1e9).rounded()) == percentile.billionths
                })
            else { return "" }
            let rank = (numbers.count * share.numerator + share.denominator - 1) / share.denominator
            return text(numbers[max(rank, 1) - 1], field)
        }
    }

    private func numbers(_ field: Field, _ event: PlainEvent) -> [PlainNumber] {
        func all(_ model: Model?, _ path: FieldPath) -> [PlainNumber] {
            (model?.values(at: path.components[...]) ?? []).compactMap {
                if case .number(let text) = $0 { PlainNumber(text) } else { nil }
            }
        }
        switch field {
        case .time: return [PlainNumber(event.time)]
        case .recorded: return [PlainNumber(event.recorded)]
        case .sequence: return [PlainNumber(event.sequence)]
        case .duration: return event.duration.map { [PlainNumber($0)] } ?? []
        case .details(let path): return all(event.details, path)
        case .extra(let path): return all(event.extra, path)
        default: return []
        }
    }

    private func text(_ number: PlainNumber, _ field: Field) -> String {
        switch field {
        case .time, .recorded:
            Timestamp(nanosecondsSince1970: Int64(number.text) ?? 0).description
        case .duration: number.text + "ns"
        default: number.text
        }
    }
}
