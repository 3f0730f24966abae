/// When an append is acknowledged.
public enum Durability: Int, Sendable, CaseIterable, Comparable {
    /// When it has its place in the chain; a crash of the process may lose it.
    case memory = 1
    /// When it was written to the file; a crash of the process cannot lose it, a crash of the system may.
    case os = 2
    /// When it was synced; it survives power loss on storage that honours flush. The default.
    case disk = 3

    /// Stronger promises are greater.
    public static func < (left: Durability, right: Durability) -> Bool { left.rawValue < right.rawValue }
}

/// What an append gives back: where the events stand, and what is promised about them.
public struct AppendReceipt: Sendable, Equatable {
    /// The sequence of the first event appended.
    public let firstSequence: UInt64
    /// How many were appended.
    public let count: Int
    /// When the store recorded them, ns since 1970 UTC.
    public let recordedAt: Int64
    /// The durability that was met when the append was acknowledged; never less than was asked for.
    public let durability: Durability
    /// The store's tag, which minted ids carry.
    package let storeTag: UInt64

    package init(
        firstSequence: UInt64, count: Int, recordedAt: Int64, durability: Durability, storeTag: UInt64
    ) {
        self.firstSequence = firstSequence
        self.count = count
        self.recordedAt = recordedAt
        self.durability = durability
        self.storeTag = storeTag
    }

    /// The sequences of the events appended.
    public var sequences: Range<UInt64> { firstSequence..<firstSequence + UInt64(count) }
}

/// What happens to an append while the queue is full.
public enum BackPressure: Sendable, Equatable {
    /// The caller waits.
    case wait
    /// The caller waits so long, then the append fails.
    case timeout(Duration)
    /// The append is dropped at once, and a gap record says so in the log.
    case drop
}
