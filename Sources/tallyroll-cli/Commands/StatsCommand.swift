import ArgumentParser
import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// `tallyroll stats`
struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Says what a store holds: events, segments, bytes by part, time span, most frequent values.",
        discussion: """
            The size of the events as JSON is computed from a sample of blocks when there are many.

            Examples:
              tallyroll stats --store audit
              tallyroll stats --store audit --top 20 --json
            """)

    @OptionGroup var store: StoreOption

    @Option(help: ArgumentHelp("How many values of each field.", valueName: "count"))
    var top = 5

    @Flag(help: "Report as one JSON object on standard output.")
    var json = false

    func validate() throws {
        if top < 0 { throw ValidationError("--top is \(top): use 0 or more") }
    }

    private static let topFields: [(name: String, field: Field)] = [
        ("type", .type), ("user", .user), ("resource_type", .resourceType), ("action", .action),
        ("result", .result),
    ]

    func run() throws { try answering(answer) }

    private func answer() throws {
        let store = try ReadableStore(store)
        let snapshot = try store.snapshot()
        let usage = try StoreUsage(snapshot, in: store.place.storage)
        for problem in usage.problems { store.warn(problem) }
        var terms: [(name: String, counts: GroupCounts)] = []
        let engine = ReadableStore.engine(snapshot)
        for field in StatsCommand.topFields where top > 0 {
            let counts = try engine.count(by: [field.field], top: top)
            store.warn(counts.problems)
            terms.append((field.name, counts))
        }
        let figures = StoreFigures(snapshot, usage: usage)
        if json {
            try figures.json(terms).print()
        } else {
            var out = StandardOutput()
            for line in figures.lines(terms) { try out.line(line) }
            try out.flush()
        }
        try store.finish()
    }
}

/// The figures that `stats` prints.
private struct StoreFigures {
    let events: Int
    let segments: Int
    let sealedSegments: Int
    let blocks: Int
    let usage: StoreUsage
    let json: JSONSize
    let times: ClosedRange<Int64>?
    let recordedTimes: ClosedRange<Int64>?

    init(_ snapshot: StoreSnapshot, usage: StoreUsage) {
        self.usage = usage
        events = Int(snapshot.endSequence - min(snapshot.firstSequence, snapshot.endSequence))
        segments = snapshot.segments.count
        sealedSegments = snapshot.segments.count { $0.reader.isSealed }
        blocks = snapshot.segments.reduce(0) { $0 + $1.entries.count }
        json = JSONSize(snapshot)
        var times: ClosedRange<Int64>?
        var recorded: ClosedRange<Int64>?
        func widen(_ range: inout ClosedRange<Int64>?, _ other: ClosedRange<Int64>) {
            let old = range ?? other
            range = min(old.lowerBound, other.lowerBound)...max(old.upperBound, other.upperBound)
        }
        for segment in snapshot.segments {
            for entry in segment.entries where entry.isReadable {
                widen(&times, entry.times)
                widen(&recorded, entry.recordedTimes)
            }
        }
        for tail in snapshot.tail {
            for row in tail.start..<tail.count {
                guard let record = try? tail.run.record(row) else { continue }
                widen(&times, record.timestamp...record.timestamp)
                widen(&recorded, tail.run.recordedAt(row)...tail.run.recordedAt(row))
            }
        }
        self.times = times
        recordedTimes = recorded
    }

    /// Bytes that hold something: without room set aside.
    private var usedBytes: Int { usage.total - usage.total(of: .reserved) }
    private var bytesPerEvent: Double { events > 0 ? Double(usedBytes) / Double(events) : 0 }
    private var ratio: Double { usedBytes > 0 ? Double(json.bytes) / Double(usedBytes) : 0 }

    // MARK: For programs

