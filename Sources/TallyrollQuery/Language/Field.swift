import TallyrollFormat

/// A part of an event that an expression can ask about.
///
/// Most fields hold at most one value in an event. `text`, `details` and `extra` may hold several, and a comparison
/// with them holds when any of the values satisfies it.
public enum Field: Sendable, Hashable {
    /// The identifier: the one the event came with, else the one the log minted for it.
    case id
    /// The position in the log: 0, 1, 2 …
    case sequence
    /// When the event happened, as its source said.
    case time
    /// When the log took the event in.
    case recorded
    /// Who did it.
    case user
    /// The kind of event.
    case type
    /// How serious it is; ordered from `debug` to `emergency`.
    case severity
    /// What was done.
    case action
    /// The kind of thing it was done to.
    case resourceType
    /// Which thing it was done to.
    case resourceID
    /// `resourceType/resourceID`, present only when both are.
    case resource
    /// What came of it: success, failure or denied.
    case result
    /// The text of a failure or the reason of a denial.
    case error
    /// The part of the system that reported it.
    case component
    /// The message for people.
    case message
    /// The network address.
    case ip
    /// The user agent.
    case agent
    /// The request it belongs to.
    case request
    /// The session it belongs to.
    case session
    /// What ties events of several systems together.
    case correlation
    /// How long it took.
    case duration
    /// The message, the error, and every string inside `details`.
    case text
    /// The value at a path of keys inside `details`; with an empty path, `details` as a whole (for `exists` only).
    case details(FieldPath)
    /// The value at a path of keys among the members of the input that no other field holds.
    case extra(FieldPath)
}

/// Keys that lead from an object to a value inside it. Two paths are equal when their keys have the same bytes.
public struct FieldPath: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// The keys, outermost first.
    public let components: [String]

    /// A path of the given keys, each taken as it is: dots in a key separate nothing.
    public init(_ components: [String]) {
        self.components = components
    }

    /// A path of the given keys.
    public init(arrayLiteral elements: String...) {
        self.init(elements)
    }

    /// Whether the keys have the same bytes, one by one.
    public static func == (left: FieldPath, right: FieldPath) -> Bool {
        left.components.count == right.components.count
            && zip(left.components, right.components).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
    }

    /// Feeds the bytes of the keys.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(components.count)
        for key in components { hasher.combineExactly(key) }
    }
}

extension Hasher {
    /// Feeds the bytes of a text, so that texts which merely look the same differ.
    mutating func combineExactly(_ text: String) {
        text.withView { combine(bytes: $0.raw) }
        combine(text.utf8.count)
    }
}
