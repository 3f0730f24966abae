/// What `exists` says about the other questions on its field: each of them, asked plainly, holds only where the field
/// is there.
enum Existence {
    /// Questions on one field that must all hold; nil when they cannot.
    static func inConjunction(_ group: [Filter]) -> [Filter]? {
        guard group.count > 1, let field = group[0].leafField else { return group }
        let isThere = group.contains { !$0.polarity.negated }
        if group.contains(.not(.exists(field))) { return isThere ? nil : [.not(.exists(field))] }
        // Any plain question but `exists` itself asks for presence too.
        guard group.contains(where: { !$0.polarity.negated && $0 != .exists(field) }) else { return group }
        return group.filter { $0 != .exists(field) }
    }

    /// Questions on one field of which one must hold; nil when one always does.
    static func inDisjunction(_ group: [Filter]) -> [Filter]? {
        guard group.count > 1, let field = group[0].leafField else { return group }
        let isNegated = group.contains { $0.polarity.negated }
        if group.contains(.exists(field)) { return isNegated ? nil : [.exists(field)] }
        guard group.contains(where: { $0.polarity.negated && $0 != .not(.exists(field)) }) else {
            return group
        }
        return group.filter { $0 != .not(.exists(field)) }
    }
}
