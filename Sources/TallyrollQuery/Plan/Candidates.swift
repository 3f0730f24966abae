import TallyrollFormat
import TallyrollStore

/// The events of a segment that its indexes leave over: no other is meant.
///
/// `@unchecked Sendable`: nothing in it changes, and what its lists borrow from is kept.
struct Candidates: @unchecked Sendable {
    let set: IndexSet
    /// The ordinals, when they are few.
    let few: [UInt32]?
    /// What was looked up, for explanations.
    let name: String
    private let owners: [LoadedPostings]

    /// Beyond this many, ordinals are found block by block as they are needed.
    static let fewLimit = 4_096

    init(_ set: IndexSet, universe: Int, name: String, owners: [LoadedPostings]) {
        self.set = set
        self.name = name
        self.owners = owners
        few =
            PlanPolicy.current == .everyIndexUndecoded
            ? nil : set.few(universe, limit: Candidates.fewLimit)
    }

    /// With the ordinals, where they are few and known already.
    init(_ set: IndexSet, few: [UInt32]?, name: String, owners: [LoadedPostings]) {
        self.set = few?.isEmpty == true ? .nothing : set
        self.few = few
        self.name = name
        self.owners = owners
    }

    /// The events among a block's ordinals, as rows; nil when there is none.
    func rows(_ ordinals: Range<Int>) -> RowSet? {
        if let few {
            let start = Candidates.lowerBound(few, ordinals.lowerBound)
            guard start < few.count, Int(few[start]) < ordinals.upperBound else { return nil }
            var rows = RowSet(size: ordinals.count)
            for index in start..<few.count {
                let ordinal = Int(few[index])
                guard ordinal < ordinals.upperBound else { break }
                rows.insert(ordinal - ordinals.lowerBound)
            }
            return rows
        }
        let bitmap = set.bitmap(in: ordinals)
        if bitmap.words.allSatisfy({ $0 == 0 }) { return nil }
        var rows = RowSet(size: ordinals.count)
        for index in bitmap.words.indices { rows.setWord(index, bitmap.words[index]) }
        return rows
    }

    /// The same as places among the ordinals, ascending; nil when events are not few, and not known one by one.
    func fewRows(_ ordinals: Range<Int>) -> [UInt32]? {
        guard let few else { return nil }
        let start = Candidates.lowerBound(few, ordinals.lowerBound)
        let first = UInt32(truncatingIfNeeded: ordinals.lowerBound)
        // Most often one: what is behind it is looked at before it is searched for.
        var end = start
        while end < few.count, Int(few[end]) < ordinals.upperBound { end += 1 }
        return few[start..<end].map { $0 &- first }
    }

    /// The number of events among the ordinals, also of those that are in one more list.
    func count(_ ordinals: Range<Int>, also list: PostingList? = nil) -> Int {
        if let few {
            let start = Candidates.lowerBound(few, ordinals.lowerBound)
            let end = Candidates.lowerBound(few, ordinals.upperBound)
            guard let list else { return end - start }
            return few[start..<end].count { list.contains(Int($0)) }
        }
        guard let list else { return set.count(in: ordinals) }
        let one = IndexSet.lists([list], isDisjoint: true)
        if case .all(let parts) = set { return IndexSet.all(parts + [one]).count(in: ordinals) }
        return IndexSet.all([set, one]).count(in: ordinals)
    }

    /// The events among the ordinals, ascending.
    func ordinals(in range: Range<Int>) -> [UInt32] {
        if let few {
            let start = Candidates.lowerBound(few, range.lowerBound)
            let end = Candidates.lowerBound(few, range.upperBound)
            return Array(few[start..<max(start, end)])
        }
        if let list = onlyList, !list.isBitmap { return list.decode(in: range) }
        var ordinals: [UInt32] = []
        forEachBitmap(in: range) { ordinals += $0.decode() }
        return ordinals
    }

    /// The one list that says which events these are, where they are many.
    var onlyList: PostingList? {
        guard few == nil, case .lists(let lists, _) = set, lists.count == 1 else { return nil }
        return lists[0]
    }

    /// Calls `body` with the events among the ordinals, a bitmap for each stretch of them.
    func forEachBitmap(in range: Range<Int>, _ body: (OrdinalBitmap) -> Void) {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: IndexSet.stretch) {
            let part = start..<min(start + IndexSet.stretch, range.upperBound)
            guard let few else {
                body(set.bitmap(in: part))
                continue
            }
            var bitmap = OrdinalBitmap(range: part)
            for place in Candidates.lowerBound(few, part.lowerBound)..<few.count {
                guard Int(few[place]) < part.upperBound else { break }
                bitmap.insert(Int(few[place]))
            }
            body(bitmap)
        }
    }

    static func lowerBound(_ ordinals: [UInt32], _ ordinal: Int) -> Int {
        var (low, high) = (0, ordinals.count)
        while low < high {
            let middle = (low + high) / 2
            if Int(ordinals[middle]) < ordinal { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
