import TallyrollFormat
import TallyrollStore

/// Chooses, for one segment, which parts of a filter indexes answer and in what order columns answer the rest: an
/// index is asked when that is expected to cost less than it saves.
struct IndexChoice {
    /// What columns are left to answer, in order.
    private(set) var residual: [SegmentPlan.Part]
    private(set) var candidates: Candidates?
    /// The numbers of the parts that indexes were asked about.
    private(set) var indexed: [Int] = []
    /// Events that are expected to be candidates, and to be meant.
    private(set) var rows: Double
    private(set) var meant = 0.0
    /// Nanoseconds that the columns are expected to take.
    private(set) var cost = 0.0

    private let scope: QueryScope
    private let trace: QueryTrace
    private let plan: SegmentPlan
    private let filter: SegmentFilter
    private let universe: Int
    /// The share of the segment's events that are in blocks which are left: of lists, only that part is walked through.
    private let span: Double
    private var answers: IndexAnswers
    private var costs: PlanCosts
    private var sets: [IndexSet] = []

    /// A part that indexes may answer.
    private struct Candidate {
        /// Places in `residual`; a type and an id of a resource are one.
        var places: [Int]
        var share: Double
        /// Nanoseconds to read what is not in memory yet.
        var loading: Double
        /// Whether only filters are asked: an answer costs nothing, and names blocks.
        var namesBlocks = false
    }

    init(
        _ scope: QueryScope, _ plan: SegmentPlan, _ filter: SegmentFilter, events: Int, _ trace: QueryTrace
    ) throws {
        self.scope = scope
        self.trace = trace
        self.plan = plan
        self.filter = filter
        residual = plan.residual
        universe = Int(plan.segment.endSequence - plan.segment.firstSequence)
        rows = Double(events)
        span = min(1, Double(events) / Double(max(universe, 1)))
        answers = IndexAnswers(scope.prepared, plan.segment, filter)
        costs = PlanCosts(
            leaves: scope.prepared.leaves, sizes: IndexChoice.sizes(plan, filter, scope.prepared),
            shares: try IndexChoice.shares(plan, filter, scope.prepared),
            cut: IndexChoice.cut(plan, scope.prepared),
            blockEvents: Double(events) / Double(plan.blocks.count),
            blocks: Double(plan.blocks.count))
    }

    mutating func choose() throws {
        for candidate in try possible() {
            try consider(candidate)
            if case .nothing = IndexAnswers.all(sets) { break }
        }
        if !indexed.isEmpty {
            candidates = Candidates(
                IndexAnswers.all(sets), universe: universe,
                name: indexed.map { scope.prepared.name(ofPart: $0) }.joined(separator: " + "),
                owners: answers.owners)
            if let few = candidates?.few { rows = min(rows, Double(few.count)) }
        }
        order()
    }

    // MARK: What may be asked

    /// The parts that indexes may answer, those that leave least over first.
    private func possible() throws -> [Candidate] {
        var found: [Candidate] = []
        let trees = residual.map(\.tree)
        var rest = Array(trees.indices)
        if let pair = answers.resourcePair(trees) {
            let loading = loading([.postings(.resource)])
            found.append(
                Candidate(places: pair, share: 1 / Double(max(try termCount(.resource), 1)), loading: loading)
            )
            rest.removeAll { pair.contains($0) }
        }
        for place in rest {
            guard let indexes = try answers.indexes(trees[place]) else { continue }
            found.append(
                Candidate(
                    places: [place], share: costs.share(trees[place]), loading: loading(indexes),
                    namesBlocks: indexes.allSatisfy(\.isFilter)))
        }
        return found.sorted { $0.share < $1.share }
    }

    private func termCount(_ dictionary: DictionaryID) throws -> Int {
        try plan.segment.reader.termCount(dictionary)
    }

    private func loading(_ indexes: Set<IndexAnswers.Index>) -> Double {
        indexes.reduce(0) { sum, index in
            let unread: Int? =
                switch index {
                case .postings(let column): plan.segment.reader.unreadBytes(column)
                case .filter(let kind): plan.segment.reader.unreadBytes(kind)
                }
            guard let bytes = unread else { return sum }
            return sum + PlanCosts.openBlock + Double(bytes) * PlanCosts.readByte
        }
    }

