import TallyrollFormat

/// The file `STORE`: who the store is and the options fixed at its creation. Written once.
///
/// ```
///   0  8  magic "TALLYSTO"     8  4  format version: 1     12  4  zero
///  16 16  store id            32  8  segment bytes         40  4  block events   44  4  zero
///  48  8  time of creation, ns
///  56  8  checksum of bytes 0 to 55
/// ```
package struct StoreManifest: Equatable, Sendable {
    package static let fileName = "STORE"
    static let byteCount = 64
    private static let magic: [UInt8] = Array("TALLYSTO".utf8)

    package var storeID: [UInt8]
    package var segmentBytes: Int
    package var blockEvents: Int
    package var created: Int64

    /// The first 8 bytes of the store id.
    package var storeTag: UInt64 { storeID.withView { $0.load(UInt64.self, at: 0) } }

    /// Creates a manifest with a new store id, durable before this returns.
    static func create(
        in storage: any Storage, options: StoreOptions, time: any TimeSource, entropy: any EntropySource
    ) throws -> StoreManifest {
        let manifest = StoreManifest(
            storeID: entropy.bytes(16), segmentBytes: options.segmentBytes, blockEvents: options.blockEvents,
            created: time.nowNanoseconds())
        let temporary = fileName + ".new"
        let file = try storage.open(temporary, mode: .create(exclusive: false))
        try file.truncate(to: 0)
        var bytes = ByteWriter(capacity: byteCount)
        manifest.write(into: &bytes)
        try file.write(at: 0, bytes.view)
        try file.syncAll()
        try file.close()
        try storage.rename(temporary, to: fileName)
        try storage.syncDirectory("")
        return manifest
    }

    package static func load(from storage: any Storage) throws -> StoreManifest {
        let file = try storage.open(fileName, mode: .read)
        let bytes = try file.bytes(at: 0, byteCount, what: "store manifest")
        defer { withExtendedLifetime(bytes) {} }
        try file.close()
        return try StoreManifest(bytes.view)
    }

    private init(storeID: [UInt8], segmentBytes: Int, blockEvents: Int, created: Int64) {
        self.storeID = storeID
        self.segmentBytes = segmentBytes
        self.blockEvents = blockEvents
        self.created = created
    }

    private func write(into out: inout ByteWriter) {
        out.bytes(StoreManifest.magic)
        out.u32(1)
        out.u32(0)
        out.bytes(storeID)
        out.u64(UInt64(segmentBytes))
        out.u32(UInt32(blockEvents))
        out.u32(0)
        out.i64(created)
        out.u64(Checksum.of(out.view))
    }

    init(_ view: ByteView) throws(FormatError) {
        var reader = ByteReader(view, what: "store manifest")
        let magic = try reader.bytes(8)
        guard magic.raw.elementsEqual(StoreManifest.magic) else {
            throw FormatError(
                .invalid, "store manifest: magic", offset: 0, expected: "TALLYSTO", found: magic.printable)
        }
        guard view.count == StoreManifest.byteCount else {
            throw FormatError(
                .truncated, "store manifest", offset: 0, expected: "\(StoreManifest.byteCount) bytes",
                found: "\(view.count)")
        }
        let stored = view.load(UInt64.self, at: 56)
        let computed = Checksum.of(view.trusted(0, 56))
        guard stored == computed else {
            throw FormatError(
                .checksum, "store manifest", offset: 0, expected: hex(stored), found: hex(computed))
        }
        let version = try reader.u32()
        guard version == 1 else {
            throw FormatError(
                .unsupported, "store manifest: version", offset: 8, expected: "1", found: "\(version)")
        }
        try reader.skip(4)
        storeID = try reader.bytes(16).array
        segmentBytes = Int(clamping: try reader.u64())
        blockEvents = Int(try reader.u32())
        try reader.skip(4)
        created = try reader.i64()
        guard segmentBytes >= Limits.minimumSegmentBytes, segmentBytes <= Limits.maximumSegmentBytes,
            blockEvents >= Limits.minimumBlockEvents, blockEvents <= Limits.blockEvents
        else {
            throw reader.invalid(
                "layout", expected: "sizes in range", found: "\(segmentBytes), \(blockEvents)")
        }
    }
}
