import TallyrollFormat
import TallyrollQuery

/// A filter in SQL. Every part is true or false, never NULL, so that NOT means what it means in a filter.
struct SQLiteStatement {
    private(set) var bindings: [SQLiteDatabase.Binding] = []

    mutating func condition(_ filter: Filter) -> String {
        switch filter {
        case .constant(let value): return value ? "1" : "0"
        case .not(let inner): return "NOT (\(condition(inner)))"
        case .and(let list):
            return list.isEmpty ? "1" : "(" + list.map { condition($0) }.joined(separator: " AND ") + ")"
        case .or(let list):
            return list.isEmpty ? "0" : "(" + list.map { condition($0) }.joined(separator: " OR ") + ")"
        case .exists(let field): return exists(field)
        case .comparison(let field, let operation, let value): return comparison(field, operation, value)
        case .membership(let field, let values):
            let parts = values.map { comparison(field, .equal, $0) }
            return parts.isEmpty ? "0" : "(" + parts.joined(separator: " OR ") + ")"
        }
    }

    mutating func mark(_ binding: SQLiteDatabase.Binding) -> String {
        bindings.append(binding)
        return "?"
    }

    private mutating func exists(_ field: Field) -> String {
        switch field {
        case .sequence, .time, .recorded: "1"
        case .duration: "duration IS NOT NULL"
        case .result: "result IS NOT NULL"
        case .text: "EXISTS (SELECT 1 FROM string s WHERE s.event = sequence)"
        case .details(let path): anyValue("details", path, "1")
        case .extra(let path): anyValue("extra", path, "1")
        default: "\(SQLiteOpinion.column(field)) IS NOT NULL"
        }
    }

    private mutating func comparison(
        _ field: Field, _ operation: Filter.Operator, _ value: Filter.Value
    ) -> String {
        switch (field, value) {
        case (_, .integer(let number)), (_, .duration(let number)), (_, .time(.absolute(let number))):
            return "ifnull(\(field) \(operation.sql) \(mark(.integer(number))), 0)"
        case (_, .result(let result)):
            return "ifnull(result \(operation.sql) \(mark(.text(result.rawValue))), 0)"
        case (.details(let path), _):
            // The order of marks is the order of the text: the path stands before the test.
            return anyValue("details", path) { $0.json(operation, value) }
        case (.extra(let path), _): return anyValue("extra", path) { $0.json(operation, value) }
        case (.text, .text(let text)):
            return
                "EXISTS (SELECT 1 FROM string s WHERE s.event = sequence AND "
                + test("s.text", operation, text.string) + ")"
        case (.severity, .text(let text)) where operation.isOrdering:
            guard let rank = SQLiteOpinion.severities.firstIndex(of: text.string) else { return "0" }
            return "ifnull(severity_rank \(operation.sql) \(mark(.integer(Int64(rank)))), 0)"
        case (_, .text(let text)): return test(SQLiteOpinion.column(field), operation, text.string)
        default: return "0"
        }
    }

    private mutating func test(_ column: String, _ operation: Filter.Operator, _ text: String) -> String {
        switch operation {
        case .matches:
            // SQLite's globs know classes in square brackets; a class of the bracket itself is the bracket.
            let pattern = text.split(separator: "[", omittingEmptySubsequences: false).joined(
                separator: "[[]")
            return "ifnull(\(column) GLOB \(mark(.text(pattern))), 0)"
        case .contains: return "ifnull(instr(lower(\(column)), lower(\(mark(.text(text))))) > 0, 0)"
        default: return "ifnull(\(column) \(operation.sql) \(mark(.text(text))), 0)"
        }
    }

    // MARK: Values in details

    private mutating func anyValue(_ place: String, _ path: FieldPath, _ test: String) -> String {
        anyValue(place, path) { _ in test }
    }

    private mutating func anyValue(
        _ place: String, _ path: FieldPath, _ test: (inout SQLiteStatement) -> String
    ) -> String {
        let keys = mark(.text(SQLiteOpinion.path(path.components)))
        return
            "EXISTS (SELECT 1 FROM value v WHERE v.event = sequence AND v.place = '\(place)' AND v.path = \(keys) AND ("
            + test(&self) + "))"
    }

    private mutating func json(_ operation: Filter.Operator, _ value: Filter.Value) -> String {
        let (text, isBare): (String, Bool)
        switch value {
        case .text(let quoted): (text, isBare) = (quoted.string, false)
        case .word(let word): (text, isBare) = (word.text.string, true)
        default: return "0"
        }
        if operation == .matches || operation == .contains {
            return "v.kind IN ('string', 'number') AND " + test("v.text", operation, text)
        }
        let isNumber = isBare && Self.isNumber(text)
        var parts: [String] = []
        if !(isNumber && operation.isOrdering) {
            parts.append("v.kind = 'string' AND " + test("v.text", operation, text))
        }
        if isNumber {
            parts.append("v.kind = 'number' AND " + test("v.number", operation, DecimalKey(text).text))
        } else if operation == .notEqual {
            parts.append("v.kind = 'number'")
        }
        if operation == .equal, isBare {
            parts.append("v.kind = 'word' AND " + test("v.text", .equal, text))
        } else if operation == .notEqual {
            parts.append("v.kind = 'word'" + (isBare ? " AND " + test("v.text", .notEqual, text) : ""))
        }
        return parts.isEmpty ? "0" : parts.map { "(\($0))" }.joined(separator: " OR ")
    }

    private static func isNumber(_ text: String) -> Bool {
        text.wholeMatch(of: #/-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/#) != nil
    }
}

extension Filter.Operator {
    fileprivate var sql: String {
        switch self {
        case .equal: "="
        case .notEqual: "<>"
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        case .matches, .contains: ""
        }
    }
}
