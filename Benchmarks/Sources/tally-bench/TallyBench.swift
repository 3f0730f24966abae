import ArgumentParser
import Foundation
import Tallyroll

/// Measures Tallyroll, and what a user would pick instead, on the same prepared events. `tools/bench` runs it all.
@main
struct TallyBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tally-bench", abstract: "Measures Tallyroll beside what a user would pick instead.",
        subcommands: [Prepare.self, MeasureContestant.self, Endure.self, WriteUntilKilled.self])
}

/// Contestants that this program drives itself.
enum Contestant: String, CaseIterable, ExpressibleByArgument, Sendable {
    case tallyroll, segments, file, chained, sqlite

    var name: String {
        switch self {
        case .tallyroll: "Tallyroll"
        case .segments: "Tallyroll, many segments"
        case .file: "plain file"
        case .chained: "chained file"
        case .sqlite: "SQLite"
        }
    }
}

struct MeasureContestant: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "Measures one contestant and writes a result as JSON.")

    @Argument(help: "\(Contestant.allCases.map(\.rawValue).joined(separator: ", ")).")
    var contestant: Contestant
    @Option(help: "Directory that `prepare` wrote.") var prepared: String
    @Option(help: "Directory for stores; on the disk that is to be measured.") var work: String
    @Option(help: "File for the result.") var result: String
    @Option(help: "Seconds that one load of a peer may take; the rate is then that of the events loaded.")
    var seconds: Double?

    private static let small = 1000
    private static let bulk = 100_000
    private static let singles = 3000

    func run() async throws {
        let events = try Prepared(prepared)
        var figures = PeerResult(contestant.name, events.manifest)
        switch contestant {
        case .tallyroll: try await tallyroll(events, &figures)
        case .segments:
            try await TallyrollContestant(prepared: events, directory: work).manySegments(into: &figures)
        case .file, .chained: try file(events, &figures)
        case .sqlite: try sqlite(events, &figures)
        }
        try figures.write(to: result)
    }

    private func tallyroll(_ events: Prepared, _ figures: inout PeerResult) async throws {
        let contestant = TallyrollContestant(prepared: events, directory: work)
        figures.policy = TallyrollContestant.policy
        figures.durability = TallyrollContestant.durability
        figures.single = try contestant.singles(count: MeasureContestant.singles)
        for (commit, producers) in [(MeasureContestant.small, 1), (MeasureContestant.bulk, 2)] {
            try contestant.load("store", commit: commit, producers: producers, into: &figures)
        }
        // The store of the commits that logs really have is the one that is asked.
        try contestant.load("store", commit: MeasureContestant.small, producers: 2, into: &figures)
        try await contestant.stored("store", into: &figures)
        _ = try Workspace.fresh(work, "store")
        let path = try Workspace.fresh(work, "killed")
        figures.killedMilliseconds =
            try KilledWriter.openSeconds(after: 300_000, at: path, options: contestant.options) * 1e3
        _ = try Workspace.fresh(work, "killed")
    }

    private func file(_ events: Prepared, _ figures: inout PeerResult) throws {
        let contestant = FileContestant(
            prepared: events, directory: work, isChained: self.contestant == .chained)
        figures.policy =
            contestant.isChained
            ? "JSON lines, each with the SHA-256 of the hash before it and the line; no index"
            : "JSON lines; no index, no proof"
        figures.durability = FileContestant.durability
        figures.single = try contestant.singles(count: MeasureContestant.singles)
        for commit in [MeasureContestant.small, MeasureContestant.bulk] {
            try contestant.load("lines", commit: commit, into: &figures)
        }
        if contestant.isChained { figures.verify = try contestant.verify("lines") }
        _ = try Workspace.fresh(work, "lines")
    }

    private func sqlite(_ events: Prepared, _ figures: inout PeerResult) throws {
        let contestant = SQLiteContestant(
            prepared: events, directory: work, limit: TimeLimit(seconds: seconds))
        figures.version = SQLitePeer.version
        figures.policy = SQLiteContestant.policy
        figures.durability = SQLiteContestant.durability
        figures.single = try contestant.singles(count: MeasureContestant.singles)
        _ = try contestant.load("sqlite.db", commit: MeasureContestant.small, into: &figures)
        let whole = SQLiteContestant(prepared: events, directory: work, limit: TimeLimit())
        guard try whole.load("sqlite.db", commit: MeasureContestant.bulk, into: &figures) else { return }
        try contestant.stored("sqlite.db", into: &figures)
        figures.memoryBytes = Measure.peakBytes()
        for name in ["sqlite.db", "singles.db"] { _ = try Workspace.fresh(work, name) }
    }
}

/// The writer that is killed.
struct WriteUntilKilled: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Option var directory: String
    @Option var events: Int

    func run() throws { try KilledWriter.write(count: events, at: directory, options: StoreOptions()) }
}
