import TallyrollFormat

extension AggregateState {
    /// Without grouping there is one group, also of no events.
    var groupCount: Int { keys.count }

    /// The groups that were asked for, in their order.
    func rows() -> [AggregateTable.Row] {
        let limit = max(min(plan.aggregation.limit ?? keys.count, keys.count), 0)
        guard limit > 0 else { return [] }
        switch plan.aggregation.order {
        case .group:
            let rows = (0..<keys.count).map { row($0) }
            return Array(rows.sorted { $0.precedes($1) }.prefix(limit))
        case .aggregate(.count, isAscending: false): return largestRows(limit)
        case .aggregate(let aggregate, let isAscending):
            guard let place = plan.aggregation.aggregates.firstIndex(of: aggregate) else { return [] }
            return rows(by: place, isAscending, limit)
        }
    }

    /// The groups of most events.
    private func largestRows(_ limit: Int) -> [AggregateTable.Row] {
        let least = leastOfLargest(limit)
        let groups = counts.indices.filter { counts[$0] >= least }
        let rows = groups.map { (count: counts[$0], row: row($0)) }.sorted { left, right in
            left.count != right.count ? left.count > right.count : left.row.precedes(right.row)
        }
        return rows.prefix(limit).map(\.row)
    }

    /// The number of events of the last of so many groups, those of most events first.
    private func leastOfLargest(_ limit: Int) -> Int {
        guard limit < counts.count else { return 0 }
        if limit > counts.count / 8 { return counts.sorted(by: >)[limit - 1] }
        var largest = Heap<Int>(<)
        for count in counts {
            if largest.count < limit {
                largest.push(count)
            } else if let least = largest.first, count > least {
                largest.replaceFirst(count)
            }
        }
        return largest.first ?? 0
    }

    /// Texts are made only of groups that can be among the first.
    private func rows(by place: Int, _ isAscending: Bool, _ limit: Int) -> [AggregateTable.Row] {
        /// Negative, zero or positive; no value comes last.
        func order(_ a: AggregateValue, _ b: AggregateValue) -> Int {
            if let order = a.compare(to: b) { return isAscending ? order : -order }
            return (a == .none ? 1 : 0) - (b == .none ? 1 : 0)
        }
        let values = (0..<keys.count).map { figures([place], of: $0)[0].value }
        var groups = Array(0..<keys.count)
        groups.sort { order(values[$0], values[$1]) < 0 }
        let last = values[groups[limit - 1]]
        let end = groups[limit...].firstIndex { order(values[$0], last) != 0 } ?? groups.count
        let rows = groups[..<end].map { (value: values[$0], row: row($0)) }.sorted { left, right in
            let order = order(left.value, right.value)
            return order != 0 ? order < 0 : left.row.precedes(right.row)
        }
        return rows.prefix(limit).map(\.row)
    }

    private func row(_ group: Int) -> AggregateTable.Row {
        let first = times == nil ? 0 : 1
        return AggregateTable.Row(
            start: times.map { Timestamp(nanosecondsSince1970: $0.start(keys.part(0, of: group))) },
            values: groupColumns.indices.map {
                groupColumns[$0].names.text(keys.part(first + $0, of: group))
            },
            figures: figures(Array(plan.sources.indices), of: group))
    }

    /// Some of the figures of a group.
    private func figures(_ places: [Int], of group: Int) -> [AggregateFigure] {
        var figures = [AggregateFigure?](repeating: nil, count: places.count)
        var byField: [Int: [(place: Int, function: Aggregate.Function)]] = [:]
        for (place, source) in places.enumerated() {
            switch plan.sources[source] {
            case .count: figures[place] = AggregateFigure(value: .count(counts[group]), isExact: true)
            case .distinct(let field):
                let state = distinct[field][group]
                figures[place] = AggregateFigure(value: .count(state.count), isExact: state.isExact)
            case .number(let field, let function): byField[field, default: []].append((place, function))
            }
        }
        for (field, wanted) in byField {
            let found = numbers[field].figures(wanted.map(\.function), of: group)
            for (entry, figure) in zip(wanted, found) { figures[entry.place] = figure }
        }
        return figures.map { $0 ?? AggregateFigure(value: .none, isExact: true) }
    }
}

extension AggregateTable.Row {
    /// By the stretch of time, then by the bytes of the values.
    fileprivate func precedes(_ other: AggregateTable.Row) -> Bool {
        if let start, let otherStart = other.start, start != otherStart {
            return start.nanosecondsSince1970 < otherStart.nanosecondsSince1970
        }
        for (a, b) in zip(values, other.values) where !a.utf8.elementsEqual(b.utf8) {
            return a.utf8.lexicographicallyPrecedes(b.utf8)
        }
        return false
    }
}
