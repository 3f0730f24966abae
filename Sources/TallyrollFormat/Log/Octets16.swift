/// Sixteen bytes by value: a store id, the seed of a run.
package struct Octets16: Hashable, Sendable {
    /// The first eight bytes, read as a little-endian integer.
    package let first: UInt64
    /// The other eight.
    package let second: UInt64

    package init(first: UInt64, second: UInt64) {
        self.first = first
        self.second = second
    }

    /// The sixteen bytes at the start of `view`, which has to hold them.
    package init(_ view: ByteView) {
        first = view.load(UInt64.self, at: 0)
        second = view.load(UInt64.self, at: 8)
    }

    package init(reading reader: inout ByteReader) throws(FormatError) {
        first = try reader.u64()
        second = try reader.u64()
    }

    package func write(into writer: inout ByteWriter) {
        writer.u64(first)
        writer.u64(second)
    }

    package var array: [UInt8] {
        withUnsafeBytes(of: first.littleEndian) { [UInt8]($0) }
            + withUnsafeBytes(of: second.littleEndian) { [UInt8]($0) }
    }
}
