import Tallyroll
import TallyrollQuery

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Questions from a file, asked one after the other through the blocking face, with the processor time that one took.
///
/// | line | asks |
/// |---|---|
/// | `latest LIMIT EXPRESSION` | for the latest events, as values |
/// | `types EXPRESSION` | for counts by type |
/// | `results EXPRESSION` | for counts by result |
/// | `top LIMIT EXPRESSION` | for the users with the most events |
/// | `count EXPRESSION` | for a count |
/// | `ids FILE` | for the events with the ids of a file, one after the other, each time the next |
enum GateQuestions {
    private typealias Ask = (_ turn: Int) throws -> Int

    static func ask(_ file: String, in directory: String, times: Int) throws {
        let log = try AuditLog.openBlocking(at: directory)
        for line in try lines(file) where !line.hasPrefix("#") {
            let ask = try question(line, log)
            _ = try ask(0)
            _ = try ask(1)
            var took: [Int] = []
            var answers = 0
            for turn in 0..<times {
                let start = processorTime()
                answers += try ask(turn + 2)
                took.append(processorTime() - start)
            }
            took.sort()
            let mean = took.reduce(0, +) / times
            print("\(micros(took[times / 2]))\t\(micros(mean))\t\(answers / times)\t\(line.prefix(100))")
        }
        try log.closeBlocking()
    }

    private static func question(_ line: String, _ log: AuditLog) throws -> Ask {
        let words = line.split(separator: " ", maxSplits: 1).map { String($0) }
        let rest = words.count > 1 ? words[1] : ""
        switch words.first {
        case "latest":
            let (limit, filter) = try limited(rest)
            return { _ in
                let events = try log.eventsBlocking(where: filter, limit: limit)
                var rows = 0
                while let event = try events.next() { rows += event.sequence < UInt64.max ? 1 : 0 }
                return rows
            }
        case "types", "results":
            let filter = try Filter(rest)
            let field: Field = words[0] == "types" ? .type : .result
            return { _ in try log.countBlocking(where: filter, by: field).count }
        case "top":
            let (limit, filter) = try limited(rest)
            return { _ in try log.countBlocking(where: filter, by: .user, top: limit).count }
        case "count":
            let filter = try Filter(rest)
            return { _ in try log.countBlocking(where: filter) }
        case "ids":
            let ids = try lines(rest)
            guard !ids.isEmpty else { throw GateError(description: "\(rest) holds no ids") }
            return { turn in try log.eventsBlocking(withID: ids[turn % ids.count]).count }
        default: throw GateError(description: "expected a question, found “\(line)”")
        }
    }

    private static func limited(_ text: String) throws -> (limit: Int, filter: Filter) {
        let words = text.split(separator: " ", maxSplits: 1).map { String($0) }
        guard let first = words.first, let limit = Int(first) else {
            throw GateError(description: "expected a limit, found “\(text)”")
        }
        return (limit, try Filter(words.count > 1 ? words[1] : ""))
    }

    private static func lines(_ path: String) throws -> [String] {
        guard let file = fopen(path, "r") else { throw GateError(description: "\(path) cannot be read") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var byte = fgetc(file)
        while byte != EOF {
            bytes.append(UInt8(truncatingIfNeeded: byte))
            byte = fgetc(file)
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { String($0) }
    }

    /// Nanoseconds of this thread.
    private static func processorTime() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    private static func micros(_ nanoseconds: Int) -> String {
        let tenths = (nanoseconds + 50) / 100
        return "\(tenths / 10).\(tenths % 10)"
    }
}
