import CInstructions

/// The values of one column, borrowed while they are encoded: for each entry where its bytes lie in one shared run of
/// memory, or that it is absent. Whoever makes a span keeps its owner alive and unchanged while it is used. Indexes are
/// the encoder's own, and checked in debug builds alone.
package struct ValueSpan {
    let offsets: UnsafeBufferPointer<UInt32>
    let lengths: UnsafeBufferPointer<UInt32>
    package let absentCount: Int

    @inline(__always)
    package var count: Int { offsets.count }

    @inline(__always)
    var presentCount: Int { count - absentCount }

    @inline(__always)
    func isAbsent(_ index: Int) -> Bool { length(index) == ValueList.absent }

    @inline(__always)
    func offset(_ index: Int) -> UInt32 { offsets[index] }

    @inline(__always)
    func length(_ index: Int) -> UInt32 { lengths[index] }

    /// The bytes of a present entry.
    @inline(__always)
    package func value(_ index: Int, in memory: ByteView) -> ByteView {
        memory.trusted(Int(offset(index)), Int(length(index)))
    }

    /// Rows by which values are asked for ahead: they lie too far apart for the processor to guess.
    private static let rowsAhead = 16

    /// Asks for the first bytes of a value that comes soon after another.
    @inline(__always)
    func fetchAhead(of index: Int, in memory: ByteView) {
        let ahead = index &+ ValueSpan.rowsAhead
        if ahead < count { prefetch_memory(memory.base + Int(offset(ahead))) }
    }

    /// The same for some more of its bytes.
    @inline(__always)
    func fetchMoreAhead(of index: Int, in memory: ByteView) {
        let ahead = index &+ ValueSpan.rowsAhead
        guard ahead < count, !isAbsent(ahead) else { return }
        prefetch_memory(memory.base + Int(offset(ahead)))
        prefetch_memory(memory.base + Int(offset(ahead)) + Int(PREFETCH_BYTES))
    }

    /// Whether two entries have the same bytes, or both have none.
    @inline(__always)
    func areEqual(_ one: Int, _ other: Int, in memory: ByteView) -> Bool {
        let length = length(one)
        guard length == self.length(other) else { return false }
        return length == ValueList.absent
            || equalMemory(memory.base + Int(offset(one)), memory.base + Int(offset(other)), Int(length))
    }

    /// The first entry that is present.
    var firstPresent: Int? { (0..<count).first { !isAbsent($0) } }
}

extension ValueList {
    /// Calls `body` with the values, valid during the call.
    package func withSpan<R, E: Error>(_ body: (ValueSpan) throws(E) -> R) throws(E) -> R {
        try offsets.withUnsafeBufferPointer { (offsets) throws(E) -> R in
            try lengths.withUnsafeBufferPointer { (lengths) throws(E) -> R in
                try body(ValueSpan(offsets: offsets, lengths: lengths, absentCount: absentCount))
            }
        }
    }
}

/// The values of one column while they are gathered. Memory is kept from block to block.
struct ValueColumn: ~Copyable {
    private var offsets: UnsafeMutablePointer<UInt32>
    private var lengths: UnsafeMutablePointer<UInt32>
    private var capacity: Int
    private(set) var count = 0
    private(set) var absentCount = 0

    init(capacity: Int = 64) {
        self.capacity = max(capacity, 1)
        offsets = .allocate(capacity: self.capacity)
        lengths = .allocate(capacity: self.capacity)
    }

    deinit {
        offsets.deallocate()
        lengths.deallocate()
    }

    @inline(__always)
    var presentCount: Int { count - absentCount }

    /// The values, valid until the next change.
    @inline(__always)
    var span: ValueSpan {
        ValueSpan(
            offsets: UnsafeBufferPointer(start: offsets, count: count),
            lengths: UnsafeBufferPointer(start: lengths, count: count), absentCount: absentCount)
    }

    @inline(__always)
    mutating func removeAll() {
        count = 0
        absentCount = 0
    }

    @inline(__always)
    mutating func append(offset: UInt32, length: UInt32) {
        if count == capacity { grow() }
        offsets[count] = offset
        lengths[count] = length
        count &+= 1
    }

    @inline(__always)
    mutating func appendAbsent() {
        append(offset: 0, length: ValueList.absent)
        absentCount &+= 1
    }

    /// Appends an entry of other values in the same memory.
    @inline(__always)
    mutating func append(_ values: ValueSpan, _ index: Int) {
        if values.isAbsent(index) {
            appendAbsent()
        } else {
            append(offset: values.offset(index), length: values.length(index))
        }
    }

    /// Appends absent entries until there are `count`.
    @inline(__always)
    mutating func pad(to count: Int) {
        while self.count < count { appendAbsent() }
    }

    /// Forgets the entries from `length` on, none of which is absent.
    @inline(__always)
    mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= count)
        count = length
    }

    @inline(never)
    private mutating func grow() {
        let wanted = capacity * 2
        let (moreOffsets, moreLengths) = (
            UnsafeMutablePointer<UInt32>.allocate(capacity: wanted),
            UnsafeMutablePointer<UInt32>.allocate(capacity: wanted)
        )
        moreOffsets.moveInitialize(from: offsets, count: count)
        moreLengths.moveInitialize(from: lengths, count: count)
        offsets.deallocate()
        lengths.deallocate()
        (offsets, lengths, capacity) = (moreOffsets, moreLengths, wanted)
    }
}

/// Several columns of values, by number.
struct ValueColumns: ~Copyable {
    private var columns: UnsafeMutablePointer<ValueColumn>
    private var capacity: Int
    private(set) var count = 0

    init(count: Int = 0) {
        capacity = max(count, 16)
        columns = .allocate(capacity: capacity)
        grow(to: count)
    }

    deinit {
        columns.deinitialize(count: count)
        columns.deallocate()
    }

    subscript(index: Int) -> ValueColumn {
        @inline(__always) _read {
            precondition(index >= 0 && index < count)
            yield columns[index]
        }
        @inline(__always) _modify {
            precondition(index >= 0 && index < count)
            yield &columns[index]
        }
    }

    /// Adds empty columns until there are `wanted`.
    mutating func grow(to wanted: Int) {
        if wanted > capacity {
            capacity = max(capacity * 2, wanted)
            let more = UnsafeMutablePointer<ValueColumn>.allocate(capacity: capacity)
            more.moveInitialize(from: columns, count: count)
            columns.deallocate()
            columns = more
        }
        while count < wanted {
            (columns + count).initialize(to: ValueColumn())
            count += 1
        }
    }

    /// Empties every column.
    mutating func removeAll() {
        for index in 0..<count { columns[index].removeAll() }
    }
}
