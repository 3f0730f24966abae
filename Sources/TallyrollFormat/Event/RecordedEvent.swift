/// An event as it stands in a store: what was appended, and what the store added.
public struct RecordedEvent: Sendable, Equatable, Identifiable {
    /// The event. Its `id` is nil where the store made the id; its `timestamp` is always there.
    public let event: AuditEvent
    /// The event's position in the store: 0, 1, 2 …, never used again.
    public let sequence: UInt64
    /// When the store took it in, by the store's clock.
    public let recordedAt: Timestamp
    /// The id that the event came with, or the one that the store made for it.
    public let id: String
    /// Whether the store itself wrote the event, to say something about itself (a gap, a recovery).
    public let isFromStore: Bool
    /// The chain hash before this event, as 64 lower-case hexadecimal digits, where it was asked for: hashes are
    /// computed when reading, not stored.
    public let previousHash: String?
    /// The chain hash of this event, which covers it and all before it; in the same form.
    public let eventHash: String?

    /// The event that a record holds, at its place in a store.
    package init(_ record: RecordView, _ place: RecordPlace) {
        event = AuditEvent(record)
        sequence = place.sequence
        recordedAt = Timestamp(nanosecondsSince1970: place.recordedAt)
        if let id = event.id {
            self.id = id
        } else {
            id = MintedID.text(
                recordedAt: place.recordedAt, sequence: place.sequence, storeTag: place.storeTag)
        }
        isFromStore = record.origin == .engine
        previousHash = place.previousHash.map(RecordedEvent.hex)
        eventHash = place.eventHash.map(RecordedEvent.hex)
    }

    private static func hex(_ hash: ByteView) -> String {
        var out = ByteWriter(capacity: 64)
        out.hex(hash)
        return out.view.string
    }
}
