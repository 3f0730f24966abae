import TallyrollFormat

/// The structure of a filter over numbered questions.
indirect enum FilterTree: Sendable {
    case constant(Bool)
    case leaf(Int)
    case not(FilterTree)
    case and([FilterTree])
    case or([FilterTree])

    /// All of the parts hold; constants are folded.
    static func all(_ parts: [FilterTree]) -> FilterTree {
        var kept: [FilterTree] = []
        for part in parts {
            switch part {
            case .constant(false): return .constant(false)
            case .constant(true): continue
            case .and(let inner): kept.append(contentsOf: inner)
            default: kept.append(part)
            }
        }
        return kept.isEmpty ? .constant(true) : kept.count == 1 ? kept[0] : .and(kept)
    }

    /// One of the parts holds; constants are folded.
    static func any(_ parts: [FilterTree]) -> FilterTree {
        var kept: [FilterTree] = []
        for part in parts {
            switch part {
            case .constant(true): return .constant(true)
            case .constant(false): continue
            case .or(let inner): kept.append(contentsOf: inner)
            default: kept.append(part)
            }
        }
        return kept.isEmpty ? .constant(false) : kept.count == 1 ? kept[0] : .or(kept)
    }

    /// The opposite; constants are folded.
    static func negated(_ part: FilterTree) -> FilterTree {
        switch part {
        case .constant(let value): .constant(!value)
        case .not(let inner): inner
        default: .not(part)
        }
    }

    /// What all must hold.
    var conjuncts: [FilterTree] {
        switch self {
        case .and(let parts): parts
        case .constant(true): []
        default: [self]
        }
    }

    /// The tree with questions replaced by what is known of them.
    func replacing(_ known: (Int) throws -> Bool?) rethrows -> FilterTree {
        switch self {
        case .constant: return self
        case .leaf(let index): return try known(index).map { .constant($0) } ?? self
        case .not(let inner): return .negated(try inner.replacing(known))
        case .and(let parts): return .all(try parts.map { try $0.replacing(known) })
        case .or(let parts): return .any(try parts.map { try $0.replacing(known) })
        }
    }
}

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
        let simplified = compiled.filter.normalized()
        self.filter = simplified
        var builder = Builder()
        tree = try builder.add(simplified)
        leaves = builder.leaves
        questions = builder.questions
        if let sequence = simplified.bounds(of: .sequence), let time = simplified.bounds(of: .time),
            let recorded = simplified.bounds(of: .recorded)
        {
            bounds = Bounds(sequence: sequence, time: time, recorded: recorded)
        } else {
            bounds = nil
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