    func json(_ terms: [(name: String, counts: GroupCounts)]) -> Report {
        var bytes = Report([("total", .count(usage.total))])
        for group in StoreUsage.Group.allCases {
            var parts = Report([("total", .count(usage.total(of: group)))])
            for part in usage.parts(of: group) { parts.add(part.name, .count(part.bytes)) }
            bytes.add(group.rawValue, .object(parts))
        }
        var top = Report()
        for (name, counts) in terms {
            top.add(
                name,
                .list(
                    counts.groups.map { group in
                        .object(
                            Report([("value", .text(group.values.first ?? "")), ("count", .count(group.count))]))
                    }))
        }
        return Report([
            ("events", .count(events)), ("segments", .count(segments)),
            ("sealed_segments", .count(sealedSegments)), ("blocks", .count(blocks)),
            ("bytes_on_disk", .count(usage.total)),
            ("bytes_per_event", .number(Figures.rounded(bytesPerEvent, 2))), ("bytes", .object(bytes)),
            ("json_bytes", .count(json.bytes)), ("json_bytes_exact", .flag(json.isExact)),
            ("ratio", .number(Figures.rounded(ratio, 2))),
            ("time", StoreFigures.span(times)), ("recorded", StoreFigures.span(recordedTimes)),
            ("top", .object(top)),
        ])
    }

    private static func span(_ range: ClosedRange<Int64>?) -> Report.Value {
        guard let range else { return .null }
        return .object(
            Report([
                ("first", .text("\(Timestamp(nanosecondsSince1970: range.lowerBound))")),
                ("last", .text("\(Timestamp(nanosecondsSince1970: range.upperBound))")),
            ]))
    }

    // MARK: For people

    func lines(_ terms: [(name: String, counts: GroupCounts)]) -> [String] {
        var lines = [
            StoreFigures.row("events", Figures.count(events)),
            StoreFigures.row(
                "segments",
                "\(Figures.count(segments)) (\(Figures.count(sealedSegments)) sealed), \(Figures.count(blocks, "block"))"),
        ]
        if let times { lines.append(StoreFigures.row("event times", StoreFigures.text(times))) }
        if let recordedTimes { lines.append(StoreFigures.row("recorded", StoreFigures.text(recordedTimes))) }
        lines.append(
            StoreFigures.row(
                "on disk",
                "\(Figures.bytes(usage.total)), \(Figures.decimals(bytesPerEvent, 1)) bytes an event without what is reserved"
            ))
        lines.append(
            StoreFigures.row(
                "as JSON",
                "\(json.isExact ? "" : "about ")\(Figures.bytes(json.bytes)), \(Figures.decimals(ratio, 1)) times as much"))
        for group in StoreUsage.Group.allCases where usage.total(of: group) > 0 {
            lines.append("")
            lines.append(bytesRow(group.rawValue, usage.total(of: group), indent: 0))
            for part in usage.parts(of: group) { lines.append(bytesRow(part.name, part.bytes, indent: 2)) }
        }
        for (name, counts) in terms where !counts.groups.isEmpty {
            lines.append("")
            lines.append("\(name): \(Figures.count(counts.groupCount, "value"))")
            let width = counts.groups.map { Figures.count($0.count).count }.max() ?? 0
            for group in counts.groups {
                let count = Figures.count(group.count)
                lines.append(
                    "  " + String(repeating: " ", count: width - count.count) + count + "  "
                        + Terminal.oneLine(group.values.first ?? ""))
            }
        }
        return lines
    }

    private func bytesRow(_ name: String, _ bytes: Int, indent: Int) -> String {
        let label = String(repeating: " ", count: indent) + name
        let figure = Figures.count(bytes)
        let each = events > 0 ? Figures.decimals(Double(bytes) / Double(events), 2) : "-"
        return label + String(repeating: " ", count: max(34 - label.count, 1))
            + String(repeating: " ", count: max(15 - figure.count, 0)) + figure
            + String(repeating: " ", count: max(10 - each.count, 1)) + each
    }

    private static func row(_ name: String, _ value: String) -> String {
        name + String(repeating: " ", count: max(14 - name.count, 1)) + value
    }

    private static func text(_ range: ClosedRange<Int64>) -> String {
        "\(Timestamp(nanosecondsSince1970: range.lowerBound)) to \(Timestamp(nanosecondsSince1970: range.upperBound))"
    }
}
