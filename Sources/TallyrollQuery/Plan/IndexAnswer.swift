import TallyrollFormat
import TallyrollStore

/// What a segment's indexes say about a part of a filter.
struct IndexAnswer {
    /// Every event that satisfies the part is in here.
    var set: IndexSet
    /// Whether every event in here satisfies it, so that no column has to be asked.
    var isExact: Bool
}

/// Asks a segment's indexes about parts of a filter.
struct IndexAnswers {
    private let prepared: PreparedFilter
    private let segment: StoreSnapshot.Segment
    private let filter: SegmentFilter
    private let filters: BlockFilters
    /// What the posting lists that were handed out borrow from.
    private(set) var owners: [LoadedPostings] = []

    init(_ prepared: PreparedFilter, _ segment: StoreSnapshot.Segment, _ filter: SegmentFilter) {
        self.prepared = prepared
        self.segment = segment
        self.filter = filter
        filters = BlockFilters(prepared, segment)
    }

    private var reader: SegmentReader { segment.reader }
    private var universe: Int { Int(segment.endSequence - segment.firstSequence) }

    /// What indexes know of a part; nil when they cannot narrow it down.
    mutating func answer(_ tree: FilterTree) throws -> IndexAnswer? {
        switch tree {
        case .constant(let value):
            return IndexAnswer(set: value ? .everything : .nothing, isExact: true)
        case .leaf(let index): return try answer(leaf: index)
        case .not(let inner):
            // What is left out must be certain.
            guard let answer = try answer(inner), answer.isExact else { return nil }
            return IndexAnswer(set: IndexAnswers.negated(answer.set), isExact: true)
        case .and(let parts): return try answer(all: parts)
        case .or(let parts):
            var sets: [IndexSet] = []
            var isExact = true
            for part in parts {
                guard let answer = try answer(part) else { return nil }
                sets.append(answer.set)
                isExact = isExact && answer.isExact
            }
            return IndexAnswer(set: IndexAnswers.any(sets), isExact: isExact)
        }
    }

    /// What indexes know of parts that must all hold.
    private mutating func answer(all parts: [FilterTree]) throws -> IndexAnswer? {
        var sets: [IndexSet] = []
        var isExact = true
        var left = parts
        if let (pair, answer) = try answer(resourceAmong: parts) {
            sets.append(answer.set)
            left = parts.indices.filter { !pair.contains($0) }.map { parts[$0] }
        }
        for part in left {
            if let answer = try answer(part) {
                sets.append(answer.set)
                isExact = isExact && answer.isExact
            } else {
                isExact = false
            }
        }
        return sets.isEmpty ? nil : IndexAnswer(set: IndexAnswers.all(sets), isExact: isExact)
    }

    // MARK: Without reading

    /// What would be read for an answer.
    enum Index: Hashable {
        case postings(PostingColumn)
        case filter(FilterKind)

        var isFilter: Bool {
            if case .filter = self { return true }
            return false
        }
    }

    /// The indexes that would be read for an answer; nil when there would be none.
    func indexes(_ tree: FilterTree) throws -> Set<Index>? {
        switch tree {
        case .constant: return []
        case .leaf(let index): return try indexes(leaf: index)
        case .not(let inner): return try indexes(inner)
        case .and(let parts):
            let known = try parts.compactMap { try indexes($0) }
            return known.isEmpty ? nil : known.reduce(into: []) { $0.formUnion($1) }
        case .or(let parts):
            var all: Set<Index> = []
            for part in parts {
                guard let some = try indexes(part) else { return nil }
                all.formUnion(some)
            }
            return all
        }
    }

