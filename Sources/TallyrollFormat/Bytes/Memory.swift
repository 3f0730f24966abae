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

/// Whether the bytes are equal: short ones in a few loads that overlap, without a call.
@inlinable @inline(__always)
func equalMemory(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    let (left, right) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
    if count > 32 { return compareMemory(a, b, count) == 0 }
    if count >= 8 {
        var difference = differingBits(left, right, at: 0, UInt64.self)
        difference |= differingBits(left, right, at: count &- 8, UInt64.self)
        if count > 16 {
            difference |= differingBits(left, right, at: 8, UInt64.self)
            difference |= differingBits(left, right, at: count &- 16, UInt64.self)
        }
        return difference == 0
    }
    if count >= 4 {
        return differingBits(left, right, at: 0, UInt32.self)
            | differingBits(left, right, at: count &- 4, UInt32.self) == 0
    }
    if count == 0 { return true }
    return a[0] == b[0] && a[count >> 1] == b[count >> 1] && a[count &- 1] == b[count &- 1]
}

@inlinable @inline(__always)
func differingBits<T: FixedWidthInteger & BitwiseCopyable>(
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, at offset: Int, _ type: T.Type
) -> T {
    (a + offset).loadUnaligned(as: type) ^ (b + offset).loadUnaligned(as: type)
}

/// `memchr`: where the byte first occurs, or nil.
func findByte(_ byte: UInt8, _ start: UnsafePointer<UInt8>, _ count: Int) -> Int? {
    guard let found = memchr(start, Int32(byte), count) else { return nil }
    return UnsafeRawPointer(found) - UnsafeRawPointer(start)
}

/// `memset` to zero. The library's own loop over elements is a thousand times slower where it is not optimised.
package func clearMemory(_ memory: UnsafeMutableRawBufferPointer) {
    if let start = memory.baseAddress { memset(start, 0, memory.count) }
}
