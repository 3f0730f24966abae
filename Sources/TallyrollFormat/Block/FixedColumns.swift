/// The columns of a block that hold numbers and small enumerations.
struct FixedColumns: ~Copyable {
    enum Column: CaseIterable {
        case timestamp, recordedAt, timeDigits, timeZone, duration, outcome, origin

        var id: ColumnID {
            switch self {
            case .timestamp: .timestamp
            case .recordedAt: .recordedAt
            case .timeDigits: .timeDigits
            case .timeZone: .timeZone
            case .duration: .duration
            case .outcome: .outcome
            case .origin: .origin
            }
        }
    }

    private var timestamps = PlainList<Int64>()
    private var recorded = PlainList<Int64>()
    private var digits = PlainList<Int64>()
    private var zones = PlainList<Int64>()
    private var outcomes = PlainList<Int64>()
    private var origins = PlainList<Int64>()
    private var durations = PlainList<Int64>()
    private var hasDuration = PlainList<Bool>()
    private var digitsAreShortest = true

    /// Valid until the next change.
    var outcomeValues: UnsafeBufferPointer<Int64> { outcomes.elements }
    var timeRange: ClosedRange<Int64> { FixedColumns.range(timestamps.elements) }
    var recordedRange: ClosedRange<Int64> { FixedColumns.range(recorded.elements) }

    private static func range(_ values: UnsafeBufferPointer<Int64>) -> ClosedRange<Int64> {
        guard let range = values.minAndMax() else { return 0...0 }
        return range.min...range.max
    }

    mutating func removeAll() {
        timestamps.removeAll()
        recorded.removeAll()
        digits.removeAll()
        zones.removeAll()
        outcomes.removeAll()
        origins.removeAll()
        durations.removeAll()
        hasDuration.removeAll()
        digitsAreShortest = true
    }

    @inline(__always)
    mutating func append(
        timestamp: Int64, digits: UInt8, zone: Int16, outcome: UInt8, origin: UInt8, duration: Int64?
    ) {
        timestamps.append(timestamp)
        self.digits.append(Int64(digits))
        if digitsAreShortest, digits != TimeNotation.shortestDigits(timestamp) { digitsAreShortest = false }
        zones.append(Int64(zone))
        outcomes.append(Int64(outcome))
        origins.append(Int64(origin))
        hasDuration.append(duration != nil)
        if let duration { durations.append(duration) }
    }

    @inline(__always)
    mutating func appendRecorded(_ time: Int64) { recorded.append(time) }

    func write(_ column: Column, with encoder: inout IntegerColumnEncoder, into out: inout ByteWriter) {
        switch column {
        case .timestamp: encoder.encode(timestamps.elements, into: &out)
        case .recordedAt: encoder.encode(recorded.elements, into: &out)
        case .timeZone: encoder.encode(zones.elements, into: &out)
        case .outcome: encoder.encode(outcomes.elements, into: &out)
        case .origin: encoder.encode(origins.elements, into: &out)
        case .timeDigits:
            let digits = digits.elements
            let uniform = digits.allSatisfy { $0 == digits.first }
            out.u8(digitsAreShortest && !uniform ? TimeDigits.shortest : TimeDigits.stored)
            if uniform || !digitsAreShortest { encoder.encode(digits, into: &out) }
        case .duration:
            OptionalIntegers.write(
                durations.elements, presence: hasDuration.elements, with: &encoder, into: &out)
        }
    }
}

/// How the fraction digits of a block's timestamps are stored: `u8 form · [integer column]`.
enum TimeDigits {
    /// An integer column follows.
    static let stored: UInt8 = 1
    /// Every timestamp was written with the fewest digits that lose nothing.
    static let shortest: UInt8 = 2
}

/// Integers that may be absent: `u8 form (1 none, 2 all, 3 some) · [presence bitmap] · [integer column]`.
package struct OptionalIntegers: Sendable {
    private let values: [Int64]
    private let presence: PresenceMap?

    static func write(
        _ values: UnsafeBufferPointer<Int64>, presence: UnsafeBufferPointer<Bool>,
        with encoder: inout IntegerColumnEncoder, into out: inout ByteWriter
    ) {
        if values.isEmpty {
            out.u8(1)
            return
        }
        out.u8(values.count == presence.count ? 2 : 3)
        if values.count != presence.count {
            var bytes = [UInt8](repeating: 0, count: (presence.count + 7) / 8)
            for index in presence.indices where presence[index] { bytes[index >> 3] |= 1 << UInt8(index & 7) }
            out.bytes(bytes)
        }
        encoder.encode(values, into: &out)
    }

    private let owner: Bytes
    /// True when no event has a value.
    let isNone: Bool

    init(_ owner: Bytes, count: Int) throws(FormatError) {
        self.owner = owner
        var reader = ByteReader(owner.view, what: "optional integers")
        let form = try reader.u8()
        guard form >= 1, form <= 3 else {
            throw reader.invalid("form", expected: "1 to 3", found: "\(form)")
        }
        isNone = form == 1
        presence = try PresenceMap(&reader, count: count, stored: form == 3)
        guard form != 1 else {
            values = []
            try reader.finish()
            return
        }
        values = try IntegerColumn(
            try reader.bytes(reader.remaining), count: presence?.present ?? count
        ).decodeArray()
    }

    package func value(_ row: Int) -> Int64? {
        if isNone { return nil }
        guard let presence else { return values[row] }
        return presence.rank(row).map { values[$0] }
    }
}
