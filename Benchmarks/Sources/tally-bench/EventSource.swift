import CZlib
import Foundation
import Tallyroll
import TallyrollFormat
import TallyrollWorkload

/// Events one after another, as values and as JSON lines, without ever holding all of them.
struct EventSource: ~Copyable {
    private enum Origin {
        case generator(WorkloadGenerator)
        case file(GzipLines)
    }

    private var origin: Origin
    private let shape: Shape?
    private var line: [UInt8] = []
    private var parser = EventJSONParser()
    private var record = ByteWriter(capacity: 64 << 10)
    private(set) var count = 0

    /// `count` generated events, bent to a shape if one is given.
    init(generated count: Int, seed: UInt64, shape: Shape? = nil) {
        origin = .generator(WorkloadGenerator(count: count, seed: seed))
        self.shape = shape
    }

    /// The events of a file of JSON lines, plain or gzip.
    init(file path: String) throws {
        origin = .file(try GzipLines(path))
        shape = nil
    }

    /// The next event, and its line with the newline; nil after the last.
    mutating func next() throws -> (event: AuditEvent, line: [UInt8])? {
        line.removeAll(keepingCapacity: true)
        switch origin {
        case .generator(var generator):
            let isThere = generator.next(into: &line)
            origin = .generator(generator)
            guard isThere else { return nil }
        case .file(let lines):
            guard try lines.next(into: &line) else { return nil }
        }
        var event = try parse(line)
        if let shape {
            shape.bend(&event, count)
            line = try EventSource.text(event)
        }
        count += 1
        return (event, line)
    }

    private mutating func parse(_ line: [UInt8]) throws -> AuditEvent {
        record.removeAll()
        _ = try line.withView { view in
            try parser.parse(view.trusted(0, view.count - 1), into: &record)
        }
        return AuditEvent(try RecordView(record.view))
    }

    /// An event as a JSON line.
    private static func text(_ event: AuditEvent) throws -> [UInt8] {
        var record = ByteWriter(capacity: 4096)
        _ = try event.encode(now: Timestamp(nanosecondsSince1970: 0), into: &record)
        var out = ByteWriter(capacity: 4096)
        try EventJSONWriter().write(
            try RecordView(record.view), RecordPlace(sequence: 0, recordedAt: 0, storeTag: 0), into: &out)
        var line = out.array
        line.append(UInt8(ascii: "\n"))
        return line
    }
}

/// Shapes of events that hurt some designs.
enum Shape: String, CaseIterable, Sendable {
    case distinctUsers = "distinct-users"
    case oneUser = "one-user"
    case hugeDetails = "huge-details"
    case noDetails = "no-details"
    case manyTypes = "many-types"
    case outOfOrder = "out-of-order"

    var title: String {
        switch self {
        case .distinctUsers: "every event of another user"
        case .oneUser: "all events of one user"
        case .hugeDetails: "16 KiB of details in every event"
        case .noDetails: "no details"
        case .manyTypes: "1,000 event types"
        case .outOfOrder: "times in random order over the whole span"
        }
    }

    func bend(_ event: inout AuditEvent, _ place: Int) {
        switch self {
        case .distinctUsers: event.user = "person\(place)@example.com"
        case .oneUser: event.user = "only@example.com"
        case .noDetails: event.details = nil
        case .manyTypes: event.type = EventType(rawValue: "type_\(Shape.mix(place) % 1000)")
        case .outOfOrder:
            let minutes = Int64(Shape.mix(place) % (24 * 60))
            event.timestamp?.nanosecondsSince1970 += minutes * 60_000_000_000
        case .hugeDetails:
            // Text that does not repeat within an event, as stack traces and prompts do not.
            var text = "{\"trace\":\""
            var state = place
            while text.utf8.count < 16 << 10 {
                state = Shape.mix(state)
                text += "frame \(state % 9973) at module\(state % 97).function\(state % 1009); "
            }
            event.details = JSONObject(trusted: text + "\"}")
        }
    }

    private static func mix(_ value: Int) -> Int {
        let product = UInt64(bitPattern: Int64(value)) &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678
        return Int((product ^ product >> 29) >> 3)
    }
}

/// Lines of a file, plain or gzip.
final class GzipLines {
    private let file: gzFile
    private var buffer = [UInt8](repeating: 0, count: 1 << 20)
    private var used = 0
    private var filled = 0

    init(_ path: String) throws {
        guard let file = gzopen(path, "rb") else { throw Failure("cannot read \(path)") }
        self.file = file
    }

    deinit { gzclose(file) }

    /// Appends the next line, with a newline; gives false at the end.
    func next(into line: inout [UInt8]) throws -> Bool {
        while true {
            if let end = buffer[used..<filled].firstIndex(of: UInt8(ascii: "\n")) {
                line += buffer[used...end]
                used = end + 1
                return true
            }
            line += buffer[used..<filled]
            used = 0
            let read = gzread(file, &buffer, UInt32(buffer.count))
            guard read >= 0 else { throw Failure("cannot unpack a corpus") }
            filled = Int(read)
            if filled == 0 {
                guard !line.isEmpty else { return false }
                line.append(UInt8(ascii: "\n"))
                return true
            }
        }
    }
}
