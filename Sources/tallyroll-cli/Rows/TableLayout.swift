import TallyrollFormat

/// Lays events out in columns: as wide as the first rows need, and on a terminal no wider than it is.
struct TableLayout {
    private let columns: [RowColumn]
    private let terminalWidth: Int?
    /// Rows that wait until it is known how wide the columns are.
    private var waiting: [[String]] = []
    private var widths: [Int]?

    private static let rowsLookedAt = 500
    private static let gap = "  "
    private static let narrowest = 8

    init(_ columns: [RowColumn], terminalWidth: Int?) {
        self.columns = columns
        self.terminalWidth = terminalWidth
    }

    mutating func add(_ record: RecordView, _ place: RecordPlace, into out: inout ByteWriter) {
        let cells = columns.map { column in
            var cell = ByteWriter(capacity: 128)
            guard column.append(record, place, into: &cell) else { return "-" }
            return TableLayout.visible(cell.view.string)
        }
        guard widths == nil else { return write(cells, into: &out) }
        waiting.append(cells)
        if waiting.count >= TableLayout.rowsLookedAt { flush(into: &out) }
    }

    /// Decides on widths, if that was still to do, and writes the rows that wait.
    mutating func flush(into out: inout ByteWriter) {
        if widths == nil {
            guard !waiting.isEmpty else { return }
            let headings = columns.map { $0.name.uppercased() }
            widths = chosenWidths([headings] + waiting)
            write(headings, into: &out)
        }
        for cells in waiting { write(cells, into: &out) }
        waiting = []
    }

    private func chosenWidths(_ rows: [[String]]) -> [Int] {
        var widths = columns.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        guard let terminalWidth else { return widths }
        let room = terminalWidth - TableLayout.gap.count * (columns.count - 1)
        // What is widest gives way first.
        while widths.reduce(0, +) > room, let widest = widths.max(), widest > TableLayout.narrowest,
            let place = widths.lastIndex(of: widest)
        {
            widths[place] -= 1
        }
        return widths
    }

    private func write(_ cells: [String], into out: inout ByteWriter) {
        guard let widths else { return }
        var line = ""
        for (place, cell) in cells.enumerated() {
            if place > 0 { line += TableLayout.gap }
            var text = cell
            if terminalWidth != nil, text.count > widths[place] {
                text = String(text.prefix(max(widths[place] - 1, 0))) + "…"
            }
            line += text
            if place < cells.count - 1, text.count < widths[place] {
                line += String(repeating: " ", count: widths[place] - text.count)
            }
        }
        line += "\n"
        line.withView { out.bytes($0) }
    }

    /// Text without what would move a terminal's cursor.
    private static func visible(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0xC2 }) else { return text }
        return String(text.map { $0.unicodeScalars.contains { $0.properties.generalCategory == .control } ? "·" : $0 })
    }
}
