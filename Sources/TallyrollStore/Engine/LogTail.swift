import TallyrollFormat
import TallyrollIntegrity

/// The end of a log that somebody else is writing: remembers how far it was read, so that another look reads only the
/// frames that were added.
///
/// A frame counts only in its place: it refers to the frame before it. What an earlier use of a file's space left
/// behind the last frame, and a frame that is just being written, do not.
struct LogTail {
    /// Where a look ended.
    struct Place {
        var path: String
        var header: LogFileHeader
        var offset: Int
        /// The checksum that the next frame refers to.
        var previous: UInt64
        /// The first sequence of the next frame.
        var nextSequence: UInt64
    }

    private(set) var replay: LogReplay
    private var place: Place
    private var file: any StorageFile

    /// Bytes that are read first: most looks find nothing new.
    private static let firstBytes = 4 << 10
    /// Bytes that are read at a time behind those, if a frame does not need more.
    private static let pieceBytes = 64 << 10

    /// Goes on where a replay of all log files ended; nil where that is not the end of the newest of them, or something
    /// was lost on the way there.
    init?(_ replay: LogReplay, newest: UInt64, in storage: any Storage) throws(StorageError) {
        guard replay.lost.isEmpty, let place = replay.end, place.header.fileNumber == newest else {
            return nil
        }
        self.replay = replay
        self.place = place
        file = try storage.open(place.path, mode: .read)
        self.replay.shareRuns()
    }

    /// Reads the frames that were added since the last look, in whatever file they are; false when the log is not the
    /// one it was, and has to be read from its beginning.
    mutating func readOn(
        in storage: any Storage, list: () throws -> [(number: UInt64, path: String)]
    ) throws -> Bool {
        defer { replay.shareRuns() }
        while true {
            let files = try list()
            guard files.contains(where: { $0.path == place.path }) else { return false }
            guard try readFrames() else { return false }
            guard let next = files.first(where: { $0.number > place.header.fileNumber }),
                let header = try header(of: next, in: storage)
            else {
                // A file that has gone meanwhile may have held more.
                return try storage.exists(place.path)
            }
            if header.firstSequence > place.nextSequence {
                // It may have grown before the next one was begun.
                guard try readFrames() else { return false }
            }
            // A new writer repeats what was in no block.
            guard header.firstSequence == place.nextSequence else { return false }
            file = try storage.open(next.path, mode: .read)
            place = Place(
                path: next.path, header: header, offset: LogFormat.fileHeaderBytes, previous: header.checksum,
                nextSequence: header.firstSequence)
        }
    }

    /// Forgets the events that are in blocks now.
    mutating func drop(before sequence: UInt64) { replay.dropRuns(before: sequence) }

    /// The header of a file that was begun; nil while it is not there yet.
    private func header(
        of file: (number: UInt64, path: String), in storage: any Storage
    ) throws -> LogFileHeader? {
        let opened = try storage.open(file.path, mode: .read)
        let bytes = try opened.read(at: 0, length: LogFormat.fileHeaderBytes)
        guard let header = bytes.withView({ try? LogFileHeader($0) }), header.fileNumber == file.number,
            header.store == place.header.store
        else { return nil }
        return header
    }

    /// Reads frames up to where none follows; false when one of them is not what a log holds.
    private mutating func readFrames() throws -> Bool {
        var wanted = LogTail.firstBytes
        while true {
            let piece = try file.read(at: place.offset, length: wanted)
            var isSound = true
            var used = 0
            var missing = 0
            piece.withView { view in
                while isSound {
                    switch LogScan.next(in: view, at: used, place.header, place.previous, place.nextSequence)
                    {
                    case .frame(let frame):
                        isSound = replay.addFollowing(frame)
                        place.previous = frame.header.headerChecksum
                        place.nextSequence = frame.header.endSequence
                        used += frame.header.frameLength
                    case .cut(let length):
                        missing = length
                        return
                    case .none:
                        return
                    }
                }
            }
            place.offset += used
            guard isSound else { return false }
            // What is left begins a frame that is longer than what was read of it, or nothing.
            guard missing > 0, used > 0 || (missing > wanted && piece.count == wanted) else { return true }
            wanted = max(missing, LogTail.pieceBytes)
        }
    }
}
