/// The hash of terms in memory; never written to disk. Sixteen bytes a step, folded through 128-bit products. Its keys
/// are random in every process: a caller who chooses the terms cannot choose their collisions.
package struct TermHash {
    private let first: UInt64
    private let second: UInt64

    /// The hash of this process. Keep a copy where it is used often.
    package static let shared = TermHash(
        first: UInt64.random(in: .min ... .max), second: UInt64.random(in: .min ... .max))

    @inline(__always)
    package func of(_ term: ByteView) -> UInt64 {
        var position = UnsafeRawPointer(term.base)
        var left = term.count
        var state = second
        while left > 16 {
            state = TermHash.fold(
                position.loadUnaligned(as: UInt64.self) ^ first,
                position.loadUnaligned(fromByteOffset: 8, as: UInt64.self) ^ state)
            position += 16
            left &-= 16
        }
        var low: UInt64 = 0
        var high: UInt64 = 0
        if left >= 8 {
            low = position.loadUnaligned(as: UInt64.self)
            high = (position + (left &- 8)).loadUnaligned(as: UInt64.self)
        } else if left >= 4 {
            low = UInt64(position.loadUnaligned(as: UInt32.self))
            high = UInt64((position + (left &- 4)).loadUnaligned(as: UInt32.self))
        } else if left > 0 {
            low = UInt64(position.load(as: UInt8.self))
            low |= UInt64(position.load(fromByteOffset: left >> 1, as: UInt8.self)) << 8
            low |= UInt64(position.load(fromByteOffset: left &- 1, as: UInt8.self)) << 16
        }
        return TermHash.fold(
            first ^ UInt64(truncatingIfNeeded: term.count), TermHash.fold(low ^ first, high ^ state))
    }

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }
}
