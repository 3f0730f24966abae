/// An expression that cannot be understood, or a filter that makes no sense: where, what was found there, what would
/// have fitted, and, where it can be guessed, what was meant.
public struct QueryError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The ways in which an expression can be wrong.
    public enum Kind: String, Sendable {
        /// Something stands where it cannot.
        case syntax
        /// There is no field of that name.
        case unknownField
        /// The operator does not fit the field.
        case unfittingOperator
        /// The value does not fit the field.
        case badValue
        /// A quoted text does not end.
        case unclosedText
        /// The expression is longer than the limit.
        case tooLong
        /// The expression is nested deeper than the limit.
        case tooDeep
    }

    /// The way in which it is wrong.
    public let kind: Kind
    /// The line of the expression, from 1.
    public let line: Int
    /// The character in that line, from 1.
    public let column: Int
    /// What stands there.
    public let found: String
    /// What would have fitted.
    public let expected: String
    /// What was probably meant, or how to write it.
    public let suggestion: String?
    /// The part of the line around the place.
    public let excerpt: String
    /// How many characters of `excerpt` stand before the place.
    public let excerptOffset: Int

    /// One line that says it all.
    public var description: String {
        let place = line == 1 ? "character \(column)" : "line \(line), character \(column)"
        let hint = suggestion.map { "; \($0)" } ?? ""
        return "\(place): found \(found), expected \(expected)\(hint)"
    }

    /// The description, and under it the line of the expression with a caret under the place.
    public var caretDescription: String {
        "\(description)\n  \(excerpt)\n  \(String(repeating: " ", count: excerptOffset))^"
    }
}

extension QueryError {
    private static let excerptBefore = 60
    private static let excerptAfter = 40

    /// An error at a byte of an expression.
    init(
        _ kind: Kind, in expression: [UInt8], at offset: Int, expected: String, found: String,
        suggestion: String? = nil
    ) {
        let before = expression[..<offset]
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let rest = expression[offset...]
        let lineEnd = rest.firstIndex(of: UInt8(ascii: "\n")) ?? expression.endIndex
        let head = String(decoding: expression[lineStart..<offset], as: UTF8.self)
        let tail = String(decoding: expression[offset..<lineEnd], as: UTF8.self)
        let shownHead = head.suffix(QueryError.excerptBefore)
        let shownTail = tail.prefix(QueryError.excerptAfter)
        let cutBefore = shownHead.startIndex != head.startIndex
        let cutAfter = shownTail.endIndex != tail.endIndex

        self.kind = kind
        line = 1 + before.count { $0 == UInt8(ascii: "\n") }
        column = head.count + 1
        self.found = found
        self.expected = expected
        self.suggestion = suggestion
        let printable = (cutBefore ? "…" : "") + shownHead + shownTail + (cutAfter ? "…" : "")
        excerpt = String(printable.map { $0.isWhitespace ? " " : $0 })
        excerptOffset = shownHead.count + (cutBefore ? 1 : 0)
    }

    /// An error in a part of a filter that was built in Swift.
    init(_ kind: Kind, in part: Filter, expected: String, found: String) {
        self.init(
            kind, in: Array(part.description.utf8), at: 0, expected: expected, found: found)
    }
}
