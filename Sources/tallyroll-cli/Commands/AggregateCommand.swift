import ArgumentParser
import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// `tallyroll aggregate`
struct AggregateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "aggregate",
        abstract:
            "Works out sums, averages, percentiles and the like over the events that an expression means.",
        discussion: """
            Prints one row a group, or one row for all events without --by and --every. Each row has the number of
            events, then the figures asked for: different values, sums, averages, smallest, largest, percentiles.
            Numbers are those of duration and of details.<path> or extra.<path>, by their exact decimal value; min
            and max know time, recorded and sequence too. Strings that look like numbers are none. A figure over no
            values is - in a table, null in JSON, empty in CSV.

            Rows come by time with --every, else with the most events first; --order-by names any column. Counts of
            different values and percentiles over very many values are estimates, and are marked: ~ in a table, a
            list named approximate in JSON. In JSON and CSV spans are milliseconds, and their columns end in _ms.

            Examples:
              tallyroll aggregate --store audit --avg duration --percentile 50,95,99:duration --by type
              tallyroll aggregate --store audit 'result = failure' --distinct user --every 1h
              tallyroll aggregate --store audit --sum details.tokens,details.cost_usd --by user \\
                --order-by sum_details.cost_usd --top 10 --format csv
            """)

    @OptionGroup var store: StoreOption

    @Argument(help: "Which events; all of them without it.")
    var expression: String?

    @Option(help: ArgumentHelp("Group by these fields, separated by commas.", valueName: "fields"))
    var by: String?

    @Option(help: ArgumentHelp("Group by spans of event time: 1m, 1h, 1d ...", valueName: "span"))
    var every: String?

    @Option(help: ArgumentHelp("Count the different values of these fields.", valueName: "fields"))
    var distinct: [String] = []

    @Option(help: ArgumentHelp("Add up these fields.", valueName: "fields"))
    var sum: [String] = []

    @Option(help: ArgumentHelp("Average these fields.", valueName: "fields"))
    var avg: [String] = []

    @Option(help: ArgumentHelp("The smallest values of these fields.", valueName: "fields"))
    var min: [String] = []

    @Option(help: ArgumentHelp("The largest values of these fields.", valueName: "fields"))
    var max: [String] = []

    @Option(
        help: ArgumentHelp("Percentiles of fields, as in 95,99.9:duration.", valueName: "percents:fields"))
    var percentile: [String] = []

    @Option(
        help: ArgumentHelp("Put the rows in the order of this column, largest first.", valueName: "column"))
    var orderBy: String?

    @Flag(help: "With --order-by: smallest first.")
    var ascending = false

    @Option(help: ArgumentHelp("Print only so many rows.", valueName: "count"))
    var top: Int?

    @Option(help: "table, jsonl or csv.")
    var format = RowFormat.table

    @Flag(help: "Print how the figures are worked out and what that cost, instead of them.")
    var explain = false

    @Flag(help: "With --explain: what became of each segment, too.")
    var segments = false

    @Flag(help: "Print the answer as one JSON object.")
    var json = false

    func validate() throws {
        if let top, top < 0 { throw ValidationError("--top is \(top): use 0 or more") }
        if ascending, orderBy == nil { throw ValidationError("--ascending goes with --order-by") }
    }

    func run() throws { try answering(answer) }

    private func answer() throws {
        let filter = try Filter(expression ?? "")
        let fields = try by.map { (text) throws(CommandFailure) in try RowColumn.list(text) } ?? []
        let span = try every.map { (text) throws(CommandFailure) in try SpanOption.parse(text, "--every") }
        let aggregation = try aggregation(fields, span)
        let store = try ReadableStore(store)
        let table = try store.engine().aggregate(where: filter, aggregation, isTimed: explain)
        store.warn(table.problems)
        if explain {
            try StandardOutput.print(table.explanation, json: json, segments: segments)
        } else {
            let printer = FigurePrinter(table, by: fields.map(\.name), every: span)
            if json { try printer.report().print() } else { try printer.print(format) }
        }
        try store.finish()
    }

    private func aggregation(_ fields: [RowColumn], _ span: Int64?) throws(CommandFailure) -> Aggregation {
        var aggregates = [Aggregate.count]
        func add(_ lists: [String], _ make: (Field) -> Aggregate) throws(CommandFailure) {
            for list in lists { aggregates += try RowColumn.list(list).map { make($0.field) } }
        }
        try add(distinct) { .distinct($0) }
        try add(sum) { .sum($0) }
        try add(avg) { .average($0) }
        try add(min) { .min($0) }
        try add(max) { .max($0) }
        for list in percentile {
            let parts = list.split(separator: ":", maxSplits: 1)
            let shares = parts.first?.split(separator: ",").map { Percentile(percents: $0) } ?? []
            guard parts.count == 2, !shares.isEmpty, !shares.contains(nil) else {
                throw CommandFailure(
                    .usage, "--percentile '\(list)': use percents and fields such as 95,99.9:duration")
            }
            try add([String(parts[1])]) { Aggregate(.percentile(shares[0] ?? .median), $0) }
            for share in shares.dropFirst() {
                try add([String(parts[1])]) { Aggregate(.percentile(share ?? .median), $0) }
            }
        }
        var aggregation = Aggregation(aggregates).by(fields.map(\.field))
        if let span { aggregation = aggregation.every(nanoseconds: span) }
        if let top { aggregation = aggregation.top(top) }
        return aggregation.ordered(try order(aggregation))
    }

    private func order(_ aggregation: Aggregation) throws(CommandFailure) -> Aggregation.Order {
        guard let orderBy else { return aggregation.order }
        if orderBy == FigurePrinter.startName { return .group }
        for aggregate in aggregation.aggregates
        where orderBy == aggregate.description || orderBy == FigurePrinter.name(aggregate) {
            return .aggregate(aggregate, isAscending: ascending)
        }
        let names = [FigurePrinter.startName] + aggregation.aggregates.map(\.description)
        throw CommandFailure(
            .usage, "--order-by '\(orderBy)': use one of \(names.joined(separator: ", "))")
    }
}

/// Spans as options take them.
enum SpanOption {
    static func parse(_ text: String, _ option: String) throws(CommandFailure) -> Int64 {
        guard let span = DurationText.parse(text), span > 0 else {
            throw CommandFailure(.usage, "\(option) '\(text)': use a span such as 1m, 15m, 1h or 1d")
        }
        return span
    }
}
