import CSQLite

/// A database in memory: just what a second opinion needs.
final class SQLiteDatabase {
    /// What a `?` of a statement stands for.
    enum Binding {
        case integer(Int64)
        /// Bytes of a text; not a `String`, which SQLite would cut at a zero.
        case text([UInt8])
        case null

        static func text(_ text: String) -> Binding { .text(Array(text.utf8)) }
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let handle: OpaquePointer

    init() throws {
        var handle: OpaquePointer?
        guard sqlite3_open(":memory:", &handle) == SQLITE_OK, let handle else {
            throw Failure(description: "SQLite does not open")
        }
        self.handle = handle
    }

    deinit { sqlite3_close(handle) }

    func run(_ sql: String, _ bindings: [Binding] = []) throws {
        _ = try rows(sql, bindings) { _ in }
    }

    /// The first column of each row, as an integer.
    func integers(_ sql: String, _ bindings: [Binding]) throws -> [Int64] {
        try rows(sql, bindings) { sqlite3_column_int64($0, 0) }
    }

    /// The first column of each row as bytes, and the second as an integer.
    func groups(_ sql: String, _ bindings: [Binding]) throws -> [([UInt8], Int64)] {
        try rows(sql, bindings) { statement in
            let count = Int(sqlite3_column_bytes(statement, 0))
            let bytes = UnsafeRawBufferPointer(start: sqlite3_column_blob(statement, 0), count: count)
            return (Array(bytes), sqlite3_column_int64(statement, 1))
        }
    }

    /// What a column of a row holds.
    enum Cell: Hashable {
        case null
        case integer(Int64)
        case real(Double)
        case text([UInt8])
    }

    /// All columns of each row.
    func table(_ sql: String, _ bindings: [Binding]) throws -> [[Cell]] {
        try rows(sql, bindings) { statement in
            (0..<sqlite3_column_count(statement)).map { column in
                switch sqlite3_column_type(statement, column) {
                case SQLITE_NULL: return .null
                case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
                case SQLITE_FLOAT: return .real(sqlite3_column_double(statement, column))
                default:
                    let bytes = UnsafeRawBufferPointer(
                        start: sqlite3_column_blob(statement, column),
                        count: Int(sqlite3_column_bytes(statement, column)))
                    return .text(Array(bytes))
                }
            }
        }
    }

    private func rows<Row>(
        _ sql: String, _ bindings: [Binding], _ row: (OpaquePointer) -> Row
    ) throws -> [Row] {
        var prepared: OpaquePointer?
        guard sqlite3_prepare_v2(handle, sql, -1, &prepared, nil) == SQLITE_OK, let statement = prepared
        else { throw failure(sql) }
        defer { sqlite3_finalize(statement) }
        for (index, binding) in bindings.enumerated() { try bind(binding, Int32(index + 1), statement) }
        var result: [Row] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: result.append(row(statement))
            case SQLITE_DONE: return result
            default: throw failure(sql)
            }
        }
    }

    private func bind(_ binding: Binding, _ place: Int32, _ statement: OpaquePointer) throws {
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        let code =
            switch binding {
            case .null: sqlite3_bind_null(statement, place)
            case .integer(let value): sqlite3_bind_int64(statement, place, value)
            case .text(let bytes):
                bytes.withUnsafeBytes { buffer in
                    // A null pointer would bind NULL, also for an empty text.
                    let start = buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
                    return sqlite3_bind_text(
                        statement, place, start?.assumingMemoryBound(to: CChar.self), Int32(buffer.count),
                        copied)
                }
            }
        guard code == SQLITE_OK else { throw failure("bind \(place)") }
    }

    private func failure(_ what: String) -> Failure {
        Failure(description: "\(String(cString: sqlite3_errmsg(handle))): \(what.prefix(200))")
    }
}
