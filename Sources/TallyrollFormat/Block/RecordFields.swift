/// Which fields of events are to be read. Type, time and place always are: no event is without them.
package struct RecordFields: Sendable, Equatable {
    /// One bit a text field, and two more.
    private var bits: UInt32

    private static let outcomeBit: UInt32 = 1 << 30
    private static let durationBit: UInt32 = 1 << 31

    /// Every field.
    package static let all = RecordFields(bits: .max)

    /// The fewest that make an event.
    package init() { bits = RecordFields.bit(.type) }

    private init(bits: UInt32) { self.bits = bits }

    private static func bit(_ field: StringField) -> UInt32 { 1 << UInt32(field.rawValue) }

    package mutating func insert(_ field: StringField) {
        bits |= RecordFields.bit(field)
        // The text is part of the outcome.
        if field == .error { hasOutcome = true }
    }

    package var hasOutcome: Bool {
        get { bits & RecordFields.outcomeBit != 0 }
        set { bits = newValue ? bits | RecordFields.outcomeBit : bits & ~RecordFields.outcomeBit }
    }

    package var hasDuration: Bool {
        get { bits & RecordFields.durationBit != 0 }
        set { bits = newValue ? bits | RecordFields.durationBit : bits & ~RecordFields.durationBit }
    }

    @inline(__always)
    package func contains(_ field: StringField) -> Bool { bits & RecordFields.bit(field) != 0 }

    func isSuperset(of other: RecordFields) -> Bool { bits & other.bits == other.bits }
    func union(_ other: RecordFields) -> RecordFields { RecordFields(bits: bits | other.bits) }
}
