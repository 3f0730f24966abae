/// What a write-ahead log file holds, found by reading all of it: the frames up to the first bad place, how the file
/// ends, and what is still whole behind a bad place.
///
/// The end of a log is where its mark stands, never where the file ends: space behind it may be reserved, or hold what
/// an older life of a recycled file left. A bad place is a torn tail, which may be cut, or damage, which must not.
/// Frames tell which: each promises, in `durableUpTo`, what had been synced when it was written, and what was synced
/// cannot be torn.
///
/// - Complexity: linear in the file's size, whatever the bytes are. A header with the right checksum is believed
///   about its length, and what it covers is passed over, so that no byte is summed more than a fixed number of times.
package struct LogScan {
    /// How a log ends.
    package enum End: Equatable, Sendable {
        /// The mark of the end stands at this offset.
        case clean(at: Int)
        /// What stands at this offset was never wholly written, and nothing that was synced is behind it.
        case torn(at: Int)
        /// What stands at this offset had been synced and is not what was written: never to be cut.
        case damaged(at: Int)

        package var offset: Int {
            switch self {
            case .clean(let offset), .torn(let offset), .damaged(let offset): offset
            }
        }
    }

    /// The file's header, or nil when it is torn or damaged.
    package let header: LogFileHeader?
    /// What is wrong with the header.
    package let headerError: FormatError?
    /// The frames before the end, in order, without a gap in their sequences.
    package private(set) var frames: [LogFrame] = []
    /// Whole frames of this store and file number behind the bad place, in file order, that hold none of the events of
    /// `frames`. Behind damage they are what can be saved; behind a torn tail they were never promised to anybody.
    package private(set) var behind: [LogFrame] = []
    package private(set) var end: End
    /// Where what was written of a torn or damaged rest ends, as far as that can be told.
    package private(set) var writtenEnd: Int
    /// The checksum that a frame behind the last of `frames` refers to; zero when there is no header.
    package private(set) var lastChecksum: UInt64 = 0
    /// The sequence after the last event of `frames`; zero when there is no header.
    package private(set) var nextSequence: UInt64

    /// Reads the file of the given store. `promisedUpTo` is what is known from elsewhere: every event with a smaller
    /// sequence had been synced into this file or before it (the first sequence of the log file after this one, say).
    /// A log that ends before it was damaged, however clean its end looks. It says nothing about a file without a
    /// header: such a file is torn only if it is the newest of its store.
    ///
    /// `fileNumber` is what the file's name says: with a damaged header it tells the file's frames from those of an older
    /// life. Nil takes all of the store's for its own.
    ///
    /// Throws only for a whole header that cannot be used: of another store, or of a version that this build does not
    /// know.
    package init(
        _ file: ByteView, store: Octets16, fileNumber: UInt64? = nil, promisedUpTo: UInt64 = 0
    ) throws(FormatError) {
        do throws(FormatError) {
            let header = try LogFileHeader(file)
            guard header.store == store else {
                throw FormatError(
                    .unsupported, "log file header: store", offset: 16, expected: "\(store.array)",
                    found: "\(header.store.array)")
            }
            self.header = header
            headerError = nil
            end = .clean(at: LogFormat.fileHeaderBytes)
            writtenEnd = 0
            nextSequence = header.firstSequence
        } catch {
            if error.kind == .unsupported { throw error }
            header = nil
            headerError = error
            end = .torn(at: 0)
            writtenEnd = file.usedCount
            nextSequence = 0
        }
        guard let header else {
            // The header was synced before the first frame: whatever frame there is proves that it was damaged.
            _ = search(file, from: 0, storeTag: store.first, fileNumber: fileNumber)
            if !behind.isEmpty { end = .damaged(at: 0) }
            return
        }
        readFrames(file, header, promisedUpTo)
    }

    private mutating func readFrames(_ file: ByteView, _ header: LogFileHeader, _ promisedUpTo: UInt64) {
        var offset = LogFormat.fileHeaderBytes
        var previous = header.checksum
        while case .frame(let frame) = LogScan.next(in: file, at: offset, header, previous, nextSequence) {
            frames.append(frame)
            previous = frame.header.headerChecksum
            nextSequence = frame.header.endSequence
            offset += frame.header.frameLength
        }
        lastChecksum = previous
        let mark = LogEndMark(fileNumber: header.fileNumber, previousChecksum: previous)
        let isMarked = mark.stands(file, at: offset)
        let promised = search(
            file, from: offset, storeTag: header.store.first, fileNumber: header.fileNumber)
        if max(promised ?? 0, promisedUpTo) > nextSequence {
            end = .damaged(at: offset)
        } else {
            end = isMarked && promised == nil ? .clean(at: offset) : .torn(at: offset)
        }
        // Behind reused space, whatever is not zero was written in this life.
        let used = file.usedCount
        writtenEnd = max(writtenEnd, offset, used > header.reusedBytes ? used : 0)
    }

    /// What stands where the next frame would.
    package enum Next {
        /// A frame that is valid in this place.
        case frame(LogFrame)
        /// The beginning of what may be a frame, of at least this length, of which not all is there.
        case cut(length: Int)
        case none
    }

    /// Looks for the frame behind the one with the checksum `previous`, at an offset of a file's bytes or of a piece of
    /// them.
    package static func next(
        in bytes: ByteView, at offset: Int, _ header: LogFileHeader, _ previous: UInt64,
        _ nextSequence: UInt64
    ) -> Next {
        guard bytes.count - offset >= LogFormat.frameHeaderBytes else {
            return .cut(length: LogFormat.frameHeaderBytes)
        }
        guard
            LogFrameHeader.mayBegin(
                bytes, at: offset, storeTag: header.store.first, fileNumber: header.fileNumber),
            let found = try? LogFrameHeader(bytes, at: offset),
            found.previousChecksum == previous, found.firstSequence == nextSequence
        else { return .none }
        guard bytes.count - offset >= found.frameLength else { return .cut(length: found.frameLength) }
        guard let frame = try? LogFrame(bytes, at: offset, header: found), frame.isPadded else {
            return .none
        }
        return .frame(frame)
    }

    /// Collects the whole frames from `start` on that hold events from `nextSequence` on, and returns the highest
    /// promise of any header, whole payload or not; nil when there is no header.
    private mutating func search(
        _ file: ByteView, from start: Int, storeTag: UInt64, fileNumber: UInt64?
    ) -> UInt64? {
        var promised: UInt64?
        var offset = start
        let used = file.usedCount
        while offset < used, offset <= file.count - LogFormat.frameHeaderBytes {
            guard
                LogFrameHeader.mayBegin(file, at: offset, storeTag: storeTag, fileNumber: fileNumber),
                let header = try? LogFrameHeader(file, at: offset)
            else {
                offset += LogFormat.alignment
                continue
            }
            promised = max(promised ?? 0, header.durableUpTo)
            writtenEnd = min(offset + header.frameLength, file.count)
            guard header.frameLength <= file.count - offset else {
                offset += LogFormat.alignment
                continue
            }
            if header.firstSequence >= nextSequence,
                let frame = try? LogFrame(file, at: offset, header: header)
            {
                behind.append(frame)
            }
            offset += header.frameLength
        }
        return promised
    }
}
