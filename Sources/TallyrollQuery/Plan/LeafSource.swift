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

    /// Whether it is a number of its own, and no code.
    var isNumber: Bool {
        switch self {
        case .sequence, .timestamp, .recordedAt, .outcome: true
        case .id, .duration, .codes, .text, .document, .anyText: false
        }
    }

    /// Whether a block holds it as plain numbers.
    var isCheap: Bool {
        switch self {
        case .sequence, .timestamp, .recordedAt, .outcome, .codes: true
        case .id, .duration, .text, .document, .anyText: false
        }
    }
}
