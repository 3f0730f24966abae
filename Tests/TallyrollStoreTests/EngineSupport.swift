import Synchronization
import TallyrollFormat
import TallyrollIntegrity
import TallyrollStore
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Records that tests of the engine append. What the n-th event of a test holds follows from its number and size.
enum TestEvent {
    static func append(_ number: Int, size: Int = 20, to batch: inout RecordBatch) {
        batch.offsets.append(UInt32(batch.bytes.count))
        var encoder = RecordEncoder()
        encoder.begin(
            timestamp: Int64(number) &* 1_000_003, time: TimeNotation(digits: 9), outcome: .success,
            duration: nil,
            into: &batch.bytes)
        "t\(number % 3)".withView { encoder.string(.type, $0, into: &batch.bytes) }
        "u\(number % 7)".withView { encoder.string(.user, $0, into: &batch.bytes) }
        text(number, size).withView { encoder.string(.message, $0, into: &batch.bytes) }
        _ = encoder.end(into: &batch.bytes)
    }

    static func text(_ number: Int, _ size: Int) -> String {
        var random = SplitMix64(seed: UInt64(number))
        return "\(number):"
            + String((0..<size).map { _ in "abcdefghijklmnop".randomElement(using: &random) ?? "x" })
    }

    static func record(_ number: Int, size: Int = 20) -> [UInt8] {
        var batch = RecordBatch()
        append(number, size: size, to: &batch)
        return batch.bytes.array
    }
}

/// One event as it is read back.
struct ReadEvent: Equatable {
    var sequence: UInt64
    var recordedAt: Int64
    var record: [UInt8]

    var view: RecordView? { record.withView { try? RecordView($0) } }

    func text(_ field: StringField) -> String? {
        record.withView { bytes in (try? RecordView(bytes))?[field]?.string }
    }

    /// The engine's own records have types that begin with this.
    var isEngineRecord: Bool { text(.type)?.hasPrefix("tallyroll.") ?? false }
}

extension StoreSnapshot {
    /// Every event that can be read, in order; blocks that cannot be read are passed over.
    func readAll() throws -> [ReadEvent] {
        var events: [ReadEvent] = []
        for segment in segments {
            for entry in segment.entries where entry.isReadable {
                guard let block = try? segment.reader.openBlock(entry) else { continue }
                for row in 0..<block.count {
                    var out = ByteWriter()
                    let time = try block.appendRecord(row, into: &out)
                    events.append(
                        ReadEvent(
                            sequence: entry.firstSequence + UInt64(row), recordedAt: time, record: out.array))
                }
            }
        }
        for part in tail {
            for row in part.start..<part.count {
                let record = try part.run.record(row)
                events.append(
                    ReadEvent(
                        sequence: part.run.firstSequence + UInt64(row), recordedAt: part.run.recordedAt(row),
                        record: record.bytes.array))
            }
        }
        return events
    }

    /// What the verifier says, on one thread.
    func verified() throws -> VerificationReport {
        try Verifier(self, options: VerificationOptions(threads: 1)).run()
    }
}

/// Collects one answer from another thread.
final class Answer<Value: Sendable>: Sendable {
    private let state = Monitor<[Result<Value, AuditLogError>]>([])

    var completion: @Sendable (Result<Value, AuditLogError>) -> Void {
        { result in self.state.update { $0.append(result) } }
    }

    /// The answer; fails the test instead of hanging it.
    func wait(seconds: Int64 = 60) throws -> Result<Value, AuditLogError> {
        try #require(
            state.wait(nanoseconds: seconds * 1_000_000_000) { $0.first } ?? nil, "no answer came")
    }

    /// How often it was given.
    var count: Int { state.withLock { $0.count } }
}

extension AuditStore {
    /// Appends and waits.
    @discardableResult
    func append(
        _ numbers: Range<Int>, size: Int = 20, _ durability: Durability = .disk, whenFull: WhenFull = .wait
    ) throws -> Result<AppendReceipt, AuditLogError> {
        let answer = submit(numbers, size: size, durability, whenFull: whenFull)
        return try answer.wait()
    }

    /// Appends without waiting for the answer.
    func submit(
        _ numbers: Range<Int>, size: Int = 20, _ durability: Durability = .disk, whenFull: WhenFull = .wait
    ) -> Answer<AppendReceipt> {
        let answer = Answer<AppendReceipt>()
        var batch = RecordBatch()
        for number in numbers { TestEvent.append(number, size: size, to: &batch) }
        _ = enqueue(
            AppendRequest(batch, durability: durability, completion: answer.completion), whenFull: whenFull)
        return answer
    }

    func seal() throws -> Result<Void, AuditLogError> {
        let answer = Answer<Void>()
        seal(answer.completion)
        return try answer.wait()
    }

    func sync() throws -> Result<Void, AuditLogError> {
        let answer = Answer<Void>()
        sync(answer.completion)
        return try answer.wait()
    }
}

extension StoreOptions {
    /// The smallest store there can be.
    static var tiny: StoreOptions {
        var options = StoreOptions()
        options.segmentBytes = 1 << 20
        options.blockEvents = 16
        options.compressionLevel = 1
        return options
    }
}

/// Opens a store as tests do: with a clock and entropy of its own.
func openStore(
    _ storage: any Storage, _ options: StoreOptions = .tiny, time: any TimeSource = SimulatedTimeSource(),
    seed: UInt64 = 1
) throws(AuditLogError) -> AuditStore {
    try AuditStore.open(
        storage, path: "test", options: options, time: time, entropy: SeededEntropySource(seed: seed))
}

/// The seeds of a randomised test: that of `SEED` in the environment, or as many as the test wants.
func testSeeds(_ count: Int) -> [UInt64] {
    if let text = getenv("SEED"), let seed = UInt64(String(cString: text)) { return [seed] }
    return (1...UInt64(count)).map { $0 }
}
