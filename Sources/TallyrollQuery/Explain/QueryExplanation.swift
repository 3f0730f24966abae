import TallyrollFormat

/// What a query did and what that cost, as the tree of its plan: which segments and blocks were left out and by what,
/// how the rest was searched, how many rows were expected and met, how many bytes were read, and where the time went.
public struct QueryExplanation: Sendable {
    /// The filter as it was run: simplified, with its times fixed.
    public let filter: String
    /// The whole plan, over all segments.
    package let plan: PlanStep
    private let segments: [QueryTrace.Segment]
    private let partTexts: [String]
    private let problems: [QueryProblem]
    private let threads: Int
    /// Nanoseconds on the thread that asked that no step claims; nil when time was not measured.
    package let otherNanoseconds: Int?

    init(_ filter: Filter, _ trace: QueryTrace) {
        self.filter = filter.description
        segments = trace.segments.all
        partTexts = trace.partTexts
        problems = trace.problems
        threads = trace.threads
        otherNanoseconds = trace.isTimed ? trace.watch[.other] : nil
        plan = PlanStep(trace, segments)
    }
}

/// What a run that is over did, for whoever wants it explained. `@unchecked Sendable`: nothing changes it any more.
struct RunAccount: @unchecked Sendable {
    private let filter: Filter
    private let trace: QueryTrace

    init(_ filter: Filter, _ trace: QueryTrace) {
        self.filter = filter
        self.trace = trace
    }

    /// Takes the time of `body` as that of making values of what was found.
    func timed<R>(_ body: () throws -> R) rethrows -> R { try trace.timed(.build, body) }

    /// - Complexity: O(segments).
    var explanation: QueryExplanation { QueryExplanation(filter, trace) }
}

// MARK: The tree

extension PlanStep {
    /// The tree of a run.
    init(_ trace: QueryTrace, _ segments: [QueryTrace.Segment]) {
        self.init("\(trace.kind)")
        let matched = segments.reduce(trace.tailMatched) { $0 + $1.rowsMatched }
        rows = trace.rowsReturned > 0 ? trace.rowsReturned : matched
        nanoseconds = trace.isTimed ? trace.watch.total : nil
        if trace.isTimed { steps.append(PlanStep.step("prepare", trace, .prepare)) }
        steps.append(PlanStep.search(trace, segments))
        steps.append(PlanStep.filter(trace, segments))
        if trace.tailRows > 0 {
            var tail = PlanStep.step("tail", trace, .tail, what: "events in no block yet")
            tail.rowsIn = trace.tailRows
            tail.rows = trace.tailMatched
            steps.append(tail)
        }
        for (name, step) in [("order", Stopwatch.Step.order), ("gather", .gather)]
        where trace.watch[step] + trace.helpers[step] > 0 {
            steps.append(PlanStep.step(name, trace, step))
        }
        if trace.rowsReturned > 0 {
            var read = PlanStep.step("read", trace, .read, what: "whole events")
            read.rows = trace.rowsReturned
            read.bytesRead = trace.rowBytesRead
            read.bytesInflated = trace.rowBytesInflated
            steps.append(read)
        }
        if trace.watch[.build] > 0 {
            steps.append(PlanStep.step("build", trace, .build, what: "values"))
        }
        if trace.watch[.wait] > 0 {
            steps.append(PlanStep.step("wait", trace, .wait, what: "for other threads"))
        }
        if trace.watch[.caller] > 0 {
            steps.append(PlanStep.step("caller", trace, .caller, what: "between asking for events"))
        }
        if trace.isTimed { steps.append(PlanStep.step("other", trace, .other)) }
    }

    private static func step(
        _ name: String, _ trace: QueryTrace, _ time: Stopwatch.Step..., what: String = ""
    ) -> PlanStep {
        var step = PlanStep(name, what)
        if trace.isTimed { step.nanoseconds = time.reduce(0) { $0 + trace.watch[$1] + trace.helpers[$1] } }
        return step
    }

    /// Choosing segments and blocks and asking indexes.
    private static func search(_ trace: QueryTrace, _ segments: [QueryTrace.Segment]) -> PlanStep {
        var search = step("search", trace, .plan, .look, what: "segments, blocks and indexes")
        search.segments = segments.count
        for case let reason? in segments.map(\.prunedBy) {
            search.segmentsPruned[reason.description, default: 0] += 1
        }
        let looked = segments.filter { $0.access != nil || $0.prunedBy != nil }
        search.blocks = looked.reduce(0) { $0 + $1.blocks }
        search.blocksPruned["sequence"] = looked.reduce(0) { $0 + $1.blocksPrunedBySequence }
        search.blocksPruned["time"] = looked.reduce(0) { $0 + $1.blocksPrunedByTime }
        for (name, count) in trace.blocksPruned { search.blocksPruned["index \(name)"] = count }
        search.blocksDecided = looked.reduce(0) { $0 + $1.blocksDecided }
        search.bytesRead = looked.reduce(0) { $0 + $1.indexBytesRead }
        search.estimatedRows = looked.reduce(0) { $0 + $1.estimatedCandidates }
        search.rows = looked.reduce(0) { $0 + $1.candidates }
        for (part, text) in zip(trace.parts, trace.partTexts) where part.indexSegments > 0 {
            var index = PlanStep("index", text)
            index.segments = part.indexSegments
            index.estimatedRows = Int(part.indexEstimate)
            search.steps.append(index)
        }
        return search
    }

