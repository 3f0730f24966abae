import TallyrollFormat

/// A value of a report, written as JSON with its members in the order they were given.
enum JSONValue {
    case string(String)
    case integer(Int64)
    case unsigned(UInt64)
    case boolean(Bool)
    case null
    case array([JSONValue])
    case object([(String, JSONValue)])

    static func count(_ value: Int) -> JSONValue { .integer(Int64(value)) }

    static func optional<T>(_ value: T?, _ make: (T) -> JSONValue) -> JSONValue { value.map(make) ?? .null }

    func write(into out: inout ByteWriter) {
        switch self {
        case .string(let text): JSONValue.write(text, into: &out)
        case .integer(let value): Array("\(value)".utf8).withView { out.bytes($0) }
        case .unsigned(let value): out.decimal(value)
        case .boolean(let value): out.text(value ? "true" : "false")
        case .null: out.text("null")
        case .array(let values):
            out.text("[")
            for (index, value) in values.enumerated() {
                if index > 0 { out.text(",") }
                value.write(into: &out)
            }
            out.text("]")
        case .object(let members):
            out.text("{")
            for (index, member) in members.enumerated() {
                if index > 0 { out.text(",") }
                JSONValue.write(member.0, into: &out)
                out.text(":")
                member.1.write(into: &out)
            }
            out.text("}")
        }
    }

    private static func write(_ text: String, into out: inout ByteWriter) {
        out.text("\"")
        text.withView { out.escaped($0) }
        out.text("\"")
    }
}
