import TallyrollFormat

/// A question about ids, asked of a block: those from outside lie in a column, the others are made from place and time.
enum IDQuestion {
    static func rows(
        _ leaf: CompiledLeaf, _ question: Filter, _ block: BlockReader, _ candidates: RowSet
    ) throws -> RowSet {
        if case .exists = leaf.test { return candidates }
        if let equality = question.equality, equality.values.count <= 16 {
            var result = RowSet(size: block.count)
            for value in equality.values {
                guard case .text(let text) = value else { continue }
                result.formUnion(try rows(equalTo: Array(text.string.utf8), block, candidates))
            }
            return result
        }
        return try scan(leaf, block, candidates)
    }

    /// The candidates with this very id.
    static func rows(equalTo id: [UInt8], _ block: BlockReader, _ candidates: RowSet) throws -> RowSet {
        var result = RowSet(size: block.count)
        let column = try block.text(.id)
        if let column {
            result = try id.withView { id in
                try column.rows(from: try block.context(.id), equalTo: id)
            }
            result.formIntersection(candidates)
        }
        if let row = try mintedRow(id, block), candidates.contains(row) {
            var foreign = ByteWriter(capacity: 64)
            let isForeign = try column?.append(row, from: try block.context(.id), into: &foreign) ?? false
            if !isForeign { result.insert(row) }
        }
        return result
    }

    /// The row to which the store would have given this id.
    private static func mintedRow(_ id: [UInt8], _ block: BlockReader) throws -> Int? {
        guard let parts = id.withView({ MintedID.parse($0, storeTag: block.header.storeTag) }),
            parts.sequence >= block.header.firstSequence,
            parts.sequence < block.header.firstSequence + UInt64(block.count)
        else { return nil }
        let row = Int(parts.sequence - block.header.firstSequence)
        let recordedAt = try block.integers(.recordedAt).value(row)
        return MintedID.milliseconds(recordedAt: recordedAt) == parts.milliseconds ? row : nil
    }

    private static func scan(
        _ leaf: CompiledLeaf, _ block: BlockReader, _ candidates: RowSet
    ) throws -> RowSet {
        var result = RowSet(size: block.count)
        let column = try block.text(.id)
        let context = try block.context(.id)
        let recordedAt = try block.integers(.recordedAt).decodeArray()
        var text = ByteWriter(capacity: 256)
        try candidates.forEach { row in
            text.removeAll()
            if try column?.append(row, from: context, into: &text) != true {
                MintedID.write(
                    recordedAt: recordedAt[row], sequence: block.header.firstSequence + UInt64(row),
                    storeTag: block.header.storeTag, into: &text)
            }
            if leaf.matches(text: text.view) { result.insert(row) }
        }
        return result
    }
}
