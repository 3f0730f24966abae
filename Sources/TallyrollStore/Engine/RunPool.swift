import Synchronization
import TallyrollIntegrity

/// The memory of one run. `@unchecked Sendable`: it has one owner at a time, the run or the pool.
struct RunMemory: @unchecked Sendable {
    private(set) var records: UnsafeMutableRawBufferPointer
    let offsets: UnsafeMutablePointer<UInt32>
    let recordedAt: UnsafeMutablePointer<Int64>
    let chainHashes: UnsafeMutablePointer<Digest>
    /// Bytes that were ever written to: what the memory costs.
    private(set) var touched: Int

    init(events: Int, bytes: Int) {
        records = .allocate(byteCount: max(bytes, 1), alignment: 16)
        offsets = .allocate(capacity: events)
        recordedAt = .allocate(capacity: events)
        chainHashes = .allocate(capacity: events)
        touched = events * RunMemory.bytesPerEvent
    }

    /// Offset, time and chain hash.
    private static let bytesPerEvent = 44

    /// Notes how much of the memory a run took.
    mutating func use(events: Int, bytes: Int) {
        touched = max(touched, events * RunMemory.bytesPerEvent + bytes)
    }

    /// Moves the records to memory that just holds them.
    mutating func trim(to bytes: Int) {
        let smaller = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes, 1), alignment: 16)
        smaller.copyMemory(from: UnsafeRawBufferPointer(rebasing: records[..<bytes]))
        records.deallocate()
        records = smaller
    }

    func deallocate() {
        records.deallocate()
        offsets.deallocate()
        recordedAt.deallocate()
        chainHashes.deallocate()
    }
}

/// Keeps the memory of runs that are done for those to come: the system would clear fresh pages for every run.
final class RunPool: Sendable {
    private struct Idle {
        var memories: [RunMemory] = []
        var bytes = 0
    }

    let events: Int
    private let bytes: Int
    private let idle = Mutex(Idle())

    /// Touched memory that is kept: the runs of one large append, which are all in memory at the same time.
    private static let idleBytesMax = 48 << 20

    init(events: Int, bytes: Int) {
        self.events = events
        self.bytes = bytes
    }

    deinit {
        for memory in idle.withLock({ $0.memories }) { memory.deallocate() }
    }

    func take() -> RunMemory {
        idle.withLock { idle in
            guard let memory = idle.memories.popLast() else { return nil }
            idle.bytes -= memory.touched
            return memory
        } ?? RunMemory(events: events, bytes: bytes)
    }

    func give(_ memory: RunMemory) {
        let isKept = idle.withLock { idle in
            guard idle.bytes + memory.touched <= RunPool.idleBytesMax else { return false }
            idle.memories.append(memory)
            idle.bytes += memory.touched
            return true
        }
        if !isKept { memory.deallocate() }
    }
}
