import TallyrollFormat

/// A question about values inside `details` or `extra`, asked of the stored paths, so that no object is put together.
struct DocumentQuestion {
    let leaf: CompiledLeaf
    let column: ColumnID
    private let keys: [[UInt8]]
    /// Whether an object of this shape has a value at the path, by shape code; for `exists`.
    private var shapeVerdicts: [UInt32: Bool] = [:]

    init(_ leaf: CompiledLeaf, _ column: ColumnID) {
        self.leaf = leaf
        self.column = column
        switch leaf.field {
        case .details(let path), .extra(let path): keys = path.components.map { Array($0.utf8) }
        default: keys = []
        }
    }

    /// Whether whole objects are cheaper than whole columns for this many rows.
    private static func isSparse(_ candidates: RowSet) -> Bool { candidates.count * 32 < candidates.size }

    mutating func rows(
        _ block: BlockReader, _ candidates: RowSet, _ scratch: inout QueryScratch
    ) throws -> RowSet {
        var result = RowSet(size: block.count)
        guard let documents = try block.documents(column) else { return result }
        if case .exists = leaf.test {
            result = try rowsWithValue(block, documents, &scratch)
            result.formIntersection(candidates)
            return result
        }
        if DocumentQuestion.isSparse(candidates) {
            var text = ByteWriter(capacity: 1024)
            try candidates.forEach { row in
                text.removeAll()
                guard try documents.append(row, into: &text) else { return }
                if leaf.matches(json: text.view, &scratch) { result.insert(row) }
            }
            return result
        }
        var nameScratch = QueryScratch()
        try documents.insertRows(
            where: { leadsTo($0, &nameScratch) }, stringsOnly: false, into: &result
        ) { leaf.matches(jsonScalar: $0, &scratch) }
        try documents.forEachRaw { row, document in
            if candidates.contains(row), leaf.matches(json: document, &scratch) { result.insert(row) }
        }
        result.formIntersection(candidates)
        return result
    }

    /// Adds the candidates of which a string inside the objects satisfies the question.
    static func insertRowsWithString(
        _ leaf: CompiledLeaf, _ block: BlockReader, _ candidates: RowSet, into result: inout RowSet,
        _ scratch: inout QueryScratch
    ) throws {
        guard let documents = try block.documents(.details) else { return }
        if isSparse(candidates) {
            var text = ByteWriter(capacity: 1024)
            try candidates.forEach { row in
                text.removeAll()
                guard !result.contains(row), try documents.append(row, into: &text) else { return }
                if leaf.matches(stringsOf: text.view, &scratch) { result.insert(row) }
            }
            return
        }
        try documents.insertRows(where: { _ in true }, stringsOnly: true, into: &result) { scalar in
            guard scalar.count >= 2, scalar[0] == UInt8(ascii: "\"") else { return false }
            return leaf.matches(text: JSONText.content(scalar.trusted(1, scalar.count - 2), &scratch))
        }
        try documents.forEachRaw { row, document in
            if candidates.contains(row), leaf.matches(stringsOf: document, &scratch) { result.insert(row) }
        }
    }

    /// The rows that have any value at the path. Objects and arrays are values too, also empty ones, which no path
    /// column knows of: the shapes do.
    private mutating func rowsWithValue(
        _ block: BlockReader, _ documents: DocumentColumn, _ scratch: inout QueryScratch
    ) throws -> RowSet {
        if keys.isEmpty { return documents.presentRows() }
        let codes = try block.codes(column).decodeArray()
        let dictionary: DictionaryID = column == .details ? .detailsShape : .extraShape
        let shapes = try block.terms.shapes(dictionary, upTo: codes.max() ?? 0)
        var result = RowSet(size: block.count)
        for row in codes.indices where codes[row] > 0 {
            let code = codes[row]
            if let known = shapeVerdicts[code] {
                if known { result.insert(row) }
                continue
            }
            guard let shape = shapes.shapes[Int(code) - 1] else { continue }
            let verdict = hasValue(shape, &scratch)
            shapeVerdicts[code] = verdict
            if verdict { result.insert(row) }
        }
        try documents.forEachRaw { row, document in
            if leaf.matches(json: document, &scratch) { result.insert(row) }
        }
        return result
    }

    /// Asks an object of the shape whose scalars are all 0.
    private func hasValue(_ shape: Shape, _ scratch: inout QueryScratch) -> Bool {
        var text = shape.text
        for marker in shape.markers { text[marker] = UInt8(ascii: "0") }
        return text.withView { leaf.matches(json: $0, &scratch) }
    }

    private func leadsTo(_ path: [UInt8], _ scratch: inout QueryScratch) -> Bool {
        DocumentQuestion.leads(path, to: keys, &scratch)
    }

    /// Whether a path as shapes name it leads through keys: arrays anywhere are looked through.
    static func leads(_ path: [UInt8], to keys: [[UInt8]], _ scratch: inout QueryScratch) -> Bool {
        path.withView { view in
            var position = 0
            var depth = 0
            while position < view.count {
                if view[position] == Shape.arrayElement {
                    position += 1
                    continue
                }
                position += 1
                let start = position
                while position < view.count, view[position] != Shape.pathSeparator,
                    view[position] != Shape.arrayElement
                {
                    position += 1
                }
                guard depth < keys.count else { return false }
                let name = JSONText.content(view.trusted(start, position - start), &scratch)
                guard keys[depth].withView({ $0.isEqual(to: name) }) else { return false }
                depth += 1
            }
            return depth == keys.count
        }
    }
}
