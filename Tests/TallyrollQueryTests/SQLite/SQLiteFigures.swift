import TallyrollQuery

/// Figures over groups of events, worked out by SQLite.
extension SQLiteOpinion {
    /// What a group is known by: where its stretch of time begins, in stretches from 1970, and the values of its fields.
    struct Group: Hashable {
        var stretch: Int64?
        var values: [[UInt8]]
    }

    /// Each group that has events, with what each figure came to.
    func figures(
        _ filter: Filter, _ aggregates: [Aggregate], by fields: [Field], every width: Int64?
    ) throws -> [Group: [SQLiteDatabase.Cell]] {
        var result: [Group: [SQLiteDatabase.Cell]] = [:]
        for aggregate in aggregates {
            for row in try rows(filter, aggregate, by: fields, every: width) {
                var cells = row[...]
                var group = Group(values: [])
                if width != nil, case .integer(let stretch)? = cells.popFirst() { group.stretch = stretch }
                for _ in fields {
                    if case .text(let value)? = cells.popFirst() { group.values.append(value) }
                }
                result[group, default: []] += cells
            }
        }
        return result
    }

    private func rows(
        _ filter: Filter, _ aggregate: Aggregate, by fields: [Field], every width: Int64?
    ) throws -> [[SQLiteDatabase.Cell]] {
        var statement = SQLiteStatement()
        // Numbers in details stand in a table of their own: an event without one keeps its row.
        var source = "event"
        if case .details(let path)? = aggregate.field {
            let keys = statement.mark(.text(SQLiteOpinion.path(path.components)))
            source += " LEFT JOIN value v ON v.event = sequence AND v.place = 'details' AND v.path = \(keys)"
            source += " AND v.kind = 'number'"
        }
        let condition = statement.condition(filter)
        let columns = fields.map(SQLiteOpinion.plainColumn)
        var groups = columns
        if let width { groups.insert("time / \(width) - (time % \(width) < 0)", at: 0) }
        let isThere = (columns.map { "\($0) IS NOT NULL AND " }).joined()
        let by =
            groups.isEmpty ? "" : " GROUP BY " + (1...groups.count).map(String.init).joined(separator: ", ")
        return try database.table(
            "SELECT \((groups + [expression(aggregate)]).joined(separator: ", ")) FROM \(source) "
                + "WHERE \(isThere)(\(condition))\(by)", statement.bindings)
    }

    private func expression(_ aggregate: Aggregate) -> String {
        guard let field = aggregate.field else { return "count(*)" }
        var column = SQLiteOpinion.plainColumn(field)
        if case .details = field {
            // Keys are in the order of numbers; sums are of whole numbers.
            column =
                aggregate.function == .min || aggregate.function == .max
                ? "v.number" : "CAST(v.text AS INTEGER)"
        }
        return switch aggregate.function {
        case .count: "count(*)"
        case .distinct: "count(DISTINCT \(column))"
        case .min: "min(\(column))"
        case .max: "max(\(column))"
        case .sum: "sum(\(column))"
        case .average: "avg(\(column))"
        case .percentile: "NULL"
        }
    }

    private static func plainColumn(_ field: Field) -> String {
        switch field {
        case .time, .recorded, .sequence, .duration, .result: "\(field)"
        default: column(field)
        }
    }
}
