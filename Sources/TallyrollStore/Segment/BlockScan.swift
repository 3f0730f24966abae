import TallyrollFormat

/// Finds the blocks of a segment file by their headers, without a directory: how an open segment is read, and a
/// sealed one whose directory is damaged.
///
/// A block counts only when its header, its directory and the checksum of every section fit, and it belongs to this
/// store, this segment and this place. Behind a bad place the scan looks for the next header that fits on an
/// 8-byte boundary, so that damage costs the block it hit and nothing behind it.
package struct BlockScan {
    package enum Piece {
        case block(BlockEntry, BlockReader)
        /// Bytes where a block should be and is not, with a valid block behind them.
        case damaged(Range<Int>, problem: FormatError)
    }

    package private(set) var pieces: [Piece] = []
    /// Where the last valid block ends.
    package private(set) var end: Int
    /// What stands at `end`, when it is neither the end of the file nor zeros.
    package private(set) var trailing: FormatError?
    package private(set) var terms: GrowingTerms

    /// Whether bytes between valid blocks are not.
    var hasDamage: Bool {
        pieces.contains { if case .damaged = $0 { true } else { false } }
    }

    private let file: any StorageFile
    private let header: SegmentHeader
    /// The sequence after the last valid block.
    private(set) var nextSequence: UInt64
    private var nextIndex = 0

    /// Scans from `start` (the first block by default) to `limit`, adding the terms of each block to `terms`. With
    /// `mustBeWhole` a block counts only if all its events can be rebuilt: behind a damaged block, which may have
    /// brought terms that they refer to, that is not certain.
    package init(
        _ file: any StorageFile, header: SegmentHeader, from start: Int = SegmentHeader.byteCount,
        index: Int = 0, sequence: UInt64? = nil, limit: Int, terms: GrowingTerms = GrowingTerms(),
        mustBeWhole: Bool = false
    ) throws {
        self.file = file
        self.header = header
        self.terms = terms
        end = start
        nextSequence = sequence ?? header.firstSequence
        nextIndex = index
        while end < limit {
            // Space that was reserved and never written, as behind every open segment: nothing to look for.
            if try isUnwritten(at: end, limit: limit), try isZero(from: end, to: limit) { return }
            do {
                let (entry, block) = try readBlock(at: end, limit: limit)
                try terms.add(block)
                if mustBeWhole, hasDamage { try BlockScan.checkRows(of: block) }
                accept(entry, block)
            } catch let problem as FormatError {
                guard let next = try findBlock(after: end, limit: limit) else {
                    trailing = problem
                    return
                }
                pieces.append(.damaged(end..<next, problem: problem))
                end = next
            }
        }
    }

    private mutating func accept(_ entry: BlockEntry, _ block: BlockReader) {
        pieces.append(.block(entry, block))
        end = entry.offset + entry.length
        nextSequence = entry.endSequence
        nextIndex = block.header.index + 1
    }

    private static func checkRows(of block: BlockReader) throws {
        var record = ByteWriter(capacity: 1024)
        for row in 0..<block.count {
            record.removeAll()
            _ = try block.appendRecord(row, into: &record)
        }
    }

    /// Reads and checks the whole block at an offset.
    private func readBlock(at offset: Int, limit: Int) throws -> (BlockEntry, BlockReader) {
        guard limit - offset >= BlockHeader.byteCount else {
            throw FormatError(
                .truncated, "block header", offset: offset, expected: "\(BlockHeader.byteCount) bytes",
                found: "\(limit - offset)")
        }
        let head = try file.bytes(at: offset, BlockHeader.byteCount, what: "block header")
        defer { withExtendedLifetime(head) {} }
        let header = try BlockHeader(head.view, origin: offset)
        try checkPlace(header, at: offset)
        guard header.length <= limit - offset else {
            throw FormatError(
                .truncated, "block", offset: offset, expected: "\(header.length) bytes",
                found: "\(limit - offset)")
        }
        let block = try BlockReader(source: FileBlockSource(file, at: offset), origin: offset, terms: terms)
        for section in block.directory.sections { _ = try block.read(section) }
        let checksum = head.view.load(UInt64.self, at: BlockHeader.byteCount - 8)
        return (
            BlockEntry(header, headerChecksum: checksum, offset: offset, roots: try block.tree().roots), block
        )
    }

    private func checkPlace(_ found: BlockHeader, at offset: Int) throws {
        guard found.storeTag == header.storeTag, found.segmentNumber == header.number else {
            throw FormatError(
                .invalid, "block header: place", offset: offset,
                expected: "segment \(header.number) of store \(hex(header.storeTag))",
                found: "segment \(found.segmentNumber) of store \(hex(found.storeTag))")
        }
        // Behind damage the sequence may be ahead, never behind.
        let isNext = found.firstSequence == nextSequence && found.index == nextIndex
        let isBehindDamage = found.firstSequence > nextSequence && found.index > nextIndex
        var damagedBefore = false
        if case .damaged(let range, _)? = pieces.last, range.upperBound == offset { damagedBefore = true }
        guard isNext || isBehindDamage && damagedBefore else {
            throw FormatError(
                .invalid, "block header: order", offset: offset,
                expected: "block \(nextIndex) from sequence \(nextSequence)",
                found: "block \(found.index) from sequence \(found.firstSequence)")
        }
    }

    /// The place of the next header that fits behind a bad place, or nil.
    private func findBlock(after bad: Int, limit: Int) throws -> Int? {
        let window = 4 << 20
        var start = bad + 8
        while start < limit {
            let length = min(window + BlockHeader.byteCount, limit - start)
            let bytes = try file.bytes(at: start, length, what: "segment")
            defer { withExtendedLifetime(bytes) {} }
            var offset = 0
            while offset < min(window, length), length - offset >= BlockHeader.byteCount {
                if bytes.view[offset] == BlockHeader.kindEvents,
                    bytes.view.load(UInt64.self, at: offset + 8) == header.storeTag,
                    let found = try? BlockHeader(
                        bytes.view.trusted(offset, BlockHeader.byteCount), origin: start + offset),
                    found.segmentNumber == header.number, found.index > nextIndex,
                    found.firstSequence > nextSequence
                {
                    return start + offset
                }
                offset += 8
            }
            start += window
        }
        return nil
    }

    private func isUnwritten(at offset: Int, limit: Int) throws -> Bool {
        try file.bytes(at: offset, min(8, limit - offset), what: "segment").isZero
    }

    private func isZero(from start: Int, to limit: Int) throws -> Bool {
        var offset = start
        while offset < limit {
            let length = min(1 << 20, limit - offset)
            guard try file.bytes(at: offset, length, what: "segment").isZero else { return false }
            offset += length
        }
        return true
    }
}

extension Bytes {
    fileprivate var isZero: Bool { withView { $0.isAllZero } }
}
