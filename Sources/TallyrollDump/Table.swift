import TallyrollFormat

/// Rows of cells in columns that are as wide as their widest cell. Cells that begin with a digit stand to the right.
struct Table {
    private var rows: [[String]]

    init(_ titles: [String]) { rows = [titles] }

    mutating func add(_ cells: [String]) { rows.append(cells) }

    var lines: [String] {
        guard rows.count > 1 else { return [] }
        let widths = rows[0].indices.map { column in rows.map { Style.width(of: $0[column]) }.max() ?? 0 }
        return rows.map { row in
            var line = " "
            for (column, cell) in row.enumerated() {
                let gap = String(repeating: " ", count: widths[column] - Style.width(of: cell))
                let isNumber = rows[1][column].utf8.first.map { $0 &- 0x30 < 10 } ?? false
                line += " " + (isNumber ? gap + cell : cell + gap)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}

/// Colours, where they are wanted.
struct Style {
    let isOn: Bool

    func title(_ text: String) -> String { wrap(text, "1") }
    func good(_ text: String) -> String { wrap(text, "32") }
    func bad(_ text: String) -> String { wrap(text, "31") }

    private func wrap(_ text: String, _ code: String) -> String {
        isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// The columns that a text takes on a terminal, without what switches colours.
    static func width(of text: String) -> Int {
        var count = 0
        var isInside = false
        for character in text.unicodeScalars {
            if character == "\u{1B}" { isInside = true }
            if !isInside { count += 1 }
            if isInside, character == "m" { isInside = false }
        }
        return count
    }
}

/// Numbers and bytes as text.
enum Digits {
    static func hex(_ bytes: [UInt8]) -> String {
        var out = ByteWriter(capacity: 2 * bytes.count)
        bytes.withView { out.hex($0) }
        return out.view.string
    }

    static func time(_ nanoseconds: Int64) -> String {
        var out = ByteWriter(capacity: 40)
        RFC3339.write(nanoseconds, .shortest(nanoseconds), into: &out)
        return out.view.string
    }

    /// A quotient with two digits behind the point.
    static func hundredths(_ dividend: Int, _ divisor: Int) -> String {
        guard divisor > 0 else { return "-" }
        let value = (dividend * 100 + divisor / 2) / divisor
        return "\(value / 100).\(value % 100 / 10)\(value % 10)"
    }
}
