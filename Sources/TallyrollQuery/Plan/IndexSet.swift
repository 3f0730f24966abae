import TallyrollFormat

/// Events of a segment as indexes describe them, by their places (ordinals) in the segment: nothing is decoded before
/// it is asked for. Borrows from the posting lists it was made of, which `Candidates` keeps.
indirect enum IndexSet {
    case everything
    case nothing
    /// The events of any of these lists; no event is in two lists that are disjoint.
    case lists([PostingList], isDisjoint: Bool)
    /// All events of these blocks: ranges of ordinals, ascending.
    case blocks([Range<Int>])
    case not(IndexSet)
    case all([IndexSet])
    case any([IndexSet])

    // MARK: Estimates

    /// No more events than this.
    func most(_ universe: Int) -> Int {
        switch self {
        case .everything: universe
        case .nothing: 0
        case .lists(let lists, _): min(universe, lists.reduce(0) { $0 + $1.count })
        case .blocks(let ranges): min(universe, ranges.reduce(0) { $0 + $1.count })
        case .not(let inner): universe - inner.least(universe)
        case .all(let parts): parts.reduce(universe) { min($0, $1.most(universe)) }
        case .any(let parts): min(universe, parts.reduce(0) { $0 + $1.most(universe) })
        }
    }

    /// No fewer events than this.
    func least(_ universe: Int) -> Int {
        switch self {
        case .everything: return universe
        case .nothing: return 0
        case .lists(let lists, let isDisjoint):
            return isDisjoint
                ? min(universe, lists.reduce(0) { $0 + $1.count }) : lists.reduce(0) { max($0, $1.count) }
        case .blocks(let ranges): return min(universe, ranges.reduce(0) { $0 + $1.count })
        case .not(let inner): return universe - inner.most(universe)
        case .all(let parts):
            let missing = parts.reduce(0) { $0 + universe - $1.least(universe) }
            return max(0, universe - missing)
        case .any(let parts): return parts.reduce(0) { max($0, $1.least(universe)) }
        }
    }

    /// The share of the segment's events, taking parts as independent of each other; within what is certain.
    func fraction(_ universe: Int) -> Double {
        guard universe > 0 else { return 0 }
        switch self {
        case .everything: return 1
        case .nothing: return 0
        case .lists(let lists, true): return Double(lists.reduce(0) { $0 + $1.count }) / Double(universe)
        case .lists(let lists, false):
            return 1 - lists.reduce(1.0) { $0 * (1 - Double($1.count) / Double(universe)) }
        case .blocks: return Double(most(universe)) / Double(universe)
        case .not(let inner): return 1 - inner.fraction(universe)
        case .all(let parts): return parts.reduce(1.0) { $0 * $1.fraction(universe) }
        case .any(let parts): return 1 - parts.reduce(1.0) { $0 * (1 - $1.fraction(universe)) }
        }
    }

    // MARK: Members

    func contains(_ ordinal: Int) -> Bool {
        switch self {
        case .everything: true
        case .nothing: false
        case .lists(let lists, _): lists.contains { $0.contains(ordinal) }
        case .blocks(let ranges): IndexSet.place(of: ordinal, in: ranges) != nil
        case .not(let inner): !inner.contains(ordinal)
        case .all(let parts): parts.allSatisfy { $0.contains(ordinal) }
        case .any(let parts): parts.contains { $0.contains(ordinal) }
        }
    }

    /// About how many posting lists a look at one ordinal looks into.
    private var listCount: Int {
        switch self {
        case .everything, .nothing, .blocks: 1
        case .lists(let lists, _): lists.count
        case .not(let inner): inner.listCount
        case .all(let parts), .any(let parts): parts.reduce(0) { $0 + $1.listCount }
        }
    }

    private static func place(of ordinal: Int, in ranges: [Range<Int>]) -> Int? {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound <= ordinal { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(ordinal) ? low : nil
    }

    func bitmap(in range: Range<Int>) -> OrdinalBitmap {
        switch self {
        case .everything: return OrdinalBitmap(all: range)
        case .nothing: return OrdinalBitmap(range: range)
        case .lists(let lists, _): return PostingSets.unionBitmap(lists, in: range)
        case .blocks(let ranges):
            var bitmap = OrdinalBitmap(range: range)
            for block in ranges where block.overlaps(range) {
                if block.lowerBound <= range.lowerBound, block.upperBound >= range.upperBound {
                    return OrdinalBitmap(all: range)
                }
                for ordinal in block.clamped(to: range) { bitmap.insert(ordinal) }
            }
            return bitmap
        case .not(let inner):
            var bitmap = inner.bitmap(in: range)
            bitmap.invert()
            return bitmap
        case .all(let parts):
            var bitmap = OrdinalBitmap(all: range)
            for part in parts {
                if case .not(let inner) = part {
                    bitmap.subtract(inner.bitmap(in: range))
                } else {
                    bitmap.formIntersection(part.bitmap(in: range))
                }
                if bitmap.words.allSatisfy({ $0 == 0 }) { break }
            }
            return bitmap
        case .any(let parts):
            var bitmap = OrdinalBitmap(range: range)
            for part in parts { bitmap.formUnion(part.bitmap(in: range)) }
            return bitmap
        }
    }

    /// The ordinals in a range, counted without decoding lists where their ranks say it.
    func count(in range: Range<Int>) -> Int {
        switch self {
        case .everything: return range.count
        case .nothing: return 0
        case .lists(let lists, let isDisjoint) where isDisjoint || lists.count == 1:
            return lists.reduce(0) { $0 + $1.count(in: range) }
        case .not(let inner): return range.count - inner.count(in: range)
        case .all(let parts):
            if let lists = IndexSet.single(parts) { return PostingSets.intersectionCount(lists, in: range) }
            let excluded = parts.compactMap(\.excluded)
            let wanted = parts.filter { $0.excluded == nil }
            // One list without another: what both hold is taken off.
            if excluded.count == 1, let only = excluded.first, let lists = IndexSet.single(wanted),
                let less = IndexSet.single([only])
            {
                return PostingSets.intersectionCount(lists, in: range)
                    - PostingSets.intersectionCount(lists + less, in: range)
            }
            return countBitmaps(in: range)
        case .lists, .blocks, .any: return countBitmaps(in: range)
        }
    }

    /// Ordinals whose bits are held in memory at once.
    static let stretch = 1 << 18

    private func countBitmaps(in range: Range<Int>) -> Int {
        stride(from: range.lowerBound, to: range.upperBound, by: IndexSet.stretch).reduce(0) {
            $0 + bitmap(in: $1..<min($1 + IndexSet.stretch, range.upperBound)).count
        }
    }

    private var excluded: IndexSet? {
        if case .not(let inner) = self { return inner }
        return nil
    }

    /// The lists, when each of the parts is one.
    private static func single(_ parts: [IndexSet]) -> [PostingList]? {
        var found: [PostingList] = []
        for part in parts {
            guard case .lists(let lists, _) = part, lists.count == 1 else { return nil }
            found.append(lists[0])
        }
        return found
    }

    // MARK: Few

    /// All ordinals, ascending, when they can be told from at most `limit` decoded ones; nil otherwise.
    func few(_ universe: Int, limit: Int) -> [UInt32]? {
        switch self {
        case .nothing: return []
        case .lists(let lists, _):
            guard lists.reduce(0, { $0 + $1.count }) <= limit else { return nil }
            return lists.count == 1 ? lists[0].decode() : PostingSets.union(lists, in: 0..<universe)
        case .all(let parts):
            let order = parts.indices.sorted { parts[$0].most(universe) < parts[$1].most(universe) }
            for first in order {
                guard var ordinals = parts[first].few(universe, limit: limit) else { continue }
                for other in order where other != first && !ordinals.isEmpty {
                    parts[other].keep(&ordinals, universe)
                }
                return ordinals
            }
            return nil
        case .any(let parts):
            var gathered: [UInt32] = []
            for part in parts {
                guard let ordinals = part.few(universe, limit: limit - gathered.count) else { return nil }
                gathered += ordinals
            }
            gathered.sort()
            var last: UInt32?
            gathered.removeAll { ordinal in
                defer { last = ordinal }
                return ordinal == last
            }
            return gathered
        case .everything, .blocks, .not: return nil
        }
    }

    /// Keeps the ordinals that are members.
    private func keep(_ ordinals: inout [UInt32], _ universe: Int) {
        // A look into a list costs about twenty steps through it; many looks into many lists are not worth it.
        if ordinals.count * listCount * 20 < most(universe) + universe / 64 || listCount == 1 {
            ordinals.removeAll { !contains(Int($0)) }
        } else {
            let bitmap = bitmap(in: 0..<universe)
            ordinals.removeAll { !bitmap.contains(Int($0)) }
        }
    }
}
