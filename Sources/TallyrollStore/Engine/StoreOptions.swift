import TallyrollFormat

/// How a store is laid out and how it writes. The layout options are fixed when a store is created and kept in it;
/// the others may differ at every opening.
public struct StoreOptions: Sendable, Equatable {
    /// Capacity of a segment file in bytes: a power of two from 1 MiB to 1 GiB. Fixed at creation.
    public var segmentBytes = Limits.defaultSegmentBytes
    /// Events in a block at most, from 16 to 16,384. More compress a little better, fewer are read a little faster.
    /// Fixed at creation.
    public var blockEvents = Limits.defaultBlockEvents
    /// How text is compressed.
    public var codec = Codec.deflate
    /// libdeflate's level, 1 (fast) to 9 (small).
    public var compressionLevel = 6
    /// Age after which an open segment is sealed even if it is not full; nil for never.
    public var segmentAge: Duration?
    /// Bytes of encoded events that may wait for the writer before back-pressure applies.
    public var queueBytes = 32 << 20
    /// What `record` does while the queue is full. `append` always waits.
    public var backPressure = BackPressure.wait
    /// The durability of appends that do not name one.
    public var durability = Durability.disk
    /// The indexes of new segments, beside those that all have; nil for those that were chosen last, and
    /// `SegmentIndexes.default` where none ever were. The store keeps the choice. A segment that was begun keeps its own.
    public var indexes: SegmentIndexes?
    /// Memory for blocks that were read, in bytes.
    public var cacheBytes = 64 << 20
    /// Memory for what is kept of the indexes of sealed segments, in bytes: dictionaries, posting lists, filters, tables
    /// of ids, and which segments hold which terms. It does not grow with the store.
    public var indexBytes = 128 << 20

    /// The defaults.
    public init() {}

    /// Throws unless every option lies in its range.
    package func validate() throws(AuditLogError) {
        func require(_ holds: Bool, _ message: String) throws(AuditLogError) {
            if !holds { throw .invalidOption(message) }
        }
        try require(
            segmentBytes.nonzeroBitCount == 1 && segmentBytes >= Limits.minimumSegmentBytes
                && segmentBytes <= Limits.maximumSegmentBytes,
            "segment size \(segmentBytes): use a power of two from \(Limits.minimumSegmentBytes) to \(Limits.maximumSegmentBytes) bytes"
        )
        try require(
            blockEvents >= Limits.minimumBlockEvents && blockEvents <= Limits.blockEvents,
            "block size \(blockEvents): use \(Limits.minimumBlockEvents) to \(Limits.blockEvents) events")
        try require(
            codec.isAvailable, "codec zstd: this build has no zstd; build with the package trait Zstd")
        try require(
            (1...9).contains(compressionLevel), "compression level \(compressionLevel): use 1 to 9")
        if let indexes {
            try require(
                indexes.pathBytes <= DetailsPaths.bytesMax,
                "paths of details to index: \(indexes.pathBytes) bytes, use at most \(DetailsPaths.bytesMax), or index all"
            )
        }
        try require(queueBytes > 0, "queue size \(queueBytes): use at least 1 byte")
        try require(cacheBytes >= 0, "cache size \(cacheBytes): use 0 or more bytes")
        try require(indexBytes >= 0, "memory for indexes \(indexBytes): use 0 or more bytes")
    }
}
