import Synchronization
import TallyrollIntegrity

/// The memory of one run. `@unchecked Sendable`: it has one owner at a time, the run or the pool.
struct RunMemory: @unchecked Sendable {
    private(set) var records: UnsafeMutableRawBufferPointer
    let offsets: UnsafeMutablePointer<UInt32>
    let recordedAt: UnsafeMutablePointer<Int64>
    let chainHashes: UnsafeMutablePointer<Digest>

    init(events: Int, bytes: Int) {
        records = .allocate(byteCount: max(bytes, 1), alignment: 16)
        offsets = .allocate(capacity: events)
        recordedAt = .allocate(capacity: events)
        chainHashes = .allocate(capacity: events)
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
    let events: Int
    private let bytes: Int
    private let idle = Mutex<[RunMemory]>([])

    /// What the writer, the block worker's queue and its work in hand need at most times.
    private static let idleMax = 4

    init(events: Int, bytes: Int) {
        self.events = events
        self.bytes = bytes
    }

    deinit {
        for memory in idle.withLock({ $0 }) { memory.deallocate() }
    }

    func take() -> RunMemory {
        idle.withLock { $0.popLast() } ?? RunMemory(events: events, bytes: bytes)
    }

    func give(_ memory: RunMemory) {
        let isKept = idle.withLock { idle in
            guard idle.count < RunPool.idleMax else { return false }
            idle.append(memory)
            return true
        }
        if !isKept { memory.deallocate() }
    }
}
