/// One step of a query's plan: what it does, what was expected of it and what it did. Steps form a tree; what a step
/// counts includes what its inner steps count.
package struct PlanStep: Sendable, Equatable {
    /// One of a few fixed words, such as `index` or `filter`.
    package var name: String
    /// What the step is about, for people: such as the part of the filter that it answers.
    package var what = ""
    /// Rows that were expected to come out.
    package var estimatedRows: Int?
    /// Rows that went in.
    package var rowsIn: Int?
    /// Rows that came out.
    package var rows: Int?
    package var segments: Int?
    /// Segments left out, by what said so.
    package var segmentsPruned: [String: Int] = [:]
    package var blocks: Int?
    /// Blocks left out, by what said so.
    package var blocksPruned: [String: Int] = [:]
    /// Blocks of which all was known without reading.
    package var blocksDecided: Int?
    /// Blocks of which something was read, or found in the cache.
    package var blocksUsed: Int?
    /// Bytes read from files; what was in memory costs none.
    package var bytesRead: Int?
    /// Bytes of text that came out of decompression.
    package var bytesInflated: Int?
    /// On all threads; nil when time was not measured.
    package var nanoseconds: Int?
    package var steps: [PlanStep] = []

    package init(_ name: String, _ what: String = "") {
        self.name = name
        self.what = what
    }
}

// MARK: For people

extension PlanStep {
    /// The tree, a line a step.
    func lines(under prefix: String = "", isLast: Bool = true, isRoot: Bool = true) -> [String] {
        let branch = isRoot ? "" : isLast ? "└ " : "├ "
        var lines = [prefix + branch + ([title] + facts).joined(separator: " · ")]
        let inner = prefix + (isRoot ? "" : isLast ? "  " : "│ ")
        for (index, step) in steps.enumerated() {
            lines += step.lines(under: inner, isLast: index == steps.count - 1, isRoot: false)
        }
        return lines
    }

    private var title: String { what.isEmpty ? name : "\(name) \(what)" }

    private var facts: [String] {
        var facts: [String] = []
        if let rows {
            var text = rowsIn.map { "\(rows) of \($0) rows" } ?? "\(rows) rows"
            if let estimatedRows { text += " (expected \(estimatedRows))" }
            facts.append(text)
        } else if let estimatedRows {
            facts.append("expected \(estimatedRows) rows")
        }
        if let segments {
            facts.append("\(segments) segments" + PlanStep.pruned(segmentsPruned))
        }
        if let blocks { facts.append("\(blocks) blocks" + PlanStep.pruned(blocksPruned)) }
        if let blocksDecided, blocksDecided > 0 { facts.append("\(blocksDecided) blocks decided unread") }
        if let blocksUsed { facts.append("\(blocksUsed) blocks used") }
        if let bytesRead, bytesRead > 0 { facts.append("\(bytesRead) bytes read") }
        if let bytesInflated, bytesInflated > 0 { facts.append("\(bytesInflated) bytes inflated") }
        if let nanoseconds { facts.append(PlanStep.time(nanoseconds)) }
        return facts
    }

    private static func pruned(_ counts: [String: Int]) -> String {
        let parts = counts.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map {
            "\($0.value) by \($0.key)"
        }
        return parts.isEmpty ? "" : ", pruned " + parts.joined(separator: ", ")
    }

    /// Milliseconds with three digits.
    static func time(_ nanoseconds: Int) -> String {
        let microseconds = (max(nanoseconds, 0) + 500) / 1_000
        let rest = "\(microseconds % 1_000)"
        return "\(microseconds / 1_000).\(String(repeating: "0", count: 3 - rest.count))\(rest) ms"
    }
}

// MARK: JSON

extension PlanStep {
    func write(into object: inout JSONObjectWriter) {
        object.member("step", name)
        if !what.isEmpty { object.member("what", what) }
        if let estimatedRows { object.member("estimated_rows", estimatedRows) }
        if let rowsIn { object.member("rows_in", rowsIn) }
        if let rows { object.member("rows", rows) }
        if let segments { object.member("segments", segments) }
        object.member("segments_pruned", segmentsPruned)
        if let blocks { object.member("blocks", blocks) }
        object.member("blocks_pruned", blocksPruned)
        if let blocksDecided { object.member("blocks_decided", blocksDecided) }
        if let blocksUsed { object.member("blocks_used", blocksUsed) }
        if let bytesRead { object.member("bytes_read", bytesRead) }
        if let bytesInflated { object.member("bytes_inflated", bytesInflated) }
        if let nanoseconds { object.member("nanoseconds", nanoseconds) }
        if !steps.isEmpty { object.list("steps", steps) { $0.write(into: &$1) } }
    }
}
