/// Bytes that are not what they should be: what was read, where, what was expected and what was found.
public struct FormatError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The ways in which bytes can be wrong.
    public enum Kind: String, Sendable {
        /// The bytes end before the value does.
        case truncated
        /// The bytes do not have the checksum that was written for them.
        case checksum
        /// A value lies outside what the format allows.
        case invalid
        /// A version or codec that this build does not know.
        case unsupported
        /// A value is larger than a limit of the format.
        case limit
    }

    /// The way in which the bytes are wrong.
    public let kind: Kind
    /// The structure and part that was read.
    public let what: String
    /// Where it begins, in bytes from the start of the file, or of the value if it came from no file.
    public let offset: Int
    /// What would have been right.
    public let expected: String
    /// What was there.
    public let found: String

    @usableFromInline package init(_ kind: Kind, _ what: String, offset: Int, expected: String, found: String)
    {
        self.kind = kind
        self.what = what
        self.offset = offset
        self.expected = expected
        self.found = found
    }

    /// One sentence with what, where, expected and found.
    public var description: String {
        "\(what) at byte \(offset): \(kind.rawValue): expected \(expected), found \(found)"
    }
}
