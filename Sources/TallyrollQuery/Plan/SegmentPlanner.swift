import TallyrollFormat
import TallyrollStore

/// Decides how a segment is searched: leaves out what directory and dictionaries rule out, asks those indexes that
/// cost less than they save, and puts what is left in order.
struct SegmentPlanner {
    private let scope: QueryScope
    private let trace: QueryTrace
    private let place: Int
    private var openedFilter: SegmentFilter?
    private var plan: SegmentPlan

    private var segment: StoreSnapshot.Segment { plan.segment }
    private var prepared: PreparedFilter { scope.prepared }

    /// Never throws: what cannot be read is left to the columns, and each block says so.
    static func plan(_ scope: QueryScope, segment place: Int, _ trace: QueryTrace) -> SegmentPlan {
        trace.timed(.plan) {
            var planner = SegmentPlanner(scope, place, trace)
            let before = planner.segment.reader.indexBytesRead
            planner.run()
            trace.segments[place].indexBytesRead += planner.segment.reader.indexBytesRead - before
            if let filter = planner.openedFilter { planner.plan.verdicts = filter.verdicts }
            return planner.plan
        }
    }

    private init(_ scope: QueryScope, _ place: Int, _ trace: QueryTrace) {
        self.scope = scope
        self.place = place
        self.trace = trace
        plan = SegmentPlan(place: place, segment: scope.snapshot.segments[place])
    }

    /// Made when it is first needed: most plans get by without.
    private var filter: SegmentFilter {
        mutating get {
            if let openedFilter { return openedFilter }
            let filter = SegmentFilter(prepared, segment.reader)
            openedFilter = filter
            return filter
        }
    }

    private mutating func run() {
        guard let bounds = prepared.bounds else { return prune(.impossible) }
        let choice = BlockChoice(segment, scope.sequences, bounds, trace)
        plan.blocks = choice.blocks
        trace.segments[place].blocksPrunedBySequence = choice.prunedBySequence
        trace.segments[place].blocksPrunedByTime = choice.prunedByTime
        if plan.blocks.isEmpty { return prune(choice.prunedByTime > 0 ? .time : .sequence) }
        do {
            if try planByLists(choice) { return }
            if !scope.sieve.hasLookedUp(place), let field = try absentField() {
                return prune(.index(field.description))
            }
            guard try foldKnown(choice) else { return }
            if isSmall {
                orderUnindexed(choice.events)
            } else {
                try chooseIndexes(choice.events)
            }
        } catch {
            // The dictionary cannot be read: then neither can the columns that refer to it, and each block says so.
            plan.residual = prepared.parts.enumerated().map { SegmentPlan.Part(number: $0, tree: $1) }
        }
        guard !plan.blocks.isEmpty, trace.segments[place].access == nil else { return }
        trace.segments[place].access = plan.residual.isEmpty ? .directory : .scan
    }

    private mutating func prune(_ reason: QueryTrace.Pruning) {
        plan.blocks = []
        plan.residual = []
        plan.candidates = nil
        trace.segments[place].prunedBy = reason
    }

    /// A field of which the segment's dictionary holds nothing that is asked for. Most segments are left out by this,
    /// so that it comes before anything that allocates.
    private func absentField() throws -> Field? {
        for (leaf, field, dictionary) in prepared.required {
            guard let terms = prepared.terms[leaf] else { continue }
            let isThere = try terms.contains { try segment.reader.code(of: $0, dictionary) != nil }
            if !isThere { return field }
        }
        return nil
    }

    /// Replaces questions by what directory and dictionaries know of the whole segment; false when nothing is left.
    private mutating func foldKnown(_ choice: BlockChoice) throws -> Bool {
        for (number, part) in prepared.parts.enumerated() {
            var emptyField: Field?
            let tree = try part.replacing { leaf in
                if let verdict = known(leaf, choice) { return verdict }
                guard let terms = try filter.terms(leaf), terms.isEmpty else { return nil }
                emptyField = prepared.leaves[leaf].field
                return false
            }
            if case .constant(false) = tree {
                prune(emptyField.map { .index("\($0)") } ?? .time)
                return false
            }
            if case .constant(true) = tree { continue }
            plan.residual.append(SegmentPlan.Part(number: number, tree: tree))
        }
        return true
    }

    /// What the times of the blocks say about a question.
    private func known(_ leaf: Int, _ choice: BlockChoice) -> Bool? {
        switch prepared.leaves[leaf].field {
        case .time: choice.times.flatMap { prepared.leaves[leaf].verdict($0) }
        case .recorded: choice.recordedTimes.flatMap { prepared.leaves[leaf].verdict($0) }
        default: nil
        }
    }

    // MARK: Posting lists

