/// Finds the blocks of a segment in which a value may be, without storing values: keys, which are 64-bit hashes, lead
/// to sets of blocks. It never misses a block; it names one in vain about once in 256 look-ups of a value that is
/// nowhere.
///
/// Keys of one block are in a table of fingerprints. Keys of several blocks have a list of them, in the form of a
/// posting list over the blocks; one that is in more than half of all blocks is taken to be *everywhere*, and costs
/// no list.
///
/// | offset | size | what |
/// |---|---|---|
/// | 0 | 1 | version, 1 |
/// | 1 | 4 | blocks of the segment |
/// | 5 | | length-prefixed: blocks of which nothing is known, a varint count and a varint a block, ascending |
/// | | | length-prefixed: the keys of one block, an `IDTable` |
/// | | 4 | keys of several blocks, and as many buckets |
/// | | 4 | blocks in all their lists |
/// | | 8 | bits of all lists |
/// | | | bits, padded with zeros: keys up to and with each bucket (`MonotoneSequence`) · fingerprints of 12 bits, the low ones of the hash, in the order of the hashes · running total of the lengths of their lists (`MonotoneSequence`), 0 for everywhere · where the lists of keys 16, 32, … begin, packed · the lists without gaps |
///
/// Opening is O(1) but for the unknown blocks; `checkInvariants` proves the rest. Wrong bits give wrong blocks, no more.
package struct BlockFilter {
    /// The blocks of the segment.
    package let blockCount: Int
    /// Blocks in which any value may be.
    package let unknown: [UInt32]
    package let singles: IDTable
    /// Keys that are in several blocks.
    package let listCount: Int
    private let placeCount: Int
    private let bits: BitView
    private let ends: MonotoneSequence
    private let totals: MonotoneSequence
    private let fingerprintsStart: Int
    private let placesStart: Int
    private let placeWidth: Int
    private let listsStart: Int
    private let origin: Int

    static let version: UInt8 = 1
    static let what = "block filter"
    static let fingerprintWidth = 12
    /// Keys whose list is found from one stored place (as a shift).
    static let groupShift = 4

    /// Opens the section of a segment of `blocks` blocks, which it must agree with; nil where that is compared later.
    /// `origin` is where it begins in its file.
    package init(_ section: ByteView, blocks expected: Int?, origin: Int = 0) throws(FormatError) {
        var reader = ByteReader(section, what: BlockFilter.what, origin: origin)
        let version = try reader.u8()
        guard version == BlockFilter.version else {
            throw reader.invalid("version", expected: "1", found: "\(version)")
        }
        blockCount = Int(try reader.u32())
        if let expected, blockCount != expected {
            throw reader.invalid("blocks", expected: "\(expected)", found: "\(blockCount)")
        }
        unknown = try BlockFilter.readUnknown(try reader.lengthPrefixed(), blocks: blockCount, origin: origin)
        let table = try reader.lengthPrefixed()
        singles = try IDTable(
            table, origin: origin + reader.offset - table.count, fingerprints: .of8Bits)
        guard singles.payloadBound <= blockCount else {
            throw reader.invalid(
                "payload bound", expected: "at most \(blockCount)", found: "\(singles.payloadBound)")
        }
        listCount = Int(try reader.u32())
        placeCount = Int(try reader.u32())
        let listBits = try reader.u64()
        guard listBits <= UInt64(section.count) * 8 else {
            throw reader.invalid("lists", expected: "bits inside the section", found: "\(listBits)")
        }
        let endBits = MonotoneSequence.bitCount(count: listCount, upper: listCount)
        fingerprintsStart = endBits
        let totalsStart = endBits + listCount * BlockFilter.fingerprintWidth
        placesStart = totalsStart + MonotoneSequence.bitCount(count: listCount, upper: placeCount)
        placeWidth = BitPacking.width(forMaximum: listBits)
        listsStart = placesStart + max(listCount - 1, 0) >> BlockFilter.groupShift * placeWidth
        let start = reader.offset
        bits = try BitView(
            try reader.bytes(reader.remaining), count: listsStart + Int(listBits), what: BlockFilter.what,
            origin: origin + start)
        ends = try MonotoneSequence(
            bits, at: 0, count: listCount, upper: listCount, what: BlockFilter.what)
        totals = try MonotoneSequence(
            bits, at: totalsStart, count: listCount, upper: placeCount, what: BlockFilter.what)
        self.origin = origin
    }

    private static func readUnknown(
        _ view: ByteView, blocks: Int, origin: Int
    ) throws(FormatError) -> [UInt32] {
        var reader = ByteReader(view, what: "block filter: unknown blocks", origin: origin)
        let count = try reader.length(atMost: min(view.count, blocks))
        var unknown: [UInt32] = []
        for _ in 0..<count {
            let block = try reader.length(atMost: max(blocks - 1, 0))
            guard unknown.last.map({ Int($0) < block }) ?? true else {
                throw reader.invalid("block", expected: "ascending ones", found: "\(block)")
            }
            unknown.append(UInt32(block))
        }
        try reader.finish()
        return unknown
    }

    /// Adds the blocks in which a value with this key may be.
    ///
    /// - Complexity: O(1) expected, and the length of the key's list.
    package func insertBlocks(holding key: UInt64, into blocks: inout OrdinalBitmap) {
        precondition(blocks.range == 0..<blockCount)
        for block in unknown { blocks.insert(Int(block)) }
        for block in singles.candidates(key) { blocks.insert(Int(block)) }
        guard listCount > 0 else { return }
        let bounds = ends.bounds(BlockFilter.bucket(key, of: listCount))
        for index in bounds.lower..<bounds.upper where fingerprint(index) == BlockFilter.fingerprint(key) {
            if let list = try? list(index) {
                if list.count == 0 { blocks = OrdinalBitmap(all: 0..<blockCount) }
                blocks.formUnion(list)
            } else {
                // A list that is none says nothing.
                blocks = OrdinalBitmap(all: 0..<blockCount)
            }
        }
    }

    /// The blocks in which a value with this key may be.
    package func blocks(holding key: UInt64) -> OrdinalBitmap {
        var blocks = OrdinalBitmap(range: 0..<blockCount)
        insertBlocks(holding: key, into: &blocks)
        return blocks
    }

    /// Whether a value with this key may be in a block.
    package func mayHold(_ key: UInt64, in block: Int) -> Bool { blocks(holding: key).contains(block) }

    /// The list of a key by its place; empty stands for everywhere.
    private func list(_ index: Int) throws(FormatError) -> PostingList {
        let group = index >> BlockFilter.groupShift
        var at = listsStart + (group == 0 ? 0 : place(group))
        let first = group << BlockFilter.groupShift
        var iterator = totals.iterator(from: max(first - 1, 0))
        var previous = first == 0 ? 0 : iterator.next() ?? placeCount
        for _ in first..<index {
            let total = max(iterator.next() ?? placeCount, previous)
            guard total - previous <= blockCount else {
                throw wrong("lists of at most \(blockCount)", "more")
            }
            at += PostingList.bitCount(count: total - previous, universe: blockCount)
            previous = total
        }
        let total = max(iterator.next() ?? placeCount, previous)
        return try PostingList(bits, at: at, count: total - previous, universe: blockCount)
    }

    /// Throws unless the section can be what `build` writes.
    ///
    /// - Complexity: O(keys and the lengths of their lists).
    package func checkInvariants() throws(FormatError) {
        try singles.checkInvariants()
        try ends.checkInvariants(what: BlockFilter.what)
        try totals.checkInvariants(what: BlockFilter.what)
        guard listCount == 0 || ends.value(listCount - 1) == listCount else {
            throw wrong("buckets that hold \(listCount) keys", "fewer")
        }
        guard (listCount == 0 ? 0 : totals.value(listCount - 1)) == placeCount else {
            throw wrong("lists of \(placeCount) blocks", "another sum")
        }
        var at = listsStart
        var iterator = totals.iterator()
        var previous = 0
        for index in 0..<listCount {
            let total = iterator.next() ?? placeCount
            let group = index >> BlockFilter.groupShift
            if group << BlockFilter.groupShift == index, group > 0, listsStart + place(group) != at {
                throw wrong("place \(at - listsStart)", "\(place(group))")
            }
            let list = try PostingList(bits, at: at, count: total - previous, universe: blockCount)
            guard list.count != 1, list.count * 2 <= blockCount else {
                throw wrong("lists of 2 to \(blockCount / 2) blocks", "\(list.count)")
            }
            try list.checkInvariants()
            at += PostingList.bitCount(count: list.count, universe: blockCount)
            previous = total
        }
        guard at == bits.count else {
            throw wrong("lists of \(bits.count - listsStart) bits", "\(at - listsStart)")
        }
    }

    @inline(__always)
    private func place(_ group: Int) -> Int {
        bits.value(at: placesStart + (group - 1) * placeWidth, width: placeWidth)
    }

    @inline(__always)
    private func fingerprint(_ index: Int) -> Int {
        bits.value(
            at: fingerprintsStart + index * BlockFilter.fingerprintWidth, width: BlockFilter.fingerprintWidth)
    }

    @inline(__always)
    static func bucket(_ key: UInt64, of count: Int) -> Int {
        Int(truncatingIfNeeded: key.multipliedFullWidth(by: UInt64(truncatingIfNeeded: count)).high)
    }

    @inline(__always)
    static func fingerprint(_ key: UInt64) -> Int {
        Int(truncatingIfNeeded: key & (1 << UInt64(fingerprintWidth) - 1))
    }

    private func wrong(_ expected: String, _ found: String) -> FormatError {
        FormatError(.invalid, BlockFilter.what, offset: origin, expected: expected, found: found)
    }
}
