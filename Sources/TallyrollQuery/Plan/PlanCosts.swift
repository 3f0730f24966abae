import TallyrollFormat

/// What it takes to answer questions in a segment, in nanoseconds: rough, but in proportion to each other. The
/// figures are those of a warm cache on one core.
struct PlanCosts {
    let leaves: [CompiledLeaf]
    let sizes: ColumnSizes
    /// How likely each question is to hold, where more is known than what is usual.
    let shares: [Int: Double]
    /// For questions that the block directory decides for most blocks: for how many it does not.
    let cut: [Int: Double]
    /// Events a block, and blocks that are left to look at.
    let blockEvents: Double
    let blocks: Double

    /// Finding a block in the cache, or reading its header and directory.
    static let openBlock = 3_000.0
    /// Opening a column that others did not.
    private static let openColumn = 700.0
    /// Reading and checking a byte.
    static let readByte = 0.15
    /// Looking one ordinal up in one list.
    static let seek = 40.0
    /// Taking one ordinal out of a list in passing.
    static let decode = 1.5
    /// How many ordinals of a list are below one.
    static let rank = 60.0
    /// Finding the list of a code.
    static let openList = 100.0
    /// Finding the codes of a block, and counting a row by its code: in passing, and by itself.
    static let countBlock = 1_200.0
    static let countCode = 1.2
    static let seekCode = 4.0
    /// Counting what 64 ordinals of a list and a bitmap have in common.
    static let markedWord = 4.0

    /// The blocks in which that many rows lie when they are spread evenly.
    func touched(_ rows: Double) -> Double {
        guard blocks > 0, rows > 1 else { return min(max(rows, 0), blocks) }
        return blocks * (1 - pow(1 - 1 / blocks, rows))
    }

    /// Answering a tree for rows that lie in that many blocks.
    func cost(_ tree: FilterTree, rows: Double, in blocks: Double) -> Double {
        switch tree {
        case .constant: return 0
        case .not(let inner): return cost(inner, rows: rows, in: blocks)
        case .and(let parts):
            var left = rows
            return parts.reduce(0) { sum, part in
                defer { left *= share(part) }
                return sum + cost(part, rows: left, in: min(blocks, max(left, 0)))
            }
        case .or(let parts):
            var left = rows
            return parts.reduce(0) { sum, part in
                defer { left *= 1 - share(part) }
                return sum + cost(part, rows: left, in: min(blocks, max(left, 0)))
            }
        case .leaf(let index):
            guard blocks > 0 else { return 0 }
            let source = LeafSource(leaves[index].field)
            if case .sequence = source { return rows }
            let bytes = sizes.bytes(source) * blockEvents
            let dense = blockEvents * source.denseRow(sizes)
            let sparse = rows / blocks * source.sparseRow
            let asked = min(blocks, cut[index] ?? blocks)
            return asked * (PlanCosts.openColumn + bytes * PlanCosts.readByte + min(dense, sparse))
        }
    }

    /// Answering parts one after the other for what the earlier ones left, blocks opened: all in which there are rows,
    /// or only those that have to be asked.
    func cost(all parts: [FilterTree], rows: Double, opensAll: Bool = false) -> Double {
        guard rows > 0, opensAll || !parts.isEmpty else { return 0 }
        let blocks = touched(rows)
        let opened = opensAll ? blocks : min(blocks, undecided(.and(parts)))
        return opened * PlanCosts.openBlock + cost(.and(parts), rows: rows, in: blocks)
    }

    /// The blocks of which the block directory does not say whether a tree holds, at most.
    private func undecided(_ tree: FilterTree) -> Double {
        switch tree {
        case .constant: return 0
        case .leaf(let index): return cut[index] ?? blocks
        case .not(let inner): return undecided(inner)
        case .and(let parts), .or(let parts): return min(blocks, parts.reduce(0) { $0 + undecided($1) })
        }
    }

    // MARK: Selectivity

