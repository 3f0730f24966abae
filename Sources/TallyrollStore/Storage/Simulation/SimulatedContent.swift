/// What one file holds: the bytes that a process sees, the bytes that are on the medium, and which sectors and sizes
/// lie between the two.
struct SimulatedContent: Sendable {
    /// Older contents of an unsynced sector that may have reached the medium; more than these are forgotten.
    private static let versionsKept = 4

    private var volatile = SparseBytes()
    private var durable = SparseBytes()
    private(set) var size = 0
    private(set) var durableSize = 0
    /// Sectors written since the last sync, each with the contents that were overwritten before they were synced.
    private var unsynced: [Int: [[UInt8]]] = [:]
    /// Sectors that a failed sync left marked clean though they were never written: a later sync skips them.
    private var abandoned: Set<Int> = []
    /// Sizes the file had since the last sync.
    private var pastSizes: [Int] = []

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let length = max(0, min(buffer.count, size - offset))
        volatile.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<length]))
        return length
    }

    mutating func write(at offset: Int, _ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        let end = offset + bytes.count
        let sectorBytes = SparseBytes.sectorBytes
        for sector in (offset / sectorBytes)...((end - 1) / sectorBytes) { touch(sector) }
        volatile.write(at: offset, bytes)
        if end > size { setSize(end) }
    }

    mutating func truncate(to newSize: Int) {
        if newSize < size {
            for sector in volatile.sectors(from: newSize) { touch(sector) }
            volatile.removeAll(from: newSize)
        }
        if newSize != size { setSize(newSize) }
    }

    mutating func sync() {
        for sector in unsynced.keys { durable.setSector(sector, volatile.sector(sector)) }
        unsynced.removeAll()
        durableSize = size
        pastSizes.removeAll()
    }

    /// What a failed sync leaves on Linux: the pages count as written, and are not.
    mutating func abandonUnsynced() {
        abandoned.formUnion(unsynced.keys)
        unsynced.removeAll()
    }

    /// What a power loss can leave: each unsynced sector old, new or something it held in between, and the size old,
    /// new or partly grown. `keep` is the chance of the new.
    func crashed(keep: Double, using random: inout SplitMix64) -> SimulatedContent {
        var result = SimulatedContent()
        result.durable = durable
        for sector in Set(unsynced.keys).union(abandoned).sorted() {
            guard random.chance(keep) else { continue }
            let versions = unsynced[sector] ?? []
            let pick =
                versions.isEmpty || keep >= 1 ? 0 : Int(random.next(upperBound: UInt64(versions.count) + 1))
            result.durable.setSector(sector, pick == 0 ? volatile.sector(sector) : versions[pick - 1])
        }
        result.durableSize = crashedSize(keep: keep, using: &random)
        result.durable.removeAll(from: result.durableSize)
        result.volatile = result.durable
        result.size = result.durableSize
        return result
    }

    private func crashedSize(keep: Double, using random: inout SplitMix64) -> Int {
        guard durableSize != size || !pastSizes.isEmpty else { return size }
        if random.chance(keep) { return size }
        guard keep > 0, random.chance(0.5) else { return durableSize }
        if !pastSizes.isEmpty, random.chance(0.5) {
            return pastSizes[Int(random.next(upperBound: UInt64(pastSizes.count)))]
        }
        let low = min(size, durableSize)
        let sectors = (max(size, durableSize) - low) / SparseBytes.sectorBytes
        let grown = Int(random.next(upperBound: UInt64(sectors) + 1)) * SparseBytes.sectorBytes
        return low + grown
    }

    private mutating func touch(_ sector: Int) {
        if unsynced[sector] != nil {
            unsynced[sector]?.append(volatile.sector(sector))
            if let count = unsynced[sector]?.count, count > SimulatedContent.versionsKept {
                unsynced[sector]?.removeFirst()
            }
        } else if abandoned.remove(sector) != nil {
            unsynced[sector] = [volatile.sector(sector)]
        } else {
            unsynced[sector] = []
        }
    }

    private mutating func setSize(_ newSize: Int) {
        if size != durableSize, pastSizes.last != size { pastSizes.append(size) }
        size = newSize
    }
}

extension SplitMix64 {
    /// True with the given probability; never at 0, always at 1.
    mutating func chance(_ probability: Double) -> Bool {
        Double(next() >> 11) * 0x1p-53 < probability
    }
}
