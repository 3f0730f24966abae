extension Field {
    /// Every name of the fields without a path: the name itself first, then the key of the JSON shape.
    static let names: [(name: String, field: Field)] = [
        ("id", .id), ("sequence", .sequence), ("time", .time), ("timestamp", .time), ("recorded", .recorded),
        ("recorded_at", .recorded), ("user", .user), ("user_id", .user), ("type", .type),
        ("event_type", .type),
        ("severity", .severity), ("action", .action), ("resource_type", .resourceType),
        ("resource_id", .resourceID), ("resource", .resource), ("result", .result), ("error", .error),
        ("component", .component), ("message", .message), ("ip", .ip), ("ip_address", .ip), ("agent", .agent),
        ("user_agent", .agent), ("request", .request), ("request_id", .request), ("session", .session),
        ("session_id", .session), ("correlation", .correlation), ("correlation_id", .correlation),
        ("duration", .duration), ("duration_ms", .duration), ("text", .text),
    ]

    private static let byName = Dictionary(
        names.map { ($0.name, $0.field) }, uniquingKeysWith: { first, _ in first })
    private static let byField = Dictionary(
        names.map { ($0.field, $0.name) }, uniquingKeysWith: { first, _ in first })

    /// The field of that name, for fields without a path.
    static func named(_ name: String) -> Field? { byName[name] }

    /// The name of a known field that a misspelt one may have meant.
    static func suggestion(for name: String) -> String? {
        guard name.utf8.count <= 40 else { return nil }
        let wanted = Array(name.lowercased().unicodeScalars)
        let allowed = max(1, wanted.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in names.map(\.name) + ["details", "extra"] {
            let distance = editDistance(wanted, Array(candidate.unicodeScalars))
            if distance <= allowed, distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        return best?.name
    }
}

extension Field: CustomStringConvertible {
    /// The field as an expression names it: `user`, `details.request."odd key"`.
    public var description: String {
        switch self {
        case .details(let path): Field.describe("details", path)
        case .extra(let path): Field.describe("extra", path)
        default: Field.byField[self] ?? ""
        }
    }

    private static func describe(_ root: String, _ path: FieldPath) -> String {
        path.components.reduce(into: root) { result, key in
            result += "."
            result += Notation.isPlainKey(key) ? key : Notation.quoted(key)
        }
    }
}

/// The fewest insertions, removals, replacements and swaps of neighbours that turn one text into the other.
func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 1...a.count {
        var row = [i]
        for j in 1...b.count {
            let replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
            var cost = min(replaced, last[j] + 1, row[j - 1] + 1)
            if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                cost = min(cost, beforeLast[j - 2] + 1)
            }
            row.append(cost)
        }
        beforeLast = last
        last = row
    }
    return last[b.count]
}
