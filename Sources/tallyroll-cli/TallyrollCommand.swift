import ArgumentParser

/// The program `tallyroll`.
@main
struct TallyrollCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tallyroll",
        abstract: "An append-only, tamper-evident log of audit events.",
        discussion: """
            A store is a directory. Data goes to standard output, everything else to standard error.
            Exit codes: 0 done, 1 done and the answer is bad news, 64 wrong usage, 65 bad input data,
            66 no such store, 73 cannot create, 74 input or output error, 75 the store has another writer.

            Examples:
              tallyroll generate 100000 | tallyroll ingest --store audit
              tallyroll query --store audit 'user = alice@example.com and result = failure'
              tallyroll verify --store audit
            """,
        subcommands: [
            IngestCommand.self, SealCommand.self, QueryCommand.self, CountCommand.self,
            AggregateCommand.self, GetCommand.self,
            TailCommand.self,
            VerifyCommand.self, StatsCommand.self, ExportCommand.self, GenerateCommand.self,
        ])

    static func main() {
        // A reader that went away shows as an error of `write`.
        signal(SIGPIPE, SIG_IGN)
        Interrupts.unblock()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            end(with: error)
        }
    }

    /// Ends the program with the exit code and the one line that an error stands for.
    private static func end(with error: any Error) -> Never {
        switch error {
        case is OutputClosed:
            systemExit(.done)
        case let failure as CommandFailure:
            if !failure.message.isEmpty { Terminal.complain(failure.message) }
            systemExit(failure.status)
        default:
            // Errors of the argument parser, and its ways to print help.
            guard exitCode(for: error) != .success else { exit(withError: error) }
            let text = message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
            let sentence = text.hasSuffix(".") ? String(text.dropLast()) : text
            Terminal.complain("\(sentence) (see '\(helpCommand())')")
            systemExit(.usage)
        }
    }

    private static func helpCommand() -> String {
        let names = Set(configuration.subcommands.compactMap { $0.configuration.commandName })
        let named = CommandLine.arguments.dropFirst().first { names.contains($0) }
        return named.map { "tallyroll \($0) --help" } ?? "tallyroll --help"
    }
}

private func systemExit(_ status: ExitStatus) -> Never { exit(status.rawValue) }
