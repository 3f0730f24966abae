import TallyrollFormat
import TallyrollQuery

/// Prints the groups of an aggregation with their figures.
struct FigurePrinter {
    private let table: AggregateTable
    private let fields: [String]
    private let span: Int64?

    static let startName = "start"
    private static let millisecondDigits = -6

    init(_ table: AggregateTable, by fields: [String], every span: Int64?) {
        self.table = table
        self.fields = fields
        self.span = span
    }

    /// The name of a figure where spans are numbers of milliseconds.
    static func name(_ aggregate: Aggregate) -> String {
        aggregate.field == .duration && aggregate.function != .distinct ? "\(aggregate)_ms" : "\(aggregate)"
    }

    func print(_ format: RowFormat) throws {
        var out = StandardOutput()
        switch format {
        case .table: try printTable(&out)
        case .jsonl:
            var line = ByteWriter()
            for row in table.rows {
                Report.write(.object(object(row)), into: &line)
                line.u8(UInt8(ascii: "\n"))
                out.bytes.bytes(line.view)
                line.removeAll()
                try out.flushIfFull()
            }
        case .csv: try printCSV(&out)
        }
        try out.flush()
    }

    /// Everything as one object.
    func report() -> Report {
        var report = Report()
        if let span { report.add("every", .text(DurationText.format(span))) }
        report.add("by", .list(fields.map { .text($0) }))
        report.add("figures", .list(table.aggregates.map { .text(FigurePrinter.name($0)) }))
        report.add("rows", .list(table.rows.map { .object(object($0)) }))
        report.add("group_count", .count(table.groupCount))
        report.add("problems", .list(table.problems.map { .text("\($0)") }))
        return report
    }

    private func object(_ row: AggregateTable.Row) -> Report {
        var report = Report()
        if let start = row.start { report.add(FigurePrinter.startName, .text("\(start)")) }
        for (name, value) in zip(fields, row.values) { report.add(name, .text(value)) }
        var approximate: [Report.Value] = []
        for (aggregate, figure) in zip(table.aggregates, row.figures) {
            let name = FigurePrinter.name(aggregate)
            report.add(name, FigurePrinter.json(figure.value))
            if !figure.isExact { approximate.append(.text(name)) }
        }
        if !approximate.isEmpty { report.add("approximate", .list(approximate)) }
        return report
    }

    private static func json(_ value: AggregateValue) -> Report.Value {
        switch value {
        case .none: .null
        case .count(let count): .count(count)
        case .number(let number): .raw("\(number)")
        case .duration(let nanoseconds): .raw("\(ExactNumber(nanoseconds, exponent: millisecondDigits))")
        case .time(let time): .text("\(time)")
        }
    }

    private func printCSV(_ out: inout StandardOutput) throws {
        func write(_ cells: [String?]) throws {
            for (place, cell) in cells.enumerated() {
                if place > 0 { out.bytes.u8(UInt8(ascii: ",")) }
                cell?.withView { CSVText.write($0, into: &out.bytes) }
            }
            out.bytes.u8(UInt8(ascii: "\r"))
            out.bytes.u8(UInt8(ascii: "\n"))
            try out.flushIfFull()
        }
        try write(names(table.aggregates.map(FigurePrinter.name)))
        for row in table.rows {
            let figures = row.figures.map { figure -> String? in
                switch figure.value {
                case .none: nil
                case .duration(let nanoseconds):
                    "\(ExactNumber(nanoseconds, exponent: FigurePrinter.millisecondDigits))"
                default: "\(figure.value)"
                }
            }
            try write((row.start.map { ["\($0)"] } ?? []) + row.values + figures)
        }
        warnOfEstimates()
    }

    /// CSV has no place to say so.
    private func warnOfEstimates() {
        for (place, aggregate) in table.aggregates.enumerated()
        where table.rows.contains(where: { !$0.figures[place].isExact }) {
            Terminal.say("\(FigurePrinter.name(aggregate)): some of the values are estimates")
        }
    }

    private func names(_ figures: [String]) -> [String] {
        (table.rows.first?.start != nil || span != nil ? [FigurePrinter.startName] : []) + fields + figures
    }

    /// Texts to the left, figures to the right.
    private func printTable(_ out: inout StandardOutput) throws {
        let heading = names(table.aggregates.map(\.description)).map { $0.uppercased() }
        let textColumns = heading.count - table.aggregates.count
        let rows = table.rows.map { row in
            (row.start.map { ["\($0)"] } ?? []) + row.values.map(OneLine.of)
                + row.figures.map { ($0.isExact ? "" : "~") + "\($0.value)" }
        }
        var widths = heading.map(\.count)
        for row in rows {
            for (place, cell) in row.enumerated() { widths[place] = max(widths[place], cell.count) }
        }
        for row in [heading] + rows {
            let cells = row.enumerated().map { place, cell in
                let padding = String(repeating: " ", count: widths[place] - cell.count)
                return place < textColumns ? cell + padding : padding + cell
            }
            try out.line(cells.joined(separator: "  "))
        }
    }
}

/// A value as it stands in a row: what would break the row is escaped as in JSON, in quotes.
enum OneLine {
    static func of(_ value: String) -> String {
        guard value.isEmpty || value.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return value }
        var out = ByteWriter(capacity: 64)
        value.withView { out.escaped($0) }
        return "\"\(out.view.string)\""
    }
}
