import TallyrollFormat

extension Filter {
    /// What a field is compared with.
    public enum Value: Sendable, Hashable {
        /// A text, compared byte for byte. For `details` and `extra`: a quoted value, which equals only strings.
        case text(ExactText)
        /// A value as it is written without quotes, for `details` and `extra`: equals a string of that text, the
        /// number of that value, and `true`, `false` and `null` by name.
        case word(BareWord)
        /// A sequence number.
        case integer(Int64)
        /// A point in time, for `time` and `recorded`.
        case time(TimePoint)
        /// A span in nanoseconds, for `duration`.
        case duration(nanoseconds: Int64)
        /// A result.
        case result(ResultKind)

        /// A text value.
        public static func text(_ text: String) -> Value { .text(ExactText(text)) }
    }

    /// How a field is compared.
    public enum Operator: Sendable, Hashable, CaseIterable {
        /// `=`
        case equal
        /// `!=`: the value is there and is another one.
        case notEqual
        /// `<`
        case less
        /// `<=`
        case lessOrEqual
        /// `>`
        case greater
        /// `>=`
        case greaterOrEqual
        /// `~`: a glob with `*` and `?` fits the whole value.
        case matches
        /// `contains`: the text occurs in the value; ASCII letters match in either case.
        case contains
    }
}

extension Filter.Operator {
    /// The operator as an expression writes it.
    var symbol: String {
        switch self {
        case .equal: "="
        case .notEqual: "!="
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        case .matches: "~"
        case .contains: "contains"
        }
    }

    package var isOrdering: Bool {
        switch self {
        case .less, .lessOrEqual, .greater, .greaterOrEqual: true
        default: false
        }
    }

    /// The operator that holds exactly where this one does not, for a value that is there.
    package var inverse: Filter.Operator? {
        switch self {
        case .equal: .notEqual
        case .notEqual: .equal
        case .less: .greaterOrEqual
        case .lessOrEqual: .greater
        case .greater: .lessOrEqual
        case .greaterOrEqual: .less
        case .matches, .contains: nil
        }
    }
}

/// A text that is equal to another only when both have the same bytes, whatever Unicode normalisation says.
public struct ExactText: Sendable, Hashable, ExpressibleByStringLiteral {
    /// The text.
    public let string: String

    /// The given text.
    public init(_ string: String) {
        self.string = string
    }

    /// The given text.
    public init(stringLiteral value: String) {
        self.init(value)
    }

    /// Whether both have the same bytes.
    public static func == (left: ExactText, right: ExactText) -> Bool {
        left.string.utf8.elementsEqual(right.string.utf8)
    }

    /// Feeds the bytes.
    public func hash(into hasher: inout Hasher) {
        hasher.combineExactly(string)
    }
}

/// A value that can stand in an expression without quotes.
public struct BareWord: Sendable, Hashable {
    /// The text of the word.
    public let text: ExactText

    /// The word, or nil when the text cannot stand without quotes (it is empty or a keyword, or holds a space, a
    /// quote, a bracket, a comma or an operator's character).
    public init?(_ text: String) {
        guard Notation.isPlainWord(text) else { return nil }
        self.text = ExactText(text)
    }
}

/// A point in time: fixed, or counted from the moment at which a query is run.
public enum TimePoint: Sendable, Hashable {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    case absolute(nanoseconds: Int64)
    /// Nanoseconds after (or, negative, before) the moment of the query: `now-24h`.
    case relative(nanoseconds: Int64)

    /// The point in nanoseconds since 1970 for a query run at `now`, held within what 64 bits can say.
    package func nanoseconds(now: Int64) -> Int64 {
        switch self {
        case .absolute(let nanoseconds): return nanoseconds
        case .relative(let offset):
            let (sum, overflow) = now.addingReportingOverflow(offset)
            return overflow ? (offset < 0 ? Int64.min : Int64.max) : sum
        }
    }
}

/// What came of an action, without its text.
public enum ResultKind: String, Sendable, Hashable, CaseIterable {
    /// It worked.
    case success
    /// It was tried and failed.
    case failure
    /// It was not allowed.
    case denied

    package var outcome: OutcomeKind {
        switch self {
        case .success: .success
        case .failure: .failure
        case .denied: .denied
        }
    }
}
