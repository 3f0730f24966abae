import TallyrollFormat

/// Where a block holds what a question is about.
enum LeafSource: Sendable {
    case id
    case sequence
    case timestamp
    case recordedAt
    case duration
    case outcome
    /// Codes of a dictionary; resources have one code for type and id.
    case codes(ColumnID, DictionaryID)
    case text(ColumnID)
    case document(ColumnID)
    /// Message, error and the strings of details.
    case anyText

    init(_ field: Field) {
        self =
            switch field {
            case .id: .id
            case .sequence: .sequence
            case .time: .timestamp
            case .recorded: .recordedAt
            case .duration: .duration
            case .result: .outcome
            case .user: .codes(.user, .user)
            case .type: .codes(.type, .type)
            case .severity: .codes(.severity, .severity)
            case .action: .codes(.action, .action)
            case .component: .codes(.component, .component)
            case .resourceType, .resourceID, .resource: .codes(.resource, .resource)
            case .error: .text(.error)
            case .message: .text(.message)
            case .ip: .text(.ip)
            case .agent: .text(.userAgent)
            case .request: .text(.requestID)
            case .session: .text(.sessionID)
            case .correlation: .text(.correlationID)
            case .text: .anyText
            case .details: .document(.details)
            case .extra: .document(.extra)
            }
    }

    /// What a question costs to answer for a whole block, in units of about a bit-packed column.
    var cost: Int {
        switch self {
        case .sequence: 0
        case .codes, .outcome: 2
        case .timestamp, .recordedAt: 4
        case .duration: 6
        case .text: 20
        case .id: 40
        case .document: 60
        case .anyText: 200
        }
    }
}

extension FilterTree {
    /// What the tree costs to answer for a whole block.
    func cost(_ leaves: [CompiledLeaf]) -> Int {
        switch self {
        case .constant: 0
        case .leaf(let index): LeafSource(leaves[index].field).cost
        case .not(let inner): inner.cost(leaves)
        case .and(let parts), .or(let parts): parts.reduce(0) { $0 + $1.cost(leaves) }
        }
    }

    /// The tree with cheap questions before dear ones.
    func ordered(_ leaves: [CompiledLeaf]) -> FilterTree {
        switch self {
        case .constant, .leaf: return self
        case .not(let inner): return .not(inner.ordered(leaves))
        case .and(let parts): return .and(FilterTree.sorted(parts, leaves))
        case .or(let parts): return .or(FilterTree.sorted(parts, leaves))
        }
    }

    private static func sorted(_ parts: [FilterTree], _ leaves: [CompiledLeaf]) -> [FilterTree] {
        let costs = parts.map { $0.cost(leaves) }
        return parts.indices.sorted { (costs[$0], $0) < (costs[$1], $1) }.map { parts[$0].ordered(leaves) }
    }
}
