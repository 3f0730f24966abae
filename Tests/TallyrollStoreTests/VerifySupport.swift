import TallyrollFormat
import TallyrollIntegrity
import TallyrollStore

/// A small store made without the engine: segments as bytes that a test may change, and a tail.
struct VerifyStore {
    var storeID: [UInt8]
    var files: [(name: String, bytes: [UInt8])] = []
    var tail: [StoreSnapshot.Tail] = []
    var endSequence: UInt64 = 0

    struct Shape {
        var blockSizes: [[Int]] = [[4, 3, 5]]
        var tailEvents = 0
        /// False leaves the last segment open.
        var sealsLast = true
        var storeByte: UInt8 = 7
        var indexes = SegmentIndexes.all
        var hasForeignIDs = true
        /// Events whose records are changed while the chain stays that of the unchanged ones.
        var forged: Set<UInt64> = []
        /// Forges with a chain that is right inside the block.
        var forgesChainOfBlock = false
        var codec: Codec = .deflate
        /// False leaves out the text that is another in every event.
        var hasMessages = true
    }

    /// One event as JSON; `mark` makes it another one.
    static func line(
        _ sequence: UInt64, foreignID: Bool, mark: String = "", hasMessage: Bool = true
    ) -> String {
        let message = hasMessage ? "\"message\":\"m\(mark)\(sequence)\"," : ""
        let users = ["ann", "bob", "eve"]
        let id = foreignID && sequence % 3 != 2 ? "\"id\":\"event-\(sequence * 7919)\"," : ""
        let result = sequence % 4 == 1 ? "{\"failure\":\"wrong password\"}" : "\"success\""
        return """
            {\(id)"timestamp":"2026-01-02T03:04:\(10 + sequence % 50).\(100 + sequence)Z","event_type":"type\(sequence % 2)",\
            "user_id":"\(users[Int(sequence % 3)])","action":"act","resource_type":"file","resource_id":"r\(sequence % 5)",\
            "result":\(result),"severity":"info","ip_address":"10.0.0.\(sequence % 3)",\
            \(message)"details":{"n":\(sequence),"s":"x\(sequence % 2)"}}
            """
    }

    init(_ shape: Shape = Shape()) throws {
        let id = (0..<16).map { shape.storeByte &+ UInt8($0) }
        storeID = id
        let storage = MemoryStorage()
        let encoder = BlockEncoder(codec: shape.codec, level: 1)
        var chain = ChainHasher(storeID: try required(Bytes16(id)))
        var frontier = Frontier()
        var sequence: UInt64 = 0
        var parser = EventJSONParser()
        func run(_ count: Int, chain: inout ChainHasher, parser: inout EventJSONParser) throws -> EventRun {
            let seed = (0..<16).map { UInt8(truncatingIfNeeded: Int(sequence) &* 31 &+ $0) }
            let run = EventRun(firstSequence: sequence, seed: seed, capacity: count, bytes: 1 << 16)
            var salts = SaltCursor(root: try required(Bytes16(seed)))
            var honest = chain
            for _ in 0..<count {
                let isForged = shape.forged.contains(sequence)
                var records: [ByteWriterBox] = []
                for mark in isForged ? ["", "!"] : [""] {
                    var out = ByteWriter()
                    let line = VerifyStore.line(
                        sequence, foreignID: shape.hasForeignIDs, mark: mark, hasMessage: shape.hasMessages)
                    _ = try line.withView { try parser.parse($0, into: &out) }
                    records.append(ByteWriterBox(out.array))
                }
                let recordedAt = 1_800_000_000_000_000_000 + Int64(sequence) * 1_000
                let salt = try required(salts.next())
                let hashes = try records.map { record in
                    try record.bytes.withView { view in
                        var link =
                            shape.forgesChainOfBlock && record.bytes == records.last?.bytes ? chain : honest
                        let parsed = try RecordView(view)
                        return link.append(
                            sequence: sequence, recordedAt: recordedAt, envelope: parsed.envelope.raw,
                            salt: salt,
                            personal: parsed.personal.raw)
                    }
                }
                let stored = shape.forgesChainOfBlock ? hashes[hashes.count - 1] : hashes[0]
                honest = ChainHasher(head: hashes[0])
                chain = ChainHasher(head: stored)
                records[records.count - 1].bytes.withView {
                    run.append($0, recordedAt: recordedAt, chainHash: stored)
                }
                sequence += 1
            }
            // The next block's events hash from the chain that was never forged.
            chain = shape.forgesChainOfBlock ? honest : chain
            return run
        }
        for (number, sizes) in shape.blockSizes.enumerated() {
            let header = SegmentHeader(
                storeID: id, number: UInt64(number + 1), epoch: 1, firstSequence: sequence, capacity: 1 << 20,
                created: 1, blockEvents: 16, chainBefore: chain.head.bytes,
                frontier: frontier.hashes.map(\.bytes),
                indexes: shape.indexes)
            let builder = try SegmentBuilder.create(header, in: storage, encoder: encoder)
            for size in sizes {
                let run = try run(size, chain: &chain, parser: &parser)
                var seeds: [UInt8] = []
                SeedSet(root: try required(Bytes16(run.seed))).encode(into: &seeds)
                _ = try builder.append(run.encoded(seeds))
                for row in 0..<run.count {
                    frontier.append(leafHash: MerkleTree.leafHash(run.chainHash(row)))
                }
            }
            if shape.sealsLast || number + 1 < shape.blockSizes.count { try builder.seal() }
            try builder.releaseReserved()
            files.append(
                (
                    SegmentName.of(UInt64(number + 1)),
                    try required(storage.get(SegmentName.of(UInt64(number + 1))))
                ))
        }
        if shape.tailEvents > 0 {
            let run = try run(shape.tailEvents, chain: &chain, parser: &parser)
            tail = [StoreSnapshot.Tail(run: run, count: run.count, start: 0)]
        }
        endSequence = sequence
    }

