/// A growing buffer that is written front to back and can be emptied and used again without giving its memory
/// back: nothing is allocated per event once it is warm. All integers little-endian.
@usableFromInline package struct ByteWriter: ~Copyable {
    @usableFromInline var memory: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int
    @usableFromInline package internal(set) var count = 0

    @usableFromInline package init(capacity: Int = 256) {
        self.capacity = max(capacity, 16)
        memory = UnsafeMutableRawPointer.allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit { memory.deallocate() }

    /// Forgets the bytes and keeps the memory.
    @inlinable @inline(__always)
    package mutating func removeAll() { count = 0 }

    /// Forgets the bytes from `length` on.
    @usableFromInline package mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= count)
        count = length
    }

    @inlinable @inline(__always)
    package mutating func reserve(_ extra: Int) {
        if capacity - count < extra { grow(extra) }
    }

    @inline(never) @usableFromInline
    mutating func grow(_ extra: Int) {
        let wanted = max(capacity * 2, count + extra)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
        larger.copyMemory(from: memory, byteCount: count)
        memory.deallocate()
        memory = larger
        capacity = wanted
    }

    @inlinable @inline(__always)
    package mutating func integer<T: FixedWidthInteger>(_ value: T) {
        reserve(MemoryLayout<T>.size)
        (memory + count).storeBytes(of: value.littleEndian, as: T.self)
        count += MemoryLayout<T>.size
    }

    @inlinable @inline(__always)
    package mutating func u8(_ value: UInt8) { integer(value) }
    @inlinable @inline(__always)
    package mutating func u16(_ value: UInt16) { integer(value) }
    @inlinable @inline(__always)
    package mutating func u32(_ value: UInt32) { integer(value) }
    @inlinable @inline(__always)
    package mutating func u64(_ value: UInt64) { integer(value) }
    @inlinable @inline(__always)
    package mutating func i64(_ value: Int64) { integer(value) }

    /// Unsigned LEB128 in its shortest form.
    @inlinable @inline(__always)
    package mutating func varint(_ value: UInt64) {
        reserve(10)
        var rest = value
        while rest >= 0x80 {
            memory.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: count, as: UInt8.self)
            count += 1
            rest >>= 7
        }
        memory.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: count, as: UInt8.self)
        count += 1
    }

    @inlinable @inline(__always)
    package mutating func bytes(_ view: ByteView) {
        reserve(view.count)
        (memory + count).copyMemory(from: view.base, byteCount: view.count)
        count += view.count
    }

    /// Appends bytes that were written before.
    @inlinable @inline(__always)
    package mutating func copyWithin(offset: Int, length: Int) {
        precondition(offset >= 0 && length >= 0 && length <= count - offset)
        reserve(length)
        (memory + count).copyMemory(from: memory + offset, byteCount: length)
        count += length
    }

    @usableFromInline package mutating func bytes(_ array: [UInt8]) { array.withView { bytes($0) } }

    /// A varint length and the bytes. Most are short: those take no call, and look for room once.
    @inlinable @inline(__always)
    package mutating func lengthPrefixed(_ view: ByteView) {
        let length = view.count
        guard length <= ByteWriter.shortMax else {
            varint(UInt64(length))
            return bytes(view)
        }
        reserve(length + 1)
        memory.storeBytes(of: UInt8(truncatingIfNeeded: length), toByteOffset: count, as: UInt8.self)
        ByteWriter.copyShort(UnsafeRawPointer(view.base), length, to: memory + (count + 1))
        count += length + 1
    }

    @usableFromInline static var shortMax: Int { @inlinable @inline(__always) get { 32 } }

    /// Copies up to `shortMax` bytes: from both ends, which meet or overlap.
    @inlinable @inline(__always)
    static func copyShort(_ source: UnsafeRawPointer, _ length: Int, to target: UnsafeMutableRawPointer) {
        if length >= 16 {
            copyEnds(SIMD2<UInt64>.self, source, length, to: target)
        } else if length >= 8 {
            copyEnds(UInt64.self, source, length, to: target)
        } else if length >= 4 {
            copyEnds(UInt32.self, source, length, to: target)
        } else if length >= 2 {
            copyEnds(UInt16.self, source, length, to: target)
        } else if length == 1 {
            target.storeBytes(of: source.load(as: UInt8.self), as: UInt8.self)
        }
    }

    @inlinable @inline(__always)
    static func copyEnds<T: BitwiseCopyable>(
        _ type: T.Type, _ source: UnsafeRawPointer, _ length: Int, to target: UnsafeMutableRawPointer
    ) {
        let last = length &- MemoryLayout<T>.size
        let (first, end) = (source.loadUnaligned(as: type), (source + last).loadUnaligned(as: type))
        target.storeBytes(of: first, as: type)
        (target + last).storeBytes(of: end, as: type)
    }

    @usableFromInline package mutating func zeros(_ length: Int) {
        reserve(length)
        (memory + count).initializeMemory(as: UInt8.self, repeating: 0, count: length)
        count += length
    }

    /// Zeros up to the next multiple of `alignment`.
    @usableFromInline package mutating func pad(to alignment: Int) {
        zeros((alignment - count % alignment) % alignment)
    }

    /// Appends a copy of `view` and lets `change` write over it, with every position it may touch in the buffer.
    @inline(__always)
    package mutating func bytes(
        _ view: ByteView, changing change: (UnsafeMutableBufferPointer<UInt8>) -> Void
    ) {
        let start = count
        bytes(view)
        let first = (memory + start).assumingMemoryBound(to: UInt8.self)
        change(UnsafeMutableBufferPointer(start: first, count: view.count))
    }

    /// Appends what `write` writes: it has room for `most` bytes, and gives how many it wrote for good.
    @inline(__always)
    package mutating func append(atMost most: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Int) {
        reserve(most)
        let written = write((memory + count).assumingMemoryBound(to: UInt8.self))
        precondition(written >= 0 && written <= most)
        count += written
    }

    /// Writes over an integer that was written before.
    @inlinable @inline(__always)
    package mutating func patch<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        precondition(offset >= 0 && offset <= count - MemoryLayout<T>.size)
        (memory + offset).storeBytes(of: value.littleEndian, as: T.self)
    }

    /// A view of what was written, valid until the next change.
    @inlinable @inline(__always)
    package var view: ByteView {
        ByteView(base: UnsafePointer(memory.assumingMemoryBound(to: UInt8.self)), count: count)
    }

    @usableFromInline package var array: [UInt8] { view.array }
}
