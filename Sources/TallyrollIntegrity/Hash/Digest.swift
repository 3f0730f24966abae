/// A SHA-256 digest: 32 bytes held as four words, so that it is copied and compared in registers.
///
/// The words hold the bytes in memory order: what `withUnsafeBytes` shows is the digest as it is written to disk.
package struct Digest: Hashable, Sendable {
    /// How many bytes a digest has.
    package static let byteCount = 32

    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    /// The digest whose bytes are the eight words, each big-endian, in order: SHA-256's own state.
    @inline(__always)
    init(stateWords words: SHA256.Words) {
        first = Digest.joined(words.0, words.1)
        second = Digest.joined(words.2, words.3)
        third = Digest.joined(words.4, words.5)
        fourth = Digest.joined(words.6, words.7)
    }

    @inline(__always)
    private static func joined(_ high: UInt32, _ low: UInt32) -> UInt64 {
        (UInt64(high) << 32 | UInt64(low)).bigEndian
    }

    /// The digest that begins at `pointer`; the caller has proved that 32 bytes lie there.
    @inline(__always)
    package init(loadingFrom pointer: UnsafeRawPointer) {
        first = pointer.loadUnaligned(as: UInt64.self)
        second = pointer.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        third = pointer.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        fourth = pointer.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
    }

    /// The digest with these bytes, or nil unless there are exactly 32.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Digest.byteCount, let start = bytes.baseAddress else { return nil }
        self.init(loadingFrom: start)
    }

    /// The digest with these bytes, or nil unless there are exactly 32.
    package init?(_ bytes: some Sequence<UInt8>) {
        let array = [UInt8](bytes)
        guard let digest = array.withUnsafeBytes({ Digest($0) }) else { return nil }
        self = digest
    }

    /// The digest that 64 hexadecimal digits write, in either case, or nil.
    package init?(hex: some StringProtocol) {
        guard let bytes = Hexadecimal.bytes(of: hex) else { return nil }
        self.init(bytes)
    }

    /// Calls `body` with the 32 bytes, valid during the call.
    @inline(__always)
    package func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R
    {
        try Swift.withUnsafeBytes(of: self, body)
    }

    /// Writes the 32 bytes at `pointer`, which need not be aligned.
    @inline(__always)
    package func store(to pointer: UnsafeMutableRawPointer) {
        pointer.storeBytes(of: first, as: UInt64.self)
        pointer.storeBytes(of: second, toByteOffset: 8, as: UInt64.self)
        pointer.storeBytes(of: third, toByteOffset: 16, as: UInt64.self)
        pointer.storeBytes(of: fourth, toByteOffset: 24, as: UInt64.self)
    }

    /// The two halves, 16 bytes each: the children of a salt-tree node.
    @inline(__always)
    var halves: (left: Bytes16, right: Bytes16) {
        (Bytes16(first, second), Bytes16(third, fourth))
    }
}

extension Digest: CustomStringConvertible {
    /// 64 lowercase hexadecimal digits.
    package var description: String { withUnsafeBytes { Hexadecimal.text(of: $0) } }
}
