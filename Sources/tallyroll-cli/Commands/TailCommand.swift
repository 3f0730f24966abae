import ArgumentParser
import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// `tallyroll tail`
struct TailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Prints the last events in sequence order, and with -f those that follow.",
        discussion: """
            With -f no event is missed and none is printed twice, whatever the writer does meanwhile: seal, rotate
            its log, end, crash and begin again. What an application appended with less than disk durability is printed
            too. --from goes on where an earlier run ended: at the sequence behind the last one it printed.

            Examples:
              tallyroll tail --store audit
              tallyroll tail --store audit -n 0 -f 'result = denied or severity >= error'
              tallyroll tail --store audit --from 4711 -f --fields sequence,time,user,action
            """)

    @OptionGroup var store: StoreOption

    @Argument(help: "Which events; all of them without it.")
    var expression: String?

    @Option(name: .short, help: ArgumentHelp("How many.", valueName: "count"))
    var n = 10

    @Flag(name: .short, help: "Go on with events as they are appended, until interrupted.")
    var follow = false

    @Option(help: ArgumentHelp("Begin at this sequence, instead of the last events.", valueName: "sequence"))
    var from: UInt64?

    @OptionGroup var rows: RowOptions

    func validate() throws {
        if n < 0 { throw ValidationError("-n is \(n): use 0 or more") }
    }

    func run() throws { try answering(answer) }

    private func answer() throws {
        let filter = try Filter(expression ?? "")
        let store = try ReadableStore(store)
        var printer = RowPrinter(
            rows.format ?? .jsonl, columns: try rows.columns(), form: .full,
            isForSpreadsheet: rows.spreadsheet)
        let watcher = follow ? try store.watcher() : nil
        var generation = watcher?.signal.generation ?? 0
        var snapshot = try store.snapshot()
        let (start, skipped) = try from.map { ($0, 0) } ?? lastEvents(filter, in: snapshot)
        try check(start, in: snapshot)
        try print(filter, from: start, skipping: skipped, in: snapshot, &printer, store)
        while let watcher {
            watcher.signal.waitBlocking(beyond: generation)
            generation = watcher.signal.generation
            let end = snapshot.endSequence
            snapshot = try store.snapshot()
            try check(end, in: snapshot)
            guard snapshot.endSequence > end else { continue }
            watcher.noteChange()
            try print(filter, from: end, skipping: 0, in: snapshot, &printer, store)
        }
        try store.finish()
    }

    /// The log must reach up to where printing goes on.
    private func check(_ start: UInt64, in snapshot: StoreSnapshot) throws(CommandFailure) {
        guard start > snapshot.endSequence else { return }
        throw CommandFailure(
            .badInput,
            "the log ends before sequence \(snapshot.endSequence) and was to be printed from \(start): events were lost "
                + "before they were durable, or it is another log; use --from \(snapshot.endSequence)")
    }

    /// The sequence from which on the wanted events stand, and how many meant ones stand before them there.
    private func lastEvents(_ filter: Filter, in snapshot: StoreSnapshot) throws -> (
        start: UInt64, skipped: Int
    ) {
        let end = snapshot.endSequence
        guard n > 0 else { return (end, 0) }
        var span = UInt64(max(n, 1))
        while true {
            let start = end - min(span, end)
            let count = try ReadableStore.engine(snapshot).count(where: TailCommand.from(start, filter)).count
            if count >= n || start <= snapshot.firstSequence { return (start, max(count - n, 0)) }
            span = span.multipliedReportingOverflow(by: 8).overflow ? end : span * 8
        }
    }

    private static func from(_ sequence: UInt64, _ filter: Filter) -> Filter {
        .and([.comparison(.sequence, .greaterOrEqual, .integer(Int64(clamping: sequence))), filter])
    }

    private func print(
        _ filter: Filter, from start: UInt64, skipping skipped: Int, in snapshot: StoreSnapshot,
        _ printer: inout RowPrinter, _ store: ReadableStore
    ) throws {
        let results = try ReadableStore.engine(snapshot).events(
            where: TailCommand.from(start, filter), order: .oldest)
        var left = skipped
        var bytes = ByteWriter(capacity: 4096)
        while let row = try results.next(into: &bytes) {
            if left > 0 {
                left -= 1
            } else {
                try printer.print(
                    try RecordView(bytes.view),
                    RecordPlace(
                        sequence: row.sequence, recordedAt: row.recordedAt, storeTag: snapshot.storeTag))
            }
            bytes.removeAll()
        }
        try printer.flush()
        store.warn(results.problems)
    }
}
