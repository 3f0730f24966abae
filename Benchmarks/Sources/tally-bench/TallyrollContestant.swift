import Foundation
import Synchronization
import Tallyroll
import TallyrollStore

/// Tallyroll, through its public face, from threads that block.
struct TallyrollContestant {
    let prepared: Prepared
    let directory: String
    let options = TallyrollContestant.options

    /// As much cache as SQLite and RocksDB get here; the other peers have more.
    private static var options: StoreOptions {
        var options = StoreOptions()
        options.cacheBytes = 256 << 20
        return options
    }

    static let durability = "fdatasync before each acknowledgement"
    static let policy =
        "default options but for the cache, 256 MiB; chained, indexed, compressed; CPU and time include all background work"
    /// Events held as values at a time. They are made outside the clock; before it stops for the next ones to be made,
    /// the log's threads have to come to rest, so that no work of theirs is done for nothing.
    static let chunk = 2_000_000

    // MARK: Ingest

    /// Loads all events; the store stays where `name` says.
    func load(_ name: String, commit: Int, producers: Int, into result: inout PeerResult) throws {
        let path = try Workspace.fresh(directory, name)
        let file = try prepared.file("jsonl")
        var ingest = PeerResult.Ingest(
            commit: commit, producers: producers, events: prepared.manifest.events, seconds: 0, cpuSeconds: 0)
        var log: AuditLog?
        var before = 0
        var peak = 0
        for chunk in file.chunks(of: TallyrollContestant.chunk) {
            let events = try LineChunk(try file.read(chunk)).events()
            if log == nil { before = Measure.residentBytes() ?? 0 }
            Measure.resetPeak()
            let cpu = Measure.cpuSeconds()
            let start = Measure.now()
            let open = try log ?? AuditLog.openBlocking(at: path, options: options)
            log = open
            try Producers.append(events, to: open, commit: commit, producers: producers)
            if chunk.upperBound == file.events {
                try open.closeBlocking()
                ingest.seconds += Double(Measure.now() - start) / 1e9
            } else {
                ingest.seconds += Double(Measure.now() - start) / 1e9
                ingest.seconds += Measure.secondsToRest()
            }
            ingest.cpuSeconds += Measure.cpuSeconds() - cpu
            peak = max(peak, Measure.peakBytes() ?? 0)
        }
        result.ingest.append(ingest)
        result.memoryBytes = max(result.memoryBytes ?? 0, peak - before)
    }

    /// How long each of a few thousand events takes to be durable when appended alone.
    func singles(count: Int) throws -> PeerResult.Single {
        let path = try Workspace.fresh(directory, "singles")
        let file = try prepared.file("jsonl")
        let upper = min(file.events, (count + Prepared.stride - 1) / Prepared.stride * Prepared.stride)
        let events = try LineChunk(try file.read(0..<upper)).events()
        let log = try AuditLog.openBlocking(at: path, options: options)
        let times = try events.prefix(count).map { event in
            try Measure.seconds { try log.appendBlocking(event) }
        }
        try log.closeBlocking()
        _ = try Workspace.fresh(directory, "singles")
        return PeerResult.Single(times)
    }

    // MARK: A store that holds all events

    /// Measures size, opening, questions and verification of the store that was loaded as `name`.
    func stored(_ name: String, into result: inout PeerResult) async throws {
        let path = "\(directory)/\(name)"
        let sealing = try AuditLog.openBlocking(at: path, options: options)
        try await sealing.seal()
        try sealing.closeBlocking()
        result.bytes = Workspace.files(path).reduce(0) { $0 + $1.bytes }
        result.parts = try Dictionary(
            Sizes.parts(ofStore: path).map { ($0.name, $0.bytes) }, uniquingKeysWith: +)
        guard let first = prepared.manifest.questions.first else { return }

        Workspace.evict(Workspace.files(path).map(\.path))
        let start = Measure.now()
        let log = try AuditLog.openBlocking(at: path, options: options)
        _ = try await DedicatedThreads.perform { try TallyrollQuestions.ask(first, log, turn: 0) }
        result.openMilliseconds = Double(Measure.now() - start) / 1e6

        Workspace.warm(Workspace.files(path).map(\.path))
        for question in prepared.manifest.questions {
            result.questions[question.name] = try await DedicatedThreads.perform { try ask(question, log) }
            result.questions[question.name]?.taskMilliseconds = try await askFromTask(question, log)
        }

        let explained = try Explained(store: path, cacheBytes: options.cacheBytes)
        for question in prepared.manifest.questions {
            result.questions[question.name]?.explained = try explained.part(question)
        }

        result.stream = try await Streaming.measure(log)

        let cpu = Measure.cpuSeconds()
        var verdict: VerificationReport.Verdict?
        let seconds = try await Measure.seconds { verdict = try await log.verify().verdict }
        guard verdict == .intact else { throw Failure("the store is not intact") }
        result.verify = PeerResult.Cost(seconds: seconds, cpuSeconds: Measure.cpuSeconds() - cpu)
        try log.closeBlocking()
    }
}

extension TallyrollContestant {
    func ask(_ question: Question, _ log: AuditLog) throws -> PeerResult.Asked {
        let answer = try TallyrollQuestions.ask(question, log, turn: 0)
        var asking = Asking()
        while asking.goesOn {
            let turn = asking.turn
            asking.add(try Measure.seconds { _ = try TallyrollQuestions.ask(question, log, turn: turn) })
        }
        return asking.result(answer)
    }

    /// The median time of the same question asked from a task; nil for questions that are not asked so.
    private func askFromTask(_ question: Question, _ log: AuditLog) async throws -> Double? {
        var asking = Asking()
        while asking.goesOn {
            let turn = asking.turn
            let begin = Measure.now()
            guard try await TallyrollQuestions.askFromTask(question, log, turn: turn) != nil else {
                return nil
            }
            asking.add(Double(Measure.now() - begin) / 1e9)
        }
        return Samples.percentile(0.5, asking.seconds) * 1e3
    }
}

/// Threads that append.
enum Producers {
    /// Appends every event once; batches go to whichever producer is free.
    static func append(_ events: [AuditEvent], to log: AuditLog, commit: Int, producers: Int) throws {
        let batches = stride(from: 0, to: events.count, by: commit).map {
            $0..<min($0 + commit, events.count)
        }
        let shared = Shared()
        DedicatedThreads.run(producers) { _ in
            while shared.failure.withLock({ $0 == nil }) {
                let index = shared.next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < batches.count else { return }
                do {
                    try log.appendBlocking(contentsOf: events[batches[index]])
                } catch {
                    shared.failure.withLock { $0 = error }
                }
            }
        }
        if let failure = shared.failure.withLock({ $0 }) { throw failure }
    }

    private final class Shared: Sendable {
        let next = Atomic<Int>(0)
        let failure = Mutex<(any Error)?>(nil)
    }
}
