/// A borrowed run of bytes: the one place where a raw pointer is read.
///
/// Contract: whoever makes a view keeps the memory alive and unchanged for as long as the view is used. A view
/// never outlives the call it is handed to, and is never stored beside its owner's back. Every access is
/// bounds-checked: a position that comes from disk goes through `ByteReader` or `slice(_:_:)`, which throw; the
/// trapping subscript is for positions that the caller has already proved.
@usableFromInline package struct ByteView: BitwiseCopyable {
    @usableFromInline package let base: UnsafePointer<UInt8>
    @usableFromInline package let count: Int

    @inlinable @inline(__always)
    package init(base: UnsafePointer<UInt8>, count: Int) {
        self.base = base
        self.count = count
    }

    @inlinable @inline(__always)
    package init(_ buffer: UnsafeRawBufferPointer) {
        guard let start = buffer.baseAddress else {
            self = .empty
            return
        }
        base = start.assumingMemoryBound(to: UInt8.self)
        count = buffer.count
    }

    /// A view of nothing.
    @inlinable @inline(__always)
    package static var empty: ByteView { ByteView(base: emptyByte, count: 0) }

    @inlinable @inline(__always)
    package var isEmpty: Bool { count == 0 }

    @inlinable @inline(__always)
    package subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count, "byte index out of bounds")
        return base[index]
    }

    /// The bytes from `offset`, `length` of them, or nil when they do not lie inside.
    @inlinable @inline(__always)
    package func sliceIfInside(_ offset: Int, _ length: Int) -> ByteView? {
        guard offset >= 0, length >= 0, offset <= count, length <= count - offset else { return nil }
        return ByteView(base: base + offset, count: length)
    }

    /// The bytes from `offset`, `length` of them; for bounds the caller has proved.
    @inlinable @inline(__always)
    package func trusted(_ offset: Int, _ length: Int) -> ByteView {
        precondition(offset >= 0 && length >= 0 && offset <= count && length <= count - offset)
        return ByteView(base: base + offset, count: length)
    }

    /// An unaligned little-endian integer at a position the caller has proved to lie inside.
    @inlinable @inline(__always)
    package func load<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T {
        precondition(offset >= 0 && offset <= count - MemoryLayout<T>.size)
        return T(littleEndian: UnsafeRawPointer(base + offset).loadUnaligned(as: T.self))
    }

    @inlinable @inline(__always)
    package var raw: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    @usableFromInline package var array: [UInt8] { [UInt8](raw) }

    /// The bytes as text; invalid UTF-8 is repaired, since text was validated on its way in.
    @usableFromInline package var string: String { String(decoding: raw, as: UTF8.self) }

    @inlinable @inline(__always)
    package func isEqual(to other: ByteView) -> Bool {
        count == other.count && equalMemory(base, other.base, count)
    }

    @usableFromInline package func hasPrefix(_ prefix: ByteView) -> Bool {
        count >= prefix.count && compareMemory(base, prefix.base, prefix.count) == 0
    }

    /// Bytewise order: negative, zero or positive, as `memcmp` would say, a prefix before what it begins.
    @usableFromInline package func compare(to other: ByteView) -> Int {
        let common = compareMemory(base, other.base, min(count, other.count))
        return common != 0 ? common : count - other.count
    }
}

/// The byte that empty views point at, so that a view never needs an optional pointer.
@usableFromInline nonisolated(unsafe) let emptyByte: UnsafePointer<UInt8> = {
    let byte = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
    byte.initialize(to: 0)
    return UnsafePointer(byte)
}()

extension Array where Element == UInt8 {
    /// Calls `body` with a view of the array's bytes, valid during the call.
    @inlinable @inline(__always)
    package func withView<R, E: Error>(_ body: (ByteView) throws(E) -> R) throws(E) -> R {
        try withUnsafeBufferPointer { (buffer) throws(E) -> R in
            try body(ByteView(UnsafeRawBufferPointer(buffer)))
        }
    }
}

extension String {
    /// Calls `body` with a view of the string's UTF-8, valid during the call.
    @inlinable @inline(__always)
    package func withView<R>(_ body: (ByteView) throws -> R) rethrows -> R {
        var copy = self
        return try copy.withUTF8 { try body(ByteView(UnsafeRawBufferPointer($0))) }
    }
}
