import CSQLite
import Foundation
import Tallyroll

/// The same events in SQLite, as its documentation advises for such a log: one table, prepared statements, a
/// write-ahead log, every commit synced, composite indexes that fit the questions, statistics after loading.
final class SQLitePeer {
    private let connection: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]

    static let policy = "journal_mode=WAL, synchronous=FULL, cache 64 MiB, ANALYZE after loading"

    init(_ path: String) throws {
        var opened: OpaquePointer?
        guard sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nil) == SQLITE_OK,
            let opened
        else { throw Failure("SQLite cannot open \(path)") }
        connection = opened
        try execute("PRAGMA journal_mode=WAL")
        try execute("PRAGMA synchronous=FULL")
        try execute("PRAGMA cache_size=-65536")
        try execute("PRAGMA temp_store=MEMORY")
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(connection)
    }

    static var version: String { String(cString: sqlite3_libversion()) }

    // MARK: Loading

    private static let columns = [
        "id", "timestamp", "type", "severity", "user", "action", "resource_type", "resource_id", "result",
        "error",
        "component", "message", "ip", "agent", "request", "session", "correlation", "duration", "details",
        "extra",
    ]

    func createTable() throws {
        try execute(
            """
            CREATE TABLE event (sequence INTEGER PRIMARY KEY, id TEXT, timestamp INTEGER NOT NULL, type TEXT NOT NULL,
            severity TEXT, user TEXT, action TEXT, resource_type TEXT, resource_id TEXT, result INTEGER, error TEXT,
            component TEXT, message TEXT, ip TEXT, agent TEXT, request TEXT, session TEXT, correlation TEXT,
            duration INTEGER, details TEXT, extra TEXT)
            """)
        try execute("CREATE INDEX event_id ON event (id)")
        try execute("CREATE INDEX event_user ON event (user, timestamp)")
        try execute("CREATE INDEX event_type ON event (type, timestamp)")
        try execute("CREATE INDEX event_resource ON event (resource_type, resource_id, timestamp)")
    }

    /// Inserts events, `batch` a commit.
    func insert(_ workload: Workload, _ range: Range<Int>, batch: Int) throws {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(start + batch, range.upperBound)
            try execute("BEGIN")
            for index in start..<end { try insert(workload.events[index]) }
            try execute("COMMIT")
            start = end
        }
    }

    private static let insertion =
        "INSERT INTO event (\(columns.joined(separator: ","))) VALUES (\(columns.map { _ in "?" }.joined(separator: ",")))"

    private func insert(_ event: AuditEvent) throws {
        let statement = try prepared(SQLitePeer.insertion)
        var place: Int32 = 0
        func text(_ value: String?) {
            place += 1
            guard var value else {
                sqlite3_bind_null(statement, place)
                return
            }
            value.withUTF8 { utf8 in
                _ = utf8.withMemoryRebound(to: CChar.self) {
                    sqlite3_bind_text(statement, place, $0.baseAddress, Int32($0.count), SQLitePeer.transient)
                }
            }
        }
        func integer(_ value: Int64?) {
            place += 1
            if let value {
                sqlite3_bind_int64(statement, place, value)
            } else {
                sqlite3_bind_null(statement, place)
            }
        }
        text(event.id)
        integer(event.timestamp?.nanosecondsSince1970 ?? 0)
        text(event.type.rawValue)
        text(event.severity?.rawValue)
        text(event.user)
        text(event.action)
        text(event.resource.type)
        text(event.resource.id)
        switch event.outcome {
        case nil: integer(nil)
        case .success: integer(1)
        case .failure: integer(2)
        case .denied: integer(3)
        }
        text(event.outcome?.text)
        text(event.component)
        text(event.message)
        text(event.ip)
        text(event.userAgent)
        text(event.requestID)
        text(event.sessionID)
        text(event.correlationID)
        integer(
            event.duration.map {
                $0.components.seconds * 1_000_000_000 + $0.components.attoseconds / 1_000_000_000
            })
        text(event.details?.text)
        text(event.extra?.text)
        guard sqlite3_step(statement) == SQLITE_DONE else { throw problem() }
        sqlite3_reset(statement)
    }

    /// Makes statistics and moves everything into the database file.
    func settle() throws {
        try execute("ANALYZE")
        try execute("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    // MARK: Asking

    /// A value of a question.
    enum Value: Sendable {
        case text(String)
        case integer(Int64)
    }

    /// Runs a query and reads every column of every row. Gives the rows, or the number when there is but one.
    func ask(_ sql: String, _ values: [Value]) throws -> Int {
        let statement = try prepared(sql)
        defer { sqlite3_reset(statement) }
        for (index, value) in values.enumerated() {
            let place = Int32(index + 1)
            switch value {
            case .integer(let value): sqlite3_bind_int64(statement, place, value)
            case .text(let value): sqlite3_bind_text(statement, place, value, -1, SQLitePeer.transient)
            }
        }
        let width = sqlite3_column_count(statement)
        var rows = 0
        var bytes = 0
        var number = 0
        while true {
            let status = sqlite3_step(statement)
            if status == SQLITE_DONE { break }
            guard status == SQLITE_ROW else { throw problem() }
            rows += 1
            for column in 0..<width where sqlite3_column_text(statement, column) != nil {
                bytes += Int(sqlite3_column_bytes(statement, column))
            }
            if width == 1 { number = Int(sqlite3_column_int64(statement, 0)) }
        }
        SQLitePeer.bytesRead = bytes
        return width == 1 && rows == 1 ? number : rows
    }

    /// Keeps the reading of columns from being optimised away.
    nonisolated(unsafe) private(set) static var bytesRead = 0

    // MARK: Calls

    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    private func prepared(_ sql: String) throws -> OpaquePointer {
        if let known = statements[sql] { return known }
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(connection, sql, -1, &statement, nil) == SQLITE_OK, let statement else {
            throw problem()
        }
        statements[sql] = statement
        return statement
    }

    private func execute(_ sql: String) throws {
        guard sqlite3_exec(connection, sql, nil, nil, nil) == SQLITE_OK else { throw problem() }
    }

    private func problem() -> Failure { Failure("SQLite: \(String(cString: sqlite3_errmsg(connection)))") }
}
