/// Sixteen bytes held as two words in memory order: a seed of the salt tree, a salt, a store's identity.
package struct Bytes16: Hashable, Sendable {
    /// How many bytes there are.
    package static let byteCount = 16

    private let first: UInt64
    private let second: UInt64

    @inline(__always)
    init(_ first: UInt64, _ second: UInt64) {
        self.first = first
        self.second = second
    }

    /// The sixteen bytes at `pointer`; the caller has proved that they lie there.
    @inline(__always)
    package init(loadingFrom pointer: UnsafeRawPointer) {
        first = pointer.loadUnaligned(as: UInt64.self)
        second = pointer.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    }

    /// These bytes, or nil unless there are exactly sixteen.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Bytes16.byteCount, let start = bytes.baseAddress else { return nil }
        self.init(loadingFrom: start)
    }

    /// These bytes, or nil unless there are exactly sixteen.
    package init?(_ bytes: some Sequence<UInt8>) {
        let array = [UInt8](bytes)
        guard let value = array.withUnsafeBytes({ Bytes16($0) }) else { return nil }
        self = value
    }

    /// The bytes that 32 hexadecimal digits write, in either case, or nil.
    package init?(hex: some StringProtocol) {
        guard let bytes = Hexadecimal.bytes(of: hex) else { return nil }
        self.init(bytes)
    }

    /// Calls `body` with the sixteen bytes, valid during the call.
    @inline(__always)
    package func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R
    {
        try Swift.withUnsafeBytes(of: self, body)
    }

    /// Writes the sixteen bytes at `pointer`, which need not be aligned.
    @inline(__always)
    package func store(to pointer: UnsafeMutableRawPointer) {
        pointer.storeBytes(of: first, as: UInt64.self)
        pointer.storeBytes(of: second, toByteOffset: 8, as: UInt64.self)
    }
}

extension Bytes16: CustomStringConvertible {
    /// 32 lowercase hexadecimal digits.
    package var description: String { withUnsafeBytes { Hexadecimal.text(of: $0) } }
}
