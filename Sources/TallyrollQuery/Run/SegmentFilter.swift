import TallyrollFormat
import TallyrollStore

/// A filter as it is asked of the blocks of one segment: columns instead of events, sets of rows instead of one.
/// Agrees with `CompiledFilter.matches` on every record. Remembers what it learnt of the segment's dictionaries;
/// belongs to one thread.
final class SegmentFilter {
    private let prepared: PreparedFilter
    private let reader: SegmentReader
    /// What is known of questions on coded terms, by question.
    private(set) var verdicts: [Int: TermVerdicts]
    private var documents: [Int: DocumentQuestion] = [:]
    private var scratch = QueryScratch()

    init(_ prepared: PreparedFilter, _ reader: SegmentReader, verdicts: [Int: TermVerdicts] = [:]) {
        self.prepared = prepared
        self.reader = reader
        self.verdicts = verdicts
    }

    // MARK: Dictionaries

    /// What the segment's dictionary says about a question on coded terms, or nil for other questions.
    func terms(_ leaf: Int) throws -> TermVerdicts? {
        guard case .codes(_, let dictionary) = LeafSource(prepared.leaves[leaf].field) else { return nil }
        if let known = verdicts[leaf] { return known }
        let made = try TermVerdicts(
            reader, dictionary, terms: prepared.terms[leaf], prepared.leaves[leaf], &scratch)
        verdicts[leaf] = made
        return made
    }

    // MARK: Without reading

    /// What is known of all events of a block from its entry alone, or nil.
    func decide(_ tree: FilterTree, _ entry: SegmentOutline.Block) -> Bool? {
        switch tree {
        case .constant(let value): return value
        case .not(let inner): return decide(inner, entry).map { !$0 }
        case .and(let parts):
            var isCertain = true
            for part in parts {
                switch decide(part, entry) {
                case false: return false
                case true: continue
                case nil: isCertain = false
                }
            }
            return isCertain ? true : nil
        case .or(let parts):
            var isCertain = true
            for part in parts {
                switch decide(part, entry) {
                case true: return true
                case false: continue
                case nil: isCertain = false
                }
            }
            return isCertain ? false : nil
        case .leaf(let index):
            guard entry.isReadable else { return nil }
            let leaf = prepared.leaves[index]
            switch leaf.field {
            case .time: return leaf.verdict(entry.times)
            case .recorded: return leaf.verdict(entry.recordedTimes)
            case .sequence:
                guard entry.count > 0 else { return nil }
                return leaf.verdict(Int64(entry.firstSequence)...Int64(entry.endSequence - 1))
            default: return nil
            }
        }
    }

    // MARK: Rows

    /// The candidates that satisfy the tree.
    func rows(_ tree: FilterTree, _ block: BlockReader, _ candidates: RowSet) throws -> RowSet {
        switch tree {
        case .constant(let value): return value ? candidates : RowSet(size: block.count)
        case .leaf(let index): return try rows(leaf: index, block, candidates)
        case .not(let inner):
            var result = try rows(inner, block, candidates)
            result.formComplement()
            result.formIntersection(candidates)
            return result
        case .and(let parts):
            var left = candidates
            for part in parts {
                if left.isEmpty { break }
                left = try rows(part, block, left)
            }
            return left
        case .or(let parts):
            var left = candidates
            for part in parts {
                if left.isEmpty { break }
                var found = try rows(part, block, left)
                found.formComplement()
                left.formIntersection(found)
            }
            left.formComplement()
            left.formIntersection(candidates)
            return left
        }
    }

    private func rows(leaf index: Int, _ block: BlockReader, _ candidates: RowSet) throws -> RowSet {
        let leaf = prepared.leaves[index]
        switch LeafSource(leaf.field) {
        case .codes(let column, let dictionary):
            var terms =
                try verdicts.removeValue(forKey: index)
                ?? TermVerdicts(reader, dictionary, terms: prepared.terms[index], leaf, &scratch)
            defer { verdicts[index] = terms }
            return try terms.rows(try block.codes(column), candidates, leaf, block.terms, &scratch)
        case .text(let column):
            return try rows(leaf, text: column, block, candidates)
        case .document(let column):
            var question = documents.removeValue(forKey: index) ?? DocumentQuestion(leaf, column)
            defer { documents[index] = question }
            return try question.rows(block, candidates, &scratch)
        case .anyText:
            return try rows(leaf, anyText: block, candidates)
        case .id:
            return try IDQuestion.rows(leaf, prepared.questions[index], block, candidates)
        case .sequence:
            return filter(candidates) { row in
                leaf.matches(integer: Int64(block.header.firstSequence) + Int64(row))
            }
        case .timestamp:
            return try rows(leaf, integers: .timestamp, block.header.times, block, candidates)
        case .recordedAt:
            return try rows(leaf, integers: .recordedAt, block.header.recordedTimes, block, candidates)
        case .duration:
            let durations = try block.durations()
            return filter(candidates) { leaf.matches(integer: durations.value($0)) }
        case .outcome:
            return try rows(leaf, outcomes: try block.integers(.outcome), block, candidates)
        }
    }

