import TallyrollFormat

/// A filter made ready for one run: times fixed, simplified, its questions compiled, its bounds known. Serves any
/// number of segments and threads.
package struct PreparedFilter: Sendable {
    /// The simplified filter.
    package let filter: Filter
    /// For events that are looked at one by one.
    let compiled: CompiledFilter
    let tree: FilterTree
    let leaves: [CompiledLeaf]
    /// The questions as they were compiled.
    let questions: [Filter]
    /// For questions on coded terms that name what they look for: the terms one of which an event must have.
    let terms: [[[UInt8]]?]
    /// The parts that are such a question, with few terms: its number, field and dictionary.
    let required: [(leaf: Int, field: Field, dictionary: DictionaryID)]
    /// What must hold all together.
    let parts: [FilterTree]
    /// Those of the parts that posting lists answer exactly, and the numbers of the others.
    let lists: [ListQuestion]
    let others: [Int]
    /// Whether the others are about results, times and places, which columns tell fastest.
    let othersAreNumbers: Bool
    /// What the lists are about, for explanations.
    let listNames: String
    /// Whether every question is about codes, results, times and places: of the columns, those that are read fastest.
    let isCheap: Bool
    /// No event outside of these is meant; nil when none is meant at all.
    let bounds: Bounds?

    struct Bounds: Sendable {
        var sequence: ClosedRange<Int64>
        var time: ClosedRange<Int64>
        var recorded: ClosedRange<Int64>
    }

    /// Prepares a filter for a run at `now` (nanoseconds since 1970).
    package init(_ filter: Filter, now: Int64) throws(QueryError) {
        // The filter as it was given is compiled first: simplifying could drop a part that is not well-formed.
        compiled = try CompiledFilter(filter, now: now)
        let simplified = compiled.filter.normalized().joiningResources()
        self.filter = simplified
        var builder = Builder()
        tree = try builder.add(simplified)
        leaves = builder.leaves
        questions = builder.questions
        parts = tree.conjuncts
        let questions = builder.questions
        let terms = questions.map { question -> [[UInt8]]? in
            guard let field = question.leafField, case .codes = LeafSource(field) else { return nil }
            return TermVerdicts.terms(question)
        }
        self.terms = terms
        required = parts.compactMap { part in
            guard case .leaf(let leaf) = part, let wanted = terms[leaf], wanted.count <= 8,
                let field = questions[leaf].leafField, case .codes(_, let dictionary) = LeafSource(field)
            else { return nil }
            return (leaf, field, dictionary)
        }
        (lists, others) = ListQuestion.among(parts, questions, terms)
        let (parts, leaves) = (self.parts, self.leaves)
        othersAreNumbers = others.allSatisfy { number in
            guard case .leaf(let leaf) = parts[number] else { return false }
            return LeafSource(leaves[leaf].field).isNumber
        }
        isCheap = builder.leaves.allSatisfy { LeafSource($0.field).isCheap }
        listNames = lists.flatMap(\.parts).map { PreparedFilter.name(parts[$0], questions) }
            .joined(separator: " + ")
        if let sequence = simplified.bounds(of: .sequence), let time = simplified.bounds(of: .time),
            let recorded = simplified.bounds(of: .recorded)
        {
            bounds = Bounds(sequence: sequence, time: time, recorded: recorded)
        } else {
            bounds = nil
        }
    }

    /// The fields that a part asks about, for explanations.
    func name(ofPart number: Int) -> String { PreparedFilter.name(parts[number], questions) }

    /// A part as an expression, not more of it than fits a line.
    static func text(_ part: Filter) -> String {
        let text = part.description
        guard text.utf8.count > textLimit else { return text }
        return String(text.prefix(textLimit - 1)) + "…"
    }

    private static let textLimit = 120

    /// The fields that a part asks about.
    private static func name(_ part: FilterTree, _ questions: [Filter]) -> String {
        switch part {
        case .constant: return ""
        case .leaf(let index): return questions[index].leafField.map { "\($0)" } ?? ""
        case .not(let inner): return "not " + name(inner, questions)
        case .and(let parts):
            return parts.map { name($0, questions) }.withoutRepeats.joined(separator: " and ")
        case .or(let parts):
            return parts.map { name($0, questions) }.withoutRepeats.joined(separator: " or ")
        }
    }

    private struct Builder {
        var leaves: [CompiledLeaf] = []
        var questions: [Filter] = []

        mutating func add(_ filter: Filter) throws(QueryError) -> FilterTree {
            switch filter {
            case .constant(let value): return .constant(value)
            case .not(let inner): return .negated(try add(inner))
            case .and(let list):
                var parts: [FilterTree] = []
                for part in list { parts.append(try add(part)) }
                return .all(parts)
            case .or(let list):
                var parts: [FilterTree] = []
                for part in list { parts.append(try add(part)) }
                return .any(parts)
            case .comparison, .membership, .exists:
                leaves.append(try CompiledLeaf(filter))
                questions.append(filter)
                return .leaf(leaves.count - 1)
            }
        }
    }
}
