import Synchronization

/// Where the engine gets salts and identifiers from.
package protocol EntropySource: Sendable {
    func fill(_ bytes: UnsafeMutableRawBufferPointer)
}

extension EntropySource {
    package func bytes(_ count: Int) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: count)
        result.withUnsafeMutableBytes { fill($0) }
        return result
    }
}

/// The system's generator, which is fit for keys.
package struct SystemEntropySource: EntropySource {
    package init() {}

    package func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        var generator = SystemRandomNumberGenerator()
        generator.fill(bytes)
    }
}

/// The same bytes for the same seed: for tests, never for salts that matter.
package final class SeededEntropySource: EntropySource {
    private let generator: Mutex<SplitMix64>

    package init(seed: UInt64) {
        generator = Mutex(SplitMix64(seed: seed))
    }

    package func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        generator.withLock { $0.fill(bytes) }
    }
}

extension RandomNumberGenerator {
    fileprivate mutating func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        var offset = 0
        while offset < bytes.count {
            withUnsafeBytes(of: next()) { word in
                let length = min(word.count, bytes.count - offset)
                UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + length])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: word[..<length]))
                offset += length
            }
        }
    }
}

/// The SplitMix64 generator of Steele, Lea and Flood (2014): small, seedable and good enough for simulations.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
