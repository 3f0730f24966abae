/// Puts a block filter together from keys in ascending order, each with its blocks.
package struct BlockFilterBuilder {
    private let blockCount: Int
    private let unknown: [UInt32]
    private var singleKeys: [UInt64] = []
    private var singleBlocks: [UInt32] = []
    private var keys: [UInt64] = []
    /// Running total of the lengths of the lists.
    private var totals: [UInt32] = []
    private var places: [UInt32] = []

    /// A filter over `blockCount` blocks; nothing is known of those in `unknown`, ascending.
    package init(blockCount: Int, unknown: [UInt32] = []) {
        self.blockCount = blockCount
        self.unknown = unknown
    }

    /// Adds a key, above the one before, and the blocks it is in, ascending.
    @inline(__always)
    package mutating func add(_ key: UInt64, blocks: UnsafeBufferPointer<UInt32>) {
        if blocks.count == 1 {
            singleKeys.append(key)
            singleBlocks.append(blocks[0])
            return
        }
        guard blocks.count > 1 else { return }
        keys.append(key)
        // Beyond half of the blocks, knowing which saves less than the list costs.
        if blocks.count * 2 <= blockCount { places.append(contentsOf: blocks) }
        totals.append(UInt32(places.count))
    }

    /// Appends the section.
    package func write(into out: inout ByteWriter) {
        out.u8(BlockFilter.version)
        out.u32(UInt32(blockCount))
        var part = ByteWriter(capacity: 64)
        part.varint(UInt64(unknown.count))
        for block in unknown { part.varint(UInt64(block)) }
        out.lengthPrefixed(part.view)
        part.removeAll()
        singleKeys.withUnsafeBufferPointer { keys in
            singleBlocks.withUnsafeBufferPointer { blocks in
                IDTable.build(hashes: keys, payload: .blocks(blocks), fingerprints: .of8Bits, into: &part)
            }
        }
        out.lengthPrefixed(part.view)
        writeLists(into: &out)
    }

    private func writeLists(into out: inout ByteWriter) {
        var listPlaces: [Int] = []
        var listBits = 0
        for index in keys.indices {
            if index > 0, index & (1 << BlockFilter.groupShift - 1) == 0 { listPlaces.append(listBits) }
            listBits += PostingList.bitCount(count: length(index), universe: blockCount)
        }
        let placeWidth = BitPacking.width(forMaximum: UInt64(listBits))
        var bits = BitBuffer(
            count: MonotoneSequence.bitCount(count: keys.count, upper: keys.count)
                + keys.count * BlockFilter.fingerprintWidth
                + MonotoneSequence.bitCount(count: keys.count, upper: places.count)
                + listPlaces.count * placeWidth + listBits)
        var at = bucketEnds().withUnsafeBufferPointer {
            MonotoneSequence.write($0, upper: keys.count, into: &bits, at: 0)
        }
        for key in keys {
            bits.write(BlockFilter.fingerprint(key), width: BlockFilter.fingerprintWidth, at: at)
            at += BlockFilter.fingerprintWidth
        }
        at = totals.withUnsafeBufferPointer {
            MonotoneSequence.write($0, upper: places.count, into: &bits, at: at)
        }
        for place in listPlaces {
            bits.write(place, width: placeWidth, at: at)
            at += placeWidth
        }
        places.withUnsafeBufferPointer { places in
            for index in keys.indices {
                let start = index == 0 ? 0 : Int(totals[index - 1])
                at = PostingList.write(
                    UnsafeBufferPointer(rebasing: places[start..<Int(totals[index])]), universe: blockCount,
                    into: &bits, at: at)
            }
        }
        out.u32(UInt32(keys.count))
        out.u32(UInt32(places.count))
        out.u64(UInt64(listBits))
        bits.append(to: &out)
    }

    private func length(_ index: Int) -> Int {
        Int(totals[index]) - (index == 0 ? 0 : Int(totals[index - 1]))
    }

    private func bucketEnds() -> [UInt32] {
        var ends = [UInt32](repeating: 0, count: keys.count)
        for key in keys { ends[BlockFilter.bucket(key, of: keys.count)] += 1 }
        var total: UInt32 = 0
        for index in ends.indices {
            total += ends[index]
            ends[index] = total
        }
        return ends
    }
}
