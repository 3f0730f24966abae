/// One audit event: who did what to what, when, and what came of it.
///
/// Only the type is required. Every text is any valid Unicode. A missing value and an empty one are different,
/// and both come back as they were given.
public struct AuditEvent: Sendable, Equatable {
    /// The event's own id, 1 to 255 bytes; without one the store makes one.
    public var id: String?
    /// When it happened; without one, the moment of the append.
    public var timestamp: Timestamp?
    /// What kind of event it is.
    public var type: EventType
    /// How much it matters.
    public var severity: Severity?
    /// Who did it: a person, a service, an agent.
    public var user: String?
    /// What was done: `login`, `secret:get`.
    public var action: String?
    /// What it was done to.
    public var resource: Resource
    /// What came of it.
    public var outcome: Outcome?
    /// The part of the system that reports it.
    public var component: String?
    /// A sentence for people.
    public var message: String?
    /// The address it came from.
    public var ip: String?
    /// The program it came from.
    public var userAgent: String?
    /// The request it belongs to.
    public var requestID: String?
    /// The session it belongs to.
    public var sessionID: String?
    /// What ties it to events elsewhere.
    public var correlationID: String?
    /// How long it took, to the nanosecond; finer parts are cut off.
    public var duration: Duration?
    /// Anything else about it, as a JSON object that comes back byte for byte.
    public var details: JSONObject?
    /// Further members beside the known ones, as a JSON object: what an imported event held beyond this model.
    /// It holds no known key, except with the value null.
    public var extra: JSONObject?

    /// How the time was written where the event was read from text.
    package var writtenTime: WrittenTime

    /// An event of a type; everything else is left out unless given.
    public init(
        id: String? = nil, timestamp: Timestamp? = nil, type: EventType, severity: Severity? = nil,
        user: String? = nil, action: String? = nil, resource: Resource = Resource(), outcome: Outcome? = nil,
        component: String? = nil, message: String? = nil, ip: String? = nil, userAgent: String? = nil,
        requestID: String? = nil, sessionID: String? = nil, correlationID: String? = nil,
        duration: Duration? = nil, details: JSONObject? = nil, extra: JSONObject? = nil
    ) {
        self.init(
            id: id, timestamp: timestamp, type: type, severity: severity, user: user, action: action,
            resource: resource, outcome: outcome, component: component, message: message, ip: ip,
            userAgent: userAgent, requestID: requestID, sessionID: sessionID, correlationID: correlationID,
            duration: duration, details: details, extra: extra, writtenTime: WrittenTime())
    }

    /// The same with the notation of its time.
    @inline(__always)
    init(
        id: String?, timestamp: Timestamp?, type: EventType, severity: Severity?, user: String?,
        action: String?, resource: Resource, outcome: Outcome?, component: String?, message: String?,
        ip: String?, userAgent: String?, requestID: String?, sessionID: String?, correlationID: String?,
        duration: Duration?, details: JSONObject?, extra: JSONObject?, writtenTime: WrittenTime
    ) {
        self.id = id
        self.timestamp = timestamp
        self.type = type
        self.severity = severity
        self.user = user
        self.action = action
        self.resource = resource
        self.outcome = outcome
        self.component = component
        self.message = message
        self.ip = ip
        self.userAgent = userAgent
        self.requestID = requestID
        self.sessionID = sessionID
        self.correlationID = correlationID
        self.duration = duration
        self.details = details
        self.extra = extra
        self.writtenTime = writtenTime
    }
}

/// How an event's time was written, or nil for the standard way. It is not part of what the event says, so that
/// any two are equal.
package struct WrittenTime: Equatable, Sendable {
    package var notation: TimeNotation?

    package init(_ notation: TimeNotation? = nil) { self.notation = notation }

    package static func == (left: WrittenTime, right: WrittenTime) -> Bool { true }
}
