import Foundation

/// Everything measured of one contestant in one run, as the report reads it. The drivers of other contestants write
/// the same members.
struct PeerResult: Codable, Sendable {
    var peer: String
    var version = ""
    /// How it is tuned.
    var policy = ""
    /// What an acknowledged commit has been through.
    var durability = ""
    var workload: String
    var events: Int
    var machine = Machine()
    var ingest: [Ingest] = []
    var single: Single?
    /// Bytes of the store once it has come to rest.
    var bytes: Int?
    var parts: [String: Int]?
    /// Segments of the store, where they are what is measured.
    var segments: Int?
    var memoryBytes: Int?
    var openMilliseconds: Double?
    var killedMilliseconds: Double?
    var verify: Cost?
    var stream: Stream?
    var questions: [String: Asked] = [:]
    var notes: [String] = []

    struct Ingest: Codable, Sendable {
        var commit: Int
        var producers = 1
        /// Loaded until the time was up, if it was limited.
        var events: Int
        var seconds: Double
        /// Of the whole contestant, background work included.
        var cpuSeconds: Double
        /// Of the driver, where it is another process.
        var clientCpuSeconds: Double?
    }

    struct Single: Codable, Sendable {
        var p50Milliseconds: Double
        var p99Milliseconds: Double

        init(_ seconds: [Double]) {
            p50Milliseconds = Samples.percentile(0.5, seconds) * 1e3
            p99Milliseconds = Samples.percentile(0.99, seconds) * 1e3
        }
    }

    struct Cost: Codable, Sendable {
        var seconds: Double
        var cpuSeconds: Double
    }

    /// All events read one after the other, and searches cancelled.
    struct Stream: Codable, Sendable {
        var rows: Int
        var seconds: Double
        /// The most that was in memory above what questions had left in the caches before.
        var memoryBytes: Int
        var cancelMillisecondsP50: Double?
        var cancelMillisecondsMost: Double?
    }

    struct Asked: Codable, Sendable {
        var rows: Int
        var check: Int64
        var p50Milliseconds: Double
        var p99Milliseconds: Double
        var cpuMilliseconds: Double
        var askings: Int
        /// The median, asked from a task instead of on the calling thread.
        var taskMilliseconds: Double?
        /// The part of the time that an explanation accounts for.
        var explained: Double?
    }

    init(_ peer: String, _ manifest: Manifest) {
        self.peer = peer
        workload = manifest.workload
        events = manifest.events
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(self).write(to: URL(fileURLWithPath: path))
    }
}

/// Repeats a question until its time is known well enough.
struct Asking {
    private(set) var seconds: [Double] = []
    private var sum = 0.0
    private let cpu = Measure.cpuSeconds()

    /// A question is asked so often, or for so long, whichever comes first; but never less than a few times.
    private static let most = 500
    private static let secondsMost = 1.0
    private static let least = 5

    var turn: Int { seconds.count }
    var goesOn: Bool {
        turn < Asking.least || (turn < Asking.most && sum < Asking.secondsMost)
    }

    mutating func add(_ value: Double) {
        seconds.append(value)
        sum += value
    }

    func result(_ answer: Answer) -> PeerResult.Asked {
        PeerResult.Asked(
            rows: answer.rows, check: answer.check,
            p50Milliseconds: Samples.percentile(0.5, seconds) * 1e3,
            p99Milliseconds: Samples.percentile(0.99, seconds) * 1e3,
            cpuMilliseconds: (Measure.cpuSeconds() - cpu) / Double(turn) * 1e3, askings: turn)
    }
}
