/// Every limit of the format, with its reason. Changing one changes the format version.
package enum Limits {
    /// An id comes from another system's key; 255 bytes hold every identifier scheme met so far and keep the
    /// look-up of ids small.
    package static let idBytes = 255
    /// Terms are dictionary entries, hashed and compared often; no vocabulary needs 64 KiB for a name.
    package static let termBytes = 65_535
    /// Type and id of a resource are one term: together with their framing they stay below its limit.
    package static let resourceTypeBytes = 4_095
    package static let resourceIDBytes = termBytes - resourceTypeBytes - 3
    /// One event in canonical form. A quarter of the default segment, so that a block always fits.
    package static let eventBytes = 16 << 20
    /// Nesting of JSON input. Deeper text is an attack or an accident; parsers stay iterative all the same.
    package static let jsonDepth = 512
    /// Events in one block: an ordinal within a block fits 16 bits.
    package static let blockEvents = 1 << 14
    package static let minimumBlockEvents = 16
    package static let defaultBlockEvents = 1 << 12
    /// Canonical bytes after which a block is cut even if it holds fewer events: bounds what a reader inflates
    /// and what a damaged block can cost.
    package static let blockBytes = 4 << 20
    /// Text of one column of one block: far above what a block can hold, so only hostile bytes meet it.
    package static let decodedColumnBytes = 256 << 20
    /// Scalars in one JSON object that is stored as a shape; a larger object is kept as text.
    package static let shapeSlots = 1 << 10
    /// Bytes of one shape; a larger one is kept as text.
    package static let shapeBytes = 1 << 14
    package static let minimumSegmentBytes = 1 << 20
    package static let maximumSegmentBytes = 1 << 30
    package static let defaultSegmentBytes = 64 << 20
    /// One frame of the write-ahead log: what a single sync may have to carry.
    package static let frameBytes = 64 << 20
}
