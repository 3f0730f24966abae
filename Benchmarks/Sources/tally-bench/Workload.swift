import CZlib
import Foundation
import Tallyroll
import TallyrollFormat
import TallyrollWorkload

/// The events that every contestant gets, prepared before any clock starts: as JSON lines and as values.
final class Workload: Sendable {
    let name: String
    /// JSON lines, each with its newline.
    let text: [UInt8]
    /// Where each line begins, and the end.
    let offsets: [Int]
    let events: [AuditEvent]

    var count: Int { events.count }
    var bytesPerEvent: Double { Double(text.count) / Double(max(count, 1)) }

    private init(name: String, text: [UInt8], limit: Int?) throws {
        self.name = name
        self.text = text
        var offsets = [0]
        var events: [AuditEvent] = []
        var parser = EventJSONParser()
        var record = ByteWriter(capacity: 64 << 10)
        try text.withUnsafeBytes { buffer in
            let view = ByteView(buffer)
            while let start = offsets.last, start < view.count, events.count < limit ?? Int.max {
                let end = buffer[start...].firstIndex(of: UInt8(ascii: "\n")) ?? view.count
                record.removeAll()
                _ = try parser.parse(view.trusted(start, end - start), into: &record)
                events.append(AuditEvent(try RecordView(record.view)))
                offsets.append(min(end + 1, view.count))
            }
        }
        self.offsets = offsets
        self.events = events
    }

    /// `count` generated events, the same for the same seed.
    static func generated(_ count: Int, seed: UInt64) throws -> Workload {
        var generator = WorkloadGenerator(count: count, seed: seed)
        var text: [UInt8] = []
        text.reserveCapacity(count * 560)
        while generator.next(into: &text) {}
        return try Workload(name: "\(count) generated events, seed \(seed)", text: text, limit: nil)
    }

    /// The events of a file of JSON lines, plain or gzip.
    static func file(_ path: String, limit: Int?) throws -> Workload {
        guard let file = gzopen(path, "rb") else { throw Failure("cannot read \(path)") }
        defer { gzclose(file) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let read = gzread(file, &buffer, UInt32(buffer.count))
            guard read >= 0 else { throw Failure("cannot unpack \(path)") }
            if read == 0 { break }
            text += buffer[..<Int(read)]
        }
        if let last = text.last, last != UInt8(ascii: "\n") { text.append(UInt8(ascii: "\n")) }
        let name = URL(fileURLWithPath: path).lastPathComponent
        return try Workload(name: name, text: text, limit: limit)
    }

    /// Calls `body` with the bytes of the lines in a range.
    func withLines<R>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try text.withUnsafeBytes { buffer in
            try body(
                UnsafeRawBufferPointer(
                    rebasing: buffer[offsets[range.lowerBound]..<offsets[range.upperBound]]))
        }
    }

    /// The events in runs of at most `size`.
    func batches(of size: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }
}

/// A benchmark that cannot go on, and why.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Empty directories for one measurement each.
struct Workspace: Sendable {
    let root: String

    init(_ parent: String) throws {
        root = "\(parent)/tally-bench-\(getpid())"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { "\(root)/\(name)" }

    /// A name under which there is nothing.
    func fresh(_ name: String) throws -> String {
        let path = path(name)
        if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
        return path
    }

    func remove() { try? FileManager.default.removeItem(atPath: root) }

    /// The files below a directory, with their sizes.
    static func files(_ directory: String) -> [(path: String, bytes: Int)] {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: directory)) ?? []
        return names.sorted().compactMap { name in
            let path = "\(directory)/\(name)"
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            return (path, Int(status.st_size))
        }
    }

    /// Takes the files below a directory out of the system's cache, as after a restart of the machine.
    static func evict(_ directory: String) {
        #if canImport(Glibc) || canImport(Musl)
            for file in files(directory) {
                let descriptor = open(file.path, O_RDONLY)
                guard descriptor >= 0 else { continue }
                fdatasync(descriptor)
                posix_fadvise(descriptor, 0, 0, Int32(POSIX_FADV_DONTNEED))
                close(descriptor)
            }
        #endif
    }
}
