/// The 80 bytes before the payload of a frame. They have a checksum of their own, so that the length can be believed
/// when the payload cannot.
///
/// ```
///  0  1  type: 1 events (0: never written)
///  1  1  version, 1
///  2  2  zero
///  4  4  payload length
///  8  8  store tag: the first 8 bytes of the store id
/// 16  8  number of the log file: a frame that is left of an older life of a recycled file has another one
/// 24  8  first sequence
/// 32  4  number of events, at least 1
/// 36  4  number of runs that begin in this frame
/// 40  8  recorded at, ns since 1970: one stamp for all events of the frame
/// 48  8  durable up to: every event with a smaller sequence had been synced when this frame was written
/// 56  8  header checksum of the frame before; for the first frame the file header's
/// 64  8  XXH64 of the payload
/// 72  8  XXH64 of bytes 0 to 71
/// ```
///
/// Valid by itself: (1) type, version and zeros, (2) store and file number as expected, (3) header checksum, (4) lengths
/// and counts within their limits. Valid in its place: also (5) the predecessor's checksum, (6) the next sequence,
/// (7) payload inside the file, (8) payload checksum, (9) zeros up to the next multiple of 8.
package struct LogFrameHeader: Equatable, Sendable {
    package var fileNumber: UInt64
    package var storeTag: UInt64
    package var firstSequence: UInt64
    package var eventCount: UInt32
    package var runCount: UInt32
    package var recordedAt: Int64
    package var durableUpTo: UInt64
    package var previousChecksum: UInt64
    package var payloadLength: UInt32
    package var payloadChecksum: UInt64
    package var headerChecksum: UInt64

    static let type: UInt8 = 1
    static let version: UInt8 = 1
    private static let checksumOffset = LogFormat.frameHeaderBytes - 8
    /// The first four bytes of every frame, as a little-endian integer.
    private static let mark = UInt32(type) | UInt32(version) << 8

    /// The sequence after the frame's last event.
    package var endSequence: UInt64 { firstSequence + UInt64(eventCount) }

    /// The frame from its header to the next frame, padding included.
    package var frameLength: Int {
        let length = LogFormat.frameHeaderBytes + Int(payloadLength)
        return length + LogFormat.padding(after: length)
    }

    package init(
        storeTag: UInt64, fileNumber: UInt64, firstSequence: UInt64, eventCount: UInt32, runCount: UInt32,
        recordedAt: Int64, durableUpTo: UInt64, previousChecksum: UInt64, payloadLength: UInt32,
        payloadChecksum: UInt64
    ) {
        self.storeTag = storeTag
        self.fileNumber = fileNumber
        self.firstSequence = firstSequence
        self.eventCount = eventCount
        self.runCount = runCount
        self.recordedAt = recordedAt
        self.durableUpTo = durableUpTo
        self.previousChecksum = previousChecksum
        self.payloadLength = payloadLength
        self.payloadChecksum = payloadChecksum
        headerChecksum = 0
    }

    /// Appends the 80 bytes and remembers their checksum.
    mutating func encode(into writer: inout ByteWriter) {
        let start = writer.count
        writer.u32(LogFrameHeader.mark)
        writer.u32(payloadLength)
        writer.u64(storeTag)
        writer.u64(fileNumber)
        writer.u64(firstSequence)
        writer.u32(eventCount)
        writer.u32(runCount)
        writer.i64(recordedAt)
        writer.u64(durableUpTo)
        writer.u64(previousChecksum)
        writer.u64(payloadChecksum)
        headerChecksum = Checksum.of(writer.view.trusted(start, LogFrameHeader.checksumOffset))
        writer.u64(headerChecksum)
    }

    /// Whether a header of this store and file can begin at `offset`: the cheap look that a search makes everywhere.
    @inline(__always)
    static func mayBegin(_ file: ByteView, at offset: Int, storeTag: UInt64, fileNumber: UInt64?) -> Bool {
        guard offset <= file.count - LogFormat.frameHeaderBytes,
            file.load(UInt32.self, at: offset) == mark,
            file.load(UInt64.self, at: offset + 8) == storeTag
        else { return false }
        return fileNumber == nil || file.load(UInt64.self, at: offset + 16) == fileNumber
    }

    /// The header at `offset`, valid by itself except for store and file number, which the caller compares.
    package init(_ file: ByteView, at offset: Int) throws(FormatError) {
        var reader = ByteReader(file, what: "log frame header")
        try reader.skip(offset)
        let bytes = try reader.bytes(LogFormat.frameHeaderBytes)
        reader = ByteReader(bytes, what: "log frame header", origin: offset)
        let mark = try reader.u32()
        guard mark == LogFrameHeader.mark else {
            throw reader.invalid(
                "type", expected: "1, version 1", found: mark == 0 ? "unwritten space" : "another")
        }
        payloadLength = try reader.u32()
        storeTag = try reader.u64()
        fileNumber = try reader.u64()
        firstSequence = try reader.u64()
        eventCount = try reader.u32()
        runCount = try reader.u32()
        recordedAt = try reader.i64()
        durableUpTo = try reader.u64()
        previousChecksum = try reader.u64()
        payloadChecksum = try reader.u64()
        headerChecksum = try reader.u64()
        let computed = Checksum.of(bytes.trusted(0, LogFrameHeader.checksumOffset))
        guard computed == headerChecksum else {
            throw FormatError(
                .checksum, "log frame header", offset: offset + LogFrameHeader.checksumOffset,
                expected: "\(computed)", found: "\(headerChecksum)")
        }
        try checkCounts(reader)
    }

    private func checkCounts(_ reader: ByteReader) throws(FormatError) {
        guard payloadLength <= UInt32(Limits.frameBytes) else {
            throw reader.invalid(
                "length", expected: "at most \(Limits.frameBytes)", found: "\(payloadLength)")
        }
        let recordBytes = Int(payloadLength) - Int(runCount) * LogFormat.runBytes
        guard runCount <= eventCount, recordBytes >= 0 else {
            throw reader.invalid("runs", expected: "at most one an event", found: "\(runCount)")
        }
        guard eventCount > 0, Int(eventCount) <= recordBytes / LogFormat.minimumRecordBytes else {
            throw reader.invalid(
                "events", expected: "1 to \(recordBytes / LogFormat.minimumRecordBytes)",
                found: "\(eventCount)")
        }
        guard firstSequence <= UInt64.max - UInt64(eventCount), durableUpTo <= firstSequence else {
            throw reader.invalid(
                "sequences", expected: "durable up to \(firstSequence) at most", found: "\(durableUpTo)")
        }
    }
}
