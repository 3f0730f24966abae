/// What a column needs from its block to give text back: the heap, the dictionary of its field, and the column it
/// may follow.
package struct ColumnContext {
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

    /// Appends the heap text from `start` to `end`, both counted from `base`.
    func appendText(
        from base: Int, _ start: Int, _ end: Int, into out: inout ByteWriter
    ) throws {
        guard start >= 0, end >= start, end <= Int(Int32.max) else {
            throw FormatError(
                .invalid, "text column: ends", offset: 0, expected: "ascending", found: "\(start) then \(end)"
            )
        }
        if start == end { return }
        try heap.append(base + start, end - start, into: &out)
    }
}

/// Reads the text heap of one block; keeps the chunks it has inflated.
package protocol TextHeap: AnyObject, Sendable {
    /// Appends `length` bytes from `position` of the heap, which lie in one chunk.
    func append(_ position: Int, _ length: Int, into out: inout ByteWriter) throws
}

/// The codes that other columns of a block follow, with the place of each distinct code among those present.
package final class LeaderRanks: Sendable {
    package let count: Int
    package let distinct: Int
    private let codes: [UInt32]
    /// One bit a code, and how many bits are set before each word.
    private let words: [UInt64]
    private let ranks: [UInt32]

    package init(_ column: CodeColumn) throws(FormatError) {
        count = column.count
        codes = column.decodeArray()
        let largest = Int(codes.max() ?? 0)
        guard largest <= 1 << 28 else {
            throw FormatError(
                .limit, "leader codes", offset: 0, expected: "at most \(1 << 28)", found: "\(largest)")
        }
        var words = [UInt64](repeating: 0, count: largest / 64 + 1)
        for code in codes { words[Int(code >> 6)] |= 1 << UInt64(code & 63) }
        var ranks: [UInt32] = []
        ranks.reserveCapacity(words.count)
        var total: UInt32 = 0
        for word in words {
            ranks.append(total)
            total += UInt32(word.nonzeroBitCount)
        }
        self.words = words
        self.ranks = ranks
        distinct = Int(total)
    }

    @inline(__always)
    func code(_ row: Int) -> UInt32 { codes[row] }

    /// How many distinct codes of the block are smaller.
    @inline(__always)
    func rank(of code: UInt32) -> Int {
        let word = Int(code >> 6)
        return Int(ranks[word]) + (words[word] & ((1 << UInt64(code & 63)) - 1)).nonzeroBitCount
    }
}

/// Where the text of each dictionary code met so far was put while a column is decoded: a small open-addressing table,
/// since it is asked once a row.
struct TermPlaces {
    /// Codes by slot, 0 where free, and beside them where their text lies.
    private var codes = [UInt32](repeating: 0, count: 1 << 10)
    private var places = [(offset: UInt32, length: UInt32)](repeating: (0, 0), count: 1 << 10)
    private var count = 0

    @inline(__always)
    mutating func place(
        of code: UInt32, in context: ColumnContext, text: inout ByteWriter
    ) throws -> (offset: UInt32, length: UInt32) {
        let slot = TermPlaces.slot(of: code, in: codes)
        if codes[slot] == code { return places[slot] }
        return try add(code, at: slot, context, &text)
    }

    /// The slot that holds the code, or the free one where it belongs.
    @inline(__always)
    private static func slot(of code: UInt32, in codes: [UInt32]) -> Int {
        let mask = codes.count - 1
        var slot = Int(code &* 0x9E37_79B1) >> 7 & mask
        while codes[slot] != code, codes[slot] != 0 { slot = (slot + 1) & mask }
        return slot
    }

    @inline(never)
    private mutating func add(
        _ code: UInt32, at slot: Int, _ context: ColumnContext, _ text: inout ByteWriter
    ) throws -> (offset: UInt32, length: UInt32) {
        let start = text.count
        try context.appendTerm(code, into: &text)
        let place = (offset: UInt32(start), length: UInt32(text.count - start))
        codes[slot] = code
        places[slot] = place
        count += 1
        if count * 2 > codes.count { grow() }
        return place
    }

    private mutating func grow() {
        let (oldCodes, oldPlaces) = (codes, places)
        codes = [UInt32](repeating: 0, count: oldCodes.count * 4)
        places = Array(repeating: (0, 0), count: oldCodes.count * 4)
        for old in oldCodes.indices where oldCodes[old] != 0 {
            let slot = TermPlaces.slot(of: oldCodes[old], in: codes)
            codes[slot] = oldCodes[old]
            places[slot] = oldPlaces[old]
        }
    }
}