    private func indexes(leaf index: Int) throws -> Set<Index>? {
        if let equality = prepared.questions[index].equality, equality.field == .id { return [] }
        if let kind = filters.kind(leaf: index) { return [.filter(kind)] }
        if case .outcome = LeafSource(prepared.leaves[index].field) {
            return reader.hasPostings(.outcome) ? [.postings(.outcome)] : nil
        }
        guard let terms = try filter.terms(index), let column = PostingColumn(terms.dictionary),
            reader.hasPostings(column)
        else { return nil }
        if terms.listed != nil { return [.postings(column)] }
        switch prepared.questions[index] {
        case .exists, .comparison(_, .notEqual, _): return column == .resource ? nil : [.postings(column)]
        default: return nil
        }
    }

    /// The places of a type and an id of a resource that are asked for together.
    func resourcePair(_ parts: [FilterTree]) -> [Int]? {
        guard reader.hasPostings(.resource),
            let type = parts.firstIndex(where: { value($0, .resourceType) != nil }),
            let id = parts.firstIndex(where: { value($0, .resourceID) != nil })
        else { return nil }
        return [type, id]
    }

    // MARK: Questions

    private mutating func answer(leaf index: Int) throws -> IndexAnswer? {
        if let blocks = try blocksByID(index) { return IndexAnswer(set: .blocks(blocks), isExact: false) }
        if let blocks = try filters.blocks(leaf: index) {
            let ranges = blocks.decode().map { segment.outline.ordinals(ofBlock: Int($0)) }.filter {
                !$0.isEmpty
            }
            return IndexAnswer(set: .blocks(ranges), isExact: false)
        }
        if case .outcome = LeafSource(prepared.leaves[index].field) {
            let kinds = OutcomeKind.allCases.filter { prepared.leaves[index].matches(outcome: $0) }
            return try answer(kinds.map { UInt32($0.rawValue) }, .outcome)
        }
        guard let terms = try filter.terms(index) else { return nil }
        if let codes = terms.listed {
            return try PostingColumn(terms.dictionary).flatMap { try answer(codes, $0) }
        }
        return try answer(excluded: prepared.questions[index], terms.dictionary)
    }

    /// What must be there, or must be another value: certain when every event has a term.
    private mutating func answer(
        excluded question: Filter, _ dictionary: DictionaryID
    ) throws -> IndexAnswer? {
        let equality: Filter
        switch question {
        case .exists where dictionary != .resource:
            guard let loaded = try reader.postings(dictionary),
                loaded.postings.postingCount == loaded.postings.universe
            else { return nil }
            return IndexAnswer(set: .everything, isExact: true)
        case .comparison(let field, .notEqual, let value) where dictionary != .resource:
            equality = .comparison(field, .equal, value)
        default: return nil
        }
        guard let codes = try TermVerdicts(reader, dictionary, equality).listed,
            let loaded = try reader.postings(dictionary)
        else { return nil }
        owners.append(loaded)
        return IndexAnswer(
            set: codes.isEmpty ? .everything : .not(try IndexAnswers.lists(codes, loaded.postings)),
            isExact: loaded.postings.postingCount == loaded.postings.universe)
    }

    /// The events with one of some codes.
    private mutating func answer(_ codes: [UInt32], _ column: PostingColumn) throws -> IndexAnswer? {
        if codes.isEmpty { return IndexAnswer(set: .nothing, isExact: true) }
        guard let loaded = try reader.postings(column) else { return nil }
        let postings = loaded.postings
        owners.append(loaded)
        if postings.postingCount == postings.universe, codes.count * 2 > postings.termCount {
            // Every event has a term: the shorter way to say which is to say which not.
            let wanted = Set(codes)
            let others = (1..<UInt32(postings.termCount + 1)).filter { !wanted.contains($0) }
            if others.isEmpty { return IndexAnswer(set: .everything, isExact: true) }
            return IndexAnswer(set: .not(try IndexAnswers.lists(others, postings)), isExact: true)
        }
        return IndexAnswer(set: try IndexAnswers.lists(codes, postings), isExact: true)
    }

    private static func lists(_ codes: [UInt32], _ postings: TermPostings) throws -> IndexSet {
        .lists(try codes.map { try postings.list($0) }, isDisjoint: true)
    }

