import ArgumentParser
import TallyrollFormat
import TallyrollQuery

/// How events are printed.
enum RowFormat: String, CaseIterable, ExpressibleByArgument {
    case jsonl, table, csv
}

/// Prints events to stdout, one after the other, in one of the formats.
struct RowPrinter: ~Copyable {
    private enum Style {
        case json(EventJSONWriter, paths: [RowColumn])
        case csv([RowColumn])
        case table
    }

    private let style: Style
    private var table: TableLayout
    private var cell = ByteWriter(capacity: 1024)
    private(set) var count = 0
    private let separator: UInt8
    private let isForSpreadsheet: Bool
    var out = StandardOutput()

    /// `columns` nil is everything the format shows. `form` is how much of JSON and CSV is the store's own.
    /// `separator` stands between JSON events, or behind each when it is a line end. `isForSpreadsheet` keeps CSV values
    /// from being taken for formulas.
    init(
        _ format: RowFormat, columns: [RowColumn]?, form: EventJSONWriter.Form,
        separator: UInt8 = UInt8(ascii: "\n"), isForSpreadsheet: Bool = false
    ) {
        self.separator = separator
        self.isForSpreadsheet = isForSpreadsheet
        table = TableLayout(columns ?? RowColumn.tableDefault, terminalWidth: Terminal.width)
        switch format {
        case .jsonl:
            let selection = columns.map { EventKeySelection(keys: $0.flatMap(\.keys)) } ?? .all
            // Fields of the store are printed when they are asked for.
            style = .json(
                EventJSONWriter(columns == nil ? form : .full, selection: selection),
                paths: columns?.filter { $0.keys.isEmpty } ?? [])
        case .csv:
            style = .csv(columns ?? RowColumn.all(withStoreFields: form == .full))
        case .table:
            style = .table
        }
        if case .csv(let columns) = style { header(columns) }
    }

    /// What has to be read of the events that are printed.
    static func fields(_ format: RowFormat, _ columns: [RowColumn]?) -> RecordFields {
        guard let columns = columns ?? (format == .table ? RowColumn.tableDefault : nil) else { return .all }
        var fields = RecordFields(columns.map(\.field))
        // In JSON the error is part of the result.
        if format == .jsonl, fields.hasOutcome { fields.insert(.error) }
        return fields
    }

    /// Prints one event.
    mutating func print(_ record: RecordView, _ place: RecordPlace) throws {
        switch style {
        case .json(let writer, let paths):
            if count > 0, separator != UInt8(ascii: "\n") { out.bytes.u8(separator) }
            try writer.write(record, place, into: &out.bytes)
            if !paths.isEmpty { append(paths, of: record) }
            if separator == UInt8(ascii: "\n") { out.bytes.u8(separator) }
        case .csv(let columns):
            for (place_, column) in columns.enumerated() {
                if place_ > 0 { out.bytes.u8(UInt8(ascii: ",")) }
                cell.removeAll()
                guard column.append(record, place, into: &cell) else { continue }
                if isForSpreadsheet, CSVText.mayBeFormula(cell.view) {
                    CSVText.writeHarmless(cell.view, into: &out.bytes)
                } else {
                    CSVText.write(cell.view, into: &out.bytes)
                }
            }
            out.bytes.u8(UInt8(ascii: "\r"))
            out.bytes.u8(UInt8(ascii: "\n"))
        case .table:
            table.add(record, place, into: &out.bytes)
        }
        count += 1
        try out.flushIfFull()
    }

    /// Makes everything printed so far visible.
    mutating func flush() throws {
        if case .table = style { table.flush(into: &out.bytes) }
        try out.flush()
    }

    private mutating func header(_ columns: [RowColumn]) {
        for (place, column) in columns.enumerated() {
            if place > 0 { out.bytes.u8(UInt8(ascii: ",")) }
            column.name.withView { CSVText.write($0, into: &out.bytes) }
        }
        out.bytes.u8(UInt8(ascii: "\r"))
        out.bytes.u8(UInt8(ascii: "\n"))
    }

    /// Adds members for values inside `details` to the object that was just written.
    private mutating func append(_ paths: [RowColumn], of record: RecordView) {
        out.bytes.truncate(to: out.bytes.count - 1)
        for column in paths {
            let value: ByteView? =
                switch column.field {
                case .details(let path): RowColumn.value(at: path, in: record[.details])
                case .extra(let path): RowColumn.value(at: path, in: record[.extra])
                default: nil
                }
            guard let value else { continue }
            if out.bytes.view[out.bytes.count - 1] != UInt8(ascii: "{") { out.bytes.u8(UInt8(ascii: ",")) }
            out.bytes.u8(UInt8(ascii: "\""))
            column.name.withView { out.bytes.escaped($0) }
            out.bytes.u8(UInt8(ascii: "\""))
            out.bytes.u8(UInt8(ascii: ":"))
            out.bytes.onOneLine(value)
        }
        out.bytes.u8(UInt8(ascii: "}"))
    }
}

/// Values as RFC 4180 has them.
enum CSVText {
    /// Quotes where it must: around separators, quotes, line ends, and around an empty text, which is not the same as
    /// no value.
    static func write(_ value: ByteView, into out: inout ByteWriter) {
        let needsQuotes =
            value.isEmpty
            || value.raw.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }
            || value[0] == 0x20 || value[value.count - 1] == 0x20
        guard needsQuotes else {
            out.bytes(value)
            return
        }
        out.u8(0x22)
        var start = 0
        for position in 0..<value.count where value[position] == 0x22 {
            out.bytes(value.trusted(start, position + 1 - start))
            out.u8(0x22)
            start = position + 1
        }
        out.bytes(value.trusted(start, value.count - start))
        out.u8(0x22)
    }

    /// Whether a spreadsheet program might run the value instead of showing it. A number is only a number.
    static func mayBeFormula(_ value: ByteView) -> Bool {
        guard value.count > 0 else { return false }
        switch value[0] {
        case UInt8(ascii: "="), UInt8(ascii: "@"), UInt8(ascii: "\t"), UInt8(ascii: "\r"): return true
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            return !value.raw.dropFirst().allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
                || value.count == 1
        default: return false
        }
    }

    /// Writes a value with an apostrophe before it, which spreadsheet programs read as "this is text".
    static func writeHarmless(_ value: ByteView, into out: inout ByteWriter) {
        var marked = ByteWriter(capacity: value.count + 1)
        marked.u8(UInt8(ascii: "'"))
        marked.bytes(value)
        write(marked.view, into: &out)
    }
}