    /// Asking columns about what the indexes left open.
    private static func filter(_ trace: QueryTrace, _ segments: [QueryTrace.Segment]) -> PlanStep {
        var filter = step("filter", trace, .filter, what: "columns")
        filter.blocksUsed = segments.reduce(0) { $0 + $1.blocksRead }
        filter.bytesRead = segments.reduce(0) { $0 + $1.bytesRead }
        filter.bytesInflated = segments.reduce(0) { $0 + $1.bytesInflated }
        filter.estimatedRows = segments.reduce(0) { $0 + $1.estimatedRows }
        filter.rows = segments.reduce(0) { $0 + $1.rowsMatched }
        for (part, text) in zip(trace.parts, trace.partTexts) where part.blocks > 0 {
            var step = PlanStep("question", text)
            step.rowsIn = part.rowsIn
            step.estimatedRows = Int(part.estimatedRows)
            step.rows = part.rowsOut
            step.blocks = part.blocks
            step.bytesRead = part.bytesRead
            step.bytesInflated = part.bytesInflated
            if trace.isTimed { step.nanoseconds = part.nanoseconds }
            filter.steps.append(step)
        }
        return filter
    }
}

// MARK: For people

extension QueryExplanation: CustomStringConvertible {
    /// Several lines for people: the filter, then the tree of the plan, a line a step.
    public var description: String {
        var lines = ["filter \(filter)"] + plan.lines()
        if threads > 1 { lines.append("\(threads) threads; the times of the steps are those of all of them") }
        for problem in problems { lines.append("PROBLEM \(problem)") }
        return lines.joined(separator: "\n")
    }

    /// The same, with a line for each segment.
    public var detailedDescription: String {
        description + segments.map { "\n" + line($0) }.joined()
    }

    private func line(_ segment: QueryTrace.Segment) -> String {
        let head =
            "segment \(segment.number) (\(segment.isSealed ? "sealed" : "open"), \(segment.events) events)"
        if let reason = segment.prunedBy { return "\(head): pruned by \(reason)" }
        guard let access = segment.access else { return "\(head): not opened" }
        let indexed = indexedParts(segment)
        var facts = ["\(access.rawValue)\(indexed.isEmpty ? "" : " of " + indexed.joined(separator: " + "))"]
        facts.append(
            "\(segment.blocks) blocks, pruned \(segment.blocksPrunedBySequence) by sequence, "
                + "\(segment.blocksPrunedByTime) by time, \(segment.blocksPrunedByIndex) by index; "
                + "\(segment.blocksDecided) decided unread, \(segment.blocksRead) used")
        facts.append("\(segment.candidates) candidates (expected \(segment.estimatedCandidates))")
        facts.append("\(segment.rowsMatched) matched (expected \(segment.estimatedRows))")
        facts.append("\(segment.bytesRead + segment.indexBytesRead) bytes read")
        return "\(head): " + facts.joined(separator: " · ")
    }

    private func indexedParts(_ segment: QueryTrace.Segment) -> [String] {
        partTexts.indices.filter { $0 < 64 && segment.indexedParts >> UInt64($0) & 1 != 0 }.map {
            partTexts[$0]
        }
    }
}

// MARK: JSON

extension QueryExplanation {
    /// The same as one JSON object on one line.
    public var json: String { json(withSegments: false) }

    /// One JSON object on one line, with what became of each segment.
    public var detailedJSON: String { json(withSegments: true) }

    private func json(withSegments: Bool) -> String {
        var object = JSONObjectWriter()
        object.member("filter", filter)
        object.object("plan") { plan.write(into: &$0) }
        object.member("threads", threads)
        if let total = plan.nanoseconds, let otherNanoseconds {
            object.member("nanoseconds", total)
            object.member("other_nanoseconds", otherNanoseconds)
        }
        if withSegments { object.list("segments", segments) { write($0, into: &$1) } }
        object.list("problems", problems) { problem, member in
            member.member("kind", problem.kind.rawValue)
            member.member("segment", Int(clamping: problem.segment))
            if let block = problem.block { member.member("block", block) }
            member.member("first_sequence", Int(clamping: problem.sequences.lowerBound))
            member.member("end_sequence", Int(clamping: problem.sequences.upperBound))
            member.member("what", problem.what)
        }
        return object.finished()
    }

    private func write(_ segment: QueryTrace.Segment, into object: inout JSONObjectWriter) {
        object.member("segment", Int(clamping: segment.number))
        object.member("state", segment.isSealed ? "sealed" : "open")
        object.member("events", segment.events)
        if let reason = segment.prunedBy { object.member("pruned_by", reason.description) }
        guard let access = segment.access else { return }
        object.member("access", access.rawValue)
        object.member("blocks", segment.blocks)
        object.member("pruned_by_sequence", segment.blocksPrunedBySequence)
        object.member("pruned_by_time", segment.blocksPrunedByTime)
        object.member("pruned_by_index", segment.blocksPrunedByIndex)
        object.member("blocks_decided", segment.blocksDecided)
        object.member("blocks_used", segment.blocksRead)
        object.member("bytes_read", segment.bytesRead + segment.indexBytesRead)
        object.member("bytes_inflated", segment.bytesInflated)
        object.member("estimated_candidates", segment.estimatedCandidates)
        object.member("candidates", segment.candidates)
        object.member("estimated_rows", segment.estimatedRows)
        object.member("rows", segment.rowsMatched)
    }
}
