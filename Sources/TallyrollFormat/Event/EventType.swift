/// What kind of event it is. The set is open: the members here are names in common use, any other is as good.
public struct EventType: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    /// The name as it is stored.
    public var rawValue: String

    /// The type of that name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The type of that name.
    public init(stringLiteral value: String) { rawValue = value }

    /// The name as it is stored.
    public var description: String { rawValue }

    /// Someone proved, or failed to prove, who they are.
    public static let authentication: EventType = "authentication"
    /// Something was permitted or refused.
    public static let authorization: EventType = "authorization"
    /// A tool was run, by a person or an agent.
    public static let toolExecution: EventType = "tool_execution"
    /// A workflow was run.
    public static let workflowExecution: EventType = "workflow_execution"
    /// A step of a workflow was run.
    public static let stepExecution: EventType = "step_execution"
    /// A workflow's definition was changed.
    public static let workflowUpdate: EventType = "workflow_update"
    /// A secret was read, listed or rotated.
    public static let secretAccess: EventType = "secret_access"
    /// A Model Context Protocol peer connected or left.
    public static let mcpConnection: EventType = "mcp_connection"
    /// A setting was changed.
    public static let configChange: EventType = "config_change"
    /// An API key was made.
    public static let apiKeyCreate: EventType = "api_key_create"
    /// An API key was withdrawn.
    public static let apiKeyRevoke: EventType = "api_key_revoke"
    /// An administrator changed users, roles or policies.
    public static let adminAction: EventType = "admin_action"
    /// A rule was broken.
    public static let securityViolation: EventType = "security_violation"
    /// A resource was read or used.
    public static let resourceAccess: EventType = "resource_access"
    /// A connection was made or refused.
    public static let networkAccess: EventType = "network_access"
    /// A process was started or ended.
    public static let processExecution: EventType = "process_execution"
    /// The system itself did something.
    public static let systemEvent: EventType = "system_event"
}
