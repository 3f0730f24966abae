import TallyrollFormat
import TallyrollQuery

/// A small generator with a seed that failures print.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    mutating func pick<T>(_ list: [T]) -> T { list[below(list.count)] }
}

/// A row over owned bytes. A class, so that the memory of the views it hands out stays put.
final class TestRow: EventRow {
    var strings: [[UInt8]?] {
        didSet { owned = strings.map { $0.map { Bytes($0) } } }
    }
    private var owned: [Bytes?]
    var sequence: UInt64
    var timestamp: Int64 = 0
    var recordedAt: Int64 = 0
    var duration: Int64?
    var outcome = OutcomeKind.absent
    let minted = Bytes(Array("0192f0c1-0000-7000-8000-000000000000".utf8))

    init(sequence: UInt64) {
        strings = Array(repeating: nil, count: StringField.count)
        owned = Array(repeating: nil, count: StringField.count)
        self.sequence = sequence
    }

    func string(_ field: StringField) -> ByteView? { owned[field.index]?.view }

    func withID<R>(_ body: (ByteView?) -> R) -> R { body(string(.id) ?? minted.view) }
}
