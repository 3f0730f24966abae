import TallyrollFormat

/// One event as a filter sees it. Who makes a row keeps the memory of its views alive while the row is used.
package protocol EventRow: ~Copyable {
    /// A text field, or nil when the event lacks it. For `.id` only an id from outside.
    func string(_ field: StringField) -> ByteView?
    var sequence: UInt64 { get }
    var timestamp: Int64 { get }
    var recordedAt: Int64 { get }
    var duration: Int64? { get }
    var outcome: OutcomeKind { get }
    /// Calls `body` with the id: the one from outside, else the minted one as text; nil when there is none any more.
    func withID<R>(_ body: (ByteView?) -> R) -> R
}

/// Memory that evaluation reuses from row to row: each thread has its own.
package struct QueryScratch: ~Copyable {
    var bytes: ByteWriter

    package init() {
        bytes = ByteWriter(capacity: 256)
    }
}
