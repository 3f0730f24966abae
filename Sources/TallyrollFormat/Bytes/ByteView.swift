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
    @usableFromInline package var string: String {
        // Strings so short hold their bytes themselves.
        if count < 16 {
            return String(unsafeUninitializedCapacity: 15) { bytes in
                _ = bytes.initialize(fromContentsOf: text)
                return count
            }
        }
        // Most texts are ASCII, which is told faster here than by the general way, which looks at a text twice.
        if isASCII, #available(macOS 26, *) {
            return String(copying: UTF8Span(unchecked: Span(_unsafeElements: text), isKnownASCII: true))
        }
        return String(decoding: raw, as: UTF8.self)
    }

    private var text: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }

    /// Whether all bytes are below 128.
    @inline(__always)
    var isASCII: Bool {
        let high: UInt64 = 0x8080_8080_8080_8080
        let start = UnsafeRawPointer(base)
        var seen: UInt64 = 0
        guard count >= 8 else {
            for index in 0..<count { seen |= UInt64(base[index]) }
            return seen & 0x80 == 0
        }
        var offset = 0
        while offset <= count - 16 {
            seen |= start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            seen |= start.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
            offset += 16
        }
        if offset <= count - 8 { seen |= start.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
        // The last eight once more, some of them for the second time.
        seen |= start.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
        return seen & high == 0
    }

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
