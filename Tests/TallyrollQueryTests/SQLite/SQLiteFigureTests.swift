import TallyrollFormat
import TallyrollQuery
import Testing

/// Figures, groups and stretches of time, against SQLite's.
@Suite("Figures against SQLite")
struct SQLiteFigureTests {
    private static let fields: [Field] = [
        .user, .type, .severity, .action, .resource, .resourceType, .component, .ip, .result, .id,
    ]
    private static let numbers: [Field] = [.duration, .details(["n"]), .details(["o", "n"])]

    @Test(arguments: OracleCases.seeds(8))
    func agree(_ seed: UInt64) throws {
        let blockEvents = [16, 64, 17, 1][Int(seed % 4)]
        var world = try QueryWorld(
            seed: seed &+ 40_000, blockEvents: blockEvents, count: blockEvents == 1 ? 50 : 260,
            manyValues: seed % 3 == 0 ? 200 : nil, hasZeros: false
        ) { event, generator in
            AggregateTests.addNumbers(&event, &generator, AggregateTests.integers)
            // Sums stay within what SQLite can add up.
            event.duration =
                generator.random.chance(70)
                ? generator.random.pick([0, 1, -3, 5_000_000, 999_999_999, 1 << 40]) : nil
        }
        let views = try world.views()
        let opinion = try SQLiteOpinion(world.events)
        for round in 0..<25 {
            let filter = world.generator.random.chance(40) ? .all : world.filter()
            let aggregates = (0..<4).map { _ in aggregate(&world.generator.random) }
            let fields = (0..<world.generator.random.pick([0, 1, 1, 2])).map { _ in
                world.generator.random.pick(SQLiteFigureTests.fields)
            }
            let width = world.generator.random.pick([nil, nil, 7_000_000_000, 3_600_000_000_000] as [Int64?])
            let way = QueryWay.random(&world.generator.random)
            var aggregation = Aggregation(aggregates).by(fields)
            if let width { aggregation = aggregation.every(.nanoseconds(width)) }
            let view = world.generator.random.pick(views)
            let table = try way { try view.aggregate(where: filter, aggregation) }
            let wanted = try opinion.figures(filter, aggregates, by: fields, every: width)
            let what: Comment = "seed \(seed) round \(round): \(aggregation), \(way), of \(filter)"
            #expect(table.groupCount == wanted.count && table.rows.count == wanted.count, what)
            for row in table.rows {
                let start = row.start.map { floorDivided($0.nanosecondsSince1970, width ?? 1) }
                let group = SQLiteOpinion.Group(stretch: start, values: row.values.map { Array($0.utf8) })
                guard let cells = wanted[group] else {
                    Issue.record("\(what): SQLite has no group \(group)")
                    continue
                }
                for (place, figure) in row.figures.enumerated() {
                    #expect(
                        agrees(figure.value, cells[place], isAverage: aggregates[place].function == .average),
                        "\(what) \(group): \(aggregates[place]) is \(figure), of SQLite \(cells[place])")
                }
            }
        }
    }

    private func aggregate(_ random: inout SplitMix64) -> Aggregate {
        let number = random.pick(SQLiteFigureTests.numbers)
        return switch random.below(7) {
        case 0: .count
        case 1: .distinct(random.pick(SQLiteFigureTests.fields + [.time, .duration, .sequence]))
        case 2: .min(random.pick([number, .time, .recorded, .sequence]))
        case 3: .max(random.pick([number, .time, .recorded, .sequence]))
        case 4, 5: .sum(number)
        default: .average(number)
        }
    }

    private func floorDivided(_ value: Int64, _ width: Int64) -> Int64 {
        value / width - (value % width < 0 ? 1 : 0)
    }

    private func agrees(_ value: AggregateValue, _ cell: SQLiteDatabase.Cell, isAverage: Bool) -> Bool {
        switch (value, cell) {
        case (.none, .null): true
        case (.count(let count), .integer(let wanted)): Int64(count) == wanted
        case (.time(let time), .integer(let wanted)): time.nanosecondsSince1970 == wanted
        case (.duration(let span), .integer(let wanted)): span == Int128(wanted)
        // Averages of SQLite are binary fractions: ours is the nearest whole number of nanoseconds.
        case (.duration(let span), .real(let wanted)): isAverage && abs(Double(span) - wanted) <= 0.501
        case (.number(let number), .integer(let wanted)): "\(number)" == "\(wanted)"
        case (.number(let number), .real(let wanted)):
            isAverage && abs((Double("\(number)") ?? .nan) - wanted) <= 1e-12 * max(1, abs(wanted))
        case (.number(let number), .text(let key)): Array(DecimalKey("\(number)").text.utf8) == key
        default: false
        }
    }
}
