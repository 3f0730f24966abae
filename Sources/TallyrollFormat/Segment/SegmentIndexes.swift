/// Which indexes segments get when they are sealed, beside those that every segment has: posting lists of type, user
/// and resource, and the table of ids.
///
/// ```swift
/// options.indexes = [.default, .request, .details("request.status")]
/// ```
///
/// A segment keeps what it was sealed with: another choice changes the segments that are sealed from then on. An
/// index makes some questions quicker, and never changes an answer.
public struct SegmentIndexes: Sendable, Hashable {
    package private(set) var postings: Set<PostingColumn> = []
    package private(set) var filters: Set<FilterKind> = []
    /// Paths of details whose values are in the filter, when not all are.
    package private(set) var paths: Set<[String]> = []

    private init(_ postings: Set<PostingColumn> = [], _ filters: Set<FilterKind> = []) {
        self.postings = postings
        self.filters = filters
    }

    /// Posting lists of `severity`.
    public static let severity = SegmentIndexes([.severity])
    /// Posting lists of `action`.
    public static let action = SegmentIndexes([.action])
    /// Posting lists of `component`.
    public static let component = SegmentIndexes([.component])
    /// Posting lists of `result`.
    public static let result = SegmentIndexes([.outcome])
    /// A filter that says in which blocks a `session` is.
    public static let session = SegmentIndexes([], [.session])
    /// The same for `request`.
    public static let request = SegmentIndexes([], [.request])
    /// The same for `correlation`.
    public static let correlation = SegmentIndexes([], [.correlation])
    /// The same for `ip`.
    public static let ip = SegmentIndexes([], [.ip])
    /// The same for the strings, numbers, `true`, `false` and `null` at every path of `details`.
    public static let details = SegmentIndexes([], [.details])
    /// A filter that says in which blocks a piece of `text` may be: of message, error and the strings of `details`.
    public static let text = SegmentIndexes([], [.text])

    /// The same for the values at one path of `details`, written as in expressions: keys with dots between them, a
    /// key that has a dot in quotes. Beside `.details` it adds nothing.
    public static func details(_ path: String) -> SegmentIndexes {
        var indexes = SegmentIndexes([], [.details])
        indexes.paths = [SegmentIndexes.keys(path)]
        return indexes
    }

    /// What pays for itself on most logs.
    public static let `default`: SegmentIndexes = [.result, .session]
    /// Every index there is.
    public static let all = SegmentIndexes(
        Set(PostingColumn.allCases).subtracting(PostingColumn.standard), Set(FilterKind.allCases))
    /// Only what every segment has.
    public static let none = SegmentIndexes([], [])

    /// The indexes of both.
    public func union(_ other: SegmentIndexes) -> SegmentIndexes {
        var result = SegmentIndexes(postings.union(other.postings), filters.union(other.filters))
        let indexesAll =
            filters.contains(.details) && paths.isEmpty
            || other.filters.contains(.details) && other.paths.isEmpty
        if !indexesAll { result.paths = paths.union(other.paths) }
        return result
    }

    /// Whether all indexes of another choice are in this one.
    public func contains(_ other: SegmentIndexes) -> Bool {
        guard postings.isSuperset(of: other.postings), filters.isSuperset(of: other.filters) else {
            return false
        }
        guard other.filters.contains(.details), !paths.isEmpty else { return true }
        return !other.paths.isEmpty && paths.isSuperset(of: other.paths)
    }

    /// The paths, ascending, as `DetailsPaths` writes them.
    package var sortedPaths: [[String]] { paths.sorted { $0.lexicographicallyPrecedes($1) } }

    /// The bytes that the paths take.
    package var pathBytes: Int {
        var out = ByteWriter(capacity: 256)
        DetailsPaths.write(sortedPaths, into: &out)
        return out.count
    }

    // MARK: Bits

    /// The place of each index in the bits that a segment's header holds.
    private static let bitOrder: [SegmentIndexes] = [
        .severity, .action, .component, .result, .ip, .request, .session, .correlation, .details, .text,
    ]

    /// A bit an index.
    package var bits: UInt32 {
        SegmentIndexes.bitOrder.enumerated().reduce(0) { bits, index in
            let isThere =
                postings.isSuperset(of: index.element.postings)
                && filters.isSuperset(of: index.element.filters)
            return isThere ? bits | 1 << UInt32(index.offset) : bits
        }
    }

    /// The indexes of bits and paths; nil where a bit stands for none, or there are paths without a filter of details.
    package init?(bits: UInt32, paths: [[String]]) {
        guard bits >> UInt32(SegmentIndexes.bitOrder.count) == 0 else { return nil }
        self = SegmentIndexes([], [])
        for (place, index) in SegmentIndexes.bitOrder.enumerated() where bits >> UInt32(place) & 1 != 0 {
            postings.formUnion(index.postings)
            filters.formUnion(index.filters)
        }
        guard filters.contains(.details) || paths.isEmpty else { return nil }
        self.paths = Set(paths)
    }

    // MARK: Names

    private static let named: [(name: String, indexes: SegmentIndexes)] = [
        ("severity", .severity), ("action", .action), ("component", .component), ("result", .result),
        ("session", .session), ("request", .request), ("correlation", .correlation), ("ip", .ip),
        ("details", .details), ("text", .text),
    ]

    /// The names that `init(named:)` knows, but for `details.<path>`.
    public static let names = ["default", "all", "none"] + named.map(\.name)

    /// The indexes of a name: one of `names`, or `details.<path>`. Nil where it is none.
    public init?(named name: String) {
        switch name {
        case "default": self = .default
        case "all": self = .all
        case "none": self = .none
        default:
            if let known = SegmentIndexes.named.first(where: { $0.name == name }) {
                self = known.indexes
            } else if name.hasPrefix("details."), name.utf8.count > 8 {
                self = .details(String(name.dropFirst(8)))
            } else {
                return nil
            }
        }
    }

    /// The keys of a path as expressions write it.
    private static func keys(_ path: String) -> [String] {
        var keys = [""]
        var isQuoted = false
        for character in path {
            switch character {
            case "\"": isQuoted.toggle()
            case "." where !isQuoted: keys.append("")
            default: keys[keys.count - 1].append(character)
            }
        }
        return keys
    }
}

extension SegmentIndexes: ExpressibleByArrayLiteral {
    /// The indexes of all elements.
    public init(arrayLiteral elements: SegmentIndexes...) {
        self = elements.reduce(SegmentIndexes([], [])) { $0.union($1) }
    }
}

extension SegmentIndexes: CustomStringConvertible {
    /// The names, with commas between them.
    public var description: String {
        var names: [String] = []
        for (name, indexes) in SegmentIndexes.named where contains(indexes) { names.append(name) }
        names += paths.map { keys in
            "details." + keys.map { $0.contains(".") ? "\"\($0)\"" : $0 }.joined(separator: ".")
        }.sorted()
        return names.isEmpty ? "none" : names.joined(separator: ", ")
    }
}
