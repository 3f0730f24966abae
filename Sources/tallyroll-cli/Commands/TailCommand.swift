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
            Examples:
              tallyroll tail --store audit
              tallyroll tail --store audit -n 0 -f 'result = denied or severity >= error'
            """)

    @OptionGroup var store: StoreOption

    @Argument(help: "Which events; all of them without it.")
    var expression: String?

    @Option(name: .short, help: ArgumentHelp("How many.", valueName: "count"))
    var n = 10

    @Flag(name: .short, help: "Go on with events as they are appended, until interrupted.")
    var follow = false

    @OptionGroup var rows: RowOptions

    private static let pollMicroseconds: UInt32 = 200_000

    func validate() throws {
        if n < 0 { throw ValidationError("-n is \(n): use 0 or more") }
    }

    func run() throws { try answering(answer) }

    private func answer() throws {
        let filter = try Filter(expression ?? "")
        let store = try ReadableStore(store)
        var printer = RowPrinter(rows.format ?? .jsonl, columns: try rows.columns(), form: .full)
        var watch = StoreWatch(store.place)
        var snapshot = try store.snapshot()
        let (start, skipped) = try lastEvents(filter, in: snapshot)
        try print(filter, from: start, skipping: skipped, in: snapshot, &printer, store)
        while follow {
            usleep(TailCommand.pollMicroseconds)
            guard try watch.mayHaveChanged() else { continue }
            let end = snapshot.endSequence
            snapshot = try store.snapshot()
            guard snapshot.endSequence > end else { continue }
            try print(filter, from: end, skipping: 0, in: snapshot, &printer, store)
        }
        try store.finish()
    }

    /// The sequence from which on the wanted events stand, and how many meant ones stand before them there.
    private func lastEvents(_ filter: Filter, in snapshot: StoreSnapshot) throws -> (start: UInt64, skipped: Int) {
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
