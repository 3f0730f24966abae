/// All terms of a dictionary in memory, by code: for readers that need many of them.
package final class TermTable: Sendable {
    private let bytes: Bytes
    /// Where the term of code `index + 1` begins and ends.
    private let bounds: [Bounds]

    fileprivate struct Bounds {
        var start: UInt32
        var end: UInt32
    }

    fileprivate init(bytes: Bytes, bounds: [Bounds]) {
        self.bytes = bytes
        self.bounds = bounds
    }

    /// No terms.
    package static let empty = TermTable(bytes: Bytes([]), bounds: [])

    /// The number of terms.
    package var count: Int { bounds.count }

    /// The bytes of memory that it takes.
    package var byteCount: Int { bytes.count + bounds.count * MemoryLayout<Bounds>.stride }

    /// The bytes of the term with `code`, nil when there is no such code. Valid while the table lives.
    ///
    /// - Complexity: O(1).
    @inline(__always)
    package subscript(code: UInt32) -> ByteView? {
        guard code > 0, Int(code) <= bounds.count else { return nil }
        let bounds = bounds[Int(code) - 1]
        return bytes.view.trusted(Int(bounds.start), Int(bounds.end &- bounds.start))
    }

    /// The same terms, side by side in the order of their codes: for readers that ask for codes that lie near each
    /// other, to whom a table in the order of the terms costs a cache miss each.
    package func orderedByCode() -> TermTable {
        var text = ByteWriter(capacity: bytes.count)
        var ordered: [Bounds] = []
        ordered.reserveCapacity(bounds.count)
        for place in bounds {
            let start = UInt32(text.count)
            text.bytes(bytes.view.trusted(Int(place.start), Int(place.end &- place.start)))
            ordered.append(Bounds(start: start, end: UInt32(text.count)))
        }
        return TermTable(bytes: Bytes(copying: text.view), bounds: ordered)
    }

    /// The terms of the codes of some rows; code 0 stands for none.
    ///
    /// - Throws: for a code that the dictionary does not have.
    func read(
        _ rows: UnsafeBufferPointer<UInt32>, of column: CodeColumn,
        into cells: UnsafeMutablePointer<ByteView?>
    ) throws(FormatError) {
        if let constant = column.constant {
            cells.update(repeating: constant == 0 ? nil : try term(constant), count: rows.count)
            return
        }
        guard rows.count > TextColumn.fewEntries else {
            for index in rows.indices {
                let code = column.code(Int(rows[index]))
                cells[index] = code == 0 ? nil : try term(code)
            }
            return
        }
        // One after the other, so that the processor waits for many codes at once, and then for many places.
        try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: rows.count) {
            (codes) throws(FormatError) in
            guard let first = codes.baseAddress else { return }
            column.read(rows, into: first)
            let text = bytes.view
            try bounds.withUnsafeBufferPointer { (bounds) throws(FormatError) in
                for index in rows.indices {
                    let code = Int(first[index])
                    guard code > 0 else {
                        cells[index] = nil
                        continue
                    }
                    guard code <= bounds.count else { throw unknown(first[index]) }
                    let place = bounds[code - 1]
                    cells[index] = text.trusted(Int(place.start), Int(place.end &- place.start))
                }
            }
        }
    }

    /// The term with `code`.
    ///
    /// - Throws: when there is no such code.
    @inline(__always)
    func term(_ code: UInt32) throws(FormatError) -> ByteView {
        guard let term = self[code] else { throw unknown(code) }
        return term
    }

    @inline(never)
    private func unknown(_ code: UInt32) -> FormatError {
        FormatError(
            .invalid, "dictionary", offset: 0, expected: "a code up to \(bounds.count)", found: "\(code)")
    }
}

extension DictionarySection {
    /// Puts all terms together. Takes their bytes and eight more each.
    ///
    /// - Complexity: O(bytes of all terms).
    package func decodeAll() throws(FormatError) -> TermTable {
        var bounds = [TermTable.Bounds](repeating: TermTable.Bounds(start: 0, end: 0), count: count)
        let bytes = try Bytes(count: termBytes) { (target) throws(FormatError) in
            var filled = 0
            try forEachTerm { (code, term) throws(FormatError) in
                guard term.count <= target.count - filled else {
                    throw wrong("\(target.count) bytes of terms", "more")
                }
                UnsafeMutableRawBufferPointer(rebasing: target[filled...]).copyMemory(from: term.raw)
                let end = filled + term.count
                bounds[Int(code) - 1] = TermTable.Bounds(start: UInt32(filled), end: UInt32(end))
                filled = end
                return true
            }
            guard filled == target.count else { throw wrong("\(target.count) bytes of terms", "\(filled)") }
        }
        return TermTable(bytes: bytes, bounds: bounds)
    }
}