    /// A type and an id of a resource that are asked for together are one term: the places of the two among the parts.
    mutating func answer(resourceAmong parts: [FilterTree]) throws -> (pair: [Int], answer: IndexAnswer)? {
        guard let pair = resourcePair(parts), let typeValue = value(parts[pair[0]], .resourceType),
            let idValue = value(parts[pair[1]], .resourceID)
        else { return nil }
        let term = TermVerdicts.resourceTerm(type: typeValue, id: idValue)
        let code = try reader.code(of: term, .resource)
        guard let answer = try answer(code.map { [$0] } ?? [], .resource) else { return nil }
        return (pair, answer)
    }

    /// The one text that a part says a field must equal.
    private func value(_ part: FilterTree, _ field: Field) -> [UInt8]? {
        guard case .leaf(let index) = part,
            case .comparison(field, .equal, .text(let text)) = prepared.questions[index]
        else { return nil }
        return Array(text.string.utf8)
    }

    // MARK: Ids

    /// The blocks that may hold an event with one of the ids that a question names; nil when it names none, or the
    /// segment cannot say.
    private func blocksByID(_ leaf: Int) throws -> [Range<Int>]? {
        guard let equality = prepared.questions[leaf].equality, equality.field == .id,
            equality.values.count <= TermVerdicts.lookupLimit
        else { return nil }
        var places: Set<Int> = []
        for value in equality.values {
            guard case .text(let text) = value else { continue }
            guard try insertBlocks(of: text.string, into: &places) else { return nil }
        }
        return places.sorted().map { segment.outline.ordinals(ofBlock: $0) }
    }

    private func insertBlocks(of id: String, into blocks: inout Set<Int>) throws -> Bool {
        let (hash, minted) = id.withView {
            (IDHash.of($0), MintedID.parse($0, storeTag: reader.header.storeTag)?.sequence)
        }
        guard let places = try reader.blocksHoldingID(hash: hash) else { return false }
        for place in places where reader.entries.indices.contains(place) {
            let sequence = reader.entries[place].firstSequence
            if let block = segment.outline.place(of: sequence) { blocks.insert(block) }
        }
        if let minted, let block = segment.outline.place(of: minted) { blocks.insert(block) }
        return true
    }

    // MARK: Algebra

    static func negated(_ set: IndexSet) -> IndexSet {
        switch set {
        case .everything: .nothing
        case .nothing: .everything
        case .not(let inner): inner
        default: .not(set)
        }
    }

    static func all(_ sets: [IndexSet]) -> IndexSet {
        var kept: [IndexSet] = []
        for set in sets {
            switch set {
            case .everything: continue
            case .nothing: return .nothing
            case .all(let inner): kept += inner
            default: kept.append(set)
            }
        }
        return kept.isEmpty ? .everything : kept.count == 1 ? kept[0] : .all(kept)
    }

    static func any(_ sets: [IndexSet]) -> IndexSet {
        var kept: [IndexSet] = []
        var lists: [PostingList] = []
        var blocks: [Range<Int>] = []
        for set in sets {
            switch set {
            case .everything: return .everything
            case .nothing: continue
            case .lists(let more, _): lists += more
            case .blocks(let more): blocks += more
            case .any(let inner): kept += inner
            default: kept.append(set)
            }
        }
        if !blocks.isEmpty {
            // Whole blocks, so that two are the same or lie apart.
            var ranges: [Range<Int>] = []
            for block in blocks.sorted(by: { $0.lowerBound < $1.lowerBound }) where block != ranges.last {
                ranges.append(block)
            }
            kept.append(.blocks(ranges))
        }
        // Lists of different dictionaries may share events.
        if !lists.isEmpty { kept.append(.lists(lists, isDisjoint: lists.count == 1)) }
        return kept.isEmpty ? .nothing : kept.count == 1 ? kept[0] : .any(kept)
    }
}
