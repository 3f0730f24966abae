import TallyrollFormat
import TallyrollIntegrity

/// What the check of one block found, and what the walk over the store needs of it.
struct BlockResult: Sendable {
    /// The header, where it could be read and belongs here.
    var header: BlockHeader?
    /// The checksum that the header ends with.
    var headerChecksum: UInt64 = 0
    /// Frontier and roots as the block stores them.
    var tree: BlockTree?
    var problems: [VerificationProblem] = []
    /// True when the rows were hashed and gave the chain hash and the roots that the block claims.
    var isProved = false
    /// The terms that the block adds, by dictionary index: code of the first, and how many.
    var newTerms: [NewTermsRange] = []
    var termMismatch: TermMismatch?
    /// Events with a foreign id.
    var foreignIDs = 0
    /// What the block brings to each filter of its segment.
    var keys: [FilterKind: BlockKeys] = [:]
    /// True when the rows fit the chain only with the dictionaries that the blocks themselves bring.
    var neededCollectedTerms = false

    struct NewTermsRange: Sendable {
        var dictionary: DictionaryID
        var first: Int
        var count: Int
    }

    struct TermMismatch: Sendable {
        var dictionary: DictionaryID
        var code: UInt32
    }

    /// True when the block itself is to be blamed for something, so that what follows from it is not another fault.
    var isSuspect: Bool { header == nil || !problems.isEmpty }
}

/// The codes of a segment's events in the columns that have posting lists, put together by the checks of its blocks.
///
/// `@unchecked Sendable`: each block writes its own range, and the whole is read when all are done.
final class SegmentCodes: @unchecked Sendable {
    /// The code of events whose block could not be proved.
    static let unknown = UInt32.max
    /// No file of the largest size holds more events.
    static let eventsMax = 1 << 28

    let count: Int
    /// Of the columns that have posting lists in the segment.
    private let columns: [PostingColumn: UnsafeMutableBufferPointer<UInt32>]
    /// `IDHash` of each event's foreign id; `IDHash.none` where there is none, or none is known.
    let idHashes: UnsafeMutableBufferPointer<UInt64>

    init(count: Int, columns: [PostingColumn]) {
        self.count = count
        self.columns = Dictionary(
            uniqueKeysWithValues: columns.map {
                let column = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: count)
                column.initialize(repeating: SegmentCodes.unknown)
                return ($0, column)
            })
        idHashes = .allocate(capacity: count)
        idHashes.initialize(repeating: IDHash.none)
    }

    deinit {
        for column in columns.values { column.deallocate() }
        idHashes.deallocate()
    }

    /// Where the hashes of a block's ids go.
    func hashes(_ ordinal: Int, _ count: Int) -> UnsafeMutableBufferPointer<UInt64>? {
        guard ordinal >= 0, ordinal <= self.count, count <= self.count - ordinal else { return nil }
        return UnsafeMutableBufferPointer(rebasing: idHashes[ordinal..<ordinal + count])
    }

    func write(_ block: BlockReader, at ordinal: Int) throws {
        guard ordinal >= 0, ordinal <= count, block.count <= count - ordinal else { return }
        let range = ordinal..<ordinal + block.count
        for (column, codes) in columns {
            let target = UnsafeMutableBufferPointer(rebasing: codes[range])
            if column == .outcome {
                _ = target.update(from: try block.codes(column))
            } else {
                try block.codes(column.column).decode(into: target)
            }
        }
    }

    /// The codes of a column that has posting lists.
    func codes(_ column: PostingColumn) -> UnsafeBufferPointer<UInt32>? {
        columns[column].map { UnsafeBufferPointer($0) }
    }
}
