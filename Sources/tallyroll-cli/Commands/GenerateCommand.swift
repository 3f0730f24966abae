import ArgumentParser
import TallyrollFormat
import TallyrollWorkload

/// `tallyroll generate`
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Prints generated audit events as JSON lines: the same arguments give the same bytes everywhere.",
        discussion: """
            Examples:
              tallyroll generate 1000000 > events.jsonl
              tallyroll generate 1000 --seed 7 | tallyroll ingest --store audit
            """)

    @Argument(help: "How many events.")
    var count: Int

    @Option(help: "Which stream of events.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("When the first one happens, in seconds since 1970.", valueName: "seconds"))
    var start: Int64 = 1_767_225_600

    @Option(help: ArgumentHelp("The mean time between two, in microseconds.", valueName: "microseconds"))
    var gap = 2500.0

    func validate() throws {
        guard count >= 0 else { throw ValidationError("COUNT is \(count): use 0 or more") }
        guard WorkloadGenerator.startUnixSecondsRange.contains(start) else {
            throw ValidationError("--start is \(start): use a second of the years 1 to 9999")
        }
        guard WorkloadGenerator.meanGapMicrosecondsRange.contains(gap) else {
            throw ValidationError("--gap is \(gap): use 0 to 1e12 microseconds")
        }
    }

    func run() throws {
        var generator = WorkloadGenerator(
            count: count, seed: seed, startUnixSeconds: start, meanGapMicroseconds: gap)
        let piece = 256 << 10
        var bytes: [UInt8] = []
        bytes.reserveCapacity(piece + (4 << 10))
        while generator.next(into: &bytes) {
            guard bytes.count >= piece else { continue }
            try bytes.withView { try StandardOutput.write($0) }
            bytes.removeAll(keepingCapacity: true)
        }
        try bytes.withView { try StandardOutput.write($0) }
    }
}
