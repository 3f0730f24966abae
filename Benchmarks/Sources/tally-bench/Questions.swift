import Foundation
import Tallyroll

/// One question of the fixed set: what Tallyroll is asked, and what SQLite is asked for the same answer.
struct Question: Sendable {
    let name: String
    /// Asks Tallyroll for the n-th time and gives the number of rows, or the number counted.
    let ask: @Sendable (AuditLog, Int) async throws -> Int
    let sql: String
    let values: @Sendable (Int) -> [SQLitePeer.Value]
    /// False where SQLite's answer may rightly differ, since it means something slightly different.
    var isComparable = true
}

/// The fixed set, with users, resources and times that the events hold.
struct Questions: Sendable {
    private(set) var all: [Question] = []
    /// What the questions name, for the conditions of the report.
    private(set) var subjects: [String] = []

    private static let nanosecondsPerMinute: Int64 = 60_000_000_000

    init(_ workload: Workload) throws {
        let events = workload.events
        let times = events.map { $0.timestamp?.nanosecondsSince1970 ?? 0 }
        guard let first = times.min(), let last = times.max() else { throw Failure("there are no events") }

        let users = Questions.ranked(events.lazy.compactMap(\.user))
        if let hot = users.first, let cold = users.last {
            for (label, user) in [("hot", hot), ("middle", users[users.count / 2]), ("cold", cold)] {
                latest("latest 100 of a user, \(label)", "user", user.value)
                subjects.append("\(label) user: \(user.count) events")
            }
        }
        let resources = Questions.ranked(
            events.lazy.compactMap { event -> ResourceName? in
                guard let type = event.resource.type, let id = event.resource.id else { return nil }
                return ResourceName(type: type, id: id)
            })
        if let resource = resources.first {
            let filter = Filter.resource(type: resource.value.type, id: resource.value.id)
            all.append(
                Question(
                    name: "latest 100 of a resource",
                    ask: { log, _ in try await Questions.rows(log.events(where: filter, limit: 100)) },
                    sql:
                        "SELECT * FROM event WHERE resource_type=? AND resource_id=? ORDER BY timestamp DESC LIMIT 100",
                    values: { _ in [.text(resource.value.type), .text(resource.value.id)] }))
            subjects.append("resource: \(resource.count) events")
        }
        identifiers(events)
        try typesAndTimes(events, first: first, last: last, users: users)
        substrings(events)
        session(events)
        path(events)
    }

    private struct ResourceName: Hashable { var type, id: String }

    private static func ranked<T: Hashable>(_ values: some Sequence<T>) -> [(value: T, count: Int)] {
        var counts: [T: (count: Int, place: Int)] = [:]
        for (place, value) in values.enumerated() { counts[value, default: (0, place)].count += 1 }
        return counts.sorted { ($1.value.count, $0.value.place) < ($0.value.count, $1.value.place) }
            .map { (value: $0.key, count: $0.value.count) }
    }

    /// Reads every event of a sequence.
    private static func rows(_ events: EventSequence) async throws -> Int {
        var count = 0
        for try await event in events where event.id.utf8.count > 0 { count += 1 }
        return count
    }

    private mutating func latest(_ name: String, _ column: String, _ value: String) {
        let filter = Filter.user(value)
        all.append(
            Question(
                name: name,
                ask: { log, _ in try await Questions.rows(log.events(where: filter, limit: 100)) },
                sql: "SELECT * FROM event WHERE \(column)=? ORDER BY timestamp DESC LIMIT 100",
                values: { _ in [.text(value)] }))
    }

    private mutating func identifiers(_ events: [AuditEvent]) {
        let step = max(1, events.count / 997)
        let ids = stride(from: step / 2, to: events.count, by: step).compactMap { events[$0].id }
            .shuffledBySeed()
        guard !ids.isEmpty else { return }
        all.append(
            Question(
                name: "get by id",
                ask: { log, turn in try await log.events(withID: ids[turn % ids.count]).count },
                sql: "SELECT * FROM event WHERE id=?", values: { [.text(ids[$0 % ids.count])] }))
    }

