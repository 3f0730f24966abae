import Foundation
import Tallyroll

/// All measurements of one workload. Runs are repeated; contestants take turns within each, so that what else the
/// machine does falls on all of them alike.
final class Session {
    private let workload: Workload
    private let workspace: Workspace
    private var report: Report
    private let parts: Set<Part>
    private let producers: [Int]
    private let hasPeers: Bool
    private let questions: Questions
    private let options = StoreOptions()

    /// A commit's events, in bulk.
    private static let bulk = 100_000
    /// Appends whose latency is measured one by one.
    private static let singles = 3000
    /// A question is asked so often, or for so long, whichever comes first; but never less than a few times.
    private static let askings = 500
    private static let askingSeconds = 1.0
    private static let askingsMin = 3

    init(
        _ workload: Workload, _ workspace: Workspace, _ report: Report, parts: Set<Part>, producers: [Int],
        hasPeers: Bool
    ) throws {
        self.workload = workload
        self.workspace = workspace
        self.report = report
        self.parts = parts
        self.producers = producers
        self.hasPeers = hasPeers
        questions = try Questions(workload)
    }

    /// The report, completed with what all runs have in common.
    func report(runs: Int) -> Report {
        var report = report
        report.conditions = [
            "Events: \(workload.count), \(workload.bytesPerEvent.text(digits: 0)) bytes each as JSON; \(runs) runs.",
            "Tallyroll: default options; every append durable (fdatasync) before it is acknowledged; chained, "
                + "indexed, compressed. “CPU” and “until closed” include all background work.",
            "Plain file: the events' JSON lines, written and synced (fdatasync) by the same number of events; no "
                + "index, no proof. Chained file: the same with a SHA-256 chain over the lines.",
        ]
        if hasPeers {
            report.conditions.append(
                "SQLite \(SQLitePeer.version): \(SQLitePeer.policy); indexes on id, (user, time), (type, time), "
                    + "(resource, time); one connection; each column of each row is read, none is made a value."
            )
        }
        if parts.contains(.queries), !questions.subjects.isEmpty {
            report.conditions.append(
                "Questions are asked warm, one at a time, through the public face; "
                    + "\(questions.subjects.joined(separator: "; ")).")
        }
        return report
    }

    func run() async throws {
        if parts.contains(.ingest) { try ingest() }
        if parts.contains(.bulk) { try bulk() }
        if parts.contains(.singles) { try singles() }
        if !parts.isDisjoint(with: [.sizes, .queries, .verify, .open]) { try await stored() }
        if parts.contains(.open) { try killed() }
    }

    // MARK: Ingest

    private func ingest() throws {
        for count in producers { try ingest(batch: 1000, producers: count) }
    }

    private func bulk() throws {
        let count = producers.max() ?? 1
        try ingest(batch: Session.bulk, producers: count)
    }

    private func ingest(batch: Int, producers count: Int) throws {
        let section = "Durable ingest"
        let name = "commits of \(batch) events, \(count) producer\(count == 1 ? "" : "s")"
        let events = Double(workload.count)
        func add(_ contestant: Contestant, _ cost: IngestCost) {
            report.add(
                section, name, unit: "events/s", higherIsBetter: true, contestant, events / cost.seconds)
            report.add(
                section, "\(name): CPU", unit: "µs an event", contestant, cost.cpuSeconds / events * 1e6)
        }
        let path = try workspace.fresh("ingest")
        let cost = try TallyrollIngest.run(
            workload, at: path, batch: batch, producers: count, options: options)
        add(.tallyroll, cost)
        report.add(
            section, "\(name): until closed", unit: "events/s", higherIsBetter: true, .tallyroll,
            events / cost.secondsToClose)
        if let peak = cost.peakBytes {
            report.add(section, "\(name): memory", unit: "MiB", .tallyroll, Double(peak) / 1_048_576)
        }
        _ = try workspace.fresh("ingest")
        guard hasPeers else { return }
        for (contestant, isChained) in [(Contestant.file, false), (.chainedFile, true)] {
            let file = try workspace.fresh("lines")
            add(contestant, try FileIngest.run(workload, at: file, batch: batch, isChained: isChained))
            _ = try workspace.fresh("lines")
        }
        // One connection writes at a time, whatever the number of producers: SQLite is measured once for each size.
        guard batch != 1000 || count == producers.first else { return }
        var loaded = IngestCost()
        let peer = try SQLitePeer(try freshDatabase())
        try peer.createTable()
        let cpu = Measure.cpuSeconds()
        loaded.seconds = try Measure.seconds { try peer.insert(workload, 0..<workload.count, batch: batch) }
        loaded.cpuSeconds = Measure.cpuSeconds() - cpu
        add(.sqlite, loaded)
    }

