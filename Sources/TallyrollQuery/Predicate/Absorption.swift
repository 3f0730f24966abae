/// What the members of a list of `and` say about the lists of `or` among them, and the other way round: the same laws,
/// with the two changed for each other. Every question is either true or false of an event, missing fields or not,
/// so that the laws of Boolean algebra hold.
enum Absorption {
    /// Lists that are compared with each other, and members that such a list has at most.
    private static let comparedLists = 64
    private static let comparedMembers = 32
    /// Questions that are tried against what else is known of their field, in one list.
    private static let trialLimit = 2_000
    private static let factLimit = 16

    /// Members of an `and`: `a and (a or b)` is `a`, `a and (not a or b)` is `a and b`.
    static func inConjunction(_ list: [Filter]) -> [Filter] {
        let absorbed = absorbed(list, { $0.alternatives }, { .any(of: $0) })
        return withoutImpossible(absorbed)
    }

    /// Members of an `or`: `a or (a and b)` is `a`, `a or (not a and b)` is `a or b`.
    static func inDisjunction(_ list: [Filter]) -> [Filter] {
        absorbed(list, { $0.requirements }, { .all(of: $0) })
    }

    private static func absorbed(
        _ list: [Filter], _ members: (Filter) -> [Filter]?, _ rebuilt: ([Filter]) -> Filter
    ) -> [Filter] {
        guard list.count > 1, list.contains(where: { members($0) != nil }) else { return list }
        let facts = Set(list.filter { members($0) == nil })
        let kept = list.compactMap { part -> Filter? in
            guard let inner = members(part), !facts.isEmpty else { return part }
            if inner.contains(where: facts.contains) { return nil }
            let left = inner.filter { $0.opposite.map { !facts.contains($0) } ?? true }
            return left.count == inner.count ? part : rebuilt(left)
        }
        return withoutSupersets(kept, members)
    }

    /// Of two inner lists of which one has all members of the other, the shorter one says all.
    private static func withoutSupersets(
        _ list: [Filter], _ members: (Filter) -> [Filter]?
    ) -> [Filter] {
        var sets: [(place: Int, members: Set<Filter>)] = []
        for (place, part) in list.enumerated() {
            guard let inner = members(part), inner.count <= comparedMembers else { continue }
            sets.append((place, Set(inner)))
        }
        guard sets.count > 1, sets.count <= comparedLists else { return list }
        var dropped: Set<Int> = []
        for one in sets {
            for other in sets where other.place != one.place && !dropped.contains(other.place) {
                if other.members.count < one.members.count, other.members.isSubset(of: one.members) {
                    dropped.insert(one.place)
                    break
                }
            }
        }
        return list.indices.filter { !dropped.contains($0) }.map { list[$0] }
    }

    // MARK: What the other questions about a field rule out

    /// `user = a and (user = b or type = x)` is `user = a and type = x`: alternatives that contradict what must hold
    /// anyway are left out, and an `or` of which one alternative must hold anyway says nothing.
    private static func withoutImpossible(_ list: [Filter]) -> [Filter] {
        var facts: [Field: [Filter]] = [:]
        var trials = 0
        for part in list {
            if let field = part.leafField, field.isSingleValued { facts[field, default: []].append(part) }
        }
        guard !facts.isEmpty else { return list }
        return list.compactMap { part in
            guard let alternatives = part.alternatives, trials + alternatives.count <= trialLimit else {
                return part
            }
            trials += alternatives.count
            var left: [Filter] = []
            for alternative in alternatives {
                guard let field = alternative.leafField, let known = facts[field],
                    known.count <= factLimit
                else {
                    left.append(alternative)
                    continue
                }
                let both = Conjunction.joined(known + [alternative])
                if both == .constant(false) { continue }
                if both == Conjunction.joined(known) { return nil }
                left.append(alternative)
            }
            return left.count == alternatives.count ? part : .any(of: left)
        }
    }

    // MARK: Common factors

    /// `(a and b) or (a and c)` is `a and (b or c)`: what all alternatives demand is asked once, where indexes and
    /// bounds can use it.
    static func factored(_ alternatives: [Filter]) -> Filter? {
        guard alternatives.count > 1, let first = alternatives.first else { return nil }
        var common = Set(first.conjuncts)
        for alternative in alternatives.dropFirst() {
            common.formIntersection(alternative.conjuncts)
            if common.isEmpty { return nil }
        }
        let shared = first.conjuncts.filter(common.contains)
        let rest = alternatives.map { alternative in
            Filter.all(of: alternative.conjuncts.filter { !common.contains($0) })
        }
        return Conjunction.joined(shared + [Disjunction.joined(rest)])
    }
}

extension Filter {
    /// The members of an `or`.
    fileprivate var alternatives: [Filter]? {
        if case .or(let list) = self { return list }
        return nil
    }

    /// The members of an `and`.
    fileprivate var requirements: [Filter]? {
        if case .and(let list) = self { return list }
        return nil
    }

    /// The single question that holds exactly where this one does not.
    var opposite: Filter? {
        switch self {
        case .not(let inner): return inner
        case .comparison, .membership, .exists: return negatedLeaf(true)
        case .constant, .and, .or: return nil
        }
    }
}
