import ArgumentParser
import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// `tallyroll query`
struct QueryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Prints the events that an expression means, newest first.",
        discussion: """
            On a terminal at most 100 events are printed unless --limit says otherwise, elsewhere all of them. When
            there are more than were printed, the cursor to go on from stands on standard error. With --json all is
            one object: events, next (a cursor or null), problems. With --explain the events are looked for and
            not printed; the plan and what it cost is.

            A cursor goes on from where a query ended, with the same expression and order: also after a restart, and
            without the events that were appended since the first page.

            --fields may name values inside details. In CSV an event without the field has nothing between the commas,
            and one that holds an empty text has "". Objects and arrays are JSON text. Use --spreadsheet for CSV that a
            spreadsheet program is to open: what an event holds may otherwise be run as a formula.

            Fields: id sequence time recorded user type severity action resource_type resource_id resource result
            error component message ip agent request session correlation duration details.<path> text.
            Operators: = != < <= > >= in (...) exists ~ contains and or not.

            Examples:
              tallyroll query --store audit 'user = alice@example.com and result = failure and time >= now-24h'
              tallyroll query --store audit 'details.cost_usd > 0.5' --fields time,user,details.cost_usd --format csv
              tallyroll query --store audit 'type in (authentication, authorization)' --limit 20 --explain
              tallyroll query --store audit 'result = denied' --limit 100 --cursor CURSOR
            """)

    @OptionGroup var store: StoreOption

    @Argument(help: "Which events; all of them without it.")
    var expression: String?

    @Option(help: "newest (by event time) or oldest (by sequence) first.")
    var order = QueryOrder.newest

    @Option(help: ArgumentHelp("Print at most so many.", valueName: "count"))
    var limit: Int?

    @Option(help: "Go on behind the last event of an earlier query.")
    var cursor: String?

    @OptionGroup var rows: RowOptions

    @Flag(help: "Print how the query is run and what that cost, instead of the events.")
    var explain = false

    @Flag(help: "With --explain: what became of each segment, too.")
    var segments = false

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    private static let terminalLimit = 100

    func validate() throws {
        if segments, !explain { throw ValidationError("--segments goes with --explain") }
        if let limit, limit < 0 { throw ValidationError("--limit is \(limit): use 0 or more") }
        if json, rows.format != nil, rows.format != .jsonl {
            throw ValidationError("--json and --format \(rows.format?.rawValue ?? ""): use one of them")
        }
    }

    func run() throws { try answering(answer) }

    private func answer() throws {
        let filter = try Filter(expression ?? "")
        let columns = try rows.columns()
        let start = try cursor.map { (text) throws(QueryCursorError) in try QueryCursor(text) }
        let store = try ReadableStore(store)
        let engine = try store.engine()
        let limit = limit ?? (Terminal.isOutput && !json ? QueryCommand.terminalLimit : nil)
        let results = try engine.events(
            where: filter, order: order, limit: limit.map { $0 == Int.max ? $0 : $0 + 1 }, after: start,
            fields: RowPrinter.fields(rows.format ?? .jsonl, columns), isTimed: explain)
        if explain {
            try runSilently(results, limit: limit)
            try StandardOutput.print(results.explanation, json: json, segments: segments)
        } else {
            try print(results, limit: limit, columns: columns, storeTag: engine.snapshot.storeTag, store)
        }
        store.warn(results.problems)
        try store.finish()
    }

    private func runSilently(_ results: QueryResults, limit: Int?) throws {
        var scratch = ByteWriter(capacity: 4096)
        var count = 0
        while count < limit ?? Int.max, try results.next(into: &scratch) != nil {
            scratch.removeAll()
            count += 1
        }
    }

    private func print(
        _ results: QueryResults, limit: Int?, columns: [RowColumn]?, storeTag: UInt64, _ store: ReadableStore
    ) throws {
        var printer = RowPrinter(
            rows.format ?? .jsonl, columns: columns, form: .full,
            separator: UInt8(ascii: json ? "," : "\n"), isForSpreadsheet: rows.spreadsheet)
        if json { printer.out.bytes.text("{\"events\":[") }
        var scratch = ByteWriter(capacity: 4096)
        var next: QueryCursor?
        while let row = try results.next(into: &scratch) {
            if printer.count == limit { break }
            // Asked before the row behind the limit is, so that it is the first of the next page.
            next = results.cursor
            try printer.print(
                try RecordView(scratch.view),
                RecordPlace(sequence: row.sequence, recordedAt: row.recordedAt, storeTag: storeTag))
            scratch.removeAll()
        }
        let hasMore = printer.count == limit && !scratch.view.isEmpty
        if json {
            var rest = Report([("next", hasMore ? .text(next.map { "\($0)" } ?? "") : .null)])
            rest.add("problems", .list(results.problems.map { .text("\($0)") }))
            var tail = ByteWriter()
            Report.write(.object(rest), into: &tail)
            printer.out.bytes.text("],")
            printer.out.bytes.bytes(tail.view.trusted(1, tail.count - 1))
            printer.out.bytes.u8(UInt8(ascii: "\n"))
        }
        try printer.flush()
        if hasMore, !json, let next { Terminal.say("next: \(next)") }
    }
}

extension QueryOrder: ExpressibleByArgument {}

/// How a command prints events.
struct RowOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Print only these, separated by commas.", valueName: "names"))
    var fields: String?

    @Option(help: "jsonl, table or csv.")
    var format: RowFormat?

    @Flag(help: "In CSV, put an apostrophe before values that a spreadsheet program would run as formulas.")
    var spreadsheet = false

    func columns() throws(CommandFailure) -> [RowColumn]? {
        guard let fields else { return nil }
        return try RowColumn.list(fields)
    }
}
