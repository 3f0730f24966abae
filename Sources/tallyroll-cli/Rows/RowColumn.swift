import TallyrollFormat
import TallyrollQuery

/// One field of the events that are printed, as `--fields` names it.
struct RowColumn {
    /// As it was asked for: what stands above the column.
    let name: String
    let field: Field

    init(_ name: String) throws(CommandFailure) {
        self.name = name
        let filter: Filter
        do throws(QueryError) {
            filter = try Filter("\(name) exists")
        } catch {
            let hint = error.suggestion.map { "; \($0)" } ?? ""
            throw CommandFailure(
                .usage, "--fields: '\(name)': found \(error.found), expected \(error.expected)\(hint)")
        }
        guard case .exists(let field) = filter else {
            throw CommandFailure(.usage, "--fields: '\(name)' is not one field: separate fields by commas")
        }
        self.field = field
    }

    private init(name: String, field: Field) {
        self.name = name
        self.field = field
    }

    /// The fields of a list such as `time,user,details."odd, key"`.
    static func list(_ text: String) throws(CommandFailure) -> [RowColumn] {
        var names: [String] = [""]
        var isQuoted = false
        var isEscaped = false
        for character in text {
            if character == ",", !isQuoted {
                names.append("")
                continue
            }
            if isEscaped {
                isEscaped = false
            } else if character == "\\", isQuoted {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            }
            names[names.count - 1].append(character)
        }
        var columns: [RowColumn] = []
        for name in names {
            let trimmed = name.drop { $0 == " " }
            guard !trimmed.isEmpty else {
                throw CommandFailure(.usage, "--fields: a name is missing: use names with commas between them")
            }
            columns.append(try RowColumn(String(trimmed)))
        }
        return columns
    }

    /// What a table shows unless it is told otherwise.
    static let tableDefault: [RowColumn] = [
        RowColumn(name: "time", field: .time), RowColumn(name: "type", field: .type),
        RowColumn(name: "user", field: .user), RowColumn(name: "action", field: .action),
        RowColumn(name: "resource", field: .resource), RowColumn(name: "result", field: .result),
    ]

    /// Everything an event has, in columns.
    static func all(withStoreFields: Bool) -> [RowColumn] {
        let store: Set<Field> = [.sequence, .recorded]
        return everything.filter { withStoreFields || !store.contains($0.field) }
    }

    private static let everything: [RowColumn] = [
        RowColumn(name: "id", field: .id), RowColumn(name: "sequence", field: .sequence),
        RowColumn(name: "timestamp", field: .time), RowColumn(name: "recorded_at", field: .recorded),
        RowColumn(name: "event_type", field: .type), RowColumn(name: "severity", field: .severity),
        RowColumn(name: "user_id", field: .user), RowColumn(name: "action", field: .action),
        RowColumn(name: "resource_type", field: .resourceType),
        RowColumn(name: "resource_id", field: .resourceID), RowColumn(name: "result", field: .result),
        RowColumn(name: "error", field: .error), RowColumn(name: "component", field: .component),
        RowColumn(name: "message", field: .message), RowColumn(name: "ip_address", field: .ip),
        RowColumn(name: "user_agent", field: .agent), RowColumn(name: "request_id", field: .request),
        RowColumn(name: "session_id", field: .session), RowColumn(name: "correlation_id", field: .correlation),
        RowColumn(name: "duration_ms", field: .duration), RowColumn(name: "details", field: .details([])),
        RowColumn(name: "extra", field: .extra([])),
    ]

    /// The keys of the JSON shape that hold the field, where whole members do.
    var keys: [String] {
        switch field {
        case .id: ["id"]
        case .sequence: ["sequence"]
        case .time: ["timestamp"]
        case .recorded: ["recorded_at"]
        case .user: ["user_id"]
        case .type: ["event_type"]
        case .severity: ["severity"]
        case .action: ["action"]
        case .resourceType: ["resource_type"]
        case .resourceID: ["resource_id"]
        case .resource: ["resource_type", "resource_id"]
        case .result, .error: ["result"]
        case .component: ["component"]
        case .message: ["message"]
        case .ip: ["ip_address"]
        case .agent: ["user_agent"]
        case .request: ["request_id"]
        case .session: ["session_id"]
        case .correlation: ["correlation_id"]
        case .duration: ["duration_ms"]
        case .text: ["message", "result", "details"]
        case .details(let path): path.components.isEmpty ? ["details"] : []
        case .extra(let path): path.components.count == 1 ? path.components : []
        }
    }
}