    /// The share of events for which a tree is expected to hold.
    func share(_ tree: FilterTree) -> Double {
        switch tree {
        case .constant(let value): return value ? 1 : 0
        case .leaf(let index): return shares[index] ?? PlanCosts.usualShare(leaves[index])
        case .not(let inner): return 1 - share(inner)
        case .and(let parts): return parts.reduce(1) { $0 * share($1) }
        case .or(let parts): return 1 - parts.reduce(1) { $0 * (1 - share($1)) }
        }
    }

    /// The share where only the form of the questions is known.
    static func usualShare(_ tree: FilterTree, _ leaves: [CompiledLeaf]) -> Double {
        switch tree {
        case .constant(let value): value ? 1 : 0
        case .leaf(let index): usualShare(leaves[index])
        case .not(let inner): 1 - usualShare(inner, leaves)
        case .and(let parts): parts.reduce(1) { $0 * usualShare($1, leaves) }
        case .or(let parts): 1 - parts.reduce(1) { $0 * (1 - usualShare($1, leaves)) }
        }
    }

    /// The share for questions of which only the form is known.
    private static func usualShare(_ leaf: CompiledLeaf) -> Double {
        switch leaf.test {
        case .exists: return 0.7
        case .integer(.nothing): return 0
        case .integer(.range(let range)): return range.lowerBound == range.upperBound ? 0.001 : 0.3
        case .integer(.notEqual): return 0.99
        case .integer(.member(let list)): return min(0.5, 0.001 * Double(list.count))
        case .outcome(let kinds): return min(1, Double(kinds.nonzeroBitCount) / 3)
        case .severity(let ranks): return Double(ranks.nonzeroBitCount) / 8
        case .text(.equal): return 0.02
        case .text(.member(let set)): return min(0.5, 0.02 * Double(set.count))
        case .text: return 0.2
        case .json: return 0.1
        }
    }

    // MARK: Order

    /// The tree with its parts in the order in which they are best asked: those that decide much for little first.
    func ordered(_ tree: FilterTree, rows: Double) -> FilterTree {
        switch tree {
        case .constant, .leaf: return tree
        case .not(let inner): return .not(ordered(inner, rows: rows))
        case .and(let parts):
            return .and(order(parts, rows: rows) { 1 - share($0) }.map { ordered(parts[$0], rows: rows) })
        case .or(let parts):
            return .or(order(parts, rows: rows, share).map { ordered(parts[$0], rows: rows) })
        }
    }

    /// The places of parts by what each costs for what it settles; equal ones stay as they are.
    func order(_ parts: [FilterTree], rows: Double, _ settles: (FilterTree) -> Double) -> [Int] {
        let blocks = touched(rows)
        let ranks = parts.map { cost($0, rows: rows, in: blocks) / max(settles($0), 0.001) }
        return parts.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) }
    }
}

extension LeafSource {
    /// Nanoseconds for each row of a block that is answered as a whole.
    fileprivate func denseRow(_ sizes: ColumnSizes) -> Double {
        switch self {
        case .sequence: 1
        case .codes, .outcome: 0.7
        case .timestamp, .recordedAt: 1.2
        case .duration: 2
        case .text: 3 + sizes.bytes(self) * 0.5
        case .id: 20
        case .document: 8 + sizes.bytes(self) * 0.5
        case .anyText: 20 + sizes.bytes(self) * 0.5
        }
    }

    /// Nanoseconds for each row that is looked at by itself.
    fileprivate var sparseRow: Double {
        switch self {
        case .sequence: 1
        case .codes, .outcome, .timestamp, .recordedAt, .duration: 8
        case .text: 120
        case .id: 150
        case .document: 600
        case .anyText: 1_500
        }
    }
}

/// `base` to a power, without the whole of a mathematics library: exact enough to tell few from many.
private func pow(_ base: Double, _ exponent: Double) -> Double {
    var result = 1.0
    var factor = max(base, 0)
    var left = Int(min(exponent, 1e15))
    while left > 0 {
        if left & 1 == 1 { result *= factor }
        factor *= factor
        left >>= 1
    }
    return result
}
