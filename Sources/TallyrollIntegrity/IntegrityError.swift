/// Bytes of this layer that are not what they should be: which structure, what was expected, what was found.
public struct IntegrityError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The structure and part that was read.
    public let what: String
    /// What would have been right.
    public let expected: String
    /// What was there.
    public let found: String

    init(_ what: String, expected: String, found: String) {
        self.what = what
        self.expected = expected
        self.found = found
    }

    /// One line that says all three.
    public var description: String { "\(what): expected \(expected), found \(found)" }
}
