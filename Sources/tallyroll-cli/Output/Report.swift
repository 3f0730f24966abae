import TallyrollFormat

/// What a command has to report: named figures, printed as one JSON object, or by the command for people.
struct Report {
    /// A value of a report.
    enum Value {
        case count(Int)
        case number(Double)
        case text(String)
        case flag(Bool)
        case list([Value])
        case object(Report)
        /// JSON text.
        case raw(String)
        case null
    }

    private(set) var members: [(name: String, value: Value)] = []

    init(_ members: [(name: String, value: Value)] = []) { self.members = members }

    mutating func add(_ name: String, _ value: Value) { members.append((name, value)) }

    /// Prints the report as one object on one line of stdout.
    func print() throws {
        var out = ByteWriter()
        Report.write(.object(self), into: &out)
        out.u8(UInt8(ascii: "\n"))
        try StandardOutput.write(out.view)
    }

    static func write(_ value: Value, into out: inout ByteWriter) {
        switch value {
        case .count(let count): text("\(count)", into: &out)
        case .number(let number): text(number.isFinite ? "\(number)" : "null", into: &out)
        case .flag(let flag): text(flag ? "true" : "false", into: &out)
        case .null: text("null", into: &out)
        case .raw(let json): text(json, into: &out)
        case .text(let content): quoted(content, into: &out)
        case .list(let values):
            out.u8(UInt8(ascii: "["))
            for (place, value) in values.enumerated() {
                if place > 0 { out.u8(UInt8(ascii: ",")) }
                write(value, into: &out)
            }
            out.u8(UInt8(ascii: "]"))
        case .object(let report):
            out.u8(UInt8(ascii: "{"))
            for (place, member) in report.members.enumerated() {
                if place > 0 { out.u8(UInt8(ascii: ",")) }
                quoted(member.name, into: &out)
                out.u8(UInt8(ascii: ":"))
                write(member.value, into: &out)
            }
            out.u8(UInt8(ascii: "}"))
        }
    }

    private static func text(_ text: String, into out: inout ByteWriter) { text.withView { out.bytes($0) } }

    private static func quoted(_ text: String, into out: inout ByteWriter) {
        out.u8(UInt8(ascii: "\""))
        text.withView { out.escaped($0) }
        out.u8(UInt8(ascii: "\""))
    }
}
