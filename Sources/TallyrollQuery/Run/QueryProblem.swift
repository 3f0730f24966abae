import TallyrollFormat
import TallyrollStore

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
    /// The number of the segment; 0 for the log behind the segments.
    public let segment: UInt64
    /// The place of the block in its segment, where it has one.
    public let block: Int?
    /// The sequences that the place holds or should hold; empty where the end of the log cannot be read, and so it is
    /// not known how many there are from there on.
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

    /// A file that could not be read when the snapshot was taken: it holds what its neighbours leave.
    init(_ problem: StoreSnapshot.Problem, in snapshot: StoreSnapshot) {
        let number = problem.segment ?? UInt64.max
        let segments = snapshot.segments
        let low = segments.last { $0.reader.header.number < number }?.endSequence ?? 0
        let high =
            segments.first { $0.reader.header.number > number }?.firstSequence
            ?? snapshot.tail.first?.firstSequence ?? snapshot.endSequence
        // Damage between the blocks of a segment lies within it.
        let own = segments.first { $0.reader.header.number == number }
        self.init(
            .damaged, segment: problem.segment ?? 0, block: nil,
            sequences: own.map { $0.firstSequence..<$0.endSequence } ?? low..<max(low, high),
            what: "\(problem.file): \(problem.message)")
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
        let file = segment == 0 ? "log" : "segment \(segment)"
        let place = block.map { "\(file), block \($0)" } ?? file
        let range =
            sequences.isEmpty
            ? "from sequence \(sequences.lowerBound) on"
            : "sequences \(sequences.lowerBound) to \(sequences.upperBound - 1)"
        return "\(place), \(range): \(kind.rawValue): \(what)"
    }
}