    @inline(__always)
    private func filter(_ candidates: RowSet, _ holds: (Int) -> Bool) -> RowSet {
        var result = RowSet(size: candidates.size)
        candidates.forEach { row in if holds(row) { result.insert(row) } }
        return result
    }

    /// Whether reading row by row is cheaper than decoding a whole column.
    private func isSparse(_ candidates: RowSet, _ ratio: Int) -> Bool {
        candidates.count * ratio < candidates.size
    }

    private func rows(
        _ leaf: CompiledLeaf, integers id: ColumnID, _ range: ClosedRange<Int64>, _ block: BlockReader,
        _ candidates: RowSet
    ) throws -> RowSet {
        if let verdict = leaf.verdict(range) { return verdict ? candidates : RowSet(size: block.count) }
        let column = try block.integers(id)
        if isSparse(candidates, 64) { return filter(candidates) { leaf.matches(integer: column.value($0)) } }
        let values = column.decodeArray()
        return filter(candidates) { leaf.matches(integer: values[$0]) }
    }

    private func rows(
        _ leaf: CompiledLeaf, outcomes column: IntegerColumn, _ block: BlockReader, _ candidates: RowSet
    ) throws -> RowSet {
        func kind(_ value: Int64) throws -> OutcomeKind {
            guard let kind = OutcomeKind(rawValue: UInt8(clamping: value)) else {
                throw FormatError(
                    .invalid, "block: outcome", offset: block.origin, expected: "1 to 4", found: "\(value)")
            }
            return kind
        }
        if let constant = column.constant {
            return leaf.matches(outcome: try kind(constant)) ? candidates : RowSet(size: block.count)
        }
        let wanted = OutcomeKind.allCases.reduce(into: UInt8(0)) {
            if leaf.matches(outcome: $1) { $0 |= 1 << $1.rawValue }
        }
        if isSparse(candidates, 16) {
            return filter(candidates) { wanted >> UInt8(truncatingIfNeeded: column.value($0)) & 1 != 0 }
        }
        let values = column.decodeArray()
        return filter(candidates) { wanted >> UInt8(truncatingIfNeeded: values[$0]) & 1 != 0 }
    }

    private func rows(
        _ leaf: CompiledLeaf, text id: ColumnID, _ block: BlockReader, _ candidates: RowSet
    ) throws -> RowSet {
        guard let column = try block.text(id), !column.isAbsent else { return RowSet(size: block.count) }
        let context = try block.context(id)
        if isSparse(candidates, 16) {
            var result = RowSet(size: block.count)
            var text = ByteWriter(capacity: 256)
            try candidates.forEach { row in
                text.removeAll()
                if try column.append(row, from: context, into: &text), leaf.matches(text: text.view) {
                    result.insert(row)
                }
            }
            return result
        }
        var result: RowSet
        if case .text(.equal(let text)) = leaf.test {
            result = try text.withView { try column.rows(from: context, equalTo: $0) }
        } else if let needle = leaf.needle {
            result = try column.rows(from: context, holding: needle, isJSON: false) { leaf.matches(text: $0) }
        } else {
            result = try column.rows(from: context) { leaf.matches(text: $0) }
        }
        result.formIntersection(candidates)
        return result
    }

    private func rows(_ leaf: CompiledLeaf, anyText block: BlockReader, _ candidates: RowSet) throws -> RowSet
    {
        var result = try rows(leaf, text: .message, block, candidates)
        result.formUnion(try rows(leaf, text: .error, block, candidates))
        try DocumentQuestion.insertRowsWithString(leaf, block, candidates, into: &result, &scratch)
        result.formIntersection(candidates)
        return result
    }
}

extension CompiledLeaf {
    /// Whether the leaf holds for every integer of a range (true), for none (false), or may do either.
    func verdict(_ values: ClosedRange<Int64>) -> Bool? {
        switch test {
        case .exists: return true
        case .integer(.nothing): return false
        case .integer(.range(let range)):
            if range.lowerBound <= values.lowerBound, range.upperBound >= values.upperBound { return true }
            return range.overlaps(values) ? nil : false
        case .integer(.notEqual(let other)):
            if !values.contains(other) { return true }
            return values.lowerBound == values.upperBound ? false : nil
        case .integer(.member(let list)):
            if !list.contains(where: { values.contains($0) }) { return false }
            return values.lowerBound == values.upperBound ? true : nil
        case .text, .severity, .outcome, .json: return nil
        }
    }
}
