/// The hash by which events are found by their foreign id: XXH64, with zero kept free for "no foreign id".
package enum IDHash {
    package static let none: UInt64 = 0

    @inline(__always)
    package static func of(_ id: ByteView) -> UInt64 { max(Checksum.of(id), 1) }
}