    private func singles() throws {
        let section = "Durable ingest"
        func add(_ contestant: Contestant, _ times: [Double]) {
            for (label, part) in [("p50", 0.5), ("p99", 0.99)] {
                report.add(
                    section, "one event alone, \(label)", unit: "ms", contestant,
                    Samples.percentile(part, times) * 1e3)
            }
        }
        let path = try workspace.fresh("singles")
        add(
            .tallyroll,
            try TallyrollIngest.singles(workload, count: Session.singles, at: path, options: options))
        _ = try workspace.fresh("singles")
        guard hasPeers else { return }
        add(.file, try FileIngest.singles(workload, count: Session.singles, at: try workspace.fresh("lines")))
        let peer = try SQLitePeer(try freshDatabase())
        try peer.createTable()
        add(
            .sqlite,
            try (0..<min(Session.singles, workload.count)).map { index in
                try Measure.seconds { try peer.insert(workload, index..<index + 1, batch: 1) }
            })
    }

    private func freshDatabase() throws -> String {
        for suffix in ["-wal", "-shm"] { _ = try workspace.fresh("sqlite.db\(suffix)") }
        return try workspace.fresh("sqlite.db")
    }

    // MARK: A store that holds all events

    private func stored() async throws {
        let path = try workspace.fresh("store")
        var log = try AuditLog.openBlocking(at: path, options: options)
        try TallyrollIngest.append(workload, to: log, batch: 10_000, producers: 2)
        try await log.seal()
        try log.closeBlocking()
        var peer: SQLitePeer?
        if hasPeers {
            let loaded = try SQLitePeer(try freshDatabase())
            try loaded.createTable()
            try loaded.insert(workload, 0..<workload.count, batch: Session.bulk)
            try loaded.settle()
            peer = loaded
        }
        if parts.contains(.sizes) { try sizes(path) }
        if parts.contains(.open) { try await cold(path, &peer) }
        log = try AuditLog.openBlocking(at: path, options: options)
        if parts.contains(.queries) { try await ask(log, peer) }
        if parts.contains(.verify) { try await verify(log) }
        try log.closeBlocking()
        peer = nil
        _ = try workspace.fresh("store")
    }

    private func sizes(_ path: String) throws {
        let section = "Bytes an event"
        let events = Double(workload.count)
        let all = Workspace.files(path).reduce(0) { $0 + $1.bytes }
        report.add(section, "all", unit: "bytes", .tallyroll, Double(all) / events)
        report.add(section, "all", unit: "bytes", .file, Double(workload.text.count) / events)
        if hasPeers,
            let database = Workspace.files(workspace.root).first(where: { $0.path.hasSuffix("sqlite.db") })
        {
            report.add(section, "all", unit: "bytes", .sqlite, Double(database.bytes) / events)
        }
        for part in try Sizes.parts(ofStore: path) where Double(part.bytes) / events >= 0.01 {
            report.add(
                "Bytes an event by part", part.name, unit: "bytes", .tallyroll, Double(part.bytes) / events)
        }
    }

