/// The first 4,096 bytes of a write-ahead log file.
///
/// ```
///    0    8  magic "TALLYWAL"
///    8    4  format version, 1
///   12    4  length of this header, 4,096
///   16   16  store id
///   32    8  file number
///   40    8  epoch of the writer
///   48    8  first sequence of this file
///   56    8  blocks up to: every event before it was in synced segment blocks when the file was made
///   64    8  sealed segments: segments with a number up to this one had been sealed when the file was made
///   72    8  reused bytes: up to here the file may hold what an older life of it left; 0 for a new file
///   80   32  chain head before `blocksUpTo`
///  112    4  number of frontier hashes, at most 64
///  116   32  each: the tree's frontier before `blocksUpTo`
///    …       zeros
/// 4088    8  XXH64 of everything before
/// ```
///
/// It is synced, and so is the file's name, before the first frame is written: a frame behind a header that does not
/// check out proves that the header was damaged later. A mark of the log's end stands behind it (`LogEndMark`).
package struct LogFileHeader: Equatable, Sendable {
    package var store: Octets16
    package var fileNumber: UInt64
    package var epoch: UInt64
    package var firstSequence: UInt64
    package var blocksUpTo: UInt64
    /// Segments with a number up to this one had been sealed when the file was made: a missing trailer of one of
    /// them is damage.
    package var sealedSegments: UInt64
    /// Up to here the file may hold what an older life of it left.
    package var reusedBytes: UInt64 = 0
    /// 32 bytes.
    package var chainHead: [UInt8]
    /// The hashes one behind the other, 32 bytes each, at most 64.
    package var frontier: [UInt8]
    /// What the first frame refers to as its predecessor; zero until the header was encoded or decoded.
    package private(set) var checksum: UInt64 = 0

    package init(
        store: Octets16, fileNumber: UInt64, epoch: UInt64, firstSequence: UInt64, blocksUpTo: UInt64,
        sealedSegments: UInt64 = 0, chainHead: [UInt8], frontier: [UInt8]
    ) {
        precondition(chainHead.count == LogFormat.hashBytes, "a chain head has 32 bytes")
        precondition(
            frontier.count % LogFormat.hashBytes == 0
                && frontier.count <= LogFormat.frontierHashes * LogFormat.hashBytes,
            "a frontier has at most 64 hashes of 32 bytes")
        precondition(blocksUpTo <= firstSequence, "blocks hold no event that was not logged")
        self.store = store
        self.fileNumber = fileNumber
        self.epoch = epoch
        self.firstSequence = firstSequence
        self.blocksUpTo = blocksUpTo
        self.sealedSegments = sealedSegments
        self.chainHead = chainHead
        self.frontier = frontier
    }

    private static let checksumOffset = LogFormat.fileHeaderBytes - 8

    /// Appends the header to an empty writer and remembers its checksum; the end mark is not part of it.
    package mutating func encode(into writer: inout ByteWriter) {
        let start = writer.count
        writer.u64(LogFormat.magic)
        writer.u32(LogFormat.version)
        writer.u32(UInt32(LogFormat.fileHeaderBytes))
        store.write(into: &writer)
        writer.u64(fileNumber)
        writer.u64(epoch)
        writer.u64(firstSequence)
        writer.u64(blocksUpTo)
        writer.u64(sealedSegments)
        writer.u64(reusedBytes)
        writer.bytes(chainHead)
        writer.u32(UInt32(frontier.count / LogFormat.hashBytes))
        writer.bytes(frontier)
        writer.zeros(start + LogFileHeader.checksumOffset - writer.count)
        checksum = Checksum.of(writer.view.trusted(start, LogFileHeader.checksumOffset))
        writer.u64(checksum)
    }

    /// Reads the header at the start of a file. The checksum is looked at first, so that an unknown version is one,
    /// and not a flipped bit.
    package init(_ file: ByteView) throws(FormatError) {
        let what = "log file header"
        guard let header = file.sliceIfInside(0, LogFormat.fileHeaderBytes) else {
            throw FormatError(
                .truncated, what, offset: 0, expected: "\(LogFormat.fileHeaderBytes) bytes",
                found: "\(file.count)")
        }
        let computed = Checksum.of(header.trusted(0, LogFileHeader.checksumOffset))
        checksum = header.load(UInt64.self, at: LogFileHeader.checksumOffset)
        guard computed == checksum else {
            throw FormatError(
                .checksum, what, offset: LogFileHeader.checksumOffset, expected: "\(computed)",
                found: "\(checksum)")
        }
        var reader = ByteReader(header.trusted(0, LogFileHeader.checksumOffset), what: what)
        guard try reader.u64() == LogFormat.magic else {
            throw reader.invalid("magic", expected: "TALLYWAL", found: "another")
        }
        let version = try reader.u32()
        guard version == LogFormat.version else {
            throw FormatError(
                .unsupported, "\(what): version", offset: 8, expected: "\(LogFormat.version)",
                found: "\(version)")
        }
        let length = try reader.u32()
        guard length == UInt32(LogFormat.fileHeaderBytes) else {
            throw reader.invalid("length", expected: "\(LogFormat.fileHeaderBytes)", found: "\(length)")
        }
        store = try Octets16(reading: &reader)
        fileNumber = try reader.u64()
        epoch = try reader.u64()
        firstSequence = try reader.u64()
        blocksUpTo = try reader.u64()
        guard blocksUpTo <= firstSequence else {
            throw reader.invalid("blocks up to", expected: "at most \(firstSequence)", found: "\(blocksUpTo)")
        }
        sealedSegments = try reader.u64()
        reusedBytes = try reader.u64()
        chainHead = try reader.bytes(LogFormat.hashBytes).array
        let hashes = try reader.u32()
        guard hashes <= UInt32(LogFormat.frontierHashes) else {
            throw reader.invalid(
                "frontier", expected: "at most \(LogFormat.frontierHashes) hashes", found: "\(hashes)")
        }
        frontier = try reader.bytes(Int(hashes) * LogFormat.hashBytes).array
        guard try reader.bytes(reader.remaining).isAllZero else {
            throw reader.invalid("rest", expected: "zeros", found: "other bytes")
        }
    }
}

extension ByteView {
    /// Whether no byte is set: the first is zero, and each is like the one before it.
    package var isAllZero: Bool {
        guard count > 0 else { return true }
        return base[0] == 0 && compareMemory(base, base + 1, count - 1) == 0
    }

    /// How many bytes there are up to the last one that is set. Looks at large pieces first: reserved space is long.
    package var usedCount: Int {
        var end = count
        for step in [1 << 16, 1 << 10, 1] {
            while end > 0 {
                let length = min(step, end)
                guard trusted(end - length, length).isAllZero else { break }
                end -= length
            }
        }
        return end
    }
}
