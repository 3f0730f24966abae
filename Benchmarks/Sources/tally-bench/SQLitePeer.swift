import CSQLite
import Foundation

/// The same events in SQLite, as its documentation advises for such a log: one table, prepared statements, a
/// write-ahead log, every commit synced, composite indexes that fit the questions, statistics after loading.
final class SQLitePeer {
    private let connection: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]

    static let policy = "journal_mode=WAL, synchronous=FULL, cache 256 MiB, ANALYZE after loading"

    init(_ path: String) throws {
        var opened: OpaquePointer?
        guard sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nil) == SQLITE_OK,
            let opened
        else { throw Failure("SQLite cannot open \(path)") }
        connection = opened
        try execute("PRAGMA journal_mode=WAL")
        try execute("PRAGMA synchronous=FULL")
        try execute("PRAGMA cache_size=-262144")
        try execute("PRAGMA temp_store=MEMORY")
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(connection)
    }

    static var version: String { String(cString: sqlite3_libversion()) }

    // MARK: Loading

    func createTable() throws {
        try execute(
            """
            CREATE TABLE event (sequence INTEGER PRIMARY KEY, id TEXT, time INTEGER NOT NULL, type TEXT NOT NULL,
            severity TEXT, user_id TEXT, action TEXT, resource_type TEXT, resource_id TEXT, result INTEGER, error TEXT,
            component TEXT, message TEXT, ip TEXT, agent TEXT, request TEXT, session TEXT, correlation TEXT,
            duration INTEGER, details TEXT, extra TEXT)
            """)
        try execute("CREATE INDEX event_id ON event (id)")
        try execute("CREATE INDEX event_user ON event (user_id, time)")
        try execute("CREATE INDEX event_type ON event (type, time)")
        try execute("CREATE INDEX event_resource ON event (resource_type, resource_id, time)")
        try execute("CREATE INDEX event_session ON event (session, time)")
    }

    private static let insertion: String = {
        let columns = ["sequence", "time", "duration", "result"] + RowWriter.texts
        let places = columns.map { _ in "?" }.joined(separator: ",")
        return "INSERT INTO event (\(columns.joined(separator: ","))) VALUES (\(places))"
    }()

    /// Inserts the rows of a chunk in one transaction, from `place` on, and gives the place behind the last.
    func insert(_ rows: UnsafeRawBufferPointer, from place: Int, count: Int) throws -> Int {
        var place = place
        try execute("BEGIN")
        for _ in 0..<count where place < rows.count { place = try insert(rows, at: place) }
        try execute("COMMIT")
        return place
    }

    private func insert(_ rows: UnsafeRawBufferPointer, at start: Int) throws -> Int {
        let statement = try prepared(SQLitePeer.insertion)
        func integer(_ offset: Int) -> Int64 {
            Int64(littleEndian: rows.loadUnaligned(fromByteOffset: start + offset, as: Int64.self))
        }
        func length(_ place: Int) -> UInt32 {
            UInt32(littleEndian: rows.loadUnaligned(fromByteOffset: place, as: UInt32.self))
        }
        sqlite3_bind_int64(statement, 1, integer(4))
        sqlite3_bind_int64(statement, 2, integer(12))
        if integer(20) == .min {
            sqlite3_bind_null(statement, 3)
        } else {
            sqlite3_bind_int64(statement, 3, integer(20))
        }
        if rows[start + 28] == 0 {
            sqlite3_bind_null(statement, 4)
        } else {
            sqlite3_bind_int64(statement, 4, Int64(rows[start + 28]))
        }
        var place = start + RowWriter.fixed
        for parameter in 5..<Int32(5 + RowWriter.texts.count) {
            let count = length(place)
            place += 4
            if count == RowWriter.none {
                sqlite3_bind_null(statement, parameter)
                continue
            }
            // The chunk outlives the statement's step, so SQLite need not copy.
            let text = rows.baseAddress?.advanced(by: place).assumingMemoryBound(to: CChar.self)
            sqlite3_bind_text(statement, parameter, text, Int32(count), nil)
            place += Int(count)
        }
        guard sqlite3_step(statement) == SQLITE_DONE else { throw problem() }
        sqlite3_reset(statement)
        return place
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
        bind(values, to: statement)
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

    /// Runs a query whose one row is a pair of numbers.
    func pair(_ sql: String, _ values: [Value]) throws -> (Int64, Int64) {
        let statement = try prepared(sql)
        defer { sqlite3_reset(statement) }
        bind(values, to: statement)
        guard sqlite3_step(statement) == SQLITE_ROW else { throw problem() }
        return (sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1))
    }

    private func bind(_ values: [Value], to statement: OpaquePointer) {
        for (index, value) in values.enumerated() {
            let place = Int32(index + 1)
            switch value {
            case .integer(let value): sqlite3_bind_int64(statement, place, value)
            case .text(let value): sqlite3_bind_text(statement, place, value, -1, SQLitePeer.transient)
            }
        }
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
