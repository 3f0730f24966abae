/// A question about events: which ones are meant.
///
/// A filter is built in Swift or read from an expression; both give the same trees, and `description` prints a
/// filter as an expression that reads back to the same tree.
///
/// ```swift
/// let failures = Filter.user("alice@example.com") && .result(.failure) && .since(hours: 24)
/// let same = try Filter("user = alice@example.com and result = failure and time >= now-24h")
/// ```
///
/// What a filter means:
/// - A field that an event lacks makes every comparison with it false, `!=` included, and `not` of it true.
/// - `=` compares bytes; `<` and its like compare texts by their bytes, numbers by value, severities by rank.
/// - `~` fits a glob to the whole value: `*` is any text, `?` is one Unicode scalar; letters match in their case.
/// - `contains` finds a text anywhere in the value; ASCII letters match in either case.
/// - `text`, and paths in `details` that lead through arrays, may give several values: a comparison holds when
///   any of them satisfies it, also for `!=`.
/// - A value in `details` that is a JSON number is compared by its exact decimal value. `null` counts as present.
/// - Times like `now-24h` stay so until the query runs.
///
/// A tree that is put together from cases must be well-formed (a value that fits its field, an operator that fits
/// it too); one that is not is refused when the query is prepared.
public indirect enum Filter: Sendable, Hashable {
    /// All events, or none.
    case constant(Bool)
    /// The field is there and compares as asked.
    case comparison(Field, Operator, Value)
    /// The field is there and equals one of the values.
    case membership(Field, [Value])
    /// The field is there.
    case exists(Field)
    /// All of the filters hold; true when there are none.
    case and([Filter])
    /// At least one of the filters holds; false when there are none.
    case or([Filter])
    /// The filter does not hold.
    case not(Filter)
}

extension Filter {
    /// Both hold. A chain of `&&` makes one list.
    public static func && (left: Filter, right: Filter) -> Filter {
        if case .and(let list) = left { return .and(list + [right]) }
        return .and([left, right])
    }

    /// At least one of both holds. A chain of `||` makes one list.
    public static func || (left: Filter, right: Filter) -> Filter {
        if case .or(let list) = left { return .or(list + [right]) }
        return .or([left, right])
    }

    /// The filter does not hold: also true where a field it asks about is missing.
    public static prefix func ! (filter: Filter) -> Filter {
        .not(filter)
    }

    /// All of the filters hold.
    public static func all(of filters: [Filter]) -> Filter {
        filters.count > 1 ? .and(filters) : filters.first ?? .constant(true)
    }

    /// At least one of the filters holds.
    public static func any(of filters: [Filter]) -> Filter {
        filters.count > 1 ? .or(filters) : filters.first ?? .constant(false)
    }
}