    // MARK: What is worth asking

    private mutating func consider(_ candidate: Candidate) throws {
        let trees = candidate.places.map { residual[$0].tree }
        // How few blocks a filter leaves over is not known before it is asked.
        let isWorthAsking =
            candidate.namesBlocks
            ? candidate.loading < costs.cost(all: trees, rows: rows)
            : pays(candidate.share, candidate, loading: candidate.loading, isExact: true)
        guard isWorthAsking else { return }
        let answer =
            candidate.places.count == 2
            ? try answers.answer(resourceAmong: trees)?.answer : try answers.answer(trees[0])
        guard let answer else { return }
        let share = answer.set.fraction(universe)
        // Now that it is known how long the lists are.
        guard
            candidate.namesBlocks && share < 1
                || pays(share, candidate, loading: 0, isExact: answer.isExact, set: answer.set)
        else { return }
        sets.append(answer.set)
        for place in candidate.places { noteIndexed(residual[place].number, share) }
        rows *= share
        if answer.isExact { for place in candidate.places { residual[place].tree = .constant(true) } }
    }

    private mutating func noteIndexed(_ part: Int, _ share: Double) {
        indexed.append(part)
        trace.parts[part].indexSegments += 1
        trace.parts[part].indexEstimate += share * Double(universe)
    }

    /// Whether asking the indexes about a part costs less than the columns would.
    private func pays(
        _ share: Double, _ candidate: Candidate, loading: Double, isExact: Bool, set: IndexSet? = nil
    ) -> Bool {
        switch PlanPolicy.current {
        case .everyIndex, .everyIndexUndecoded: return true
        case .noIndex: return false
        case .costs: break
        }
        let left = residual.indices.filter { !residual[$0].tree.isTrue }
        let rest = isExact ? left.filter { !candidate.places.contains($0) } : left
        let before = columnCost(left, rows)
        let after = columnCost(rest, rows * share)
        let length = (set.map { Double($0.most(universe)) } ?? share * Double(universe)) * span
        // Few rows are looked up one by one; many lists are walked through.
        let asking = sets.isEmpty ? length * 0.1 : min(rows * PlanCosts.seek, length * PlanCosts.decode)
        return loading + asking * looked(left, rows) + after < before
    }

    /// The share of the segment that the run has to look at before it has what it wants.
    private func looked(_ places: [Int], _ rows: Double) -> Double {
        guard case .rows(let limit) = scope.purpose else { return 1 }
        let meant = places.reduce(rows) { $0 * costs.share(residual[$1].tree) }
        return min(1, Double(limit) / max(meant, 1))
    }

    /// Nanoseconds for the columns of some parts, as far as the run has to look for what it wants.
    private func columnCost(_ places: [Int], _ rows: Double) -> Double {
        let trees = places.map { residual[$0].tree }
        switch scope.purpose {
        case .count: return costs.cost(all: trees, rows: rows)
        case .rows(let limit):
            let meant = trees.reduce(rows) { $0 * costs.share($1) }
            // A block is opened for every row that is given, whatever is asked of it.
            let all = costs.cost(all: trees, rows: rows, opensAll: true)
            return all * min(1, Double(limit) / max(meant, 1))
        }
    }

    // MARK: The rest

    private mutating func order() {
        let left = residual.filter { !$0.tree.isTrue }
        let trees = left.map(\.tree)
        let order =
            left.count > 1 ? costs.order(trees, rows: rows) { 1 - costs.share($0) } : Array(left.indices)
        residual = order.map { place in
            SegmentPlan.Part(
                number: left[place].number, tree: costs.ordered(left[place].tree, rows: rows),
                share: costs.share(left[place].tree))
        }
        cost = costs.cost(all: residual.map(\.tree), rows: rows)
        meant = residual.reduce(rows) { $0 * $1.share }
    }

