import ArgumentParser
import TallyrollFormat
import TallyrollStore

/// `tallyroll ingest`
struct IngestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest",
        abstract:
            "Appends events from files or standard input to a store, creating the store if there is none.",
        discussion: """
            Files may be JSON lines (one event a line) or AWS CloudTrail, compressed with gzip or not. The command
            returns when everything is in the store with the durability asked for. A line that is no event is
            named with its file, line and column; what went in before it stays.

            Examples:
              tallyroll ingest --store audit events.jsonl more.jsonl.gz
              zcat old/*.gz | tallyroll ingest --store audit --on-error skip
              tallyroll ingest --store audit --format cloudtrail 123456789012_CloudTrail_*.json.gz
            """)

    @OptionGroup var store: StoreOption

    @Argument(help: "Files to read; - or none for standard input.")
    var files: [String] = []

    @Option(help: "What the input is: auto, jsonl or cloudtrail.")
    var format = InputFormat.auto

    @Option(help: "At a line that is no event: stop, or skip it, say so and go on.")
    var onError = ErrorPolicy.stop

    @Option(help: "When events count as stored: disk (synced), os (written) or memory.")
    var durability = Durability.disk

    @Option(help: "An event whose id is there already: keep it, skip it, or reject it as a bad line.")
    var onDuplicate = DuplicatePolicy.keep

    @OptionGroup(title: "Layout of a new store") var layout: LayoutOptions

    @Flag(help: "Report as one JSON object on standard output.")
    var json = false

    func run() throws { try answering(importAll) }

    private func importAll() throws {
        let inputs = files.isEmpty ? ["-"] : files
        var bytesTotal: Int? = 0
        for input in inputs where input != "-" { try InputFile.check(input) }
        for input in inputs {
            guard let total = bytesTotal, let size = try InputFile(input).size else {
                bytesTotal = nil
                break
            }
            bytesTotal = total + size
        }
        let place = StorePlace(path: try store.path())
        let options = try layout.options(for: place)
        Interrupts.watch()
        let started = steadyNanoseconds()
        let log = try WritableStore(place, options: options)
        var importer = try Importer(
            log.store, durability: durability, onError: onError, onDuplicate: onDuplicate,
            bytesTotal: bytesTotal)
        let ending = IngestCommand.importInputs(inputs, format: format, with: &importer)
        let (events, failure) = importer.sender.acknowledgements.wait()
        importer.clearProgress()
        let closing = log.store.close()
        let seconds = Double(steadyNanoseconds() - started) / 1e9
        try report(
            IngestReport(
                events: events, rejected: importer.rejected,
                skipped: onDuplicate == .skip ? importer.skipped : nil,
                seconds: seconds, bytesOnDisk: try place.bytesOnDisk()))
        if let failure = failure ?? closing {
            let cause = CommandFailure(failure)
            throw CommandFailure(cause.status, "\(cause.message); \(IngestCommand.inStore(events)) before it")
        }
        switch ending {
        case .stopped(let reason):
            throw CommandFailure(
                .badInput,
                "\(reason); \(IngestCommand.inStore(events)) before it: mend it, or use --on-error skip")
        case .failed(let failure):
            throw CommandFailure(
                failure.status, "\(failure.message); \(IngestCommand.inStore(events)) before it")
        case .interrupted:
            throw CommandFailure(
                .interrupted, "interrupted: \(IngestCommand.inStore(events)) and stayed there")
        case .complete:
            if importer.rejected > 0 { throw CommandFailure.badNews }
        }
    }

    private enum Ending {
        case complete
        case interrupted
        case stopped(reason: String)
        case failed(CommandFailure)
    }

    private static func importInputs(
        _ inputs: [String], format: InputFormat, with importer: inout Importer
    ) -> Ending {
        var ending = Ending.complete
        do {
            for input in inputs where !Interrupts.isWanted { try importer.read(input, format: format) }
            if Interrupts.isWanted { ending = .interrupted }
        } catch let stopped as Importer.Stopped {
            ending = .stopped(reason: stopped.reason)
        } catch {
            ending = .failed(CommandFailure.wrapping(error))
        }
        do {
            try importer.sender.send()
        } catch {
            if case .complete = ending { ending = .failed(CommandFailure.wrapping(error)) }
        }
        return ending
    }

    private static func inStore(_ events: Int) -> String {
        events == 0 ? "no event went in" : "\(Figures.count(events, "event")) went in"
    }

    private func report(_ report: IngestReport) throws {
        if json {
            try report.json.print()
        } else {
            Terminal.say(report.text)
        }
    }
}

/// What an import came to.
private struct IngestReport {
    var events: Int
    var rejected: Int
    /// Duplicates left out, where that was asked for.
    var skipped: Int?
    var seconds: Double
    var bytesOnDisk: Int

    private var eventsPerSecond: Double { seconds > 0 ? Double(events) / seconds : 0 }

    var json: Report {
        var report = Report([
            ("events", .count(events)), ("rejected", .count(rejected)),
            ("seconds", .number(Figures.rounded(seconds, 6))),
            ("events_per_second", .number(Figures.rounded(eventsPerSecond, 1))),
            ("bytes_on_disk", .count(bytesOnDisk)),
        ])
        if let skipped { report.add("skipped", .count(skipped)) }
        return report
    }

    var text: String {
        var text = "\(Figures.count(events, "event")) in \(Figures.seconds(seconds))"
        text += " (\(Figures.count(Int(eventsPerSecond)))/s), \(Figures.bytes(bytesOnDisk)) on disk"
        if let skipped { text += ", \(Figures.count(skipped, "duplicate")) skipped" }
        if rejected > 0 { text += ", \(Figures.count(rejected, "line")) rejected" }
        return text
    }
}

extension DuplicatePolicy: ExpressibleByArgument {}
extension InputFormat: ExpressibleByArgument {}
extension ErrorPolicy: ExpressibleByArgument {}

extension Durability: ExpressibleByArgument {
    /// The value that an argument names.
    public init?(argument: String) {
        guard let match = Durability.allCases.first(where: { $0.word == argument }) else { return nil }
        self = match
    }

    /// What the help lists.
    public static var allValueStrings: [String] { allCases.reversed().map(\.word) }

    /// How the help names a default.
    public var defaultValueDescription: String { word }

    private var word: String {
        switch self {
        case .disk: "disk"
        case .os: "os"
        case .memory: "memory"
        }
    }
}
