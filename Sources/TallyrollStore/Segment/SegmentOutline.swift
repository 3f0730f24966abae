import TallyrollFormat

/// Where the blocks of a segment lie and what they cover, as plain numbers that are copied for nothing: what a query
/// asks of a segment before it opens any of its blocks. What proves the blocks is in their entries.
package final class SegmentOutline: Sendable {
    /// One block.
    package struct Block: Sendable {
        /// Where it begins in the file.
        package let offset: Int
        package let length: Int
        package let count: Int
        package let firstSequence: UInt64
        package let times: ClosedRange<Int64>
        package let recordedTimes: ClosedRange<Int64>
        package let isReadable: Bool

        package init(_ entry: borrowing BlockEntry) {
            offset = entry.offset
            length = entry.length
            count = entry.count
            firstSequence = entry.firstSequence
            times = entry.times
            recordedTimes = entry.recordedTimes
            isReadable = entry.isReadable
        }

        package var endSequence: UInt64 { firstSequence + UInt64(count) }
    }

    package let blocks: [Block]
    /// The places of all blocks, ascending.
    package let places: [Int]
    package let firstSequence: UInt64
    package let endSequence: UInt64
    /// Whether every event from the first to the last lies in a block that can be read.
    package let isWhole: Bool
    /// Whether no block ends, by event time, before one that stands before it.
    package let isOrdered: Bool
    /// What the times of the blocks lie between; of damaged blocks nothing is known.
    package let times: ClosedRange<Int64>
    package let recordedTimes: ClosedRange<Int64>

    package init(_ entries: [BlockEntry], from firstSequence: UInt64) {
        var blocks: [Block] = []
        blocks.reserveCapacity(entries.count)
        var (isWhole, isOrdered) = (true, true)
        var expected = firstSequence
        var (times, recordedTimes): (ClosedRange<Int64>?, ClosedRange<Int64>?)
        entries.withUnsafeBufferPointer { entries in
            for index in entries.indices {
                let block = Block(entries[index])
                if !block.isReadable || block.firstSequence != expected { isWhole = false }
                if let last = blocks.last, last.times.upperBound > block.times.upperBound {
                    isOrdered = false
                }
                expected = block.endSequence
                times = times?.joined(block.times) ?? block.times
                recordedTimes = recordedTimes?.joined(block.recordedTimes) ?? block.recordedTimes
                blocks.append(block)
            }
        }
        self.blocks = blocks
        places = Array(blocks.indices)
        self.firstSequence = firstSequence
        endSequence = expected
        self.isWhole = isWhole && !blocks.isEmpty
        self.isOrdered = isOrdered
        self.times = times ?? 0...0
        self.recordedTimes = recordedTimes ?? 0...0
    }

    package var eventCount: Int { Int(endSequence - firstSequence) }

    /// The number of events of some blocks.
    package func events(ofBlocks places: [Int]) -> Int {
        if places.count == blocks.count, isWhole { return eventCount }
        return blocks.withUnsafeBufferPointer { blocks in places.reduce(0) { $0 + blocks[$1].count } }
    }

    /// The places in the segment of a block's events.
    package func ordinals(ofBlock place: Int) -> Range<Int> {
        let first = Int(blocks[place].firstSequence - firstSequence)
        return first..<(first + blocks[place].count)
    }

    /// The place of the last block that begins at or before a sequence and holds events; nil when none does.
    package func place(atOrBefore sequence: UInt64) -> Int? {
        var (low, high) = (0, blocks.count)
        while low < high {
            let middle = (low + high) / 2
            if blocks[middle].firstSequence <= sequence { low = middle + 1 } else { high = middle }
        }
        // Unreadable entries may hold no events: the one that holds the sequence is before them.
        var place = low - 1
        while place >= 0, blocks[place].count == 0 { place -= 1 }
        return place >= 0 ? place : nil
    }

    /// The place of the block that holds a sequence.
    package func place(of sequence: UInt64) -> Int? {
        place(atOrBefore: sequence).flatMap { sequence < blocks[$0].endSequence ? $0 : nil }
    }
}

extension ClosedRange {
    /// The smallest range that holds both.
    package func joined(_ other: ClosedRange) -> ClosedRange {
        Swift.min(lowerBound, other.lowerBound)...Swift.max(upperBound, other.upperBound)
    }
}
