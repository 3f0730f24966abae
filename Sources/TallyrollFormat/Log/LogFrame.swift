/// A frame in a file: a header that checked out and views of its payload, valid for as long as the file's bytes are.
package struct LogFrame {
    /// Where the frame begins in its file.
    package let offset: Int
    package let header: LogFrameHeader
    private let file: ByteView

    /// The frame at `offset`, checked by itself: header, payload inside the file, payload checksum. Its place (the
    /// predecessor, the sequence, the padding) is `LogScan`'s business.
    package init(_ file: ByteView, at offset: Int) throws(FormatError) {
        try self.init(file, at: offset, header: try LogFrameHeader(file, at: offset))
    }

    init(_ file: ByteView, at offset: Int, header: LogFrameHeader) throws(FormatError) {
        self.offset = offset
        self.header = header
        self.file = file
        let length = Int(header.payloadLength)
        guard let payload = file.sliceIfInside(offset + LogFormat.frameHeaderBytes, length) else {
            throw FormatError(
                .truncated, "log frame payload", offset: offset + LogFormat.frameHeaderBytes,
                expected: "\(length) bytes", found: "\(file.count - offset - LogFormat.frameHeaderBytes)")
        }
        let computed = Checksum.of(payload)
        guard computed == header.payloadChecksum else {
            throw FormatError(
                .checksum, "log frame payload", offset: offset + LogFormat.frameHeaderBytes,
                expected: "\(header.payloadChecksum)", found: "\(computed)")
        }
    }

    private var payload: ByteView {
        file.trusted(offset + LogFormat.frameHeaderBytes, Int(header.payloadLength))
    }

    /// Whether the bytes between the payload and the next frame are there and zero.
    var isPadded: Bool {
        let end = LogFormat.frameHeaderBytes + Int(header.payloadLength)
        return file.sliceIfInside(offset + end, header.frameLength - end)?.isAllZero ?? false
    }

    /// The runs that begin in this frame.
    package func runs() throws(FormatError) -> [LogRun] {
        var reader = ByteReader(payload, what: "log frame runs", origin: offset + LogFormat.frameHeaderBytes)
        var runs: [LogRun] = []
        runs.reserveCapacity(Int(header.runCount))
        for _ in 0..<header.runCount {
            let index = try reader.u32()
            guard index < header.eventCount, runs.last.map({ $0.firstIndex < index }) ?? true else {
                throw reader.invalid(
                    "index", expected: "ascending and below \(header.eventCount)", found: "\(index)")
            }
            runs.append(LogRun(firstIndex: index, seed: try Octets16(reading: &reader)))
        }
        return runs
    }

    /// The records, one after the other.
    package func records() -> LogRecordReader {
        let start = Int(header.runCount) * LogFormat.runBytes
        return LogRecordReader(
            payload.trusted(start, Int(header.payloadLength) - start), count: Int(header.eventCount),
            origin: offset + LogFormat.frameHeaderBytes + start)
    }
}

/// Cuts the records of a frame apart by their lengths. What a record holds is checked only by whoever makes a
/// `RecordView` of it.
package struct LogRecordReader {
    private var reader: ByteReader
    private let view: ByteView
    /// Records still to come.
    package private(set) var remaining: Int

    init(_ view: ByteView, count: Int, origin: Int) {
        self.view = view
        reader = ByteReader(view, what: "log record", origin: origin)
        remaining = count
    }

    /// The bytes of the next record, or nil after the last one; throws when the frame holds fewer records than it
    /// says, or bytes behind them.
    package mutating func next() throws(FormatError) -> ByteView? {
        guard remaining > 0 else {
            try reader.finish()
            return nil
        }
        let start = reader.offset
        let length = Int(try reader.u32()) + Int(try reader.u32())
        guard length <= Limits.eventBytes else {
            throw reader.invalid("length", expected: "at most \(Limits.eventBytes)", found: "\(length)")
        }
        try reader.skip(length)
        remaining -= 1
        return view.trusted(start, reader.offset - start)
    }
}