    /// Plans by posting lists alone where they leave few events; false where it takes more to decide.
    private mutating func planByLists(_ choice: BlockChoice) throws -> Bool {
        guard !prepared.lists.isEmpty, segment.reader.isSealed, PlanPolicy.current == .costs,
            choice.blocks.count == segment.outline.blocks.count
        else { return false }
        let found: ListPlan
        switch try ListPlan.make(
            scope, segment.reader, place: place, blocks: choice.blocks.count)
        {
        case .undecided: return false
        case .absent(let field):
            prune(.index(field.description))
            return true
        case .found(let plan): found = plan
        }
        var left = prepared.others
        for (number, question) in prepared.lists.enumerated() {
            guard let count = found.asked.first(where: { $0.question == number })?.count else {
                left += question.parts
                continue
            }
            for part in question.parts {
                trace.parts[part].indexSegments += 1
                trace.parts[part].indexEstimate += Double(count)
                if part < 64 { trace.segments[place].indexedParts |= 1 << UInt64(part) }
            }
        }
        let few = found.candidates.few?.count ?? 0
        var meant = Double(few)
        for number in left {
            guard case .leaf(let leaf) = prepared.parts[number], known(leaf, choice) == true else {
                let share = PlanCosts.usualShare(prepared.parts[number], prepared.leaves)
                plan.residual.append(
                    SegmentPlan.Part(number: number, tree: prepared.parts[number], share: share))
                meant *= share
                continue
            }
        }
        if plan.residual.count > 1 { plan.residual.sort { $0.share < $1.share } }
        trace.segments[place].estimatedCandidates += few
        trace.segments[place].estimatedRows += Int(meant)
        guard few > 0 else {
            prune(.index(found.candidates.name))
            return true
        }
        trace.segments[place].access = .indexes
        plan.candidates = found.candidates
        keepBlocks(found.candidates)
        plan.cost =
            plan.residual.isEmpty
            ? 0 : Double(plan.blocks.count) * PlanCosts.openBlock + Double(few) * PlanCosts.seek
        return true
    }

    // MARK: Small segments

    /// Whether the columns of the one block that is left answer sooner than it takes to choose among indexes.
    private var isSmall: Bool {
        plan.blocks.count == 1 && prepared.isCheap && !plan.residual.isEmpty && PlanPolicy.current == .costs
    }

    private mutating func orderUnindexed(_ events: Int) {
        var rows = Double(events)
        trace.segments[place].estimatedCandidates += events
        for number in plan.residual.indices {
            plan.residual[number].share = PlanCosts.usualShare(plan.residual[number].tree, prepared.leaves)
        }
        if plan.residual.count > 1 { plan.residual.sort { $0.share < $1.share } }
        for part in plan.residual { rows *= part.share }
        trace.segments[place].estimatedRows += Int(rows)
        plan.cost = PlanCosts.openBlock + Double(events * plan.residual.count) * PlanCosts.countCode
    }

    // MARK: Indexes

    private mutating func chooseIndexes(_ events: Int) throws {
        var choice = try IndexChoice(scope, plan, filter, events: events, trace)
        try choice.choose()
        plan.residual = choice.residual
        plan.cost = choice.cost
        trace.segments[place].estimatedCandidates += Int(choice.rows)
        trace.segments[place].estimatedRows += Int(choice.meant)
        guard let candidates = choice.candidates else { return }
        if case .nothing = candidates.set { return prune(.index(candidates.name)) }
        trace.segments[place].access = .indexes
        plan.candidates = candidates
        for part in choice.indexed where part < 64 { trace.segments[place].indexedParts |= 1 << UInt64(part) }
        keepBlocks(candidates)
        if plan.blocks.isEmpty { return prune(.index(candidates.name)) }
        // Where indexes only named blocks, those that are left are all there is to know.
        if case .blocks = candidates.set { plan.candidates = nil }
    }

    /// Leaves out the blocks in which no candidate lies, where that is cheap to tell.
    private mutating func keepBlocks(_ candidates: Candidates) {
        let before = plan.blocks.count
        if let few = candidates.few { keepBlocks(of: few) }
        if case .blocks(let ranges) = candidates.set { keepBlocks(ranges) }
        if case .all(let parts) = candidates.set {
            for case .blocks(let ranges) in parts { keepBlocks(ranges) }
        }
        let pruned = before - plan.blocks.count
        trace.segments[place].blocksPrunedByIndex += pruned
        if pruned > 0 { trace.blocksPruned[candidates.name, default: 0] += pruned }
    }

    /// Keeps the blocks in which one of some ordinals lies.
    private mutating func keepBlocks(of ordinals: [UInt32]) {
        let outline = plan.segment.outline
        if outline.isWhole, plan.blocks.count == outline.blocks.count, ordinals.count * 8 < plan.blocks.count
        {
            // Fewer events than blocks: each is looked for.
            var kept: [Int] = []
            for ordinal in ordinals
            where kept.last.map({ outline.ordinals(ofBlock: $0).upperBound <= ordinal }) ?? true {
                if let place = outline.place(of: outline.firstSequence + UInt64(ordinal)) {
                    kept.append(place)
                }
            }
            plan.blocks = kept
            return
        }
        var next = 0
        plan.blocks.removeAll { block in
            let range = outline.ordinals(ofBlock: block)
            while next < ordinals.count, Int(ordinals[next]) < range.lowerBound { next += 1 }
            return next >= ordinals.count || Int(ordinals[next]) >= range.upperBound
        }
    }

    /// Keeps the blocks that overlap one of some ascending ranges.
    private mutating func keepBlocks(_ ranges: [Range<Int>]) {
        let outline = plan.segment.outline
        if outline.isWhole, plan.blocks.count == outline.blocks.count, ranges.count * 8 < plan.blocks.count {
            // The ranges are whole blocks, and few.
            var kept: [Int] = []
            for range in ranges where !range.isEmpty {
                guard let place = outline.place(of: outline.firstSequence + UInt64(range.lowerBound)) else {
                    continue
                }
                if kept.last != place { kept.append(place) }
            }
            plan.blocks = kept
            return
        }
        var next = 0
        plan.blocks.removeAll { block in
            let range = outline.ordinals(ofBlock: block)
            while next < ranges.count, ranges[next].upperBound <= range.lowerBound { next += 1 }
            return next >= ranges.count || ranges[next].lowerBound >= range.upperBound
        }
    }
}
