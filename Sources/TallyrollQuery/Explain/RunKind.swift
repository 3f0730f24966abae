/// What a run is, by name in explanations; the name is put together when somebody asks for it.
enum RunKind: CustomStringConvertible {
    case rows(QueryOrder)
    case count
    case counts(by: [Field])
    case aggregate
    case histogram

    var description: String {
        switch self {
        case .rows(let order): "\(order) first"
        case .count: "count"
        case .counts(let fields): "count by \(fields.map { "\($0)" }.joined(separator: ", "))"
        case .aggregate: "aggregate"
        case .histogram: "histogram"
        }
    }
}
