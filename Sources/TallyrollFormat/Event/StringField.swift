/// The text fields of an event, in the order in which a record holds them. The first five belong to the
/// envelope, the rest to the personal part. Raw values are part of the format.
package enum StringField: UInt8, CaseIterable, Sendable {
    case type = 0
    case severity = 1
    case action = 2
    case resourceType = 3
    case component = 4
    case id = 5
    case user = 6
    case resourceID = 7
    case error = 8
    case message = 9
    case ip = 10
    case userAgent = 11
    case requestID = 12
    case sessionID = 13
    case correlationID = 14
    /// The `details` object as JSON text, byte for byte as it was given.
    case details = 15
    /// The members of the input that no field holds, as the text of a JSON object in input order.
    case extra = 16

    package static let count = 17
    package static let firstPersonal = StringField.id

    @inline(__always)
    package var index: Int { Int(rawValue) }
    @inline(__always)
    package var isPersonal: Bool { rawValue >= StringField.firstPersonal.rawValue }

    /// The key of the field in the JSON shape of an event; `error` lives inside `result` and `extra` is spread.
    package var jsonKey: String {
        switch self {
        case .type: "event_type"
        case .severity: "severity"
        case .action: "action"
        case .resourceType: "resource_type"
        case .component: "component"
        case .id: "id"
        case .user: "user_id"
        case .resourceID: "resource_id"
        case .error: "error"
        case .message: "message"
        case .ip: "ip_address"
        case .userAgent: "user_agent"
        case .requestID: "request_id"
        case .sessionID: "session_id"
        case .correlationID: "correlation_id"
        case .details: "details"
        case .extra: ""
        }
    }
}