    private mutating func typesAndTimes(
        _ events: [AuditEvent], first: Int64, last: Int64, users: [(value: String, count: Int)]
    ) throws {
        let types = Questions.ranked(events.lazy.map(\.type.rawValue))
        guard let common = types.first?.value else { return }
        all.append(
            Question(
                name: "count of one type", ask: { log, _ in try await log.count(where: .type(common)) },
                sql: "SELECT count(*) FROM event WHERE type=?", values: { _ in [.text(common)] }))
        let names = types.map(\.value)
        all.append(
            Question(
                name: "count by type, over everything",
                ask: { log, _ in try await log.count(by: .type).count },
                sql: "SELECT type, count(*) FROM event GROUP BY type", values: { _ in [] }))

        // An hour, or the seventh part of a workload that is shorter than seven hours.
        let window = min(60 * Questions.nanosecondsPerMinute, max(1, (last - first) / 7))
        let from = first + (last - first) / 2
        let range =
            Filter.since(.absolute(nanoseconds: from)) && .before(.absolute(nanoseconds: from + window))
        let kind = names.contains("authentication") ? "authentication" : common
        let label = "failures of type \(kind) in \(window / 1_000_000_000) s"
        let failures = Filter.type(kind) && .result(.failure) && range
        all.append(
            Question(
                name: label, ask: { log, _ in try await Questions.rows(log.events(where: failures)) },
                sql: "SELECT * FROM event WHERE type=? AND result=2 AND timestamp>=? AND timestamp<? "
                    + "ORDER BY timestamp DESC",
                values: { _ in [.text(kind), .integer(from), .integer(from + window)] }))
        if let user = users.first?.value {
            let filter = Filter.user(user) && .type(common) && range
            all.append(
                Question(
                    name: "count of a user's events of a type in \(window / 1_000_000_000) s",
                    ask: { log, _ in try await log.count(where: filter) },
                    sql:
                        "SELECT count(*) FROM event WHERE user=? AND type=? AND timestamp>=? AND timestamp<?",
                    values: { _ in [.text(user), .text(common), .integer(from), .integer(from + window)] }))
            let rare = Filter.user(user) && .type(common) && .result(.failure)
            all.append(
                Question(
                    name: "user and type and failure, latest 50",
                    ask: { log, _ in try await Questions.rows(log.events(where: rare, limit: 50)) },
                    sql:
                        "SELECT * FROM event WHERE user=? AND type=? AND result=2 ORDER BY timestamp DESC LIMIT 50",
                    values: { _ in [.text(user), .text(common)] }))
        }
        let minute = Questions.nanosecondsPerMinute
        all.append(
            Question(
                name: "events a minute, over everything",
                ask: { log, _ in try await log.histogram(every: .seconds(60)).count },
                sql: "SELECT timestamp/\(minute), count(*) FROM event GROUP BY 1", values: { _ in [] }))
        if let user = users.first?.value {
            all.append(
                Question(
                    name: "a user's events by type in \(window / 1_000_000_000) s",
                    ask: { log, _ in try await log.count(where: .user(user) && range, by: .type).count },
                    sql:
                        "SELECT type, count(*) FROM event WHERE user=? AND timestamp>=? AND timestamp<? GROUP BY type",
                    values: { _ in [.text(user), .integer(from), .integer(from + window)] }))
        }
        all.append(
            Question(
                name: "top 10 users", ask: { log, _ in try await log.count(by: .user, top: 10).count },
                sql:
                    "SELECT user, count(*) FROM event WHERE user IS NOT NULL GROUP BY user ORDER BY 2 DESC LIMIT 10",
                values: { _ in [] }))
    }

    private mutating func substrings(_ events: [AuditEvent]) {
        let words = ["upstream timeout", "credential"]
        for word in words + ["no such text anywhere"] {
            all.append(
                Question(
                    name: "events whose text contains “\(word)”",
                    ask: { log, _ in try await log.count(where: .text(contains: word)) },
                    sql:
                        "SELECT count(*) FROM event WHERE message LIKE ?1 OR error LIKE ?1 OR details LIKE ?1",
                    values: { _ in [.text("%\(word)%")] }, isComparable: false))
        }
    }

    private mutating func session(_ events: [AuditEvent]) {
        guard let session = events[(events.count / 2)...].lazy.compactMap(\.sessionID).first else { return }
        all.append(
            Question(
                name: "all events of a session",
                ask: { log, _ in try await Questions.rows(log.events(where: .session(session))) },
                sql: "SELECT * FROM event WHERE session=? ORDER BY timestamp DESC",
                values: { _ in [.text(session)] }))
    }

    private mutating func path(_ events: [AuditEvent]) {
        for event in events[(events.count / 2)...] {
            guard let text = event.details?.text,
                let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
                let member = object.compactMap({ pair in (pair.value as? String).map { (pair.key, $0) } })
                    .filter({ $0.0.allSatisfy { $0.isLetter || $0 == "_" } && $0.1.count < 40 })
                    .min(by: { $0 < $1 })
            else { continue }
            let (key, value) = member
            all.append(
                Question(
                    name: "count of details.\(key) = a value, over everything",
                    ask: { log, _ in try await log.count(where: .details(FieldPath([key]), equals: value)) },
                    sql: "SELECT count(*) FROM event WHERE json_extract(details, '$.\(key)')=?",
                    values: { _ in [.text(value)] }))
            return
        }
    }
}

extension Array {
    /// In an order that looks random and is always the same.
    func shuffledBySeed() -> [Element] {
        enumerated().sorted { ($0.offset &* 0x9E37_79B9) & 0xFFFF < ($1.offset &* 0x9E37_79B9) & 0xFFFF }
            .map(\.element)
    }
}
