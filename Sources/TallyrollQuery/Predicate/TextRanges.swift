import TallyrollFormat

/// Bounds on the order of texts and on severities, joined.
enum TextRanges {
    /// Questions on one field of at most one text, which must all hold: of several bounds on a side the tightest; nil
    /// when nothing is left between them.
    static func inConjunction(_ field: Field, _ group: [Filter]) -> [Filter]? {
        if field.kind == .severity { return severities(group, union: false) }
        guard group.count(where: { $0.bound != nil }) > 1 else { return group }
        var low: Filter?
        var high: Filter?
        for part in group {
            guard let bound = part.bound else { continue }
            if bound.isLower {
                low = low.map { $0.isTighter(than: part) ? $0 : part } ?? part
            } else {
                high = high.map { $0.isTighter(than: part) ? $0 : part } ?? part
            }
        }
        if let lower = low?.bound, let upper = high?.bound {
            let order = lower.text.withView { low in upper.text.withView { low.compare(to: $0) } }
            if order > 0 || order == 0 && !(lower.isInclusive && upper.isInclusive) { return nil }
        }
        return group.filter { $0.bound == nil || $0 == low || $0 == high }.withoutRepeats
    }

    /// Questions on one field of which one must hold: of several bounds on a side the widest.
    static func inDisjunction(_ field: Field, _ group: [Filter]) -> [Filter] {
        if field.kind == .severity { return severities(group, union: true) ?? group }
        guard group.count(where: { $0.bound != nil }) > 1 else { return group }
        var low: Filter?
        var high: Filter?
        for part in group {
            guard let bound = part.bound else { continue }
            if bound.isLower {
                low = low.map { $0.isTighter(than: part) ? part : $0 } ?? part
            } else {
                high = high.map { $0.isTighter(than: part) ? part : $0 } ?? part
            }
        }
        return group.filter { $0.bound == nil || $0 == low || $0 == high }.withoutRepeats
    }

    /// Of bounds on severities of which one says what another says too, the one that counts.
    private static func severities(_ group: [Filter], union: Bool) -> [Filter]? {
        let bounds = group.compactMap { part in part.ranks.map { (part, $0) } }
        guard bounds.count > 1 else { return group }
        let all = bounds.reduce(union ? 0 : UInt8.max) { union ? $0 | $1.1 : $0 & $1.1 }
        if all == 0 { return union ? group : nil }
        // One bound is all of them; otherwise they stay.
        guard let same = bounds.first(where: { $0.1 == all }) else { return group }
        return group.filter { $0.ranks == nil || $0 == same.0 }
    }
}

extension Filter {
    fileprivate struct Bound {
        var text: [UInt8]
        var isLower: Bool
        var isInclusive: Bool
    }

    fileprivate var bound: Bound? {
        guard case .comparison(_, let operation, .text(let text)) = self, operation.isOrdering else {
            return nil
        }
        return Bound(
            text: Array(text.string.utf8), isLower: operation == .greater || operation == .greaterOrEqual,
            isInclusive: operation == .greaterOrEqual || operation == .lessOrEqual)
    }

    /// Whether a bound on the same side leaves less, or the same.
    fileprivate func isTighter(than other: Filter) -> Bool {
        guard let mine = bound, let theirs = other.bound else { return false }
        let order = mine.text.withView { mine in theirs.text.withView { mine.compare(to: $0) } }
        if order == 0 { return !mine.isInclusive || theirs.isInclusive }
        return mine.isLower ? order > 0 : order < 0
    }

    /// The severities that a bound on their order allows.
    fileprivate var ranks: UInt8? {
        guard case .comparison(.severity, let operation, _) = self, operation.isOrdering,
            case .severity(let ranks)? = (try? CompiledLeaf(self))?.test
        else { return nil }
        return ranks
    }
}
