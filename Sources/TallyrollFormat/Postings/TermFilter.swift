/// Says of a term that a segment's dictionaries do not hold it, without being asked of them: a Bloom filter of the terms of
/// all dictionaries that have posting lists. It never denies a term that is there, and fails to deny about one in a hundred
/// of the others.
///
/// | offset | size | what |
/// |---|---|---|
/// | 0 | 1 | version, 1 |
/// | 1 | 4 | terms |
/// | 5 | | lines of 64 bytes, one for each 51 terms or part of them, at least one |
///
/// The key of a term is the XXH64 of its bytes with the dictionary's number as the seed. Its line is the high half of the
/// 128-bit product of key and number of lines; in it six bits are set, whose numbers are bits 0 to 8, 9 to 17 and so on up
/// to 53 of the key. Bit b of a line is bit b mod 64 of its word b / 64.
package struct TermFilter {
    package let termCount: Int
    private let lines: ByteView
    private let lineCount: Int

    /// Whose terms it holds.
    package static let dictionaries = PostingColumn.allCases.compactMap(\.dictionary)

    private static let version: UInt8 = 1
    private static let what = "term filter"
    package static let headerBytes = 5
    package static let lineBytes = 64
    /// Ten bits a term.
    private static let termsPerLine = 51
    private static let bitsPerTerm = 6

    /// Opens a section; `origin` is where it begins in its file. Valid while its bytes are.
    package init(_ section: ByteView, origin: Int = 0) throws(FormatError) {
        var reader = ByteReader(section, what: TermFilter.what, origin: origin)
        let version = try reader.u8()
        guard version == TermFilter.version else {
            throw FormatError(
                .unsupported, TermFilter.what, offset: origin, expected: "version 1", found: "\(version)")
        }
        termCount = Int(try reader.u32())
        lineCount = TermFilter.lineCount(terms: termCount)
        lines = try reader.bytes(lineCount * TermFilter.lineBytes)
        try reader.finish()
    }

    private static func lineCount(terms: Int) -> Int { max((terms + termsPerLine - 1) / termsPerLine, 1) }

    /// The bytes of the section of so many terms.
    package static func byteCount(terms: Int) -> Int { headerBytes + lineCount(terms: terms) * lineBytes }

    /// The key of a term.
    @inline(__always)
    package static func key(_ term: ByteView, _ dictionary: DictionaryID) -> UInt64 {
        Checksum.of(term, seed: UInt64(dictionary.rawValue))
    }

    /// Whether the segment may hold the term of this key.
    ///
    /// - Complexity: O(1); one line of memory.
    @inline(__always)
    package func mayHold(_ key: UInt64) -> Bool {
        let start = Int(key.multipliedFullWidth(by: UInt64(lineCount)).high) * TermFilter.lineBytes
        var rest = key
        for _ in 0..<TermFilter.bitsPerTerm {
            let bit = Int(rest & 511)
            let byte = UnsafeRawPointer(lines.base).load(fromByteOffset: start + bit >> 3, as: UInt8.self)
            if byte >> UInt8(bit & 7) & 1 == 0 { return false }
            rest >>= 9
        }
        return true
    }

    /// The places among some at which a filter stands that holds none of these keys.
    ///
    /// - Complexity: O(places · keys).
    package static func places(
        among places: [Int], of filters: [TermFilter?], withoutAnyOf keys: [UInt64]
    ) -> [Int] {
        var denied: [Int] = []
        denied.reserveCapacity(places.count)
        filters.withUnsafeBufferPointer { filters in
            keys.withUnsafeBufferPointer { keys in
                for place in places {
                    guard place < filters.count, let filter = filters[place] else { continue }
                    var isDenied = true
                    for key in keys where filter.mayHold(key) { isDenied = false }
                    if isDenied { denied.append(place) }
                }
            }
        }
        return denied
    }

    /// Appends the section of these keys.
    package static func build(_ keys: [UInt64], into out: inout ByteWriter) {
        let lineCount = lineCount(terms: keys.count)
        var words = [UInt64](repeating: 0, count: lineCount * lineBytes / 8)
        for key in keys {
            let start = Int(key.multipliedFullWidth(by: UInt64(lineCount)).high) * lineBytes / 8
            var rest = key
            for _ in 0..<bitsPerTerm {
                let bit = Int(rest & 511)
                words[start + bit >> 6] |= 1 << UInt64(bit & 63)
                rest >>= 9
            }
        }
        out.u8(version)
        out.u32(UInt32(keys.count))
        for word in words { out.u64(word) }
    }
}
