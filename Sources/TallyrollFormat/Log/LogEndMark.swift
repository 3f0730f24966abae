/// What stands behind the last frame of a log, and behind the header of one that has no frame yet. The next frame is
/// written over it.
///
/// Space behind the end of a recycled file holds what an older life of the file left there. The mark says that a log
/// ends here and was meant to: anything else in its place was torn or damaged.
///
/// ```
///  0  1  type: 2
///  1  1  version, 1
///  2  6  zero
///  8  8  number of the log file
/// 16  8  header checksum of the frame before; with no frame, the file header's
/// 24  8  XXH64 of bytes 0 to 23
/// ```
package struct LogEndMark: Equatable, Sendable {
    package static let byteCount = 32
    private static let checksumOffset = 24
    /// The first eight bytes, as a little-endian integer.
    private static let mark: UInt64 = 0x0102

    package var fileNumber: UInt64
    package var previousChecksum: UInt64

    package init(fileNumber: UInt64, previousChecksum: UInt64) {
        self.fileNumber = fileNumber
        self.previousChecksum = previousChecksum
    }

    package func encode(into writer: inout ByteWriter) {
        let start = writer.count
        writer.u64(LogEndMark.mark)
        writer.u64(fileNumber)
        writer.u64(previousChecksum)
        writer.u64(Checksum.of(writer.view.trusted(start, LogEndMark.checksumOffset)))
    }

    /// Whether this very mark stands at `offset`.
    func stands(_ file: ByteView, at offset: Int) -> Bool {
        guard let bytes = file.sliceIfInside(offset, LogEndMark.byteCount) else { return false }
        return bytes.load(UInt64.self, at: 0) == LogEndMark.mark
            && bytes.load(UInt64.self, at: 8) == fileNumber
            && bytes.load(UInt64.self, at: 16) == previousChecksum
            && bytes.load(UInt64.self, at: LogEndMark.checksumOffset)
                == Checksum.of(bytes.trusted(0, LogEndMark.checksumOffset))
    }
}
