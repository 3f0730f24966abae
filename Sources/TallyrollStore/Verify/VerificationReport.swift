/// What a verification found: one word for the whole, the state of chain and tree, and every fault with its place.
public struct VerificationReport: Sendable, Equatable {
    /// The state of a store as a whole, from the best to the worst.
    public enum Verdict: String, Sendable, CaseIterable, Comparable {
        /// Every byte that was looked at is what it must be.
        case intact
        /// Intact, and retention has removed events by its records.
        case pruned
        /// Intact, and personal data was erased by its receipts.
        case erased
        /// Bytes do not fit their checksums, or could not be read.
        case damaged
        /// Events that a checkpoint vouches for are gone from the end.
        case truncated
        /// Events are gone.
        case missing
        /// Bytes fit their checksums and contradict the chain, the tree or the data: someone changed them.
        case altered
        /// The store contradicts a checkpoint: there are two histories.
        case forked

        /// Better before worse.
        public static func < (left: Verdict, right: Verdict) -> Bool { left.rank < right.rank }

        private var rank: Int { Verdict.allCases.firstIndex(of: self) ?? 0 }

        /// True where nothing is wrong: nothing was removed but by record or receipt.
        public var isGood: Bool { self <= .erased }
    }

    /// The worst of what was found.
    public var verdict: Verdict
    /// Events in the store, those included that could not be read.
    public var events: UInt64
    /// Segment files looked at.
    public var segments: Int
    /// The chain hash of the last event as 64 hexadecimal digits, or nil when it cannot be known.
    public var chainHead: String?
    /// Leaves of the Merkle tree: the sequence after the last event.
    public var treeSize: UInt64
    /// The tree's root as 64 hexadecimal digits, or nil when it cannot be known.
    public var treeRoot: String?
    /// Every fault, by place.
    public var problems: [VerificationProblem]

    package init(
        events: UInt64, segments: Int, chainHead: String?, treeSize: UInt64, treeRoot: String?,
        problems: [VerificationProblem]
    ) {
        verdict = problems.map(\.kind.verdict).max() ?? .intact
        self.events = events
        self.segments = segments
        self.chainHead = chainHead
        self.treeSize = treeSize
        self.treeRoot = treeRoot
        self.problems = problems
    }
}

/// One fault: what is wrong, and where.
public struct VerificationProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of fault it is. Raw values are those of the report in JSON.
    public enum Kind: String, Sendable, CaseIterable {
        /// Bytes do not fit their checksum, or are no part of the format.
        case damaged
        /// The system could not read the bytes.
        case unreadable
        /// Events are gone.
        case missing
        /// A valid block or segment stands where it does not belong.
        case order
        /// An index or a summary says something else than the events do.
        case index
        /// The chain, the tree or the events were changed.
        case altered
        /// Events that a checkpoint vouches for are gone from the end.
        case truncated
        /// The store contradicts a checkpoint.
        case forked

        /// What a store with such a fault is.
        public var verdict: VerificationReport.Verdict {
            switch self {
            case .damaged, .unreadable: .damaged
            case .missing: .missing
            case .order, .index, .altered: .altered
            case .truncated: .truncated
            case .forked: .forked
            }
        }
    }

    /// What kind of fault it is.
    public var kind: Kind
    /// The number of the segment, where the fault lies in one.
    public var segment: UInt64?
    /// The block's index in the segment, where the fault lies in one.
    public var block: Int?
    /// The sequences of the events that the fault may concern.
    public var sequences: Range<UInt64>?
    /// The file's name in the store's directory.
    public var file: String?
    /// Where in the file, in bytes from its start.
    public var offset: Int?
    /// What is wrong, in a sentence.
    public var message: String

    package init(
        _ kind: Kind, segment: UInt64? = nil, block: Int? = nil, sequences: Range<UInt64>? = nil,
        file: String? = nil, offset: Int? = nil, _ message: String
    ) {
        self.kind = kind
        self.segment = segment
        self.block = block
        self.sequences = sequences
        self.file = file
        self.offset = offset
        self.message = message
    }

    /// One line: kind, place, and what is wrong.
    public var description: String {
        var text = kind.rawValue
        if let segment { text += " segment \(segment)" }
        if let block { text += " block \(block)" }
        if let sequences, let last = sequences.last {
            text += sequences.count == 1 ? " event \(last)" : " events \(sequences.lowerBound) to \(last)"
        }
        if let file { text += " (\(file)\(offset.map { " at byte \($0)" } ?? ""))" }
        return text + ": " + message
    }
}

/// How a verification is run.
public struct VerificationOptions: Sendable {
    /// Looks only at headers, directories, chain links and subtree roots; no event is decoded or hashed.
    public var isQuick: Bool
    /// Threads of its own that the verification uses; nil is one a core.
    public var threads: Int?
    /// Told now and then how many events are done, of how many. Called on the verification's threads, never by
    /// two at once; it must return soon.
    public var progress: (@Sendable (_ done: UInt64, _ total: UInt64) -> Void)?
    /// Asked between blocks; true ends the verification with `CancellationError`.
    public var isCancelled: (@Sendable () -> Bool)?

    /// Everything, on all cores, silently.
    public init(
        isQuick: Bool = false, threads: Int? = nil,
        progress: (@Sendable (_ done: UInt64, _ total: UInt64) -> Void)? = nil,
        isCancelled: (@Sendable () -> Bool)? = nil
    ) {
        self.isQuick = isQuick
        self.threads = threads
        self.progress = progress
        self.isCancelled = isCancelled
    }
}