    /// For each question about a time or a place, how many blocks it cuts through.
    private static func cut(_ plan: SegmentPlan, _ prepared: PreparedFilter) -> [Int: Double] {
        var cut: [Int: Double] = [:]
        for leaf in prepared.leaves.indices {
            let question = prepared.leaves[leaf]
            let isEventTime = question.field == .time
            guard isEventTime || question.field == .recorded else { continue }
            let outline = plan.segment.outline
            if question.verdict(isEventTime ? outline.times : outline.recordedTimes) != nil {
                cut[leaf] = 0
                continue
            }
            cut[leaf] = outline.blocks.withUnsafeBufferPointer { entries in
                var count = 0.0
                for block in plan.blocks {
                    let range = isEventTime ? entries[block].times : entries[block].recordedTimes
                    if question.verdict(range) == nil { count += 1 }
                }
                return count
            }
        }
        return cut
    }

    /// The shares of terms: what posting lists say that are in memory, else what the dictionaries give away.
    private static func shares(
        _ plan: SegmentPlan, _ filter: SegmentFilter, _ prepared: PreparedFilter
    ) throws -> [Int: Double] {
        var shares: [Int: Double] = [:]
        let reader = plan.segment.reader
        for leaf in prepared.leaves.indices where prepared.leaves[leaf].field == .result {
            guard let loaded = try listsAtHand(.outcome, reader) else { break }
            defer { withExtendedLifetime(loaded) {} }
            let lists = loaded.postings
            var events = 0
            for kind in OutcomeKind.allCases where prepared.leaves[leaf].matches(outcome: kind) {
                events += try lists.count(UInt32(kind.rawValue))
            }
            shares[leaf] = Double(events) / Double(lists.universe)
        }
        for (leaf, verdict) in filter.verdicts {
            guard let codes = verdict.listed else { continue }
            if codes.count <= IndexChoice.countedCodesMax, let column = PostingColumn(verdict.dictionary),
                let loaded = try listsAtHand(column, reader)
            {
                defer { withExtendedLifetime(loaded) {} }
                let lists = loaded.postings
                var events = 0
                for code in codes { events += try lists.count(code) }
                shares[leaf] = Double(events) / Double(lists.universe)
                continue
            }
            let terms = try plan.segment.reader.termCount(verdict.dictionary)
            shares[leaf] = min(1, Double(codes.count) / Double(max(terms, 1)))
        }
        return shares
    }

    /// The posting lists of a column, if they are in memory and hold anything.
    private static func listsAtHand(
        _ column: PostingColumn, _ reader: SegmentReader
    ) throws -> LoadedPostings? {
        guard reader.hasPostings(column), reader.unreadBytes(column) == nil,
            let loaded = try reader.postings(column), loaded.postings.universe > 0
        else { return nil }
        return loaded
    }

    /// Of more codes, the events are not added up beforehand.
    private static let countedCodesMax = 64

    /// What columns take in this segment, asked only where it can change the order.
    private static func sizes(
        _ plan: SegmentPlan, _ filter: SegmentFilter, _ prepared: PreparedFilter
    ) -> ColumnSizes {
        let hasColumns = plan.residual.count { $0.tree.needsColumns(prepared.leaves) } > 0
        guard plan.residual.count > 1, hasColumns, plan.blocks.count >= 4, let last = plan.blocks.last,
            let block = try? plan.segment.reader.block(plan.segment.outline.blocks[last])
        else { return ColumnSizes() }
        return ColumnSizes(block)
    }
}

/// How indexes are chosen; for tests, which ask the same in every way.
package enum PlanPolicy: Sendable, CaseIterable {
    /// By what each costs and saves.
    case costs
    case everyIndex
    /// The same, and as with long lists nothing is decoded before it is asked for.
    case everyIndexUndecoded
    case noIndex

    @TaskLocal package static var current = PlanPolicy.costs
}

extension FilterTree {
    var isTrue: Bool {
        if case .constant(true) = self { return true }
        return false
    }

    /// Whether a question is about something that no index and no directory knows.
    fileprivate func needsColumns(_ leaves: [CompiledLeaf]) -> Bool {
        switch self {
        case .constant: return false
        case .leaf(let index):
            switch LeafSource(leaves[index].field) {
            case .text, .document, .anyText, .duration, .outcome: return true
            case .id, .sequence, .timestamp, .recordedAt, .codes: return false
            }
        case .not(let inner): return inner.needsColumns(leaves)
        case .and(let parts), .or(let parts): return parts.contains { $0.needsColumns(leaves) }
        }
    }
}
