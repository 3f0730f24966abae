import TallyrollFormat

/// A place in the results of a query, to go on from: a short text without meaning to anyone else.
///
/// It holds the place of the last event that was given, and the end of the log and the time when the query began, so
/// that the pages that follow neither repeat nor skip an event, whatever is appended meanwhile, and after a restart.
public struct QueryCursor: Sendable, Hashable, CustomStringConvertible {
    /// The order of the query.
    public let order: QueryOrder
    /// The event given last.
    let timestamp: Int64
    let sequence: UInt64
    /// The sequence after the last event that the query sees.
    let endSequence: UInt64
    /// The moment that `now` stands for.
    let now: Int64
    /// What the query asked for, so that a cursor does not end up in another query.
    let fingerprint: UInt32

    init(
        order: QueryOrder, timestamp: Int64, sequence: UInt64, endSequence: UInt64, now: Int64,
        fingerprint: UInt32
    ) {
        self.order = order
        self.timestamp = timestamp
        self.sequence = sequence
        self.endSequence = endSequence
        self.now = now
        self.fingerprint = fingerprint
    }

    /// The place of one event in the order of a query.
    package struct Place: Sendable, Equatable {
        let timestamp: Int64
        let sequence: UInt64

        /// The place of an event that a query gave.
        package init(_ event: RecordedEvent) {
            timestamp = event.event.timestamp?.nanosecondsSince1970 ?? 0
            sequence = event.sequence
        }
    }

    /// The same query's cursor at another event that it gave.
    package func moved(to place: Place) -> QueryCursor {
        QueryCursor(
            order: order, timestamp: place.timestamp, sequence: place.sequence, endSequence: endSequence,
            now: now, fingerprint: fingerprint)
    }

    /// Reads the text of a cursor.
    public init(_ text: String) throws(QueryCursorError) {
        guard let bytes = Base64Text.decode(text), bytes.count == QueryCursor.byteCount else {
            throw QueryCursorError(.malformed)
        }
        let read = bytes.withView { view -> (UInt8, UInt8, Int64, UInt64, UInt64, Int64, UInt32)? in
            let sum = UInt32(truncatingIfNeeded: Checksum.of(view.trusted(0, view.count - 4)))
            guard view.load(UInt32.self, at: view.count - 4) == sum else { return nil }
            return (
                view[0], view[1], view.load(Int64.self, at: 2), view.load(UInt64.self, at: 10),
                view.load(UInt64.self, at: 18), view.load(Int64.self, at: 26), view.load(UInt32.self, at: 34)
            )
        }
        guard let parsed = read else { throw QueryCursorError(.malformed) }
        guard parsed.0 == QueryCursor.version, parsed.1 <= 1 else { throw QueryCursorError(.otherVersion) }
        self.init(
            order: parsed.1 == 0 ? .newest : .oldest, timestamp: parsed.2, sequence: parsed.3,
            endSequence: parsed.4, now: parsed.5, fingerprint: parsed.6)
    }

    private static let version: UInt8 = 1
    private static let byteCount = 42

    /// The text of the cursor: letters, digits, `-` and `_`.
    public var description: String {
        var out = ByteWriter(capacity: 64)
        out.u8(QueryCursor.version)
        out.u8(order == .newest ? 0 : 1)
        out.i64(timestamp)
        out.u64(sequence)
        out.u64(endSequence)
        out.i64(now)
        out.u32(fingerprint)
        out.u32(UInt32(truncatingIfNeeded: Checksum.of(out.view)))
        return Base64Text.encode(out.array)
    }

    /// What stands for a filter in a cursor.
    static func fingerprint(_ filter: Filter) -> UInt32 {
        filter.description.withView { UInt32(truncatingIfNeeded: Checksum.of($0)) }
    }
}

/// A cursor that cannot be gone on from.
public struct QueryCursorError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The ways in which a cursor can be wrong.
    public enum Kind: String, Sendable {
        /// It is not the text of a cursor, or not all of it.
        case malformed
        /// It was made by another version.
        case otherVersion
        /// It belongs to a query with another filter or order.
        case otherQuery
        /// It names events that this store never had.
        case otherStore
    }

    /// The way in which it is wrong.
    public let kind: Kind

    init(_ kind: Kind) { self.kind = kind }

    /// One line that says what is wrong and what to do.
    public var description: String {
        switch kind {
        case .malformed: "the cursor is not one: pass it on exactly as it was given, or start without one"
        case .otherVersion: "the cursor was made by another version: start the query again without one"
        case .otherQuery:
            "the cursor belongs to another query: use the same expression and order, or start without one"
        case .otherStore: "the cursor belongs to another store: start the query again without one"
        }
    }
}

/// Bytes as text that passes unharmed through URLs and shells: RFC 4648 section 5 without padding.
enum Base64Text {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(alphabet[Int(pending >> bits & 63)])
            }
        }
        if bits > 0 { text.append(alphabet[Int(pending << (6 - bits) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    static func decode(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= 128, text.utf8.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        for character in text.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            pending = pending << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: pending >> bits))
            }
            pending &= 1 << bits - 1
        }
        return pending == 0 ? bytes : nil
    }
}
