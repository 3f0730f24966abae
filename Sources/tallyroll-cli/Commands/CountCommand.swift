import ArgumentParser
import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// `tallyroll count`
struct CountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "count",
        abstract: "Counts the events that an expression means: all together, by fields, or by time.",
        discussion: """
            Without --by or --every the answer is a number. With --by it is one row a group, the value and the
            count, biggest first; events that lack one of the fields are in no group. With --every it is one row
            a span of event time that has events, in the order of time; with both, one row a group of a span.
            For sums, averages, percentiles and numbers of different values see tallyroll aggregate.

            Examples:
              tallyroll count --store audit 'result = failure and time >= now-7d'
              tallyroll count --store audit 'type = authentication' --by user --top 10
              tallyroll count --store audit 'result = denied' --every 1h
            """)

    @OptionGroup var store: StoreOption

    @Argument(help: "Which events; all of them without it.")
    var expression: String?

    @Option(help: ArgumentHelp("Count by these fields, separated by commas.", valueName: "fields"))
    var by: String?

    @Option(help: ArgumentHelp("Count by spans of event time: 1m, 1h, 1d ...", valueName: "span"))
    var every: String?

    @Option(help: ArgumentHelp("Print only so many groups.", valueName: "count"))
    var top: Int?

    @Flag(help: "Print how the count is made and what that cost, instead of the count.")
    var explain = false

    @Flag(help: "With --explain: what became of each segment, too.")
    var segments = false

    @Flag(help: "Print the answer as one JSON object.")
    var json = false

    func validate() throws {
        if segments, !explain { throw ValidationError("--segments goes with --explain") }
        if top != nil, by == nil { throw ValidationError("--top goes with --by") }
        if let top, top < 0 { throw ValidationError("--top is \(top): use 0 or more") }
    }

    func run() throws { try answering(answer) }

    private func answer() throws {
        let filter = try Filter(expression ?? "")
        let fields = try by.map { (text) throws(CommandFailure) in try RowColumn.list(text) }
        let span = try every.map { (text) throws(CommandFailure) in try SpanOption.parse(text, "--every") }
        let store = try ReadableStore(store)
        let engine = try store.engine()
        if let fields, let span {
            var aggregation = Aggregation(.count).by(fields.map(\.field)).every(nanoseconds: span)
            if let top { aggregation = aggregation.top(top, by: .count) }
            let table = try engine.aggregate(where: filter, aggregation, isTimed: explain)
            store.warn(table.problems)
            try print(table.explanation) { try print(table, by: fields, every: span) }
        } else if let fields {
            let counts = try engine.count(where: filter, by: fields.map(\.field), top: top, isTimed: explain)
            store.warn(counts.problems)
            try print(counts.explanation) { try print(counts, by: fields) }
        } else if let span {
            let histogram = try engine.histogram(where: filter, every: span, isTimed: explain)
            store.warn(histogram.problems)
            try print(histogram.explanation) { try print(histogram, every: span) }
        } else {
            let count = try engine.count(where: filter, isTimed: explain)
            store.warn(count.problems)
            try print(count.explanation) { try print(count) }
        }
        try store.finish()
    }

    private func print(_ explanation: QueryExplanation, or answer: () throws -> Void) throws {
        if explain {
            try StandardOutput.print(explanation, json: json, segments: segments)
        } else {
            try answer()
        }
    }

    private static func problems(_ problems: [QueryProblem]) -> Report.Value {
        .list(problems.map { .text("\($0)") })
    }

    private func print(_ count: EventCount) throws {
        if json {
            try Report([("count", .count(count.count)), ("problems", CountCommand.problems(count.problems))])
                .print()
        } else {
            var out = StandardOutput()
            try out.line("\(count.count)")
            try out.flush()
        }
    }

    private func print(_ counts: GroupCounts, by fields: [RowColumn]) throws {
        guard !json else {
            let groups = counts.groups.map { group in
                Report.Value.object(
                    Report([
                        ("values", .list(group.values.map { .text($0) })), ("count", .count(group.count)),
                    ]))
            }
            return try Report([
                ("by", .list(fields.map { .text($0.name) })), ("groups", .list(groups)),
                ("group_count", .count(counts.groupCount)),
                ("problems", CountCommand.problems(counts.problems)),
            ]).print()
        }
        var out = StandardOutput()
        for group in counts.groups {
            try out.line((group.values.map(OneLine.of) + ["\(group.count)"]).joined(separator: " "))
        }
        try out.flush()
    }

    private func print(_ table: AggregateTable, by fields: [RowColumn], every span: Int64) throws {
        guard !json else {
            return try FigurePrinter(table, by: fields.map(\.name), every: span).report().print()
        }
        var out = StandardOutput()
        for row in table.rows {
            let start = row.start.map { ["\($0)"] } ?? []
            let cells = start + row.values.map(OneLine.of) + row.figures.map { "\($0.value)" }
            try out.line(cells.joined(separator: " "))
        }
        try out.flush()
    }

    private func print(_ histogram: Histogram, every span: Int64) throws {
        guard !json else {
            let buckets = histogram.buckets.map { bucket in
                Report.Value.object(
                    Report([("start", .text("\(bucket.start)")), ("count", .count(bucket.count))]))
            }
            return try Report([
                ("every", .text(DurationText.format(span))), ("buckets", .list(buckets)),
                ("problems", CountCommand.problems(histogram.problems)),
            ]).print()
        }
        var out = StandardOutput()
        for bucket in histogram.buckets { try out.line("\(bucket.start) \(bucket.count)") }
        try out.flush()
    }
}
