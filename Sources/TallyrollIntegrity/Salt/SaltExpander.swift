/// Derives all salts below a node of the salt tree at once, level after level, side by side.
final class SaltExpander {
    /// The node's height: it has 2^8 leaves.
    static let height = 8
    static let leafCount = 1 << height

    private let lanes = HashLanes(blocks: 1)
    /// Seeds of a level, and those of the next: the two halves of each digest, side by side as the hash writes them.
    private var level: UnsafeMutablePointer<Bytes16>
    private var next: UnsafeMutablePointer<Bytes16>

    init() {
        level = .allocate(capacity: max(SaltExpander.leafCount, 2 * HashLanes.count))
        next = .allocate(capacity: max(SaltExpander.leafCount, 2 * HashLanes.count))
        for lane in 0..<HashLanes.count {
            let slot = UnsafeMutableRawBufferPointer(
                start: lanes.slot(lane), count: SaltTree.tag.utf8CodeUnitCount)
            SaltTree.tag.withUTF8Buffer { slot.copyMemory(from: UnsafeRawBufferPointer($0)) }
            lanes.pad(lane, length: SaltTree.tag.utf8CodeUnitCount + Bytes16.byteCount, from: SHA256.State())
        }
    }

    deinit {
        level.deallocate()
        next.deallocate()
    }

    /// The salts below a node of that height, from left to right; valid until the next call.
    func leaves(below seed: Bytes16) -> UnsafePointer<Bytes16> {
        level[0] = seed
        var width = 1
        while width < SaltExpander.leafCount {
            derive(width)
            swap(&level, &next)
            width *= 2
        }
        return UnsafePointer(level)
    }

    /// Writes the children of the first `width` seeds.
    private func derive(_ width: Int) {
        guard width >= HashLanes.count / 2 else {
            for place in 0..<width {
                (next[2 * place], next[2 * place + 1]) = SaltTree.children(of: level[place])
            }
            return
        }
        let offset = SaltTree.tag.utf8CodeUnitCount
        var first = 0
        while first < width {
            for lane in 0..<min(HashLanes.count, width - first) {
                level[first + lane].store(to: lanes.slot(lane) + offset)
            }
            let target = UnsafeMutableRawPointer(next + 2 * first)
            lanes.hash(from: SHA256.State(), into: target.assumingMemoryBound(to: Digest.self))
            first += HashLanes.count
        }
    }
}
