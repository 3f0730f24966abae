import Foundation

/// Events written once, before any clock starts, in the forms that the contestants read, and what they are asked.
///
/// | file | holds |
/// |---|---|
/// | `events.jsonl` | JSON lines: Tallyroll, the plain files, NATS |
/// | `events.rows` | one binary row an event (see `RowWriter`): SQLite, RocksDB |
/// | `events.csv` | RFC 4180, absent values unquoted and empty: DuckDB, ClickHouse and PostgreSQL make their own form of it |
/// | `*.offsets` | where every thousandth event begins in the file, and the end, as 64-bit little-endian numbers |
/// | `manifest.json` | `Manifest` |
struct Prepared: Sendable {
    let directory: String
    let manifest: Manifest

    /// Offsets are kept for every event whose place is a multiple of this.
    static let stride = 1000

    init(_ directory: String) throws {
        self.directory = directory
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/manifest.json"))
        manifest = try JSONDecoder().decode(Manifest.self, from: data)
    }

    func file(_ form: String) throws -> ChunkedFile {
        try ChunkedFile("\(directory)/events.\(form)", events: manifest.events)
    }
}

/// What the prepared events are, and the fixed set of questions with its parameters.
struct Manifest: Codable, Sendable {
    var workload: String
    /// A sentence for the report.
    var title: String
    var events: Int
    var jsonBytes: Int
    var questions: [Question]
    /// What the questions name, for the report.
    var subjects: [String]
}

/// One question of the fixed set. Which parameters it has follows from its kind.
struct Question: Codable, Sendable {
    enum Kind: String, Codable, Sendable {
        /// The newest `limit` events of `user`.
        case latest
        /// The events of `user` from `from` until before `to`, counted by type.
        case userTypes
        /// The failed events of `type` from `from` until before `to`, newest first.
        case failures
        /// The newest `limit` events of a resource.
        case resource
        /// The event with an id; each asking takes the next of `ids`.
        case id
        /// All events, counted by type.
        case types
        /// All events, counted by minute.
        case minutes
        /// How many events hold `text` in message, error or details.
        case text
        /// The newest `limit` failed events of `user` and `type`.
        case rare
        /// The `limit` users with the most events from `from` until before `to`.
        case top
        /// All events of `session`, newest first.
        case session
        /// How many events have `value` at the key `key` of details.
        case path
    }

    var name: String
    var label: String
    var kind: Kind
    var user: String?
    var type: String?
    var resourceType: String?
    var resourceID: String?
    var session: String?
    var text: String?
    var key: String?
    var value: String?
    var ids: [String]?
    var from: Int64?
    var to: Int64?
    var limit: Int?

    init(_ name: String, _ label: String, _ kind: Kind) {
        self.name = name
        self.label = label
        self.kind = kind
    }
}

/// What a question's answer came to, so that contestants can be compared: rows and the sum of their times modulo
/// `modulus`, or groups and the sum of their squared counts, or a count and zero. Rows with equal times may stand in
/// any order without changing it.
struct Answer: Codable, Equatable, Sendable {
    var rows = 0
    var check: Int64 = 0

    static let modulus: Int64 = 1_000_003

    mutating func add(time: Int64) {
        rows += 1
        check += time % Answer.modulus
    }

    mutating func add(group count: Int) {
        rows += 1
        check += Int64(count) * Int64(count)
    }
}

/// A prepared file that can be read from every thousandth event.
final class ChunkedFile {
    let events: Int
    private let descriptor: Int32
    private let offsets: [UInt64]

    init(_ path: String, events: Int) throws {
        self.events = events
        descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { throw Failure("cannot read \(path)") }
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(path).offsets"))
        offsets = data.withUnsafeBytes { raw in
            (0..<raw.count / 8).map {
                UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self))
            }
        }
        guard offsets.count == (events + Prepared.stride - 1) / Prepared.stride + 1 else {
            throw Failure("\(path).offsets does not fit \(events) events")
        }
    }

    deinit { close(descriptor) }

    /// The events in runs of at most `size`, a multiple of a thousand.
    func chunks(of size: Int) -> [Range<Int>] {
        stride(from: 0, to: events, by: size).map { $0..<min($0 + size, events) }
    }

    /// The bytes of events; the range begins at a multiple of a thousand and ends at one, or at the end.
    func read(_ range: Range<Int>) throws -> [UInt8] {
        let start = offsets[range.lowerBound / Prepared.stride]
        let end = offsets[(range.upperBound + Prepared.stride - 1) / Prepared.stride]
        let count = Int(end - start)
        return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, let base = buffer.baseAddress {
                let got = pread(descriptor, base + filled, count - filled, off_t(start) + off_t(filled))
                guard got > 0 else { throw Failure("a prepared file is cut off") }
                filled += got
            }
        }
    }
}

/// A benchmark that cannot go on, and why.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Directories for what contestants write.
enum Workspace {
    /// A name under which there is nothing.
    static func fresh(_ directory: String, _ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let path = "\(directory)/\(name)"
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.removeItem(atPath: path + suffix)
        }
        return path
    }

    /// The files below a directory, with their sizes.
    static func files(_ directory: String) -> [(path: String, bytes: Int)] {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: directory)) ?? []
        return names.sorted().compactMap { name in
            let path = "\(directory)/\(name)"
            return bytes(ofFile: path).map { (path, $0) }
        }
    }

    static func bytes(ofFile path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// Takes files out of the system's cache, as after a restart of the machine.
    static func evict(_ paths: [String]) {
        #if canImport(Glibc) || canImport(Musl)
            for path in paths {
                let descriptor = open(path, O_RDONLY)
                guard descriptor >= 0 else { continue }
                fdatasync(descriptor)
                posix_fadvise(descriptor, 0, 0, Int32(POSIX_FADV_DONTNEED))
                close(descriptor)
            }
        #endif
    }

    /// Reads files, so that the system's cache holds them: questions are asked warm.
    static func warm(_ paths: [String]) {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        for path in paths {
            let descriptor = open(path, O_RDONLY)
            guard descriptor >= 0 else { continue }
            while read(descriptor, &buffer, buffer.count) > 0 {}
            close(descriptor)
        }
    }
}
