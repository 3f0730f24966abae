import ArgumentParser
import Foundation
import Tallyroll

/// Measures Tallyroll through its public face, beside what a user would pick instead, in one run on the same events.
@main
struct TallyBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tally-bench", abstract: "Measures Tallyroll beside a plain file and SQLite.",
        subcommands: [Run.self, WriteUntilKilled.self])
}

/// What can be measured alone.
enum Part: String, CaseIterable, ExpressibleByArgument, Sendable {
    case ingest, bulk, singles, sizes, queries, verify, open
}

/// Where the events come from.
struct Input: ParsableArguments {
    @Option(help: "Events to generate, or to read of the corpus at most.") var events: Int?
    @Option(help: "A file of JSON lines, plain or gzip, instead of generated events.") var corpus: String?
    @Option(help: "Seed of the generated events.") var seed: UInt64 = 1

    func workload() throws -> Workload {
        if let corpus { return try Workload.file(corpus, limit: events) }
        return try Workload.generated(events ?? 1_000_000, seed: seed)
    }

    func validate() throws {
        if let events, events < 1 { throw ValidationError("--events is at least 1") }
    }
}

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures and prints tables; progress goes to standard error.")

    @OptionGroup var input: Input
    @Option(help: "Directory for the stores; on the disk that is to be measured.") var directory = "."
    @Option(help: "Runs; figures are their median.") var runs = 3
    @Option(
        help: "Parts to measure: \(Part.allCases.map(\.rawValue).joined(separator: ", ")). All unless given.")
    var only: [Part] = []
    @Option(help: "Producers of the ingest part. 1 and 2 unless given.") var producers: [Int] = []
    @Flag(help: "Measure Tallyroll alone.") var noPeers = false
    @Flag(help: "Print one JSON object instead of tables.") var json = false
    @Option(help: "Write the tables to this file, as Markdown.") var markdown: String?

    func validate() throws {
        if runs < 1 { throw ValidationError("--runs is at least 1") }
        if producers.contains(where: { $0 < 1 }) { throw ValidationError("--producers is at least 1") }
    }

    func run() async throws {
        let machine = Machine()
        Report.progress("preparing events")
        let workload = try input.workload()
        let workspace = try Workspace(directory)
        defer { workspace.remove() }
        let command = (["tally-bench"] + CommandLine.arguments.dropFirst()).joined(separator: " ")
        let session = try Session(
            workload, workspace, Report(title: workload.name, command: command, machine: machine),
            parts: only.isEmpty ? Set(Part.allCases) : Set(only),
            producers: producers.isEmpty ? [1, 2] : producers,
            hasPeers: !noPeers)
        for number in 1...runs {
            Report.progress("run \(number) of \(runs)")
            try await session.run()
        }
        let report = session.report(runs: runs)
        if let markdown {
            try (report.markdown() + "\n").write(toFile: markdown, atomically: true, encoding: .utf8)
        }
        print(json ? try report.json() : report.markdown())
    }
}

/// The writer that `Run` kills.
struct WriteUntilKilled: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @OptionGroup var input: Input
    @Option var directory: String

    func run() throws {
        try KilledWriter.write(try input.workload(), at: directory, options: StoreOptions())
    }
}
