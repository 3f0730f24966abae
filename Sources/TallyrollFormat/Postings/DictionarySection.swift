/// The distinct terms of a field, found by code (1 ... count, in order of appearance) and by their bytes.
///
/// Terms are sorted and stored in groups of 16. Neighbours share most of their bytes, in front and, as in
/// `user17@example.com`, behind: a group names its shared tail once, and each term says how many bytes to drop from
/// the one before (tail aside) and which to append.
///
/// | offset | size | what |
/// |---|---|---|
/// | 0 | 1 | version, 1 |
/// | 1 | 4 | terms |
/// | 5 | 2 | bytes of the longest term |
/// | 7 | 4 | bytes of all terms |
/// | 11 | 4 | bytes of the groups |
/// | 15 | | groups |
/// | | | bits, padded with zeros: where groups 1, 2, … begin · code - 1 by rank · rank by code - 1; each packed |
///
/// A group: its first term, then if it has more terms, varint length of the tail that all its terms share (all but
/// the first leave it out), then for each further term a byte, bytes to drop × 16 + bytes to append (15 in
/// either means that a varint follows, what is above 15), the varints, and the bytes to append. The first term of every 16th group (0, 16, …)
/// is a varint length and bytes; that of another group refers to the last such *anchor*: varint length of the
/// beginning that it shares with it, varint length of the end that it shares, varint length and bytes of what is between.
///
/// Opening is O(1). Reading checks what it meets: damage gives an error or wrong terms, never more.
package struct DictionarySection {
    /// Codes are 1 ... count, ranks (places in sorted order) 0 ..< count.
    package let count: Int
    /// The length of the longest term.
    package let termBytesMax: Int
    /// The length of all terms together.
    package let termBytes: Int
    let groups: ByteView
    private let bits: BitView
    private let offsetWidth: Int
    private let permutationWidth: Int
    private let codesStart: Int
    private let ranksStart: Int
    let origin: Int
    /// Has what is looked at read, where the section is not in memory as a whole.
    private let pages: PageMap
    private let bitsOrigin: Int

    static let version: UInt8 = 1
    static let headerBytes = 15
    static let what = "dictionary"
    /// Terms in a group (as a shift).
    static let groupShift = 4
    /// Groups whose first terms refer to one anchor (as a shift).
    static let anchorShift = 4
    /// All terms of a dictionary together: what a reader may have to hold in memory.
    package static let termBytesLimit = 1 << 30

    /// Opens a section; `origin` is where it begins in its file. Of one that `pages` has read, only what is asked for is.
    package init(
        _ section: ByteView, origin: Int = 0, pages: PageMap = .complete
    ) throws(FormatError) {
        try pages.need(0..<DictionarySection.headerBytes)
        try pages.need((section.count - BitView.paddingBytes - 1)..<section.count)
        var reader = ByteReader(section, what: DictionarySection.what, origin: origin)
        let version = try reader.u8()
        guard version == DictionarySection.version else {
            throw FormatError(
                .unsupported, DictionarySection.what, offset: origin, expected: "version 1",
                found: "\(version)")
        }
        count = Int(try reader.u32())
        termBytesMax = Int(try reader.u16())
        termBytes = Int(try reader.u32())
        let groupBytes = Int(try reader.u32())
        guard termBytes <= DictionarySection.termBytesLimit, termBytes <= count * termBytesMax else {
            throw reader.invalid(
                "term bytes", expected: "at most \(count) times \(termBytesMax)", found: "\(termBytes)")
        }
        groups = try reader.bytes(groupBytes)
        offsetWidth = BitPacking.width(forMaximum: UInt64(groupBytes))
        permutationWidth = BitPacking.width(forMaximum: UInt64(max(count - 1, 0)))
        let groupCount = DictionarySection.groupCount(count)
        codesStart = max(groupCount - 1, 0) * offsetWidth
        ranksStart = codesStart + count * permutationWidth
        bits = try BitView(
            try reader.bytes(reader.remaining), count: ranksStart + count * permutationWidth,
            what: DictionarySection.what, origin: origin + reader.offset)
        // A term takes at least a byte, which bounds the work that a few bytes can ask for.
        guard count <= groupBytes else {
            throw reader.invalid("terms", expected: "at most \(groupBytes)", found: "\(count)")
        }
        self.origin = origin
        self.pages = pages
        bitsOrigin = DictionarySection.headerBytes + groupBytes
    }

    static func groupCount(_ terms: Int) -> Int { (terms + 1 << groupShift - 1) >> groupShift }

    /// The group whose first term the first term of `group` refers to.
    static func anchorGroup(_ group: Int) -> Int { group & ~(1 << anchorShift - 1) }

    var groupCount: Int { DictionarySection.groupCount(count) }

    /// The bytes of a group.
    func group(_ number: Int) throws(FormatError) -> ByteReader {
        let offsets = max(number - 1, 0) * offsetWidth
        try pages.need(bits: offsets..<(offsets + 2 * offsetWidth), from: bitsOrigin)
        let start = number == 0 ? 0 : bits.value(at: (number - 1) * offsetWidth, width: offsetWidth)
        let end =
            number + 1 == groupCount ? groups.count : bits.value(at: number * offsetWidth, width: offsetWidth)
        guard start <= end, let slice = groups.sliceIfInside(start, end - start) else {
            throw wrong("groups in order", "one from \(start) to \(end)")
        }
        let first = DictionarySection.headerBytes + start
        try pages.need(first..<(first + slice.count))
        return ByteReader(
            slice, what: "dictionary group", origin: origin + DictionarySection.headerBytes + start)
    }

    /// The code of the term at `rank`, which is below `count`.
    package func code(atRank rank: Int) throws(FormatError) -> UInt32 {
        precondition(rank >= 0 && rank < count)
        let place = codesStart + rank * permutationWidth
        try pages.need(bits: place..<(place + permutationWidth), from: bitsOrigin)
        let index = bits.value(at: place, width: permutationWidth)
        guard index < count else { throw wrong("codes to \(count)", "\(index + 1)") }
        return UInt32(index + 1)
    }

    /// The rank of the term with `code`.
    package func rank(ofCode code: UInt32) throws(FormatError) -> Int {
        guard code > 0, Int(code) <= count else { throw wrong("a code from 1 to \(count)", "\(code)") }
        let place = ranksStart + (Int(code) - 1) * permutationWidth
        try pages.need(bits: place..<(place + permutationWidth), from: bitsOrigin)
        let rank = bits.value(at: place, width: permutationWidth)
        guard rank < count else { throw wrong("ranks below \(count)", "\(rank)") }
        return rank
    }

    /// Appends the bytes of the term with `code`.
    ///
    /// - Complexity: O(1), at most 16 terms are put together.
    package func term(_ code: UInt32, into writer: inout ByteWriter) throws(FormatError) {
        let rank = try rank(ofCode: code)
        var walker = try walker(atGroup: rank >> DictionarySection.groupShift)
        while walker.rank < rank { try walker.advance() }
        writer.bytes(walker.term)
    }

    /// Calls `body` with code and bytes of the terms with these ranks, in ascending order of their bytes, until it gives
    /// false. The view holds during the call.
    package func forEachTerm(
        ranks: Range<Int>? = nil, _ body: (UInt32, ByteView) throws(FormatError) -> Bool
    ) throws(FormatError) {
        let ranks = (ranks ?? 0..<count).clamped(to: 0..<count)
        guard !ranks.isEmpty else { return }
        if ranks.count == count { try pages.needAll() }
        var walker = try walker(atGroup: ranks.lowerBound >> DictionarySection.groupShift)
        while walker.rank < ranks.lowerBound { try walker.advance() }
        while try body(code(atRank: walker.rank), walker.term), walker.rank + 1 < ranks.upperBound {
            try walker.advance()
        }
    }

    /// Throws unless terms ascend, groups and headers fit them, and the permutations are each other's inverse.
    ///
    /// - Complexity: O(bytes of all terms).
    package func checkInvariants() throws(FormatError) {
        try pages.needAll()
        var total = 0
        var longest = 0
        if count > 0 {
            var previous = ByteWriter()
            var walker = try walker(atGroup: 0)
            while true {
                if walker.rank > 0, previous.view.compare(to: walker.term) >= 0 {
                    throw wrong("ascending terms", "rank \(walker.rank) out of order")
                }
                total += walker.term.count
                longest = max(longest, walker.term.count)
                let code = try code(atRank: walker.rank)
                guard try rank(ofCode: code) == walker.rank else {
                    throw wrong("inverse permutations", "others")
                }
                previous.removeAll()
                previous.bytes(walker.term)
                guard walker.rank + 1 < count else { break }
                try walker.advance()
            }
            try walker.finish()
        } else if !groups.isEmpty {
            throw wrong("no groups", "\(groups.count) bytes")
        }
        guard total == termBytes, longest == termBytesMax else {
            throw wrong("\(termBytes) bytes, at most \(termBytesMax) a term", "\(total), at most \(longest)")
        }
    }

    func wrong(_ expected: String, _ found: String) -> FormatError {
        FormatError(.invalid, DictionarySection.what, offset: origin, expected: expected, found: found)
    }
}
