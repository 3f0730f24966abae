import TallyrollFormat
import TallyrollStore

/// Which codes of a dictionary satisfy a question about its terms, in one segment.
struct TermVerdicts {
    private enum Form {
        /// These codes, ascending, and no others.
        case listed([UInt32])
        /// Each code is judged when it is first met: 0 not yet, 1 no, 2 yes.
        case judged([UInt8])
    }

    private var form: Form
    let dictionary: DictionaryID

    /// The codes of the values that a question names; beyond this many, looking each up costs more than judging.
    static let lookupLimit = 1_000
    /// Dictionaries with no more terms are judged beforehand, so that posting lists can be asked.
    private static let smallDictionary = 256

    init(_ segment: SegmentReader, _ dictionary: DictionaryID, _ question: Filter) throws {
        try self.init(segment, dictionary, terms: TermVerdicts.terms(question))
    }

    private init(_ segment: SegmentReader, _ dictionary: DictionaryID, terms: [[UInt8]]?) throws {
        self.dictionary = dictionary
        guard let terms, terms.count <= TermVerdicts.lookupLimit else {
            form = .judged(try segment.termCount(dictionary) == 0 ? [] : [0])
            return
        }
        var codes: [UInt32] = []
        for term in terms {
            if let code = try segment.code(of: term, dictionary) { codes.append(code) }
        }
        form = .listed(codes.sorted())
    }

    /// The same, with the terms of a small dictionary judged now.
    init(
        _ segment: SegmentReader, _ dictionary: DictionaryID, terms: [[UInt8]]?, _ leaf: CompiledLeaf,
        _ scratch: inout QueryScratch
    ) throws {
        try self.init(segment, dictionary, terms: terms)
        guard case .judged(let verdicts) = form, !verdicts.isEmpty else { return }
        let count = try segment.termCount(dictionary)
        // The terms of an open segment go on growing.
        guard segment.isSealed, count <= TermVerdicts.smallDictionary else { return }
        var judged = verdicts
        form = .listed(
            try (1..<UInt32(count + 1)).filter { code in
                try judge(code, &judged, leaf, segment.terms, &scratch)
            })
    }

    init(codes: [UInt32], _ dictionary: DictionaryID) {
        form = .listed(codes)
        self.dictionary = dictionary
    }

    /// True when no event of the segment can satisfy the question.
    var isEmpty: Bool {
        switch form {
        case .listed(let codes): codes.isEmpty
        case .judged(let verdicts): verdicts.isEmpty
        }
    }

    /// The codes, where they are known beforehand.
    var listed: [UInt32]? {
        if case .listed(let codes) = form { return codes }
        return nil
    }

    /// The terms one of which an event must have, where the question says so.
    static func terms(_ question: Filter) -> [[UInt8]]? {
        guard let equality = question.equality else { return nil }
        var terms: [[UInt8]] = []
        for value in equality.values {
            guard case .text(let text) = value else { return nil }
            let bytes = Array(text.string.utf8)
            switch equality.field {
            case .resource: terms.append(contentsOf: resourceTerms(bytes))
            case .resourceType, .resourceID: return nil
            default: terms.append(bytes)
            }
        }
        return terms
    }

    /// Type and id may both hold slashes: each slash may be the one between them.
    private static func resourceTerms(_ value: [UInt8]) -> [[UInt8]] {
        value.indices.filter { value[$0] == UInt8(ascii: "/") }.map { slash in
            resourceTerm(type: Array(value[..<slash]), id: Array(value[(slash + 1)...]))
        }
    }

    static func resourceTerm(type: [UInt8], id: [UInt8]) -> [UInt8] {
        var out = ByteWriter(capacity: 64)
        type.withView { type in id.withView { id in ResourceTerm.write(type: type, id: id, into: &out) } }
        return out.array
    }

    // MARK: Rows

    /// The candidates whose code satisfies the question.
    mutating func rows(
        _ column: CodeColumn, _ candidates: RowSet, _ leaf: CompiledLeaf, _ terms: any SegmentTerms,
        _ scratch: inout QueryScratch
    ) throws -> RowSet {
        let isSparse = candidates.count * 8 < column.count
        switch form {
        case .listed(let codes):
            guard let first = codes.first, let last = codes.last else { return RowSet(size: column.count) }
            if let constant = column.constant {
                return TermVerdicts.contains(codes, constant) ? candidates : RowSet(size: column.count)
            }
            if isSparse {
                var result = RowSet(size: column.count)
                candidates.forEach { row in
                    if TermVerdicts.contains(codes, column.code(row)) { result.insert(row) }
                }
                return result
            }
            var result =
                first == last
                ? column.rows(equalTo: first)
                : column.rows { $0 >= first && $0 <= last && TermVerdicts.contains(codes, $0) }
            result.formIntersection(candidates)
            return result
        case .judged(var verdicts):
            guard !verdicts.isEmpty else { return RowSet(size: column.count) }
            form = .listed([])
            defer { form = .judged(verdicts) }
            var result = RowSet(size: column.count)
            if isSparse || column.constant != nil {
                try candidates.forEach { row in
                    if try judge(column.code(row), &verdicts, leaf, terms, &scratch) { result.insert(row) }
                }
            } else {
                let codes = column.decodeArray()
                try candidates.forEach { row in
                    if try judge(codes[row], &verdicts, leaf, terms, &scratch) { result.insert(row) }
                }
            }
            return result
        }
    }

    @inline(__always)
    private static func contains(_ codes: [UInt32], _ code: UInt32) -> Bool {
        if codes.count <= 4 { return codes.contains(code) }
        var (low, high) = (0, codes.count)
        while low < high {
            let middle = (low + high) / 2
            if codes[middle] < code { low = middle + 1 } else { high = middle }
        }
        return low < codes.count && codes[low] == code
    }

    @inline(__always)
    private func judge(
        _ code: UInt32, _ verdicts: inout [UInt8], _ leaf: CompiledLeaf, _ terms: any SegmentTerms,
        _ scratch: inout QueryScratch
    ) throws -> Bool {
        guard code > 0 else { return false }
        if Int(code) < verdicts.count, verdicts[Int(code)] != 0 { return verdicts[Int(code)] == 2 }
        return try judgeAnew(code, &verdicts, leaf, terms, &scratch)
    }

    @inline(never)
    private func judgeAnew(
        _ code: UInt32, _ verdicts: inout [UInt8], _ leaf: CompiledLeaf, _ terms: any SegmentTerms,
        _ scratch: inout QueryScratch
    ) throws -> Bool {
        var term = ByteWriter(capacity: 128)
        try terms.append(code, of: dictionary, into: &term)
        let verdict: Bool
        if dictionary == .resource {
            let parts = try ResourceTerm.parse(term.view)
            switch leaf.field {
            case .resourceType: verdict = leaf.matches(text: parts.type)
            case .resourceID: verdict = leaf.matches(text: parts.id)
            default: verdict = leaf.matches(resourceType: parts.type, id: parts.id, &scratch)
            }
        } else {
            verdict = leaf.matches(text: term.view)
        }
        if Int(code) >= verdicts.count {
            // The code was found in the dictionary, so that this is bounded by what the segment holds.
            verdicts.append(contentsOf: repeatElement(0, count: Int(code) + 1 - verdicts.count))
        }
        verdicts[Int(code)] = verdict ? 2 : 1
        return verdict
    }
}
