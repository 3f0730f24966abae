#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

// The functions of the C library that the workload is defined by, under names that say what they are.

@inline(__always)
func naturalLogarithm(_ value: Double) -> Double { log(value) }

@inline(__always)
func binaryLogarithm(_ value: Double) -> Double { log2(value) }

@inline(__always)
func exponential(_ value: Double) -> Double { exp(value) }

@inline(__always)
func powerOfTwo(_ value: Double) -> Double { exp2(value) }
