/// An event as it stands in a store: what was appended, and what the store added.
public struct RecordedEvent: Sendable, Equatable, Identifiable {
    /// The event. Its `id` is nil where the store made the id; its `timestamp` is always there.
    public let event: AuditEvent
    /// The event's position in the store: 0, 1, 2 …, never used again.
    public let sequence: UInt64
    /// When the store took it in, by the store's clock.
    public let recordedAt: Timestamp
    /// Whether the store itself wrote the event, to say something about itself (a gap, a recovery).
    public let isFromStore: Bool
    /// The chain hash before this event, as 64 lower-case hexadecimal digits, where it was asked for: hashes are
    /// computed when reading, not stored.
    public let previousHash: String?
    /// The chain hash of this event, which covers it and all before it; in the same form.
    public let eventHash: String?
    /// What goes into an id that the store makes; nil where the event came with an id, or its id was not read.
    private let storeTag: UInt64?

    /// The id that the event came with, or the one that the store made for it, which is put together at each call.
    /// Empty where events were read without their ids.
    public var id: String {
        if let id = event.id { return id }
        guard let storeTag else { return "" }
        return MintedID.text(
            recordedAt: recordedAt.nanosecondsSince1970, sequence: sequence, storeTag: storeTag)
    }

    /// The event that a record holds, at its place in a store.
    package init(_ record: RecordView, _ place: RecordPlace, _ fields: RecordFields = .all) {
        event = AuditEvent(record, fields)
        sequence = place.sequence
        recordedAt = Timestamp(nanosecondsSince1970: place.recordedAt)
        storeTag = event.id == nil && fields.contains(.id) ? place.storeTag : nil
        isFromStore = record.origin == .engine
        previousHash = place.previousHash.map(RecordedEvent.hex)
        eventHash = place.eventHash.map(RecordedEvent.hex)
    }

    /// An event at its place, without hashes. `storeTag` is nil where the event has an id.
    @inline(__always)
    init(
        event: consuming AuditEvent, sequence: UInt64, recordedAt: Int64, storeTag: UInt64?, isFromStore: Bool
    ) {
        self.event = event
        self.storeTag = storeTag
        self.sequence = sequence
        self.recordedAt = Timestamp(nanosecondsSince1970: recordedAt)
        self.isFromStore = isFromStore
        previousHash = nil
        eventHash = nil
    }

    private static func hex(_ hash: ByteView) -> String {
        var out = ByteWriter(capacity: 64)
        out.hex(hash)
        return out.view.string
    }
}
