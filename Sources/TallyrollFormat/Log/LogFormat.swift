/// The constants of write-ahead log files. Changing one changes the format version.
package enum LogFormat {
    package static let version: UInt32 = 1
    /// "TALLYWAL", read as a little-endian integer.
    package static let magic: UInt64 = 0x4C41_5759_4C4C_4154
    /// One page: the header never shares a sector with a frame.
    package static let fileHeaderBytes = 4096
    package static let frameHeaderBytes = 80
    /// Frames begin at multiples of this, so that a reader which lost its place looks at few positions.
    package static let alignment = 8
    /// A run's entry: the index of its first event and its seed.
    package static let runBytes = 20
    /// A tree over 2^64 leaves has at most 64 subtree roots on its right edge.
    package static let frontierHashes = 64
    package static let hashBytes = 32
    /// Header, fixed part of the envelope and presence of the personal part: no record is shorter.
    package static let minimumRecordBytes = RecordEncoder.headerBytes + RecordEncoder.envelopeFixedBytes + 2
    /// A log is rolled long before this; a reader takes no larger file into memory.
    package static let maximumFileBytes = 1 << 30

    /// The zeros between a payload of this length and the next frame.
    @inline(__always)
    package static func padding(after length: Int) -> Int { (alignment - length % alignment) % alignment }
}
