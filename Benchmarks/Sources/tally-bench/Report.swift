import Foundation

/// What is measured beside what.
enum Contestant: String, CaseIterable, Codable, Sendable {
    case tallyroll = "Tallyroll"
    /// The same bytes appended to a plain file.
    case file = "plain file"
    /// JSON lines with a SHA-256 chain over them.
    case chainedFile = "chained file"
    case sqlite = "SQLite"
}

/// One row of a table: a figure and what each contestant reached.
struct Figure: Sendable {
    let section: String
    let name: String
    let unit: String
    let isHigherBetter: Bool
    var samples: [Contestant: Samples] = [:]

    /// How many times better than `peer` Tallyroll is, or nil without both.
    func advantage(over peer: Contestant) -> Double? {
        guard let own = samples[.tallyroll]?.median, let other = samples[peer]?.median, own > 0, other > 0
        else {
            return nil
        }
        return isHigherBetter ? own / other : other / own
    }
}

/// Collects figures over the runs and prints them.
struct Report: Sendable {
    let title: String
    let command: String
    let machine: Machine
    /// Lines that say what was measured and how.
    var conditions: [String] = []
    private(set) var figures: [Figure] = []
    /// Lines below the tables, such as answers that differ.
    private(set) var notes: [String] = []

    init(title: String, command: String, machine: Machine) {
        self.title = title
        self.command = command
        self.machine = machine
    }

    mutating func add(
        _ section: String, _ name: String, unit: String, higherIsBetter: Bool = false,
        _ contestant: Contestant = .tallyroll, _ value: Double
    ) {
        let place =
            figures.firstIndex { $0.section == section && $0.name == name && $0.unit == unit }
            ?? {
                figures.append(
                    Figure(section: section, name: name, unit: unit, isHigherBetter: higherIsBetter))
                return figures.count - 1
            }()
        figures[place].samples[contestant, default: Samples()].add(value)
        Report.progress("\(section) · \(name) · \(contestant.rawValue): \(value.compact) \(unit)")
    }

    /// Notes a line once.
    mutating func note(_ line: String) { if !notes.contains(line) { notes.append(line) } }

    static func progress(_ line: String) {
        FileHandle.standardError.write(Data("\(line)\n".utf8))
    }

    /// In order of first appearance.
    private var sections: [String] {
        figures.reduce(into: []) { if !$0.contains($1.section) { $0.append($1.section) } }
    }

    private func contestants(_ rows: [Figure]) -> [Contestant] {
        Contestant.allCases.filter { contestant in rows.contains { $0.samples[contestant] != nil } }
    }

    private static func cell(_ samples: Samples?) -> String {
        guard let samples, !samples.values.isEmpty else { return "" }
        if samples.values.count == 1 { return samples.median.compact }
        return "\(samples.median.compact) (\(samples.least.compact) to \(samples.most.compact))"
    }

    /// Tables as Markdown; `level` is that of the heading.
    func markdown(level: Int = 3) -> String {
        let heading = String(repeating: "#", count: level)
        var lines = ["\(heading) \(title)", ""]
        for line in ["Machine: \(machine.line)."] + conditions { lines.append("- \(line)") }
        lines += ["- Command: `\(command)`", ""]
        lines.append(
            "Each figure is the median of the runs, with the least and the most behind it. "
                + "“× SQLite” says how many times better Tallyroll is: above 1 it wins.")
        lines.append("")
        for section in sections {
            let rows = figures.filter { $0.section == section }
            let columns = contestants(rows)
            let peers = columns.filter { $0 != .tallyroll && $0 != .file }
            lines.append("\(heading)# \(section)")
            lines.append("")
            lines.append(
                "| | "
                    + (columns.map(\.rawValue) + peers.map { "× \($0.rawValue)" }).joined(separator: " | ")
                    + " |")
            lines.append("|---|" + String(repeating: "---:|", count: columns.count + peers.count))
            for row in rows {
                let values = columns.map { Report.cell(row.samples[$0]) }
                let ratios = peers.map { row.advantage(over: $0).map { "\($0.compact)" } ?? "" }
                let name = row.unit.isEmpty ? row.name : "\(row.name), \(row.unit)"
                lines.append("| \(name) | \((values + ratios).joined(separator: " | ")) |")
            }
            lines.append("")
        }
        for note in notes { lines.append("- \(note)") }
        if !notes.isEmpty { lines.append("") }
        return lines.joined(separator: "\n")
    }

    /// The same as one JSON object.
    func json() throws -> String {
        struct Row: Encodable {
            var section, name, unit: String
            var higherIsBetter: Bool
            var contestant: String
            var median, min, max: Double
            var values: [Double]
        }
        struct Whole: Encodable {
            var title, command: String
            var machine: Machine
            var conditions: [String]
            var figures: [Row]
            var notes: [String]
        }
        let rows = figures.flatMap { figure in
            contestants([figure]).compactMap { contestant -> Row? in
                guard let samples = figure.samples[contestant], samples.median.isFinite else { return nil }
                return Row(
                    section: figure.section, name: figure.name, unit: figure.unit,
                    higherIsBetter: figure.isHigherBetter, contestant: contestant.rawValue,
                    median: samples.median, min: samples.least, max: samples.most, values: samples.values)
            }
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let whole = Whole(
            title: title, command: command, machine: machine, conditions: conditions, figures: rows,
            notes: notes)
        return String(decoding: try encoder.encode(whole), as: UTF8.self)
    }
}