    func storage() throws -> MemoryStorage {
        let storage = MemoryStorage()
        for file in files { try storage.put(file.name, file.bytes) }
        return storage
    }

    func snapshot(_ storage: any Storage) throws -> StoreSnapshot {
        let cache = BlockCache(capacity: 1 << 20)
        let segments = try files.map { file in
            let reader = try SegmentReader(file.name, in: storage, cache: cache, mustBeSealed: true)
            return StoreSnapshot.Segment(reader: reader, entries: reader.entries)
        }
        return StoreSnapshot(storeID: storeID, segments: segments, tail: tail, endSequence: endSequence)
    }

    func verify(isQuick: Bool = false) throws -> VerificationReport {
        try Verifier(try snapshot(try storage()), options: VerificationOptions(isQuick: isQuick, threads: 1))
            .run()
    }

    /// The entries of a file, as its directory has them.
    func entries(_ file: Int) throws -> [BlockEntry] {
        try SegmentReader(files[file].name, in: try storage(), cache: BlockCache(capacity: 0)).entries
    }
}

/// An array in a struct of its own, so that a list of them can be put together.
struct ByteWriterBox {
    var bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }
}

struct MissingValue: Error {}

func required<T>(_ value: T?) throws -> T {
    guard let value else { throw MissingValue() }
    return value
}

extension Digest {
    var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}

/// A storage of one file whose bytes are shared, with one bit changed: cheap enough to make one for every bit.
final class FlippedStorage: Storage {
    private let name: String
    private let bytes: [UInt8]
    private let flipped: Int
    private let mask: UInt8

    init(_ name: String, _ bytes: [UInt8], flipping bit: Int) {
        self.name = name
        self.bytes = bytes
        flipped = bit >> 3
        mask = 1 << UInt8(bit & 7)
    }

    func open(_ path: String, mode: OpenMode) throws(StorageError) -> any StorageFile {
        FlippedFile(path, bytes, flipped, mask)
    }

    func createDirectory(_ path: String) throws(StorageError) {
        throw StorageError(.createDirectory, path, .readOnly)
    }
    func list(_ directory: String) throws(StorageError) -> [String] { [name] }
    func exists(_ path: String) throws(StorageError) -> Bool { path == name }
    func remove(_ path: String) throws(StorageError) { throw StorageError(.remove, path, .readOnly) }
    func rename(_ source: String, to destination: String) throws(StorageError) {
        throw StorageError(.rename, source, .readOnly)
    }
    func syncDirectory(_ path: String) throws(StorageError) {}
    func lockExclusively(_ path: String) throws(StorageError) -> any StorageLock {
        throw StorageError(.lock, path, .readOnly)
    }
    func freeBytes() throws(StorageError) -> Int { 0 }
}

private final class FlippedFile: StorageFile {
    private let path: String
    private let bytes: [UInt8]
    private let flipped: Int
    private let mask: UInt8

    init(_ path: String, _ bytes: [UInt8], _ flipped: Int, _ mask: UInt8) {
        self.path = path
        self.bytes = bytes
        self.flipped = flipped
        self.mask = mask
    }

    func size() throws(StorageError) -> Int { bytes.count }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
        let count = max(0, min(buffer.count, bytes.count - offset))
        bytes.withUnsafeBytes { source in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[offset..<offset + count]))
        }
        if flipped >= offset, flipped < offset + count { buffer[flipped - offset] ^= mask }
        return count
    }

    func write(at offset: Int, _ views: [ByteView]) throws(StorageError) {
        throw StorageError(.write, path, .readOnly)
    }
    func sync() throws(StorageError) {}
    func syncAll() throws(StorageError) {}
    func truncate(to size: Int) throws(StorageError) { throw StorageError(.truncate, path, .readOnly) }
    func preallocate(to size: Int) throws(StorageError) { throw StorageError(.truncate, path, .readOnly) }
    func close() throws(StorageError) {}
}
