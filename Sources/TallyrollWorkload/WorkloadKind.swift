/// A kind of event: its names, how often it is drawn and how often it fails.
struct WorkloadKind: Sendable {
    /// What the details of an event hold.
    enum Details: Sendable { case tool, permission, cost, method, setting, reason }

    let type: StaticString
    let resource: StaticString
    let component: StaticString
    let actions: (StaticString, StaticString, StaticString, StaticString)
    /// Of a thousand events, how many are of this kind.
    let share: Int
    /// Of a thousand events of this kind, how many fail.
    let failures: Int
    let severity: StaticString
    var failedSeverity: StaticString = "error"
    let details: Details

    /// One of the four actions, by the two lowest bits.
    @inline(__always)
    func action(_ choices: UInt64) -> StaticString {
        switch choices & 3 {
        case 0: actions.0
        case 1: actions.1
        case 2: actions.2
        default: actions.3
        }
    }

    /// The kind at a place 0..<1000 on the scale of shares.
    @inline(__always)
    static func pick(share: Int) -> WorkloadKind {
        var rest = share
        var index = 0
        while rest >= all[index].share {
            rest -= all[index].share
            index += 1
        }
        return all[index]
    }

    /// In the reference's order; the shares add up to a thousand.
    static let all = [
        WorkloadKind(
            type: "tool_execution", resource: "tool", component: "mcp_server",
            actions: ("tool:call", "tool:list", "tool:call", "tool:cancel"), share: 300, failures: 30,
            severity: "info", details: .tool),
        WorkloadKind(
            type: "authorization", resource: "workflow", component: "policy_engine",
            actions: ("workflow:execute", "workflow:read", "secret:read", "admin:write"), share: 220,
            failures: 60,
            severity: "info", details: .permission),
        WorkloadKind(
            type: "step_execution", resource: "step", component: "executor",
            actions: ("step:run", "step:retry", "step:run", "step:skip"), share: 180, failures: 45,
            severity: "info", details: .cost),
        WorkloadKind(
            type: "authentication", resource: "session", component: "auth_service",
            actions: ("login", "token:refresh", "logout", "mfa:challenge"), share: 120, failures: 90,
            severity: "info", details: .method),
        WorkloadKind(
            type: "workflow_execution", resource: "workflow", component: "executor",
            actions: ("execute", "resume", "execute", "cancel"), share: 70, failures: 50,
            severity: "info", details: .cost),
        WorkloadKind(
            type: "secret_access", resource: "secret", component: "secret_manager",
            actions: ("secret:get", "secret:get", "secret:list", "secret:rotate"), share: 40, failures: 15,
            severity: "warning", details: .reason),
        WorkloadKind(
            type: "mcp_connection", resource: "connection", component: "mcp_server",
            actions: ("connect", "disconnect", "ping", "connect"), share: 25, failures: 25,
            severity: "info", details: .reason),
        WorkloadKind(
            type: "config_change", resource: "config", component: "config_service",
            actions: ("config:set", "config:set", "config:unset", "config:reload"), share: 15, failures: 10,
            severity: "warning", details: .setting),
        WorkloadKind(
            type: "workflow_update", resource: "workflow", component: "api",
            actions: ("update", "create", "delete", "update"), share: 12, failures: 20,
            severity: "info", details: .reason),
        WorkloadKind(
            type: "api_key_create", resource: "api_key", component: "api",
            actions: ("key:create", "key:create", "key:create", "key:create"), share: 6, failures: 5,
            severity: "warning", details: .reason),
        WorkloadKind(
            type: "api_key_revoke", resource: "api_key", component: "api",
            actions: ("key:revoke", "key:revoke", "key:revoke", "key:revoke"), share: 5, failures: 5,
            severity: "warning", details: .reason),
        WorkloadKind(
            type: "admin_action", resource: "tenant", component: "admin_console",
            actions: ("user:add", "user:remove", "role:grant", "role:revoke"), share: 4, failures: 20,
            severity: "warning", details: .reason),
        WorkloadKind(
            type: "security_violation", resource: "policy", component: "allowlist_service",
            actions: ("tool:deny", "rate:limit", "ip:block", "prompt:block"), share: 3, failures: 1000,
            severity: "critical", failedSeverity: "critical", details: .reason),
    ]
}

/// The other vocabularies of the workload.
enum WorkloadWords {
    static let tools: [StaticString] = [
        "get_weather", "search_docs", "sql_query", "send_email", "create_ticket", "read_file", "write_file",
        "run_tests", "deploy_service", "list_buckets", "translate", "summarize",
    ]
    static let errors: [StaticString] = [
        "permission denied: role lacks scope", "invalid credentials", "upstream timeout after 30000 ms",
        "rate limit exceeded", "resource not found", "validation failed: missing field 'name'",
    ]
    static let agents: [StaticString] = [
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
        "python-requests/2.32.3", "aws-cli/2.17.9 md/awscrt#0.20.11 ua/2.0 os/linux#6.8", "okhttp/4.12.0",
        "orchestrator-sdk-go/1.14.2", "curl/8.8.0", "kube-probe/1.30",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15",
    ]
}
