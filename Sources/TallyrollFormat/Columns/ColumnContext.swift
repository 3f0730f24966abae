/// What a column needs from its block to give text back: the heap, the dictionary of its field, and the column it
/// may follow.
package final class ColumnContext: Sendable {
    package let heap: any TextHeap
    package let terms: any TermSource
    package let dictionary: DictionaryID?
    package let leaders: LeaderRanks?

    package init(
        heap: any TextHeap, terms: any TermSource, dictionary: DictionaryID?, leaders: LeaderRanks?
    ) {
        self.heap = heap
        self.terms = terms
        self.dictionary = dictionary
        self.leaders = leaders
    }

    func appendTerm(_ code: UInt32, into out: inout ByteWriter) throws {
        guard let dictionary else {
            throw FormatError(
                .invalid, "text column", offset: 0, expected: "no dictionary codes", found: "code \(code)")
        }
        try terms.append(code, of: dictionary, into: &out)
    }

    /// The heap text from `start` to `end`, both counted from `base`; valid while the heap lives.
    @inline(__always)
    func text(from base: Int, _ start: Int, _ end: Int) throws -> ByteView {
        guard start >= 0, end >= start, end <= Int(Int32.max) else {
            throw ColumnContext.disorder(start, end)
        }
        if start == end { return .empty }
        return try heap.text(at: base + start, end - start)
    }

    @inline(never)
    private static func disorder(_ start: Int, _ end: Int) -> FormatError {
        FormatError(
            .invalid, "text column: ends", offset: 0, expected: "ascending", found: "\(start) then \(end)")
    }
}

/// Reads the text heap of one block; keeps the chunks it has inflated.
package protocol TextHeap: AnyObject, Sendable {
    /// `length` bytes from `position` of the heap, which lie in one chunk. Valid while the heap lives.
    func text(at position: Int, _ length: Int) throws -> ByteView
    /// Calls `body` with the text from `start` to `end`, a piece a chunk, and where each piece begins.
    func forEachPiece(
        from start: Int, to end: Int, _ body: (_ position: Int, _ text: ByteView) throws -> Void
    ) throws
}
