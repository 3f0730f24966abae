import TallyrollFormat

/// A filter ready to be asked of events: its questions prepared, its structure turned into jumps, so that a row is
/// decided without recursion and without allocating, and no question is asked whose answer no longer matters.
///
/// Holds no state: one filter serves any number of threads, each with a scratch of its own.
package struct CompiledFilter: Sendable {
    /// One question, and where to go on either answer: to another step, or to one of the two ends.
    package struct Step: Sendable {
        package let leaf: CompiledLeaf
        package fileprivate(set) var onTrue: Int
        package fileprivate(set) var onFalse: Int
    }

    /// The filter that was prepared, with its times bound.
    package let filter: Filter
    /// The steps, in the order in which the filter asks them.
    package let steps: [Step]
    private let entry: Int

    package static let accept = -1
    package static let reject = -2

    /// Prepares a filter for a query that runs at `now` (nanoseconds since 1970).
    ///
    /// - Throws: when the filter was built in Swift and is not well-formed.
    package init(_ filter: Filter, now: Int64) throws(QueryError) {
        try filter.checkDepth()
        let bound = filter.bound(now: now)
        var builder = Builder()
        let start = try builder.add(bound, onTrue: CompiledFilter.accept, onFalse: CompiledFilter.reject)
        // Steps are laid down back to front, since each must know where to go next.
        let count = builder.steps.count
        let flip = { (target: Int) in target < 0 ? target : count - 1 - target }
        steps = builder.steps.reversed().map {
            Step(leaf: $0.leaf, onTrue: flip($0.onTrue), onFalse: flip($0.onFalse))
        }
        entry = flip(start)
        self.filter = bound
    }

    /// Whether the event is meant.
    package func matches<Row: EventRow & ~Copyable>(_ row: borrowing Row, _ scratch: inout QueryScratch)
        -> Bool
    {
        var position = entry
        while position >= 0 {
            position =
                steps[position].leaf.matches(row, &scratch) ? steps[position].onTrue : steps[position].onFalse
        }
        return position == CompiledFilter.accept
    }

    /// Whether the event is meant, for a single one.
    package func matches<Row: EventRow & ~Copyable>(_ row: borrowing Row) -> Bool {
        var scratch = QueryScratch()
        return matches(row, &scratch)
    }

    private struct Builder {
        var steps: [Step] = []

        /// Lays down the steps of a filter and returns the first of them, or an end.
        mutating func add(_ filter: Filter, onTrue: Int, onFalse: Int) throws(QueryError) -> Int {
            switch filter {
            case .constant(let value):
                return value ? onTrue : onFalse
            case .not(let inner):
                return try add(inner, onTrue: onFalse, onFalse: onTrue)
            case .and(let list):
                var next = onTrue
                for part in list.reversed() { next = try add(part, onTrue: next, onFalse: onFalse) }
                return next
            case .or(let list):
                var next = onFalse
                for part in list.reversed() { next = try add(part, onTrue: onTrue, onFalse: next) }
                return next
            case .comparison, .membership, .exists:
                steps.append(Step(leaf: try CompiledLeaf(filter), onTrue: onTrue, onFalse: onFalse))
                return steps.count - 1
            }
        }
    }
}

extension Filter {
    /// The filter with times counted from now fixed, for a query that runs at `now` (nanoseconds since 1970).
    package func bound(now: Int64) -> Filter {
        switch self {
        case .constant, .exists: return self
        case .comparison(let field, let operation, let value):
            return .comparison(field, operation, value.bound(now: now))
        case .membership(let field, let values):
            guard field.kind == .time else { return self }
            return .membership(field, values.map { $0.bound(now: now) })
        case .and(let list): return .and(list.map { $0.bound(now: now) })
        case .or(let list): return .or(list.map { $0.bound(now: now) })
        case .not(let inner): return .not(inner.bound(now: now))
        }
    }

    /// Refuses trees so deep that walking them could exhaust a thread's stack.
    package func checkDepth() throws(QueryError) {
        var pending = [(self, 1)]
        while let (filter, depth) = pending.popLast() {
            guard depth <= QueryLimits.treeDepth else {
                throw QueryError(
                    .tooDeep, in: .constant(true), expected: "at most \(QueryLimits.treeDepth) levels",
                    found: "a filter nested deeper")
            }
            switch filter {
            case .and(let list), .or(let list): pending.append(contentsOf: list.map { ($0, depth + 1) })
            case .not(let inner): pending.append((inner, depth + 1))
            case .constant, .comparison, .membership, .exists: continue
            }
        }
    }
}

extension Filter.Value {
    fileprivate func bound(now: Int64) -> Filter.Value {
        guard case .time(let point) = self else { return self }
        return .time(.absolute(nanoseconds: point.nanoseconds(now: now)))
    }
}
