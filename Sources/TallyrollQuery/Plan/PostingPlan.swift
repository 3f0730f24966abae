import TallyrollFormat
import TallyrollStore

/// The posting lists that answer a part of a filter in one segment: every event must be in one list of each group.
final class PostingPlan {
    /// One part of the filter: the events of any of these lists.
    struct Group {
        var lists: [PostingList]
        var dictionaries: [DictionaryID]
        /// At most this many events; exactly, where all lists are of one dictionary.
        var total: Int

        /// No event is in two lists of one dictionary.
        var isDisjoint: Bool { Set(dictionaries).count == 1 || lists.count == 1 }
    }

    /// Fewest events first.
    private(set) var groups: [Group] = []
    /// What the lists borrow from.
    private var owners: [SegmentReader.LoadedPostings] = []
    /// The ordinals of the smallest group, when they are few.
    private(set) var few: [UInt32]?
    /// Fields that are looked up, for explanations.
    private(set) var names: [String] = []

    /// Beyond this many, ordinals are found block by block as they are needed.
    private static let fewLimit = 4_096

    func add(_ reader: SegmentReader, _ codes: [(DictionaryID, [UInt32])], name: String) throws -> Bool {
        var group = Group(lists: [], dictionaries: [], total: 0)
        for (dictionary, codes) in codes {
            guard let loaded = try reader.postings(dictionary) else { return false }
            owners.append(loaded)
            for code in codes {
                let list = try loaded.postings.list(code)
                group.lists.append(list)
                group.dictionaries.append(dictionary)
                group.total += list.count
            }
        }
        groups.append(group)
        names.append(name)
        return true
    }

    /// Called once when all groups are there.
    func finish() {
        groups.sort { $0.total < $1.total }
        guard let smallest = groups.first, let universe = smallest.lists.first?.universe,
            smallest.total <= PostingPlan.fewLimit
        else { return }
        let lists = smallest.lists
        var ordinals = lists.count == 1 ? lists[0].decode() : PostingSets.union(lists, in: 0..<universe)
        for group in groups.dropFirst() where !ordinals.isEmpty {
            // A jump into a list costs about ten steps through it; long lists are looked into only for short ones.
            guard ordinals.count * 16 < group.total || group.lists.count == 1 else {
                let other = PostingSets.unionBitmap(group.lists, in: 0..<universe)
                ordinals.removeAll { !other.contains(Int($0)) }
                continue
            }
            ordinals.removeAll { ordinal in !group.lists.contains { $0.contains(Int(ordinal)) } }
        }
        few = ordinals
    }

    /// The events of the smallest group: no more can be meant.
    var upperBound: Int { few?.count ?? groups.first?.total ?? 0 }

    // MARK: Rows

    /// The events among a block's ordinals, as rows; nil when there is none.
    func rows(_ ordinals: Range<Int>) -> RowSet? {
        if let few {
            let start = PostingPlan.lowerBound(few, ordinals.lowerBound)
            guard start < few.count, Int(few[start]) < ordinals.upperBound else { return nil }
            var rows = RowSet(size: ordinals.count)
            for index in start..<few.count {
                let ordinal = Int(few[index])
                guard ordinal < ordinals.upperBound else { break }
                rows.insert(ordinal - ordinals.lowerBound)
            }
            return rows
        }
        var result: OrdinalBitmap?
        for group in groups {
            let bitmap = PostingSets.unionBitmap(group.lists, in: ordinals)
            if result == nil { result = bitmap } else { result?.formIntersection(bitmap) }
            if result?.words.allSatisfy({ $0 == 0 }) != false { return nil }
        }
        guard let result else { return nil }
        var rows = RowSet(size: ordinals.count)
        for index in result.words.indices { rows.setWord(index, result.words[index]) }
        return rows
    }

    /// The number of events among the ordinals, also of those that are in one more list.
    func count(_ ordinals: Range<Int>, also list: PostingList? = nil) -> Int {
        if let few {
            let start = PostingPlan.lowerBound(few, ordinals.lowerBound)
            let end = PostingPlan.lowerBound(few, ordinals.upperBound)
            guard let list else { return end - start }
            return few[start..<end].count { list.contains(Int($0)) }
        }
        if groups.count == 1, groups[0].isDisjoint, list == nil {
            return groups[0].lists.reduce(0) { $0 + $1.count(in: ordinals) }
        }
        if groups.allSatisfy({ $0.lists.count == 1 }) {
            return PostingSets.intersectionCount(
                groups.map { $0.lists[0] } + (list.map { [$0] } ?? []), in: ordinals)
        }
        var result = OrdinalBitmap(all: ordinals)
        for group in groups { result.formIntersection(PostingSets.unionBitmap(group.lists, in: ordinals)) }
        if let list { result.formIntersection(PostingSets.unionBitmap([list], in: ordinals)) }
        return result.count
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
