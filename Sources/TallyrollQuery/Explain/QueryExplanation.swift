import TallyrollFormat

/// What a query did and what that cost: which segments and blocks were left out and by what, how the rest was
/// searched, how many rows were met, how many bytes were read, and where the time went.
public struct QueryExplanation: Sendable {
    /// The filter as it was run: simplified, with its times fixed.
    public let filter: String
    private let segments: [QueryTrace.Segment]
    private let tailRows: Int
    private let tailMatched: Int
    private let rowsReturned: Int
    private let problems: [QueryProblem]
    /// Nil when time was not measured.
    private let durations: [(name: String, duration: Duration)]?

    init(_ filter: Filter, _ trace: QueryTrace) {
        self.filter = filter.description
        segments = trace.segments
        tailRows = trace.tailRows
        tailMatched = trace.tailMatched
        rowsReturned = trace.rowsReturned
        problems = trace.problems
        durations =
            trace.isTimed
            ? QueryTrace.Step.allCases.map { ($0.name, trace.durations[$0.rawValue]) } : nil
    }
}

extension QueryExplanation: CustomStringConvertible {
    /// Several lines for people: the filter, each segment that was looked at and what became of its blocks, how many
    /// were left out and why, and where the time went.
    public var description: String {
        var lines = ["filter   \(filter)"]
        for (reason, count) in prunedSegments {
            lines.append("pruned   \(count) of \(segments.count) segments by \(reason)")
        }
        for segment in segments where segment.prunedBy == nil { lines += QueryExplanation.lines(segment) }
        if tailRows > 0 {
            lines.append("tail     \(tailRows) events not yet in a block, \(tailMatched) matched")
        }
        let matched = segments.reduce(tailMatched) { $0 + $1.rowsMatched }
        let read = segments.reduce(0) { $0 + $1.blocksRead }
        let bytes = segments.reduce(0) { $0 + $1.bytesRead }
        lines.append(
            "total    \(matched) matched, \(rowsReturned) returned, \(read) blocks used, \(bytes) bytes read from files"
        )
        if let durations {
            lines.append("time     " + durations.map { "\($0.name) \($0.duration)" }.joined(separator: ", "))
        }
        for problem in problems { lines.append("PROBLEM  \(problem)") }
        return lines.joined(separator: "\n")
    }

    private var prunedSegments: [(reason: String, count: Int)] {
        var counts: [String: Int] = [:]
        for segment in segments {
            if let reason = segment.prunedBy { counts[reason.rawValue, default: 0] += 1 }
        }
        return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private static func lines(_ segment: QueryTrace.Segment) -> [String] {
        let access = segment.access?.description ?? "not opened"
        var lines = [
            "segment  \(segment.number) (\(segment.isSealed ? "sealed" : "open"), \(segment.events) events): \(access)"
        ]
        guard segment.access != nil else { return lines }
        lines.append(
            "           \(segment.blocks) blocks: pruned \(segment.blocksPrunedBySequence) by sequence, "
                + "\(segment.blocksPrunedByTime) by time, \(segment.blocksPrunedByIndex) by index; "
                + "\(segment.blocksDecided) decided without reading, \(segment.blocksRead) used")
        lines.append(
            "           \(segment.candidates) candidates, \(segment.rowsMatched) matched, "
                + "\(segment.bytesRead) bytes read")
        return lines
    }
}

extension QueryExplanation {
    /// The same as one JSON object on one line.
    public var json: String {
        var out = ByteWriter(capacity: 1024)
        write(into: &out)
        return out.view.string
    }

    package func write(into out: inout ByteWriter) {
        var object = JSONObjectWriter(&out)
        object.member("filter", filter, &out)
        object.key("segments", &out)
        out.u8(UInt8(ascii: "["))
        for (index, segment) in segments.enumerated() {
            if index > 0 { out.u8(UInt8(ascii: ",")) }
            QueryExplanation.write(segment, into: &out)
        }
        out.u8(UInt8(ascii: "]"))
        object.member("tail_events", tailRows, &out)
        object.member("tail_matched", tailMatched, &out)
        object.member("rows_matched", segments.reduce(tailMatched) { $0 + $1.rowsMatched }, &out)
        object.member("rows_returned", rowsReturned, &out)
        if let durations {
            object.key("nanoseconds", &out)
            var times = JSONObjectWriter(&out)
            for (name, duration) in durations {
                let parts = duration.components
                times.member(
                    name,
                    Int(clamping: parts.seconds) * 1_000_000_000
                        + Int(clamping: parts.attoseconds / 1_000_000_000),
                    &out)
            }
            times.end(&out)
        }
        object.key("problems", &out)
        out.u8(UInt8(ascii: "["))
        for (index, problem) in problems.enumerated() {
            if index > 0 { out.u8(UInt8(ascii: ",")) }
            var member = JSONObjectWriter(&out)
            member.member("kind", problem.kind.rawValue, &out)
            member.member("segment", Int(clamping: problem.segment), &out)
            if let block = problem.block { member.member("block", block, &out) }
            member.member("first_sequence", Int(clamping: problem.sequences.lowerBound), &out)
            member.member("end_sequence", Int(clamping: problem.sequences.upperBound), &out)
            member.member("what", problem.what, &out)
            member.end(&out)
        }
        out.u8(UInt8(ascii: "]"))
        object.end(&out)
    }

    private static func write(_ segment: QueryTrace.Segment, into out: inout ByteWriter) {
        var object = JSONObjectWriter(&out)
        object.member("segment", Int(clamping: segment.number), &out)
        object.member("state", segment.isSealed ? "sealed" : "open", &out)
        object.member("events", segment.events, &out)
        if let reason = segment.prunedBy { object.member("pruned_by", reason.rawValue, &out) }
        if let access = segment.access { object.member("access", access.description, &out) }
        object.member("blocks", segment.blocks, &out)
        object.member("pruned_by_sequence", segment.blocksPrunedBySequence, &out)
        object.member("pruned_by_time", segment.blocksPrunedByTime, &out)
        object.member("pruned_by_index", segment.blocksPrunedByIndex, &out)
        object.member("decided", segment.blocksDecided, &out)
        object.member("blocks_used", segment.blocksRead, &out)
        object.member("bytes_read", segment.bytesRead, &out)
        object.member("candidates", segment.candidates, &out)
        object.member("matched", segment.rowsMatched, &out)
        object.end(&out)
    }
}

/// Writes the members of a JSON object, with commas where they belong.
private struct JSONObjectWriter {
    private var isFirst = true

    init(_ out: inout ByteWriter) { out.u8(UInt8(ascii: "{")) }

    mutating func key(_ name: String, _ out: inout ByteWriter) {
        if !isFirst { out.u8(UInt8(ascii: ",")) }
        isFirst = false
        JSONObjectWriter.string(name, &out)
        out.u8(UInt8(ascii: ":"))
    }

    mutating func member(_ name: String, _ value: String, _ out: inout ByteWriter) {
        key(name, &out)
        JSONObjectWriter.string(value, &out)
    }

    mutating func member(_ name: String, _ value: Int, _ out: inout ByteWriter) {
        key(name, &out)
        "\(value)".withView { out.bytes($0) }
    }

    func end(_ out: inout ByteWriter) { out.u8(UInt8(ascii: "}")) }

    private static func string(_ text: String, _ out: inout ByteWriter) {
        out.u8(UInt8(ascii: "\""))
        text.withView { out.escaped($0) }
        out.u8(UInt8(ascii: "\""))
    }
}
