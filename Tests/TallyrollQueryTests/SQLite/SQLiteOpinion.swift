import TallyrollFormat
import TallyrollQuery

/// The same events in SQLite, asked the same questions in SQL: a second opinion from somebody else's engine.
///
/// Single-valued fields are columns of `event`; what has several values is a table beside it: `value` (each value in
/// details and extra, under its path) and `string` (what `text` means).
final class SQLiteOpinion {
    let database: SQLiteDatabase

    static let textFields: [Field] = [
        .id, .user, .type, .severity, .action, .resourceType, .resourceID, .resource, .error, .component,
        .message, .ip, .agent, .request, .session, .correlation,
    ]
    static let severities = [
        "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency",
    ]

    init(_ events: [PlainEvent]) throws {
        database = try SQLiteDatabase()
        let columns = Self.textFields.map { "\(Self.column($0)) TEXT" }.joined(separator: ", ")
        try database.run(
            """
            CREATE TABLE event (sequence INTEGER PRIMARY KEY, time INTEGER, recorded INTEGER, \
            duration INTEGER, result TEXT, severity_rank INTEGER, \(columns))
            """)
        try database.run(
            "CREATE TABLE value (event INTEGER, place TEXT, path TEXT, kind TEXT, text TEXT, number TEXT)")
        try database.run("CREATE TABLE string (event INTEGER, text TEXT)")
        try database.run("CREATE INDEX value_event ON value (event, place, path)")
        try database.run("CREATE INDEX string_event ON string (event)")
        try database.run("BEGIN")
        for event in events { try insert(event) }
        try database.run("COMMIT")
    }

    static func column(_ field: Field) -> String { "f_\(field)" }

    // MARK: Answers

    /// The sequences of the events that a filter means, in order.
    func sequences(_ filter: Filter, _ order: QueryOrder, limit: Int?) throws -> [UInt64] {
        var statement = SQLiteStatement()
        let condition = statement.condition(filter)
        let by = order == .newest ? "time DESC, sequence DESC" : "sequence"
        return try database.integers(
            "SELECT sequence FROM event WHERE \(condition) ORDER BY \(by) LIMIT \(limit ?? -1)",
            statement.bindings
        ).map { UInt64($0) }
    }

    func count(_ filter: Filter) throws -> Int {
        var statement = SQLiteStatement()
        let condition = statement.condition(filter)
        return Int(
            try database.integers("SELECT count(*) FROM event WHERE \(condition)", statement.bindings)[0])
    }

    /// The values of a text field with their counts: more events first, then by bytes.
    func counts(_ filter: Filter, by field: Field) throws -> [([UInt8], Int64)] {
        var statement = SQLiteStatement()
        let condition = statement.condition(filter)
        let column = Self.column(field)
        return try database.groups(
            """
            SELECT \(column), count(*) FROM event WHERE \(column) IS NOT NULL AND (\(condition)) \
            GROUP BY \(column) ORDER BY 2 DESC, 1
            """, statement.bindings)
    }

    // MARK: Loading

    private func insert(_ event: PlainEvent) throws {
        var bindings: [SQLiteDatabase.Binding] = [
            .integer(event.sequence), .integer(event.time), .integer(event.recorded),
            event.duration.map { .integer($0) } ?? .null,
            event.result.map { .text($0.rawValue) } ?? .null,
            event.strings[.severity].flatMap { Self.severities.firstIndex(of: $0) }.map {
                .integer(Int64($0))
            } ?? .null,
        ]
        bindings += Self.textFields.map { Self.text(of: $0, event).map { .text($0) } ?? .null }
        let marks = bindings.map { _ in "?" }.joined(separator: ", ")
        try database.run("INSERT INTO event VALUES (\(marks))", bindings)
        for text in [event.strings[.message], event.strings[.error]].compactMap({ $0 }) {
            try insertString(text, event)
        }
        if let details = event.details {
            try insert(details, event, place: "details", path: [])
        }
        if let extra = event.extra {
            try insert(extra, event, place: "extra", path: [])
        }
    }

    private static func text(of field: Field, _ event: PlainEvent) -> String? {
        switch field {
        case .id: return event.strings[.id] ?? event.minted
        case .resource:
            guard let type = event.strings[.resourceType], let id = event.strings[.resourceID] else {
                return nil
            }
            return "\(type)/\(id)"
        default: return field.stringField.flatMap { event.strings[$0] }
        }
    }

    private func insertString(_ text: String, _ event: PlainEvent) throws {
        try database.run("INSERT INTO string VALUES (?, ?)", [.integer(event.sequence), .text(text)])
    }

    /// A row for each value, under the keys that lead to it; elements of an array stand under the array's own path.
    private func insert(_ model: Model, _ event: PlainEvent, place: String, path: [String]) throws {
        func row(_ kind: String, _ text: String?, number: String? = nil) throws {
            try database.run(
                "INSERT INTO value VALUES (?, ?, ?, ?, ?, ?)",
                [
                    .integer(event.sequence), .text(place), .text(Self.path(path)), .text(kind),
                    text.map { .text($0) } ?? .null, number.map { .text($0) } ?? .null,
                ])
        }
        switch model {
        case .string(let text):
            try row("string", text)
            if place == "details" { try insertString(text, event) }
        case .number(let text): try row("number", text, number: DecimalKey(text).text)
        case .word(let text): try row("word", text)
        case .object(let members):
            try row("object", nil)
            for (key, member) in members {
                try insert(member, event, place: place, path: path + [key])
            }
        case .array(let elements):
            try row("array", nil)
            for element in elements { try insert(element, event, place: place, path: path) }
        }
    }

    /// Keys in hexadecimal, so that nothing in a key looks like what stands between keys.
    static func path(_ keys: [String]) -> String {
        keys.map { "/" + $0.utf8.map { String($0, radix: 16) }.joined(separator: ".") }.joined()
    }
}
