import TallyrollFormat

/// A log file in memory, built frame by frame, with where each frame lies.
struct LogImage {
    static let store = Octets16(first: 0x1122_3344_5566_7788, second: 0x99AA_BBCC_DDEE_FF00)

    var bytes: [UInt8]
    var header: LogFileHeader
    /// Where each frame begins.
    var offsets: [Int] = []
    var headers: [LogFrameHeader] = []
    private var previous: UInt64
    private var nextSequence: UInt64

    init(store: Octets16 = LogImage.store, fileNumber: UInt64 = 7, firstSequence: UInt64 = 100) {
        var header = LogFileHeader(
            store: store, fileNumber: fileNumber, epoch: 3, firstSequence: firstSequence, blocksUpTo: 64,
            chainHead: [UInt8](0..<32), frontier: [UInt8](repeating: 5, count: 3 * 32))
        var writer = ByteWriter()
        header.encode(into: &writer)
        LogEndMark(fileNumber: fileNumber, previousChecksum: header.checksum).encode(into: &writer)
        self.header = header
        bytes = writer.array
        previous = header.checksum
        nextSequence = firstSequence
    }

    /// Where the mark of the end stands.
    var end: Int { bytes.count - LogEndMark.byteCount }

    /// The file as it was when it had only the first `count` frames.
    func cut(after count: Int) -> [UInt8] {
        let previous = count == 0 ? header.checksum : headers[count - 1].headerChecksum
        var mark = ByteWriter()
        LogEndMark(fileNumber: header.fileNumber, previousChecksum: previous).encode(into: &mark)
        return Array(bytes[..<(count < offsets.count ? offsets[count] : end)]) + mark.array
    }

    /// One record with the given text as its user.
    static func record(_ text: String) -> [UInt8] {
        var writer = ByteWriter()
        var encoder = RecordEncoder()
        encoder.begin(
            timestamp: 1_700_000_000_000_000_000, time: TimeNotation(digits: 0), outcome: .success,
            duration: nil,
            into: &writer)
        "login".withView { encoder.string(.type, $0, into: &writer) }
        text.withView { encoder.string(.user, $0, into: &writer) }
        _ = encoder.end(into: &writer)
        return writer.array
    }

    /// Appends a frame of `count` events. Unless said otherwise it promises everything before it.
    mutating func append(
        _ count: Int, durableUpTo: UInt64? = nil, runs: [LogRun] = [], firstSequence: UInt64? = nil
    ) {
        let first = firstSequence ?? nextSequence
        let records = (0..<count).flatMap { LogImage.record("user \(first + UInt64($0))") }
        records.withView { view in
            let cut = view.count / 3
            let content = LogFrameContent(
                firstSequence: first, eventCount: UInt32(count), recordedAt: Int64(first) * 10,
                durableUpTo: durableUpTo ?? first, runs: runs,
                records: [view.trusted(0, cut), view.trusted(cut, view.count - cut)])
            var writer = ByteWriter()
            let frame = LogFrameEncoder.encode(
                content, storeTag: header.store.first, fileNumber: header.fileNumber,
                previousChecksum: previous,
                into: &writer)
            bytes.removeLast(LogEndMark.byteCount)
            offsets.append(bytes.count)
            headers.append(frame)
            for piece in LogFrameEncoder.views(content, frame, encoded: writer.view) { bytes += piece.array }
            previous = frame.headerChecksum
            nextSequence = frame.endSequence
        }
    }

    /// Writes an integer over part of the last frame's header and makes the header's checksum right again.
    mutating func patchLast<T: FixedWidthInteger>(_ value: T, at field: Int) {
        guard let offset = offsets.last else { return }
        withUnsafeBytes(of: value.littleEndian) {
            bytes.replaceSubrange((offset + field)..<(offset + field + $0.count), with: $0)
        }
        let checksum = bytes.withView { Checksum.of($0.trusted(offset, 72)) }
        withUnsafeBytes(of: checksum.littleEndian) {
            bytes.replaceSubrange((offset + 72)..<(offset + 80), with: $0)
        }
    }

    /// The number of frames that end at or before `offset`.
    func framesBefore(_ offset: Int) -> Int {
        offsets.indices.count { offsets[$0] + headers[$0].frameLength <= offset }
    }

    /// A log of five frames, each of which promises all before it.
    static func small() -> LogImage {
        var image = LogImage()
        image.append(2, runs: [LogRun(firstIndex: 0, seed: Octets16(first: 1, second: 2))])
        image.append(1)
        image.append(3, runs: [LogRun(firstIndex: 1, seed: Octets16(first: 3, second: 4))])
        image.append(1)
        image.append(2)
        return image
    }
}

/// What a scan found, without views.
struct ScanResult: Equatable {
    var frames: [Int]
    var behind: [Int]
    var end: LogScan.End
    var nextSequence: UInt64

    init(_ bytes: [UInt8], promisedUpTo: UInt64 = 0) throws {
        self = try bytes.withView { view in
            let scan = try LogScan(view, store: LogImage.store, promisedUpTo: promisedUpTo)
            return ScanResult(
                frames: scan.frames.map(\.offset), behind: scan.behind.map(\.offset), end: scan.end,
                nextSequence: scan.nextSequence)
        }
    }

    private init(frames: [Int], behind: [Int], end: LogScan.End, nextSequence: UInt64) {
        self.frames = frames
        self.behind = behind
        self.end = end
        self.nextSequence = nextSequence
    }
}
