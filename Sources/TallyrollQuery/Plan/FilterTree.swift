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
