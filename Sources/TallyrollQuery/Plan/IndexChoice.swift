import TallyrollFormat
import TallyrollStore

/// Finds the parts of a filter that a segment's indexes answer.
struct IndexChoice {
    private let prepared: PreparedFilter
    private let reader: SegmentReader
    private let filter: SegmentFilter

    init(_ prepared: PreparedFilter, _ reader: SegmentReader, _ filter: SegmentFilter) {
        self.prepared = prepared
        self.reader = reader
        self.filter = filter
    }

    /// Takes the parts of `tree` that posting lists answer out of it; nil when there are none, or no lists.
    func postings(_ tree: inout FilterTree) throws -> PostingPlan? {
        let plan = PostingPlan()
        var left: [FilterTree] = []
        for part in try withWholeResources(tree.conjuncts, plan) {
            if let codes = try codes(part), try plan.add(reader, codes, name: name(part)) { continue }
            left.append(part)
        }
        guard !plan.groups.isEmpty else { return nil }
        plan.finish()
        tree = .all(left)
        return plan
    }

    /// The codes one of which an event must have, when posting lists say which events do.
    private func codes(_ part: FilterTree) throws -> [(DictionaryID, [UInt32])]? {
        switch part {
        case .leaf(let index):
            guard let terms = try filter.terms(index), let listed = terms.listed, !listed.isEmpty else {
                return nil
            }
            return [(terms.dictionary, listed)]
        case .or(let parts):
            var all: [(DictionaryID, [UInt32])] = []
            for part in parts {
                guard let codes = try codes(part) else { return nil }
                all += codes
            }
            return all
        case .constant, .not, .and: return nil
        }
    }

    /// A type and an id of a resource that are asked for together are one term.
    private func withWholeResources(_ parts: [FilterTree], _ plan: PostingPlan) throws -> [FilterTree] {
        guard let type = parts.firstIndex(where: { value($0, .resourceType) != nil }),
            let id = parts.firstIndex(where: { value($0, .resourceID) != nil }),
            let typeValue = value(parts[type], .resourceType), let idValue = value(parts[id], .resourceID)
        else { return parts }
        let term = TermVerdicts.resourceTerm(type: typeValue, id: idValue)
        guard let code = try reader.code(of: term, .resource) else { return [.constant(false)] }
        guard try plan.add(reader, [(.resource, [code])], name: "resource") else { return parts }
        return parts.indices.filter { $0 != type && $0 != id }.map { parts[$0] }
    }

    /// The one text that a part says a field must equal.
    private func value(_ part: FilterTree, _ field: Field) -> [UInt8]? {
        guard case .leaf(let index) = part,
            case .comparison(field, .equal, .text(let text)) = prepared.questions[index]
        else { return nil }
        return Array(text.string.utf8)
    }

    private func name(_ part: FilterTree) -> String {
        switch part {
        case .leaf(let index): "\(prepared.leaves[index].field)"
        case .or(let parts): parts.map(name).joined(separator: " or ")
        case .constant, .not, .and: ""
        }
    }

    // MARK: Ids

    /// The blocks that may hold an event with one of the ids that the filter demands, by place; nil when it demands
    /// none, or the segment cannot say.
    func blocksByID(_ tree: FilterTree, _ segment: StoreSnapshot.Segment) throws -> Set<Int>? {
        for part in tree.conjuncts {
            guard case .leaf(let index) = part, let equality = prepared.questions[index].equality,
                equality.field == .id, equality.values.count <= TermVerdicts.lookupLimit
            else { continue }
            var blocks: Set<Int> = []
            for value in equality.values {
                guard case .text(let text) = value else { continue }
                guard try insertBlocks(of: text.string, segment, into: &blocks) else { return nil }
            }
            return blocks
        }
        return nil
    }

    private func insertBlocks(
        of id: String, _ segment: StoreSnapshot.Segment, into blocks: inout Set<Int>
    ) throws -> Bool {
        let (hash, minted) = id.withView {
            (IDHash.of($0), MintedID.parse($0, storeTag: reader.header.storeTag)?.sequence)
        }
        guard let places = try reader.blocksHoldingID(hash: hash) else { return false }
        for place in places where reader.entries.indices.contains(place) {
            if let block = segment.place(of: reader.entries[place].firstSequence) { blocks.insert(block) }
        }
        if let minted, let block = segment.place(of: minted) { blocks.insert(block) }
        return true
    }
}

extension StoreSnapshot.Segment {
    /// The place of the block that holds a sequence.
    func place(of sequence: UInt64) -> Int? {
        entries.withUnsafeBufferPointer { entries in
            var (low, high) = (0, entries.count)
            while low < high {
                let middle = (low + high) / 2
                if entries[middle].firstSequence <= sequence { low = middle + 1 } else { high = middle }
            }
            // Unreadable entries may hold no events: the one that holds the sequence is before them.
            var place = low - 1
            while place >= 0, entries[place].count == 0 { place -= 1 }
            guard place >= 0, sequence < entries[place].firstSequence + UInt64(entries[place].count) else {
                return nil
            }
            return place
        }
    }
}
