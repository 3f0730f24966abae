#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// `memcmp` under a name that says what it does.
@inline(never) @usableFromInline
func compareMemory(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Int {
    Int(memcmp(a, b, count))
}

/// `memset` to zero. The library's own loop over elements is a thousand times slower where it is not optimised.
package func clearMemory(_ memory: UnsafeMutableRawBufferPointer) {
    if let start = memory.baseAddress { memset(start, 0, memory.count) }
}
