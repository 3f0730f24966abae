/// An owned run of bytes on the heap that never changes after it is made: what caches and tails hold on to.
///
/// `@unchecked Sendable`: the memory is written before the initialiser returns and only read afterwards.
@usableFromInline package final class Bytes: @unchecked Sendable {
    @usableFromInline let memory: UnsafeMutableRawBufferPointer

    /// The bytes that these are a part of, whose memory it is then.
    private let whole: Bytes?

    /// The number of bytes.
    @usableFromInline package let count: Int

    /// Makes `count` bytes, every one of which `fill` must write: what it leaves alone is undefined. A `fill` that
    /// cannot write all of them throws.
    @usableFromInline package init<E: Error>(
        count: Int, fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        self.count = count
        whole = nil
        memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 16)
        try fill(UnsafeMutableRawBufferPointer(rebasing: memory[..<count]))
    }

    /// A part of other bytes, which live as long as this does; nil when they do not reach so far.
    package init?(part offset: Int, _ length: Int, of whole: Bytes) {
        guard offset >= 0, length >= 0, offset <= whole.count, length <= whole.count - offset
        else { return nil }
        count = length
        memory = UnsafeMutableRawBufferPointer(rebasing: whole.memory[offset..<offset + length])
        self.whole = whole
    }

    @usableFromInline package convenience init(copying view: ByteView) {
        self.init(count: view.count) { $0.copyMemory(from: view.raw) }
    }

    @usableFromInline package convenience init(_ array: [UInt8]) {
        self.init(count: array.count) { target in array.withUnsafeBytes { target.copyMemory(from: $0) } }
    }

    deinit { if whole == nil { memory.deallocate() } }

    /// A view of all bytes, valid while this object lives: keep the owner in scope around every use
    /// (`withExtendedLifetime`, or a stored property).
    @inlinable @inline(__always)
    package var view: ByteView { ByteView(UnsafeRawBufferPointer(rebasing: memory[..<count])) }

    /// Calls `body` with a view of all bytes, which stay alive during the call. The way to look at bytes that nothing
    /// else holds: a temporary value may be gone before its view is read.
    @inline(__always)
    package func withView<R, E: Error>(_ body: (ByteView) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(self) {} }
        return try body(view)
    }
}
