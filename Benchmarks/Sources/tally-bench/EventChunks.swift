import Tallyroll
import TallyrollFormat

/// Prepared JSON lines as bytes, with the place of each line.
struct LineChunk: Sendable {
    let text: [UInt8]
    /// Where each line begins, and the end.
    let offsets: [Int]

    var count: Int { offsets.count - 1 }

    init(_ text: [UInt8]) {
        self.text = text
        var offsets = [0]
        text.withUnsafeBufferPointer { buffer in
            for place in buffer.indices where buffer[place] == UInt8(ascii: "\n") {
                offsets.append(place + 1)
            }
        }
        self.offsets = offsets
    }

    /// The events as values.
    func events() throws -> [AuditEvent] {
        var parser = EventJSONParser()
        var record = ByteWriter(capacity: 64 << 10)
        var events: [AuditEvent] = []
        events.reserveCapacity(count)
        try text.withView { view in
            for index in 0..<count {
                record.removeAll()
                let line = view.trusted(offsets[index], offsets[index + 1] - offsets[index] - 1)
                _ = try parser.parse(line, into: &record)
                events.append(AuditEvent(try RecordView(record.view)))
            }
        }
        return events
    }
}

/// A limit on how long a load may take. A contestant that is slower than that is measured on the first events, which
/// flatters it, since stores get slower as they grow.
struct TimeLimit: Sendable {
    var seconds: Double?

    func isOver(_ used: Double) -> Bool { seconds.map { used >= $0 } ?? false }
}
