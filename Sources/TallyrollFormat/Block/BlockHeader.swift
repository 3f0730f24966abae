/// The first bytes of a block: what it holds and where it belongs, so that a block that was written to the wrong
/// place, or belongs to another store, is never taken for the right one.
///
/// ```
/// offset size
///   0    1   kind: 1 events (0 = never written)
///   1    1   version: 1
///   2    2   zero
///   4    4   block length in bytes, header and padding included; a multiple of 8
///   8    8   store tag: the first 8 bytes of the store id
///  16    8   segment number
///  24    4   block index in the segment
///  28    4   event count
///  32    8   first sequence
///  40    8   smallest event time     48  8  largest
///  56    8   smallest recorded time  64  8  largest
///  72   32   chain hash before the first event
/// 104   32   chain hash of the last event
/// 136    4   directory length in bytes (the directory follows the header)
/// 140    4   zero
/// 144    8   checksum of the directory
/// 152    8   checksum of bytes 0 to 151
/// ```
package struct BlockHeader: Equatable, Sendable {
    package static let byteCount = 160
    package static let kindEvents: UInt8 = 1
    package static let version: UInt8 = 1

    package var length: Int
    package var storeTag: UInt64
    package var segmentNumber: UInt64
    package var index: Int
    package var count: Int
    package var firstSequence: UInt64
    package var times: ClosedRange<Int64>
    package var recordedTimes: ClosedRange<Int64>
    /// 32 bytes each.
    package var chainBefore: [UInt8]
    package var chainAfter: [UInt8]
    package var directoryLength: Int
    package var directoryChecksum: UInt64

    package init(
        length: Int, storeTag: UInt64, segmentNumber: UInt64, index: Int, count: Int, firstSequence: UInt64,
        times: ClosedRange<Int64>, recordedTimes: ClosedRange<Int64>, chainBefore: [UInt8],
        chainAfter: [UInt8],
        directoryLength: Int, directoryChecksum: UInt64
    ) {
        self.length = length
        self.storeTag = storeTag
        self.segmentNumber = segmentNumber
        self.index = index
        self.count = count
        self.firstSequence = firstSequence
        self.times = times
        self.recordedTimes = recordedTimes
        self.chainBefore = chainBefore
        self.chainAfter = chainAfter
        self.directoryLength = directoryLength
        self.directoryChecksum = directoryChecksum
    }

    /// The sequence after the last event of the block.
    package var endSequence: UInt64 { firstSequence + UInt64(count) }

    package func write(into out: inout ByteWriter) {
        let start = out.count
        out.u8(BlockHeader.kindEvents)
        out.u8(BlockHeader.version)
        out.u16(0)
        out.u32(UInt32(length))
        out.u64(storeTag)
        out.u64(segmentNumber)
        out.u32(UInt32(index))
        out.u32(UInt32(count))
        out.u64(firstSequence)
        out.i64(times.lowerBound)
        out.i64(times.upperBound)
        out.i64(recordedTimes.lowerBound)
        out.i64(recordedTimes.upperBound)
        precondition(chainBefore.count == 32 && chainAfter.count == 32)
        out.bytes(chainBefore)
        out.bytes(chainAfter)
        out.u32(UInt32(directoryLength))
        out.u32(0)
        out.u64(directoryChecksum)
        out.u64(Checksum.of(out.view.trusted(start, out.count - start)))
    }

    /// Reads and checks a header. A block header is valid iff its checksum fits, its kind and version are known,
    /// its lengths hold each other, and its counts and ranges are in order.
    package init(_ view: ByteView, origin: Int) throws(FormatError) {
        var reader = ByteReader(view, what: "block header", origin: origin)
        let kind = try reader.u8()
        guard kind == BlockHeader.kindEvents else {
            throw FormatError(
                .invalid, "block header: kind", offset: origin, expected: "\(BlockHeader.kindEvents)",
                found: kind == 0 ? "0 (never written)" : "\(kind)")
        }
        guard let whole = view.sliceIfInside(0, BlockHeader.byteCount) else {
            throw FormatError(
                .truncated, "block header", offset: origin, expected: "\(BlockHeader.byteCount) bytes",
                found: "\(view.count)")
        }
        let stored = whole.load(UInt64.self, at: BlockHeader.byteCount - 8)
        let computed = Checksum.of(whole.trusted(0, BlockHeader.byteCount - 8))
        guard stored == computed else {
            throw FormatError(
                .checksum, "block header", offset: origin, expected: hex(stored), found: hex(computed))
        }
        let version = try reader.u8()
        guard version == BlockHeader.version, try reader.u16() == 0 else {
            throw FormatError(
                .unsupported, "block header: version", offset: origin + 1, expected: "1", found: "\(version)")
        }
        length = Int(try reader.u32())
        storeTag = try reader.u64()
        segmentNumber = try reader.u64()
        index = Int(try reader.u32())
        count = Int(try reader.u32())
        firstSequence = try reader.u64()
        let (low, high) = (try reader.i64(), try reader.i64())
        let (recordedLow, recordedHigh) = (try reader.i64(), try reader.i64())
        chainBefore = try reader.bytes(32).array
        chainAfter = try reader.bytes(32).array
        directoryLength = Int(try reader.u32())
        let zero = try reader.u32()
        directoryChecksum = try reader.u64()
        guard length % 8 == 0, length >= BlockHeader.byteCount + directoryLength, zero == 0 else {
            throw reader.invalid(
                "length", expected: "a multiple of 8 that holds the directory", found: "\(length)")
        }
        guard count > 0, count <= Limits.blockEvents, firstSequence <= UInt64(Int64.max) else {
            throw reader.invalid("count", expected: "1 to \(Limits.blockEvents)", found: "\(count)")
        }
        guard low <= high, recordedLow <= recordedHigh else {
            throw reader.invalid("times", expected: "smallest before largest", found: "the reverse")
        }
        times = low...high
        recordedTimes = recordedLow...recordedHigh
    }
}

/// Sixteen hex digits of a checksum, for messages.
package func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
