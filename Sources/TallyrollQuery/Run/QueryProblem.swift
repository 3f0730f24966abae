import TallyrollFormat

/// A part of the store that a query could not read, so that its answer may lack events: what is left of the answer
/// is right, and whoever gets it must be told.
public struct QueryProblem: Sendable, Hashable, CustomStringConvertible {
    /// What is the matter.
    public enum Kind: String, Sendable {
        /// Bytes were read and are not what was written.
        case damaged
        /// The storage failed to give the bytes.
        case unreadable
        /// Events that should be there are in no block.
        case missing
    }

    /// What is the matter.
    public let kind: Kind
    /// The number of the segment.
    public let segment: UInt64
    /// The place of the block in its segment, where it has one.
    public let block: Int?
    /// The sequences that the place holds or should hold.
    public let sequences: Range<UInt64>
    /// What was expected and found.
    public let what: String

    package init(_ kind: Kind, segment: UInt64, block: Int?, sequences: Range<UInt64>, what: String) {
        self.kind = kind
        self.segment = segment
        self.block = block
        self.sequences = sequences
        self.what = what
    }

    /// A block that an error kept from being read.
    init(_ error: any Error, segment: UInt64, block: Int?, sequences: Range<UInt64>) {
        self.init(
            error is FormatError ? .damaged : .unreadable, segment: segment, block: block,
            sequences: sequences,
            what: "\(error)")
    }

    /// One line that says it all.
    public var description: String {
        let place = block.map { "segment \(segment), block \($0)" } ?? "segment \(segment)"
        return "\(place), sequences \(sequences.lowerBound) to \(max(sequences.upperBound, 1) - 1): "
            + "\(kind.rawValue): \(what)"
    }
}
