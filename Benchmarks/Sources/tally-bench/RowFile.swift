import Tallyroll

/// An event as a binary row, for contestants that bind values one by one:
///
/// `u32 bytes that follow · i64 sequence · i64 time · i64 duration (its least value: none) · u8 result (0 none, 1 success,
/// 2 failure, 3 denied) · 17 texts, each u32 length (its greatest value: none) and UTF-8`, all little-endian.
/// The texts are those of `RowWriter.texts`, in that order.
struct RowWriter {
    private(set) var bytes: [UInt8] = []
    static let fixed = 4 + 8 + 8 + 8 + 1
    static let none = UInt32.max

    static let texts = [
        "id", "type", "severity", "user_id", "action", "resource_type", "resource_id", "error", "component",
        "message", "ip", "agent", "request", "session", "correlation", "details", "extra",
    ]

    static func texts(of event: AuditEvent) -> [String?] {
        [
            event.id, event.type.rawValue, event.severity?.rawValue, event.user, event.action,
            event.resource.type, event.resource.id, event.outcome?.text, event.component, event.message,
            event.ip, event.userAgent, event.requestID, event.sessionID, event.correlationID,
            event.details?.text, event.extra?.text,
        ]
    }

    static func result(of event: AuditEvent) -> UInt8 {
        switch event.outcome {
        case nil: 0
        case .success: 1
        case .failure: 2
        case .denied: 3
        }
    }

    static func nanoseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
    }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    mutating func append(_ event: AuditEvent, sequence: Int) {
        let start = bytes.count
        append(UInt32(0))
        append(UInt64(bitPattern: Int64(sequence)))
        append(UInt64(bitPattern: event.timestamp?.nanosecondsSince1970 ?? 0))
        append(UInt64(bitPattern: event.duration.map(RowWriter.nanoseconds) ?? .min))
        bytes.append(RowWriter.result(of: event))
        for text in RowWriter.texts(of: event) {
            guard let text else {
                append(RowWriter.none)
                continue
            }
            append(UInt32(text.utf8.count))
            bytes.append(contentsOf: text.utf8)
        }
        let length = UInt32(bytes.count - start - 4).littleEndian
        withUnsafeBytes(of: length) { source in
            bytes.withUnsafeMutableBytes { $0[start..<start + 4].copyBytes(from: source) }
        }
    }

    private mutating func append<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}

/// The same event as a line of comma-separated values.
struct CSVWriter {
    private(set) var bytes: [UInt8] = []
    /// The columns, as every table calls them.
    static let columns = [
        "sequence", "id", "time", "type", "severity", "user_id", "action", "resource_type", "resource_id",
        "result", "error", "component", "message", "ip", "agent", "request", "session", "correlation",
        "duration", "details", "extra",
    ]

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    mutating func append(_ event: AuditEvent, sequence: Int) {
        let texts = RowWriter.texts(of: event)
        number(Int64(sequence))
        text(texts[0])
        number(event.timestamp?.nanosecondsSince1970 ?? 0)
        for place in 1...6 { text(texts[place]) }
        let result = RowWriter.result(of: event)
        number(result == 0 ? nil : Int64(result))
        for place in 7...14 { text(texts[place]) }
        number(event.duration.map(RowWriter.nanoseconds))
        text(texts[15])
        text(texts[16])
        bytes[bytes.count - 1] = UInt8(ascii: "\n")
    }

    private mutating func number(_ value: Int64?) {
        if let value { bytes.append(contentsOf: String(value).utf8) }
        bytes.append(UInt8(ascii: ","))
    }

    private mutating func text(_ value: String?) {
        if let value {
            let quote = UInt8(ascii: "\"")
            bytes.append(quote)
            for byte in value.utf8 {
                if byte == quote { bytes.append(quote) }
                bytes.append(byte)
            }
            bytes.append(quote)
        }
        bytes.append(UInt8(ascii: ","))
    }
}
