/// An event that cannot be stored as it is: which field, and why.
public struct EventError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The ways in which a field's value can be unfit.
    public enum Problem: Equatable, Sendable {
        /// The value must not be empty.
        case empty
        /// The value is longer than the limit, both in bytes of UTF-8.
        case tooLong(bytes: Int, limit: Int)
        /// The value must not be below zero.
        case negative
        /// The value does not fit 64 bits of nanoseconds.
        case outOfRange
        /// A further member has the name of a field; the field itself should be set.
        case reserved
    }

    /// The field, or `event` for all of it.
    public let field: String
    /// Why its value cannot be stored.
    public let problem: Problem

    package init(_ field: String, _ problem: Problem) {
        self.field = field
        self.problem = problem
    }

    /// One sentence that says which field and why.
    public var description: String {
        switch problem {
        case .empty: "\(field) is empty: leave it out or give it a value"
        case .tooLong(let bytes, let limit): "\(field) has \(bytes) bytes, more than the limit of \(limit)"
        case .negative: "\(field) is below zero"
        case .outOfRange: "\(field) is more nanoseconds than 64 bits hold"
        case .reserved:
            "extra holds a member \"\(field)\", which is a field of its own: set the field instead"
        }
    }
}
