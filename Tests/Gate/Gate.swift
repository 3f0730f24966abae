import Synchronization
import Tallyroll
import TallyrollFormat
import TallyrollQuery
import TallyrollStore
import TallyrollWorkload

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Work for `tools/gates` to count: how many instructions and allocations an event or a row costs is the difference
/// between two runs of this program that differ in nothing but the number of events or of repetitions.
///
/// | arguments | does |
/// |---|---|
/// | `prepare N` | makes N generated events as values |
/// | `encode N` | the same, and encodes each into a record |
/// | `append DIR N` | the same as `prepare`, and appends them to a new store, 1,000 an append, and closes it |
/// | `ingest DIR COMMIT PRODUCERS N` | the same with durability, from several threads, and prints time and CPU |
/// | `scan DIR R` | counts R times what a condition on a value of details means |
/// | `text DIR R` | counts R times the events that hold a text |
/// | `verify DIR R` | verifies everything R times, on as many threads as there are processors |
/// | `read DIR R` | reads every event R times |
/// | `count DIR EXPRESSION R` | counts R times what an expression means |
/// | `ask DIR EXPRESSION LIMIT R` | asks R times for the latest events an expression means, as values |
/// | `pieces DIR N SEGMENTS` | appends N events to a new store, and seals so many segments on the way |
/// | `set DIR FILE R` | asks each question of a file R times, as `GateQuestions` reads it, and prints what one took |
@main
enum Gate {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let mode = arguments.first, let last = arguments.last, let number = Int(last), number > 0 else {
            throw GateError(description: "expected a mode and a number")
        }
        let directory = arguments.dropFirst().first ?? ""
        switch mode {
        case "prepare": print(try events(number).count)
        case "encode": print(try encode(try events(number)))
        case "append": try append(try events(number), to: directory)
        case "ingest":
            let sizes = arguments.dropFirst(2).dropLast().compactMap { Int($0) }
            guard sizes.count == 2, sizes.allSatisfy({ $0 > 0 }) else {
                throw GateError(description: "expected the size of a commit and a number of producers")
            }
            try Ingest.run(try events(number), to: directory, commit: sizes[0], producers: sizes[1])
        case "scan": print(try count("details.parameters.limit >= 30", in: directory, times: number))
        case "text": print(try count("text contains \"30000 ms\"", in: directory, times: number))
        case "count":
            let question = Array(arguments.dropFirst(2).dropLast())
            guard question.count == 1 else { throw GateError(description: "expected an expression") }
            print(try count(question[0], in: directory, times: number))
        case "verify": print(try verify(directory, times: number))
        case "read": print(try read(directory, times: number))
        case "ask":
            let question = Array(arguments.dropFirst(2).dropLast())
            guard question.count == 2, let limit = Int(question[1]) else {
                throw GateError(description: "expected an expression and a limit")
            }
            print(try ask(question[0], limit: limit, in: directory, times: number))
        case "pieces":
            guard let count = arguments.dropFirst(2).first.flatMap({ Int($0) }) else {
                throw GateError(description: "expected a number of events")
            }
            try append(try events(count), to: directory, pieces: number)
        case "set":
            guard let file = arguments.dropFirst(2).first else {
                throw GateError(description: "expected a file of questions")
            }
            try GateQuestions.ask(file, in: directory, times: number)
        default: throw GateError(description: "there is no mode \(mode)")
        }
    }

    private static let eventsPerAppend = 1000

    private static func events(_ count: Int) throws -> [AuditEvent] {
        var generator = WorkloadGenerator(count: count, seed: 1)
        var parser = EventJSONParser()
        var record = ByteWriter(capacity: 4096)
        var line: [UInt8] = []
        var events: [AuditEvent] = []
        events.reserveCapacity(count)
        while generator.next(into: &line) {
            record.removeAll()
            _ = try line.withView { view in
                try parser.parse(view.trusted(0, view.count - 1), into: &record)
            }
            events.append(AuditEvent(try RecordView(record.view)))
            line.removeAll(keepingCapacity: true)
        }
        return events
    }

    private static func encode(_ events: [AuditEvent]) throws -> Int {
        var out = ByteWriter(capacity: 1 << 20)
        var bytes = 0
        let now = Timestamp(nanosecondsSince1970: 0)
        for index in events.indices {
            if index % eventsPerAppend == 0 { out.removeAll() }
            bytes += try events[index].encode(now: now, into: &out)
        }
        return bytes
    }

    private static func append(_ events: [AuditEvent], to directory: String) throws {
        let log = try AuditLog.openBlocking(at: directory)
        for start in stride(from: 0, to: events.count, by: eventsPerAppend) {
            let end = min(start + eventsPerAppend, events.count)
            try log.appendBlocking(contentsOf: events[start..<end], durability: .os)
        }
        try log.closeBlocking()
    }

    /// Seals `pieces` segments on the way.
    private static func append(_ events: [AuditEvent], to directory: String, pieces: Int) throws {
        let size = (events.count + pieces - 1) / pieces
        let log = try AuditLog.openBlocking(at: directory)
        for start in stride(from: 0, to: events.count, by: size) {
            try log.appendBlocking(
                contentsOf: events[start..<min(start + size, events.count)], durability: .os)
            let isSealed = Atomic(false)
            Task {
                try await log.seal()
                isSealed.store(true, ordering: .releasing)
            }
            while !isSealed.load(ordering: .acquiring) { usleep(100) }
        }
        try log.closeBlocking()
    }

    private static func count(_ expression: String, in directory: String, times: Int) throws -> Int {
        let filter = try Filter(expression)
        let engine = try engine(directory)
        var found = 0
        for _ in 0..<times { found = try engine.count(where: filter).count }
        guard found > 0 else { throw GateError(description: "“\(expression)” means no event") }
        return found
    }

    private static func verify(_ directory: String, times: Int) throws -> Int {
        let follower = try StoreFollower(PosixStorage(root: directory), path: directory)
        let snapshot = try follower.refresh()
        var events: UInt64 = 0
        for _ in 0..<times {
            let report = try Verifier(snapshot).run()
            guard report.problems.isEmpty else { throw GateError(description: "\(report.problems)") }
            events += report.events
        }
        return Int(events)
    }

    private static func read(_ directory: String, times: Int) throws -> Int {
        let engine = try engine(directory)
        var rows = 0
        for _ in 0..<times {
            let results = try engine.events(order: .oldest)
            while try results.nextEvent() != nil { rows += 1 }
        }
        return rows
    }

    private static func ask(
        _ expression: String, limit: Int, in directory: String, times: Int
    ) throws -> Int {
        let log = try AuditLogReader(path: directory)
        let filter = try Filter(expression)
        var rows = 0
        for _ in 0..<times {
            let events = try log.eventsBlocking(where: filter, limit: limit)
            while let event = try events.next() { rows += event.sequence < UInt64.max ? 1 : 0 }
        }
        return rows
    }

    /// Asked on this thread: an engine of Swift's concurrency would start threads as it likes.
    private static func engine(_ directory: String) throws -> QueryEngine {
        let follower = try StoreFollower(PosixStorage(root: directory), path: directory)
        return QueryEngine(try follower.refresh(), now: 0)
    }
}

/// What was asked for that cannot be done.
struct GateError: Error, CustomStringConvertible {
    let description: String
}
