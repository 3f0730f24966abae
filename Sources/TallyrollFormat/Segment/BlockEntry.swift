/// One block in a segment's directory: everything needed to decide whether to read it, and to prove its events'
/// place in chain and tree without reading it. The list of entries is the sparse time index.
package struct BlockEntry: Equatable, Sendable {
    /// Where the block begins in the file.
    package var offset: Int
    package var length: Int
    package var count: Int
    package var firstSequence: UInt64
    package var times: ClosedRange<Int64>
    package var recordedTimes: ClosedRange<Int64>
    private var chainBytes: ArraySlice<UInt8>
    /// The checksum at the end of the block's header, which covers the block's directory and so, through the
    /// checksums there, all its bytes: a block that was replaced by another valid one does not fit.
    package var headerChecksum: UInt64
    /// Side by side. Entries of one directory share the bytes that they were read from: opening a segment has no memory
    /// to ask for by the block.
    private var rootBytes: ArraySlice<UInt8>
    /// False for a block that was found damaged when the segment was sealed; its counts come from its neighbours.
    package var isReadable: Bool

    package init(
        offset: Int, length: Int, count: Int, firstSequence: UInt64, times: ClosedRange<Int64>,
        recordedTimes: ClosedRange<Int64>, chainBefore: [UInt8], headerChecksum: UInt64, roots: [[UInt8]],
        isReadable: Bool = true
    ) {
        self.offset = offset
        self.length = length
        self.count = count
        self.firstSequence = firstSequence
        self.times = times
        self.recordedTimes = recordedTimes
        chainBytes = chainBefore[...]
        self.headerChecksum = headerChecksum
        rootBytes = ArraySlice(roots.joined())
        self.isReadable = isReadable
    }

    package init(_ header: BlockHeader, headerChecksum: UInt64, offset: Int, roots: [[UInt8]]) {
        self.init(
            offset: offset, length: header.length, count: header.count, firstSequence: header.firstSequence,
            times: header.times, recordedTimes: header.recordedTimes, chainBefore: header.chainBefore,
            headerChecksum: headerChecksum, roots: roots)
    }

    package var endSequence: UInt64 { firstSequence + UInt64(count) }

    /// The chain hash that the block goes on from.
    package var chainBefore: [UInt8] {
        get { Array(chainBytes) }
        set { chainBytes = newValue[...] }
    }

    /// The roots of the subtrees that the block's events make.
    /// - Complexity: O(roots), an array each.
    package var roots: [[UInt8]] {
        get {
            stride(from: rootBytes.startIndex, to: rootBytes.endIndex, by: BlockEntry.rootSize).map {
                Array(rootBytes[$0..<$0 + BlockEntry.rootSize])
            }
        }
        set { rootBytes = ArraySlice(newValue.joined()) }
    }

    /// The bytes of a SHA-256 hash.
    private static let rootSize = 32
    /// What an entry without roots takes.
    package static let byteCountMin = 98

    /// `u8 kind (1 events, 2 unreadable) · u64 offset · u32 length · u32 count · u64 first sequence · i64 times x 4
    /// · 32 chain before · u64 header checksum · varint roots · 32 each`
    package func write(into out: inout ByteWriter) {
        out.u8(isReadable ? 1 : 2)
        out.u64(UInt64(offset))
        out.u32(UInt32(length))
        out.u32(UInt32(count))
        out.u64(firstSequence)
        out.i64(times.lowerBound)
        out.i64(times.upperBound)
        out.i64(recordedTimes.lowerBound)
        out.i64(recordedTimes.upperBound)
        out.bytes(chainBefore)
        out.u64(headerChecksum)
        out.varint(UInt64(rootBytes.count / BlockEntry.rootSize))
        out.bytes(Array(rootBytes))
    }

    /// Reads one entry. `whole` is what the reader reads, as an array to be shared.
    package init(
        reading reader: inout ByteReader, of whole: [UInt8], fileLength: Int
    ) throws(FormatError) {
        precondition(whole.count == reader.view.count)
        let kind = try reader.u8()
        guard kind == 1 || kind == 2 else {
            throw reader.invalid("kind", expected: "1 or 2", found: "\(kind)")
        }
        isReadable = kind == 1
        let offset = try reader.u64()
        length = Int(try reader.u32())
        guard offset <= UInt64(fileLength), length <= fileLength - Int(offset) else {
            throw reader.invalid("place", expected: "inside the file", found: "\(offset), \(length) bytes")
        }
        self.offset = Int(offset)
        count = Int(try reader.u32())
        firstSequence = try reader.u64()
        let (low, high) = (try reader.i64(), try reader.i64())
        let (recordedLow, recordedHigh) = (try reader.i64(), try reader.i64())
        guard low <= high, recordedLow <= recordedHigh, firstSequence <= UInt64(Int64.max), count >= 0 else {
            throw reader.invalid("ranges", expected: "smallest before largest", found: "the reverse")
        }
        times = low...high
        recordedTimes = recordedLow...recordedHigh
        chainBytes = try BlockEntry.part(32, &reader, of: whole)
        headerChecksum = try reader.u64()
        let rootCount = try reader.length(atMost: 128)
        rootBytes = try BlockEntry.part(rootCount * BlockEntry.rootSize, &reader, of: whole)
    }

    private static func part(
        _ length: Int, _ reader: inout ByteReader, of whole: [UInt8]
    ) throws(FormatError) -> ArraySlice<UInt8> {
        try reader.skip(length)
        return whole[reader.offset - length..<reader.offset]
    }
}
