import TallyrollFormat

/// What stands for a value of a field while events are counted. Equal values get equal tokens.
protocol ValueNames: ~Copyable {
    associatedtype Token: FixedWidthInteger & UnsignedInteger
    mutating func token(of text: ByteView) -> Token
    mutating func token(of value: Int64, _ kind: FieldKind) -> Token
}

extension ValueNames where Self: ~Copyable {
    /// The token of an event that lacks the field; no value has it, nor the one below.
    static var none: Token { .max }
    static var unknown: Token { .max - 1 }
}

/// Numbers the distinct values that a run meets, from 0 on, and keeps their texts.
struct NumberedTexts: ~Copyable, ValueNames {
    private var interner = TermInterner(capacity: 64)
    private var integers: [Int64: UInt32] = [:]

    var count: Int { interner.count }
    /// What the texts take.
    var byteCount: Int { interner.textBytes + interner.count * 24 + integers.count * 32 }

    mutating func token(of text: ByteView) -> UInt32 { interner.intern(text) - 1 }

    mutating func token(of value: Int64, _ kind: FieldKind) -> UInt32 {
        if let known = integers[value] { return known }
        let text =
            switch kind {
            case .time: Timestamp(nanosecondsSince1970: value).description
            case .duration: DurationText.format(value)
            default: "\(value)"
            }
        let number = text.withView { token(of: $0) }
        integers[value] = number
        return number
    }

    func text(_ number: UInt32) -> String { interner.term(number + 1).string }

    /// The numbers that another table's texts have here, in the order of their numbers there.
    mutating func numbers(of other: borrowing NumberedTexts) -> [UInt32] {
        var numbers: [UInt32] = []
        numbers.reserveCapacity(other.count)
        for number in 0..<UInt32(other.count) { numbers.append(token(of: other.interner.term(number + 1))) }
        return numbers
    }
}

/// 64-bit hashes of values, with a seed of the store's: who writes events cannot choose their collisions, and the
/// same store gives the same estimate every time.
struct ValueHashes: ValueNames {
    let seed: UInt64

    func token(of text: ByteView) -> UInt64 { bounded(Checksum.of(text, seed: seed)) }

    func token(of value: Int64, _ kind: FieldKind) -> UInt64 {
        // The finalizer of SplitMix64, which maps different integers to different hashes.
        var hash = UInt64(bitPattern: value) &+ seed
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return bounded(hash ^ (hash >> 31))
    }

    private func bounded(_ hash: UInt64) -> UInt64 { min(hash, ValueHashes.unknown - 1) }
}
