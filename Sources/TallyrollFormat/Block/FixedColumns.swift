/// The columns of a block that hold numbers and small enumerations.
struct FixedColumns {
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

    private var timestamps: [Int64] = []
    private var recorded: [Int64] = []
    private var digits: [Int64] = []
    private var zones: [Int64] = []
    private var outcomes: [Int64] = []
    private var origins: [Int64] = []
    private var durations: [Int64] = []
    private var hasDuration: [Bool] = []
    private var digitsAreShortest = true

    var timeRange: ClosedRange<Int64> { range(timestamps) }
    var recordedRange: ClosedRange<Int64> { range(recorded) }

    private func range(_ values: [Int64]) -> ClosedRange<Int64> {
        guard var low = values.first else { return 0...0 }
        var high = low
        for value in values {
            low = min(low, value)
            high = max(high, value)
        }
        return low...high
    }

    mutating func removeAll() {
        timestamps.removeAll(keepingCapacity: true)
        recorded.removeAll(keepingCapacity: true)
        digits.removeAll(keepingCapacity: true)
        zones.removeAll(keepingCapacity: true)
        outcomes.removeAll(keepingCapacity: true)
        origins.removeAll(keepingCapacity: true)
        durations.removeAll(keepingCapacity: true)
        hasDuration.removeAll(keepingCapacity: true)
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
        case .timestamp: encode(timestamps, with: &encoder, into: &out)
        case .recordedAt: encode(recorded, with: &encoder, into: &out)
        case .timeZone: encode(zones, with: &encoder, into: &out)
        case .outcome: encode(outcomes, with: &encoder, into: &out)
        case .origin: encode(origins, with: &encoder, into: &out)
        case .timeDigits:
            let uniform = digits.allSatisfy { $0 == digits.first }
            out.u8(digitsAreShortest && !uniform ? TimeDigits.shortest : TimeDigits.stored)
            if uniform || !digitsAreShortest { encode(digits, with: &encoder, into: &out) }
        case .duration:
            OptionalIntegers.write(durations, presence: hasDuration, with: &encoder, into: &out)
        }
    }

    private func encode(
        _ values: [Int64], with encoder: inout IntegerColumnEncoder, into out: inout ByteWriter
    ) {
        values.withUnsafeBufferPointer { encoder.encode($0, into: &out) }
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
        _ values: [Int64], presence: [Bool], with encoder: inout IntegerColumnEncoder,
        into out: inout ByteWriter
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
        values.withUnsafeBufferPointer { encoder.encode($0, into: &out) }
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
