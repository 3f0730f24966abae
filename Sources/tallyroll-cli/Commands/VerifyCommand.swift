import ArgumentParser
import TallyrollStore

/// `tallyroll verify`
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Reads the whole store again, recomputes every hash, and says whether anything was changed.",
        discussion: """
            It may run while the store is being written. The exit code is 0 only when the store is intact. Every
            problem is named with its segment, block and sequence.

            Examples:
              tallyroll verify --store audit
              tallyroll verify --store audit --quick --json
            """)

    @OptionGroup var store: StoreOption

    @Flag(help: "Check headers, directories, chain links and subtree roots only; hash no event again.")
    var quick = false

    @Flag(help: "Report as one JSON object on standard output.")
    var json = false

    func run() throws { try answering(answer) }

    private func answer() throws {
        let store = try ReadableStore(store)
        let snapshot = try store.follower.refresh()
        let known = store.follower.problems.map { problem in
            VerificationProblem(.damaged, file: problem.file, problem.message)
        }
        Interrupts.watch()
        let progress = Monitor(ProgressLine("verify"))
        let options = VerificationOptions(
            isQuick: quick,
            progress: { done, total in
                progress.withLock { $0.update(done: Int(done), total: Int(total), events: Int(done)) }
            }, isCancelled: { Interrupts.isWanted })
        let started = steadyNanoseconds()
        let report = try Verifier(snapshot, options: options, knownProblems: known).run()
        progress.withLock { $0.clear() }
        let seconds = Double(steadyNanoseconds() - started) / 1e9
        if json {
            try VerifyCommand.json(report, seconds: seconds).print()
        } else {
            try VerifyCommand.print(report, seconds: seconds)
        }
        if !report.verdict.isGood { throw CommandFailure.badNews }
    }

    private static func json(_ report: VerificationReport, seconds: Double) -> Report {
        let problems = report.problems.map { problem in
            Report.Value.object(
                Report([
                    ("kind", .text(problem.kind.rawValue)),
                    ("segment", problem.segment.map { .count(Int($0)) } ?? .null),
                    ("block", problem.block.map { .count($0) } ?? .null),
                    ("sequence", problem.sequences.map { .count(Int($0.lowerBound)) } ?? .null),
                    ("last_sequence", problem.sequences?.last.map { .count(Int($0)) } ?? .null),
                    ("file", problem.file.map { .text($0) } ?? .null),
                    ("offset", problem.offset.map { .count($0) } ?? .null),
                    ("what", .text(problem.message)),
                ]))
        }
        return Report([
            ("verdict", .text(report.verdict.rawValue)), ("events", .count(Int(report.events))),
            ("segments", .count(report.segments)),
            ("chain_head", report.chainHead.map { .text($0) } ?? .null),
            ("tree_size", .count(Int(report.treeSize))),
            ("tree_root", report.treeRoot.map { .text($0) } ?? .null),
            ("problems", .list(problems)), ("seconds", .number(Figures.rounded(seconds, 6))),
        ])
    }

    private static func print(_ report: VerificationReport, seconds: Double) throws {
        var out = StandardOutput()
        try out.line("verdict     \(report.verdict.rawValue)")
        try out.line("events      \(Figures.count(Int(report.events)))")
        try out.line("segments    \(Figures.count(report.segments))")
        try out.line("chain head  \(report.chainHead ?? "unknown")")
        try out.line("tree size   \(report.treeSize)")
        try out.line("tree root   \(report.treeRoot ?? "unknown")")
        for problem in report.problems { try out.line("problem     \(problem)") }
        try out.flush()
        let speed = seconds > 0 ? Double(report.events) / seconds : 0
        Terminal.say("verified in \(Figures.seconds(seconds)) (\(Figures.count(Int(speed))) events/s)")
    }
}
