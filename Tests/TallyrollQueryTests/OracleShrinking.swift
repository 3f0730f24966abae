import TallyrollQuery

/// Makes a case on which engine and oracle disagree smaller, for as long as they still do: fewer events, a shorter
/// filter, the plainest way to ask.
struct OracleShrinking {
    private(set) var world: QueryWorld
    private(set) var question: OracleCase
    private(set) var disagreement: String
    /// How often a smaller case may be tried.
    private var triesLeft = 600

    init?(_ world: QueryWorld, _ question: OracleCase) {
        guard let disagreement = OracleShrinking.disagreement(world, question) else { return nil }
        (self.world, self.question, self.disagreement) = (world, question, disagreement)
        dropEvents()
        simplify()
        dropEvents()
    }

    /// What to look at.
    var report: String {
        var lines = ["smaller: \(question)", disagreement, "\(world.events.count) events, \(world.layout)"]
        for event in world.events.prefix(5) { lines.append("  \(event)") }
        return lines.joined(separator: "\n")
    }

    private static func disagreement(_ world: QueryWorld, _ question: OracleCase) -> String? {
        guard let views = try? world.views() else { return nil }
        return question.disagreement(world, views)
    }

    private mutating func take(_ world: QueryWorld, _ question: OracleCase) -> Bool {
        guard triesLeft > 0 else { return false }
        triesLeft -= 1
        guard let found = OracleShrinking.disagreement(world, question) else { return false }
        (self.world, self.question, disagreement) = (world, question, found)
        return true
    }

    /// Leaves out stretches of events, long ones first.
    private mutating func dropEvents() {
        var size = world.events.count / 2
        while size > 0 {
            var start = 0
            while start < world.events.count {
                let dropped = start..<min(start + size, world.events.count)
                let kept = world.events.indices.filter { !dropped.contains($0) }
                if let smaller = try? world.keeping(kept), take(smaller, question) { continue }
                start += size
            }
            size /= 2
        }
    }

    private mutating func simplify() {
        var isSmaller = true
        while isSmaller {
            isSmaller = false
            for filter in question.filter.simpler {
                var simpler = question
                simpler.filter = filter
                if take(world, simpler) {
                    isSmaller = true
                    break
                }
            }
        }
        var plain = question
        plain.way = QueryWay()
        _ = take(world, plain)
        plain = question
        plain.limit = nil
        _ = take(world, plain)
    }
}

extension Filter {
    /// Filters with a little less in them.
    fileprivate var simpler: [Filter] {
        switch self {
        case .constant, .exists, .comparison: []
        case .membership(let field, let values):
            values.indices.map { place in
                .membership(field, values.indices.filter { $0 != place }.map { values[$0] })
            }
        case .not(let inner): [inner] + inner.simpler.map { .not($0) }
        case .and(let list): list + Filter.simpler(list).map { .and($0) }
        case .or(let list): list + Filter.simpler(list).map { .or($0) }
        }
    }

    /// The list without one of its members, or with one that has less in it.
    private static func simpler(_ list: [Filter]) -> [[Filter]] {
        list.indices.flatMap { place -> [[Filter]] in
            let without = list.indices.filter { $0 != place }.map { list[$0] }
            return [without]
                + list[place].simpler.map { part in
                    var changed = list
                    changed[place] = part
                    return changed
                }
        }
    }
}
