import ArgumentParser
import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// `tallyroll export`
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Prints every event in sequence order, with the keys and values it came with.",
        discussion: """
            An event that came without an id has the one that the store made for it. --full adds what the store
            knows: sequence and recorded_at. An export can be ingested again.

            CSV follows RFC 4180: a header, CRLF line ends, quotes where they are needed. An absent value is empty, an
            empty text is "", details is JSON text; name values inside it (details.request.status) to have columns of
            their own. Use --spreadsheet for a file that a spreadsheet program is to open: what an event holds may
            otherwise be run as a formula. DuckDB and pandas read both formats, and DuckDB makes Parquet of them.

            Examples:
              tallyroll export --store audit > events.jsonl
              tallyroll export --store audit --format csv --fields time,user,action,result > events.csv
              tallyroll export --store audit | duckdb -c "copy (from read_json('/dev/stdin')) to 'events.parquet'"
            """)

    @OptionGroup var store: StoreOption

    @Option(help: "jsonl, csv or table.")
    var format = RowFormat.jsonl

    @Option(help: ArgumentHelp("Print only these, separated by commas.", valueName: "names"))
    var fields: String?

    @Flag(help: "Add the store's own keys.")
    var full = false

    @Flag(help: "In CSV, put an apostrophe before values that a spreadsheet program would run as formulas.")
    var spreadsheet = false

    func run() throws { try answering(answer) }

    private func answer() throws {
        let columns = try fields.map { (text) throws(CommandFailure) in try RowColumn.list(text) }
        let store = try ReadableStore(store)
        var printer = RowPrinter(
            format, columns: columns, form: full ? .full : .original, isForSpreadsheet: spreadsheet)
        var progress = ProgressLine("export")
        let snapshot = try store.snapshot()
        let total = Int(snapshot.endSequence - min(snapshot.firstSequence, snapshot.endSequence))
        try EventWalk.run(snapshot, RowPrinter.fields(format, columns)) { problem in
            store.warn(problem)
        } body: { record, place in
            try printer.print(record, place)
            if printer.count & 1023 == 0 {
                progress.update(done: printer.count, total: total, events: printer.count)
            }
        }
        progress.clear()
        try printer.flush()
        try store.finish()
    }
}
