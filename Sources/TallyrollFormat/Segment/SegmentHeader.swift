/// The first 4 KiB of a segment file, written once when the segment is created.
///
/// ```
/// offset size
///   0    8   magic "TALLYSEG"
///   8    4   format version: 1
///  12    4   header length: 4096
///  16   16   store id
///  32    8   segment number, from 1
///  40    8   epoch of the writer that created it
///  48    8   first sequence
///  56    8   capacity in bytes
///  64    8   time of creation, ns
///  72    4   events a block holds at most
///  76    4   the indexes that the segment gets when it is sealed, a bit each
///  80   32   chain hash before the first sequence
/// 112    4   number of frontier hashes
/// 116  n*32  the tree's frontier at the first sequence
///        …   the paths of details that are indexed, as `DetailsPaths` writes them; then zeros
/// 4088   8   checksum of bytes 0 to 4087
/// ```
package struct SegmentHeader: Equatable, Sendable {
    package static let byteCount = 4096
    package static let magic: [UInt8] = Array("TALLYSEG".utf8)
    package static let version: UInt32 = 1

    package var storeID: [UInt8]
    package var number: UInt64
    package var epoch: UInt64
    package var firstSequence: UInt64
    package var capacity: Int
    package var created: Int64
    package var blockEvents: Int
    package var chainBefore: [UInt8]
    package var frontier: [[UInt8]]
    package var indexes: SegmentIndexes

    package init(
        storeID: [UInt8], number: UInt64, epoch: UInt64, firstSequence: UInt64, capacity: Int, created: Int64,
        blockEvents: Int, chainBefore: [UInt8], frontier: [[UInt8]],
        indexes: SegmentIndexes = .default
    ) {
        self.storeID = storeID
        self.number = number
        self.epoch = epoch
        self.firstSequence = firstSequence
        self.capacity = capacity
        self.created = created
        self.blockEvents = blockEvents
        self.chainBefore = chainBefore
        self.frontier = frontier
        self.indexes = indexes
    }

    /// The first 8 bytes of the store id, which every block repeats.
    package var storeTag: UInt64 { storeID.withView { $0.load(UInt64.self, at: 0) } }

    package func write(into out: inout ByteWriter) {
        let start = out.count
        precondition(storeID.count == 16 && chainBefore.count == 32 && frontier.count <= 64)
        out.bytes(SegmentHeader.magic)
        out.u32(SegmentHeader.version)
        out.u32(UInt32(SegmentHeader.byteCount))
        out.bytes(storeID)
        out.u64(number)
        out.u64(epoch)
        out.u64(firstSequence)
        out.u64(UInt64(capacity))
        out.i64(created)
        out.u32(UInt32(blockEvents))
        out.u32(indexes.bits)
        out.bytes(chainBefore)
        out.u32(UInt32(frontier.count))
        for hash in frontier { out.bytes(hash) }
        DetailsPaths.write(indexes.sortedPaths, into: &out)
        out.zeros(SegmentHeader.byteCount - 8 - (out.count - start))
        out.u64(Checksum.of(out.view.trusted(start, SegmentHeader.byteCount - 8)))
    }

    package init(_ view: ByteView) throws(FormatError) {
        guard let whole = view.sliceIfInside(0, SegmentHeader.byteCount) else {
            throw FormatError(
                .truncated, "segment header", offset: 0, expected: "\(SegmentHeader.byteCount) bytes",
                found: "\(view.count)")
        }
        var reader = ByteReader(whole, what: "segment header")
        let magic = try reader.bytes(8)
        guard magic.raw.elementsEqual(SegmentHeader.magic) else {
            throw FormatError(
                .invalid, "segment header: magic", offset: 0, expected: "TALLYSEG", found: magic.printable)
        }
        let stored = whole.load(UInt64.self, at: SegmentHeader.byteCount - 8)
        let computed = Checksum.of(whole.trusted(0, SegmentHeader.byteCount - 8))
        guard stored == computed else {
            throw FormatError(
                .checksum, "segment header", offset: 0, expected: hex(stored), found: hex(computed))
        }
        let version = try reader.u32()
        guard version == SegmentHeader.version else {
            throw FormatError(
                .unsupported, "segment header: version", offset: 8, expected: "1", found: "\(version)")
        }
        let length = try reader.u32()
        storeID = try reader.bytes(16).array
        number = try reader.u64()
        epoch = try reader.u64()
        firstSequence = try reader.u64()
        let capacity = try reader.u64()
        created = try reader.i64()
        blockEvents = Int(try reader.u32())
        let indexBits = try reader.u32()
        chainBefore = try reader.bytes(32).array
        let count = Int(try reader.u32())
        guard length == UInt32(SegmentHeader.byteCount), count <= 64,
            capacity <= UInt64(Int64.max),
            firstSequence <= UInt64(Int64.max)
        else { throw reader.invalid("fields", expected: "values of version 1", found: "others") }
        self.capacity = Int(capacity)
        var frontier: [[UInt8]] = []
        for _ in 0..<count { frontier.append(try reader.bytes(32).array) }
        self.frontier = frontier
        let start = reader.offset
        let paths = try DetailsPaths.read(
            whole.trusted(start, SegmentHeader.byteCount - 8 - start), origin: start)
        guard let indexes = SegmentIndexes(bits: indexBits, paths: paths.paths ?? []) else {
            throw FormatError(
                .invalid, "segment header: indexes", offset: 76, expected: "bits of version 1",
                found: hex(UInt64(indexBits)))
        }
        self.indexes = indexes
    }
}

extension ByteView {
    /// The bytes as text where they are printable ASCII, for messages.
    package var printable: String {
        String(decoding: raw.map { $0 >= 0x20 && $0 < 0x7F ? $0 : 0x2E }, as: UTF8.self)
    }
}
