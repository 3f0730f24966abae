import TallyrollFormat

/// The file `STORE`: who the store is, the options fixed at its creation, and the indexes that were chosen last. Written
/// anew, as a whole, when another choice is made.
///
/// ```
///   0  8  magic "TALLYSTO"     8  4  format version: 1     12  4  bytes of the paths, n; 0 without them
///  16 16  store id            32  8  segment bytes         40  4  block events
///  44  4  the indexes of new segments, a bit each
///  48  8  time of creation, ns
///  56  8  checksum of bytes 0 to 55
///  64  n  the paths of details that are indexed, where not all are: see `DetailsPaths`
/// 64+n 8  with paths: checksum of bytes 0 to 63+n
/// ```
package struct StoreManifest: Equatable, Sendable {
    package static let fileName = "STORE"
    static let byteCount = 64
    private static let magic: [UInt8] = Array("TALLYSTO".utf8)

    package var storeID: [UInt8]
    package var segmentBytes: Int
    package var blockEvents: Int
    package var created: Int64
    /// What new segments get, beside what all have.
    package var indexes: SegmentIndexes

    /// The first 8 bytes of the store id.
    package var storeTag: UInt64 { storeID.withView { $0.load(UInt64.self, at: 0) } }

    /// Creates a manifest with a new store id, durable before this returns.
    package static func create(
        in storage: any Storage, options: StoreOptions, time: any TimeSource, entropy: any EntropySource
    ) throws -> StoreManifest {
        let manifest = StoreManifest(
            storeID: entropy.bytes(16), segmentBytes: options.segmentBytes, blockEvents: options.blockEvents,
            created: time.nowNanoseconds(), indexes: options.indexes ?? .default)
        try manifest.replace(in: storage)
        return manifest
    }

    /// The manifest with another choice of indexes, durable before this returns.
    package func choosing(_ indexes: SegmentIndexes, in storage: any Storage) throws -> StoreManifest {
        guard indexes != self.indexes else { return self }
        var manifest = self
        manifest.indexes = indexes
        try manifest.replace(in: storage)
        return manifest
    }

    /// Puts this manifest in the place of the one there is, at once or not at all.
    private func replace(in storage: any Storage) throws {
        let temporary = StoreManifest.fileName + ".new"
        let file = try storage.open(temporary, mode: .create(exclusive: false))
        try file.truncate(to: 0)
        var bytes = ByteWriter(capacity: StoreManifest.byteCount)
        write(into: &bytes)
        try file.write(at: 0, bytes.view)
        try file.syncAll()
        try file.close()
        try storage.rename(temporary, to: StoreManifest.fileName)
        try storage.syncDirectory("")
    }

    package static func load(from storage: any Storage) throws -> StoreManifest {
        let file = try storage.open(fileName, mode: .read)
        let size = max(byteCount, min(try file.size(), byteCount + DetailsPaths.bytesMax + 8))
        let bytes = try file.bytes(at: 0, size, what: "store manifest")
        defer { withExtendedLifetime(bytes) {} }
        try file.close()
        return try StoreManifest(bytes.view)
    }

    private init(
        storeID: [UInt8], segmentBytes: Int, blockEvents: Int, created: Int64, indexes: SegmentIndexes
    ) {
        self.storeID = storeID
        self.segmentBytes = segmentBytes
        self.blockEvents = blockEvents
        self.created = created
        self.indexes = indexes
    }

    private func write(into out: inout ByteWriter) {
        out.bytes(StoreManifest.magic)
        var paths = ByteWriter(capacity: 64)
        if !indexes.sortedPaths.isEmpty { DetailsPaths.write(indexes.sortedPaths, into: &paths) }
        out.u32(1)
        out.u32(UInt32(paths.count))
        out.bytes(storeID)
        out.u64(UInt64(segmentBytes))
        out.u32(UInt32(blockEvents))
        out.u32(indexes.bits)
        out.i64(created)
        out.u64(Checksum.of(out.view))
        guard paths.count > 0 else { return }
        out.bytes(paths.view)
        out.u64(Checksum.of(out.view))
    }

    init(_ view: ByteView) throws(FormatError) {
        var reader = ByteReader(view, what: "store manifest")
        let magic = try reader.bytes(8)
        guard magic.raw.elementsEqual(StoreManifest.magic) else {
            throw FormatError(
                .invalid, "store manifest: magic", offset: 0, expected: "TALLYSTO", found: magic.printable)
        }
        guard view.count >= StoreManifest.byteCount else {
            throw FormatError(
                .truncated, "store manifest", offset: 0, expected: "\(StoreManifest.byteCount) bytes",
                found: "\(view.count)")
        }
        try StoreManifest.check(view, before: 56)
        let version = try reader.u32()
        guard version == 1 else {
            throw FormatError(
                .unsupported, "store manifest: version", offset: 8, expected: "1", found: "\(version)")
        }
        let pathBytes = Int(try reader.u32())
        storeID = try reader.bytes(16).array
        segmentBytes = Int(clamping: try reader.u64())
        blockEvents = Int(try reader.u32())
        let indexBits = try reader.u32()
        created = try reader.i64()
        guard segmentBytes >= Limits.minimumSegmentBytes, segmentBytes <= Limits.maximumSegmentBytes,
            blockEvents >= Limits.minimumBlockEvents, blockEvents <= Limits.blockEvents
        else {
            throw reader.invalid(
                "layout", expected: "sizes in range", found: "\(segmentBytes), \(blockEvents)")
        }
        try reader.skip(8)
        let paths = try StoreManifest.paths(view, byteCount: pathBytes)
        guard let indexes = SegmentIndexes(bits: indexBits, paths: paths) else {
            throw FormatError(
                .invalid, "store manifest: indexes", offset: 44, expected: "bits of version 1",
                found: "\(indexBits)")
        }
        self.indexes = indexes
    }

    /// The paths behind the fixed part.
    private static func paths(_ view: ByteView, byteCount pathBytes: Int) throws(FormatError) -> [[String]] {
        let end = byteCount + pathBytes
        guard pathBytes <= DetailsPaths.bytesMax, view.count == (pathBytes == 0 ? end : end + 8) else {
            throw FormatError(
                .truncated, "store manifest: paths", offset: 12, expected: "\(view.count) bytes in all",
                found: "\(pathBytes) bytes of paths")
        }
        guard pathBytes > 0 else { return [] }
        try check(view, before: end)
        let read = try DetailsPaths.read(view.trusted(byteCount, pathBytes), origin: byteCount)
        guard read.end == pathBytes, let paths = read.paths else {
            throw FormatError(
                .invalid, "store manifest: paths", offset: byteCount, expected: "\(pathBytes) bytes of paths",
                found: "\(read.end)")
        }
        return paths
    }

    /// Throws unless the checksum at `end` is that of the bytes before it.
    private static func check(_ view: ByteView, before end: Int) throws(FormatError) {
        let stored = view.load(UInt64.self, at: end)
        let computed = Checksum.of(view.trusted(0, end))
        guard stored == computed else {
            throw FormatError(
                .checksum, "store manifest", offset: 0, expected: hex(stored), found: hex(computed))
        }
    }
}
