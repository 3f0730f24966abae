/// Reads hostile bytes front to back: every length is checked before it is used.
@usableFromInline package struct ByteReader {
    @usableFromInline package let view: ByteView
    /// What is being read, for error messages ("segment header", "frame").
    @usableFromInline package let what: String
    /// Where `view` begins in its file, so that errors name file offsets.
    @usableFromInline package let origin: Int
    @usableFromInline package internal(set) var offset = 0

    @usableFromInline package init(_ view: ByteView, what: String, origin: Int = 0) {
        self.view = view
        self.what = what
        self.origin = origin
    }

    /// Reads from a position that the caller has proved to lie inside.
    @inlinable @inline(__always)
    package init(_ view: ByteView, what: String, from offset: Int) {
        precondition(offset >= 0 && offset <= view.count)
        self.view = view
        self.what = what
        origin = 0
        self.offset = offset
    }

    @inlinable @inline(__always)
    package var remaining: Int { view.count - offset }

    @inlinable @inline(__always)
    package mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(FormatError) -> T {
        guard remaining >= MemoryLayout<T>.size else { throw truncated(MemoryLayout<T>.size) }
        defer { offset += MemoryLayout<T>.size }
        return view.load(T.self, at: offset)
    }

    @inlinable @inline(__always)
    package mutating func u8() throws(FormatError) -> UInt8 { try integer(UInt8.self) }
    @inlinable @inline(__always)
    package mutating func u16() throws(FormatError) -> UInt16 { try integer(UInt16.self) }
    @inlinable @inline(__always)
    package mutating func u32() throws(FormatError) -> UInt32 { try integer(UInt32.self) }
    @inlinable @inline(__always)
    package mutating func u64() throws(FormatError) -> UInt64 { try integer(UInt64.self) }
    @inlinable @inline(__always)
    package mutating func i64() throws(FormatError) -> Int64 { try integer(Int64.self) }

    /// An unsigned LEB128 integer of at most 64 bits, in its shortest form only.
    @inlinable @inline(__always)
    package mutating func varint() throws(FormatError) -> UInt64 {
        // Nearly every length fits one byte.
        if offset < view.count {
            let byte = view.base[offset]
            if byte < 0x80 {
                offset += 1
                return UInt64(byte)
            }
        }
        return try longVarint()
    }

    @inline(never) @usableFromInline
    mutating func longVarint() throws(FormatError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try u8()
            let bits = UInt64(byte & 0x7F)
            guard shift < 63 || bits <= 1, shift <= 63 else {
                throw invalid("varint", expected: "at most 64 bits", found: "more")
            }
            value |= bits << shift
            if byte & 0x80 == 0 {
                guard byte != 0 || shift == 0 else {
                    throw invalid("varint", expected: "the shortest form", found: "a padded one")
                }
                return value
            }
            shift += 7
        }
    }

    /// A varint that must fit a count or length of at most `limit`.
    @inlinable @inline(__always)
    package mutating func length(atMost limit: Int) throws(FormatError) -> Int {
        let value = try varint()
        guard value <= UInt64(limit) else { throw tooLong(value, limit) }
        return Int(value)
    }

    @inline(never) @usableFromInline
    func tooLong(_ value: UInt64, _ limit: Int) -> FormatError {
        invalid("length", expected: "at most \(limit)", found: "\(value)")
    }

    @inlinable @inline(__always)
    package mutating func bytes(_ length: Int) throws(FormatError) -> ByteView {
        guard length >= 0, let slice = view.sliceIfInside(offset, length) else { throw truncated(length) }
        offset += length
        return slice
    }

    /// A varint length and that many bytes.
    @inlinable @inline(__always)
    package mutating func lengthPrefixed(atMost limit: Int = Int.max) throws(FormatError) -> ByteView {
        try bytes(try length(atMost: min(limit, remaining)))
    }

    @usableFromInline package mutating func skip(_ length: Int) throws(FormatError) {
        _ = try bytes(length)
    }

    /// Throws unless every byte was read.
    @usableFromInline package func finish() throws(FormatError) {
        guard remaining == 0 else {
            throw invalid("end", expected: "no more bytes", found: "\(remaining) left")
        }
    }

    @usableFromInline package func invalid(_ part: String, expected: String, found: String) -> FormatError {
        FormatError(.invalid, "\(what): \(part)", offset: origin + offset, expected: expected, found: found)
    }

    @inline(never) @usableFromInline
    func truncated(_ wanted: Int) -> FormatError {
        FormatError(
            .truncated, what, offset: origin + offset, expected: "\(wanted) more bytes", found: "\(remaining)"
        )
    }
}
