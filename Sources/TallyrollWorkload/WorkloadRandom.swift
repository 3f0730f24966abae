/// SplitMix64, as the reference program draws from it.
struct WorkloadRandom: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    @inline(__always)
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number in 0..<1 with 53 random bits.
    @inline(__always)
    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
}

/// Ranks 0..<size of which rank r is drawn about as often as 1/(r + 1) says.
struct SkewedPopulation: Sendable {
    private let size: UInt64
    private let exponent: Double

    init(size: UInt64) {
        self.size = size
        exponent = binaryLogarithm(Double(size) + 1)
    }

    /// The rank that a uniform number picks: log-uniform.
    @inline(__always)
    func pick(_ uniform: Double) -> UInt64 {
        let rank = UInt64(powerOfTwo(uniform * exponent)) - 1
        return rank < size ? rank : size - 1
    }
}