    private func cold(_ path: String, _ peer: inout SQLitePeer?) async throws {
        let section = "Opening"
        guard let question = questions.all.first else { return }
        let name = "files not in memory, to the first answer (\(question.name))"
        Workspace.evict(path)
        var log: AuditLog?
        let seconds = try await Measure.seconds {
            let opened = try AuditLog.openBlocking(at: path, options: options)
            _ = try await question.ask(opened, 0)
            log = opened
        }
        try log?.closeBlocking()
        report.add(section, name, unit: "ms", .tallyroll, seconds * 1e3)
        guard peer != nil else { return }
        peer = nil
        let database = workspace.path("sqlite.db")
        Workspace.evict(workspace.root)
        let other = try Measure.seconds {
            let opened = try SQLitePeer(database)
            _ = try opened.ask(question.sql, question.values(0))
            peer = opened
        }
        report.add(section, name, unit: "ms", .sqlite, other * 1e3)
    }

    private func ask(_ log: AuditLog, _ peer: SQLitePeer?) async throws {
        for question in questions.all {
            var answer = 0
            var times: [Double] = []
            var sum = 0.0
            var cpu = Measure.cpuSeconds()
            while Session.goesOn(times.count, sum) {
                let turn = times.count
                let seconds = try await Measure.seconds { answer = try await question.ask(log, turn) }
                times.append(seconds)
                sum += seconds
            }
            add(question, .tallyroll, times, cpu: Measure.cpuSeconds() - cpu)
            guard let peer else { continue }
            times = []
            sum = 0
            cpu = Measure.cpuSeconds()
            var other = 0
            while Session.goesOn(times.count, sum) {
                let turn = times.count
                let seconds = try Measure.seconds {
                    other = try peer.ask(question.sql, question.values(turn))
                }
                times.append(seconds)
                sum += seconds
            }
            add(question, .sqlite, times, cpu: Measure.cpuSeconds() - cpu)
            if question.isComparable, answer != other {
                report.note("\(question.name): Tallyroll answers \(answer), SQLite \(other).")
            }
        }
    }

    private static func goesOn(_ count: Int, _ seconds: Double) -> Bool {
        count < askingsMin || (count < askings && seconds < askingSeconds)
    }

    private func add(_ question: Question, _ contestant: Contestant, _ times: [Double], cpu: Double) {
        report.add(
            "Questions: CPU of one asking", question.name, unit: "ms", contestant,
            cpu / Double(times.count) * 1e3)
        for (label, part) in [("p50", 0.5), ("p99", 0.99)] {
            report.add(
                "Questions", "\(question.name), \(label)", unit: "ms", contestant,
                Samples.percentile(part, times) * 1e3)
        }
    }

    private func verify(_ log: AuditLog) async throws {
        let section = "Verification"
        let cpu = Measure.cpuSeconds()
        var verdict: VerificationReport.Verdict?
        let seconds = try await Measure.seconds { verdict = try await log.verify().verdict }
        guard verdict == .intact else { throw Failure("the store is not intact") }
        let used = Measure.cpuSeconds() - cpu
        let events = Double(workload.count)
        report.add(
            section, "everything", unit: "events/s", higherIsBetter: true, .tallyroll, events / seconds)
        report.add(section, "everything: CPU", unit: "µs an event", .tallyroll, used / events * 1e6)
        guard hasPeers else { return }
        let file = try workspace.fresh("lines")
        _ = try FileIngest.run(workload, at: file, batch: Session.bulk, isChained: true)
        let other = try FileIngest.verify(workload, at: file)
        report.add(
            section, "everything", unit: "events/s", higherIsBetter: true, .chainedFile, events / other)
        _ = try workspace.fresh("lines")
    }

    private func killed() throws {
        let path = try workspace.fresh("killed")
        let events = min(workload.count, 300_000)
        let seconds = try KilledWriter.openSeconds(after: events, at: path, options: options)
        report.add("Opening", "after kill -9 during ingest", unit: "ms", .tallyroll, seconds * 1e3)
        _ = try workspace.fresh("killed")
    }
}
