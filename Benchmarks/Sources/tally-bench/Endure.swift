import ArgumentParser
import Foundation
import Tallyroll

/// Fills one store without end in sight and looks, now and then, whether anything grows that should not.
struct Endure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Fills one store and samples rate, memory, open files, bytes and question times as it grows.")

    @Option(help: "Events to append.") var events = 100_000_000
    @Option(help: "Seed of the generated events.") var seed: UInt64 = 1
    @Option(help: "Samples over the run.") var samples = 50
    @Option(help: "Events a commit.") var commit = 1000
    @Option(help: "Directory for the store.") var directory: String
    @Option(help: "File for the samples, as comma-separated values.") var output: String

    func run() async throws {
        let path = try Workspace.fresh(directory, "endurance")
        let log = try AuditLog.openBlocking(at: path)
        var source = EventSource(generated: events, seed: seed)
        guard let file = fopen(output, "w") else { throw Failure("cannot create \(output)") }
        defer { fclose(file) }
        // The first two samples come early, so that the small store is on the plot too.
        let step = max(commit, events / samples)
        let chunk = min(TallyrollContestant.chunk, step)
        var probes: [Question] = []
        var clock = (seconds: 0.0, events: 0)
        var next = min(1_000_000, step)
        while true {
            var chunkEvents: [AuditEvent] = []
            chunkEvents.reserveCapacity(chunk)
            while chunkEvents.count < chunk, let (event, _) = try source.next() { chunkEvents.append(event) }
            if chunkEvents.isEmpty { break }
            if probes.isEmpty {
                probes = Endure.probes(chunkEvents)
                fputs(Endure.header(probes), file)
            }
            let start = Measure.now()
            try Producers.append(chunkEvents, to: log, commit: commit, producers: 2)
            clock.seconds += Double(Measure.now() - start) / 1e9 + Measure.secondsToRest()
            clock.events += chunkEvents.count
            chunkEvents = []
            if source.count >= next || source.count == events {
                let rate = Double(clock.events) / clock.seconds
                clock = (0, 0)
                fputs(try await sample(log, path, source.count, rate, probes), file)
                fflush(file)
                next += step
            }
        }
        try log.closeBlocking()
        _ = try Workspace.fresh(directory, "endurance")
    }

    private static func header(_ probes: [Question]) -> String {
        "events,events_per_second,resident_bytes,allocated_bytes,open_files,disk_bytes,bytes_per_event,"
            + probes.map { "\($0.name)_ms" }.joined(separator: ",") + "\n"
    }

    /// Questions whose answers do not grow with the store.
    private static func probes(_ events: [AuditEvent]) -> [Question] {
        var choice = QuestionChoice(expected: events.count)
        for event in events { choice.see(event) }
        let kept: Set = ["latest_user_hot", "latest_user_middle", "user_types", "latest_resource", "get_id"]
        return choice.questions.filter { kept.contains($0.name) }
    }

    private func sample(
        _ log: AuditLog, _ path: String, _ count: Int, _ rate: Double, _ probes: [Question]
    ) async throws -> String {
        Measure.releaseFreeMemory()
        let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        let bytes = Workspace.files(path).reduce(0) { $0 + $1.bytes }
        let memory = Measure.residentBytes() ?? 0
        let allocated = Measure.allocatedBytes() ?? 0
        var times: [String] = []
        for probe in probes {
            let milliseconds = try await DedicatedThreads.perform {
                var asking = Asking()
                while asking.goesOn {
                    let turn = asking.turn
                    asking.add(try Measure.seconds { _ = try TallyrollQuestions.ask(probe, log, turn: turn) })
                }
                return Samples.percentile(0.5, asking.seconds) * 1e3
            }
            times.append(milliseconds.text(digits: 4))
        }
        let figures = [
            "\(count)", rate.text(digits: 0), "\(memory)", "\(allocated)", "\(files)", "\(bytes)",
            (Double(bytes) / Double(count)).text(digits: 2),
        ]
        return (figures + times).joined(separator: ",") + "\n"
    }
}
