import TallyrollFormat
import TallyrollIntegrity

/// Events that are not in a block yet, in the canonical form the log holds: the tail of the store, and what the next
/// block is made of. One run becomes one block.
///
/// Memory is reserved once for the largest run there can be (untouched pages cost nothing), so that rows never move.
/// One thread appends; others read rows below a count that was handed to them under a lock after those rows were
/// complete. That is the contract behind `@unchecked Sendable`: a row is never changed once it was handed out.
package final class EventRun: @unchecked Sendable {
    package let firstSequence: UInt64
    /// The root seed that the salts of the run's events come from.
    package let seed: [UInt8]
    /// Rows written so far; only the appending thread may ask.
    package private(set) var count = 0
    package private(set) var recordBytes = 0
    /// The sequence after the last row's; only the appending thread may ask.
    var endSequence: UInt64 { firstSequence + UInt64(count) }

    /// The tree over the first rows, as far as somebody had the time to hash it.
    private var cover: SubtreeCover

    private let capacity: Int
    private var parts: RunMemory
    private let pool: RunPool?

    /// The most bytes a run's records may take: a full block and one event of the largest size.
    static let bytesMax = Limits.blockBytes + Limits.eventBytes

    /// `bytes` is the most the records will take, when that is known.
    package init(firstSequence: UInt64, seed: [UInt8], capacity: Int, bytes: Int = EventRun.bytesMax) {
        self.firstSequence = firstSequence
        self.seed = seed
        self.capacity = capacity
        cover = SubtreeCover(first: firstSequence)
        pool = nil
        parts = RunMemory(events: capacity, bytes: bytes)
    }

    /// A run whose memory comes from a pool, and goes back there with the last reference to the run.
    init(firstSequence: UInt64, seed: [UInt8], pool: RunPool) {
        self.firstSequence = firstSequence
        self.seed = seed
        cover = SubtreeCover(first: firstSequence)
        capacity = pool.events
        self.pool = pool
        parts = pool.take()
    }

    deinit {
        guard let pool else { return parts.deallocate() }
        parts.use(events: capacity, bytes: recordBytes)
        pool.give(parts)
    }

    private var memory: UnsafeMutableRawBufferPointer { parts.records }

    /// True when the run must be closed before the next event.
    @inline(__always)
    package func isFull(blockBytes: Int) -> Bool { count >= capacity || recordBytes >= blockBytes }

    /// Gives back the memory that no record took, unless it goes back to a pool. Only before any row was handed out.
    func trim() {
        if pool == nil { parts.trim(to: recordBytes) }
    }

    /// Copies a record to the end of the run.
    @inline(__always)
    package func append(_ record: ByteView, recordedAt time: Int64, chainHash: Digest) {
        precondition(count < capacity && recordBytes + record.count <= memory.count)
        UnsafeMutableRawBufferPointer(rebasing: memory[recordBytes...]).copyMemory(from: record.raw)
        parts.offsets[count] = UInt32(recordBytes)
        parts.recordedAt[count] = time
        (parts.chainHashes + count).initialize(to: chainHash)
        recordBytes += record.count
        count += 1
    }

    /// Hashes rows below `end` that are not in the run's part of the tree yet, as far as that is done for the least. One
    /// thread at a time may do so, and the block thread only when all others are done with the run.
    func hashTree(upTo end: Int) {
        let last = (firstSequence + UInt64(end)) & ~(SubtreeCover.leavesAtOnce - 1)
        if last > cover.end { appendLeaves(upTo: Int(last - firstSequence)) }
    }

    private func appendLeaves(upTo end: Int) {
        let done = Int(cover.count)
        cover.append(chainHashes: UnsafeBufferPointer(start: parts.chainHashes + done, count: end - done))
    }

    /// True when the run must be closed before the next event, once so much more was appended.
    @inline(__always)
    func isFull(blockBytes: Int, after events: Int, bytes: Int) -> Bool {
        count + events >= capacity || recordBytes + bytes >= blockBytes
    }

    // MARK: Reading rows that were handed out

    /// The record of a row.
    package func record(_ row: Int) throws(FormatError) -> RecordView {
        try RecordView(ByteView(UnsafeRawBufferPointer(memory)), at: Int(parts.offsets[row]))
    }

    /// The records of consecutive rows, back to back.
    func records(_ rows: Range<Int>) -> ByteView {
        let start = Int(parts.offsets[rows.lowerBound])
        let end = rows.upperBound < count ? Int(parts.offsets[rows.upperBound]) : recordBytes
        return ByteView(UnsafeRawBufferPointer(rebasing: memory[start..<end]))
    }

    package func recordedAt(_ row: Int) -> Int64 { parts.recordedAt[row] }

    package func chainHash(_ row: Int) -> Digest { parts.chainHashes[row] }

    /// The whole run as the block builder takes it.
    package func encoded(_ seeds: [UInt8]) -> EncodedRun {
        appendLeaves(upTo: count)
        return EncodedRun(
            firstSequence: firstSequence,
            records: ByteView(UnsafeRawBufferPointer(rebasing: memory[..<recordBytes])),
            recordOffsets: UnsafeBufferPointer(start: parts.offsets, count: count),
            recordedAt: UnsafeBufferPointer(start: parts.recordedAt, count: count),
            chainHashes: UnsafeBufferPointer(start: parts.chainHashes, count: count), cover: cover,
            seeds: seeds)
    }
}
