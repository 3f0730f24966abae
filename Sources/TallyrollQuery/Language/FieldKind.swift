import TallyrollFormat

/// What kind of values a field holds: decides which operators fit and how a value is read.
package enum FieldKind: Sendable {
    case text
    case severity
    case integer
    case time
    case duration
    case result
    /// JSON values at a path.
    case json
}

extension Field {
    package var kind: FieldKind {
        switch self {
        case .sequence: .integer
        case .time, .recorded: .time
        case .duration: .duration
        case .result: .result
        case .severity: .severity
        case .details, .extra: .json
        default: .text
        }
    }

    /// Whether an event has at most one value of the field.
    package var isSingleValued: Bool {
        switch self {
        case .text, .details, .extra: false
        default: true
        }
    }

    /// Whether every event has the field, so that `not` of a comparison is the opposite comparison.
    package var isAlwaysPresent: Bool {
        switch self {
        case .sequence, .time, .recorded, .type: true
        default: false
        }
    }

    /// Whether the values are 64-bit integers: sequence numbers, times, durations.
    package var isInteger: Bool {
        switch kind {
        case .integer, .time, .duration: true
        default: false
        }
    }

    /// The one text field of a record that holds the values, where there is one.
    package var stringField: StringField? {
        switch self {
        case .id: .id
        case .user: .user
        case .type: .type
        case .severity: .severity
        case .action: .action
        case .resourceType: .resourceType
        case .resourceID: .resourceID
        case .error: .error
        case .component: .component
        case .message: .message
        case .ip: .ip
        case .agent: .userAgent
        case .request: .requestID
        case .session: .sessionID
        case .correlation: .correlationID
        default: nil
        }
    }

    package func accepts(_ operation: Filter.Operator) -> Bool {
        switch kind {
        case .text, .severity, .json: true
        case .integer, .time, .duration: operation != .matches && operation != .contains
        case .result: operation == .equal || operation == .notEqual
        }
    }

    /// The operators that fit, for error messages.
    package var operatorNames: String {
        switch kind {
        case .text, .severity, .json: "= != < <= > >= ~ contains, in (…) or exists"
        case .integer, .time, .duration: "= != < <= > >=, in (…) or exists"
        case .result: "=, !=, in (…) or exists"
        }
    }
}
