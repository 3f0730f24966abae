/// A text to be found in the values of columns, in the form in which those are stored: as it is, or as the content of
/// JSON strings, where some characters are written as escapes.
package struct TextNeedle: Sendable {
    /// The text as it is.
    package let search: SubstringSearch
    /// The text as the content of a JSON string has it where it uses no `\u`; nil when it cannot be written so.
    private let escaped: SubstringSearch?
    /// A slash may be written in two ways.
    private let hasSlash: Bool

    private static let unicodeEscape = SubstringSearch(Array(#"\u"#.utf8), eitherCase: false)
    private static let slashEscape = SubstringSearch(Array(#"\/"#.utf8), eitherCase: false)

    package init(_ search: SubstringSearch) {
        self.search = search
        hasSlash = search.needle.contains(UInt8(ascii: "/"))
        var content: [UInt8] = []
        var isWritable = true
        for byte in search.needle {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): content += [UInt8(ascii: "\\"), byte]
            case 0x08: content += Array(#"\b"#.utf8)
            case 0x09: content += Array(#"\t"#.utf8)
            case 0x0A: content += Array(#"\n"#.utf8)
            case 0x0C: content += Array(#"\f"#.utf8)
            case 0x0D: content += Array(#"\r"#.utf8)
            case ..<0x20: isWritable = false
            default: content.append(byte)
            }
        }
        escaped = isWritable ? SubstringSearch(content, eitherCase: search.eitherCase) : nil
    }

    /// Whether the text is in one value as it is stored; nil when the value uses escapes that only reading it tells.
    func isIn(_ value: ByteView, isJSON: Bool) -> Bool? {
        guard isJSON else { return search.find(in: value) != nil }
        if TextNeedle.isWhole(TextNeedle.unicodeEscape, in: value) { return nil }
        if hasSlash, TextNeedle.isWhole(TextNeedle.slashEscape, in: value) { return nil }
        guard let escaped else { return false }
        return TextNeedle.isWhole(escaped, in: value)
    }

    /// Where a text occurs, hit after hit.
    private struct Hits {
        private let search: SubstringSearch
        /// Where the text occurs next; nil when it does not.
        private var candidate: Int?

        init(in text: ByteView, of search: SubstringSearch) {
            self.search = search
            candidate = search.find(in: text)
        }

        /// Where the text occurs next, at or after `position`; positions ascend.
        mutating func next(after position: Int, in text: ByteView) -> Int? {
            if let hit = candidate, hit < position { candidate = search.find(in: text, from: position) }
            return candidate
        }

        var length: Int { search.count }
    }

    /// Whether a byte of a JSON string's content, which begins at `start`, belongs to an escape that began before it:
    /// then an odd number of backslashes stands before it, or before the `u` that it is a digit of.
    @inline(__always)
    private static func isInsideEscape(_ hit: Int, _ text: ByteView, _ start: Int) -> Bool {
        if followsBackslash(hit, text, start) { return true }
        for digit in 1...4 where hit - digit > start && text.base[hit - digit] == UInt8(ascii: "u") {
            if followsBackslash(hit - digit, text, start) { return true }
        }
        return false
    }

    /// Whether the byte is what a backslash before it escapes.
    @inline(__always)
    private static func followsBackslash(_ hit: Int, _ text: ByteView, _ start: Int) -> Bool {
        var first = hit
        while first > start, text.base[first - 1] == UInt8(ascii: "\\") { first -= 1 }
        return (hit - first) & 1 != 0
    }

    /// Whether a text occurs in the content of a JSON string as whole characters.
    private static func isWhole(_ search: SubstringSearch, in content: ByteView) -> Bool {
        var hits = Hits(in: content, of: search)
        var position = 0
        while let hit = hits.next(after: position, in: content) {
            if !isInsideEscape(hit, content, 0) { return true }
            position = hit + 1
        }
        return false
    }

    /// Adds the values that hold the text to `found`. The values lie one after the other in `text`, which begins at
    /// `base`; value i ends at `ends[i]` and begins where the one before ends. All of the text is searched at once,
    /// whatever the number of values. `judge` is asked about values that only reading them tells.
    func insert(
        valuesIn text: ByteView, base: Int, ends: UnsafeBufferPointer<Int64>, isJSON: Bool,
        into found: inout RowSet, _ judge: (ByteView) -> Bool
    ) {
        guard isJSON else {
            var hits = Hits(in: text, of: search)
            return insertHits(&hits, text, base, ends, isJSON: false, &found)
        }
        insertJudged(TextNeedle.unicodeEscape, text, base, ends, &found, judge)
        if hasSlash { insertJudged(TextNeedle.slashEscape, text, base, ends, &found, judge) }
        guard let escaped else { return }
        var hits = Hits(in: text, of: escaped)
        insertHits(&hits, text, base, ends, isJSON: true, &found)
    }

    /// The bounds of a value within the text, cut to it.
    @inline(__always)
    private func bounds(
        _ value: Int, _ ends: UnsafeBufferPointer<Int64>, _ base: Int, _ text: ByteView
    ) -> (start: Int, end: Int) {
        let start = value == 0 ? 0 : Int(clamping: ends[value - 1])
        return (max(start - base, 0), min(Int(clamping: ends[value]) - base, text.count))
    }

    /// Adds each value in which a hit lies whole.
    private func insertHits(
        _ hits: inout Hits, _ text: ByteView, _ base: Int, _ ends: UnsafeBufferPointer<Int64>, isJSON: Bool,
        _ found: inout RowSet
    ) {
        var position = 0
        var value = 0
        while let hit = hits.next(after: position, in: text) {
            value = valueHolding(hit + base, ends, from: value)
            guard value < ends.count else { return }
            let (start, end) = bounds(value, ends, base, text)
            if hit + hits.length <= end, !(isJSON && TextNeedle.isInsideEscape(hit, text, start)) {
                found.insert(value)
                position = end
            } else {
                position = hit + 1
            }
        }
    }

    /// Asks about each value that holds an escape, and adds those for which `judge` holds.
    private func insertJudged(
        _ escape: SubstringSearch, _ text: ByteView, _ base: Int, _ ends: UnsafeBufferPointer<Int64>,
        _ found: inout RowSet, _ judge: (ByteView) -> Bool
    ) {
        var hits = Hits(in: text, of: escape)
        var position = 0
        var value = 0
        while let hit = hits.next(after: position, in: text) {
            value = valueHolding(hit + base, ends, from: value)
            guard value < ends.count else { return }
            let (start, end) = bounds(value, ends, base, text)
            if hit + hits.length <= end, !TextNeedle.isInsideEscape(hit, text, start) {
                if judge(text.trusted(start, end - start)) { found.insert(value) }
                position = end
            } else {
                position = hit + 1
            }
        }
    }

    /// The value that holds the byte at `position`, searched from an earlier one on.
    @inline(__always)
    private func valueHolding(_ position: Int, _ ends: UnsafeBufferPointer<Int64>, from value: Int) -> Int {
        var step = 1
        var low = value
        // In growing steps first, since hits often lie close together.
        while low + step < ends.count, Int(clamping: ends[low + step - 1]) <= position {
            low += step
            step *= 2
        }
        var high = min(low + step, ends.count)
        while low < high {
            let middle = (low + high) / 2
            if Int(clamping: ends[middle]) <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Patterns

    /// Whether values of a pattern hold the text.
    enum Chance { case never, always, perhaps }

    /// The chance that a template with digits at `positions` holds the text.
    func chance(in template: ByteView, digitsAt positions: [Int]) -> Chance {
        let needle = search.needle
        if needle.isEmpty { return .always }
        guard needle.count <= template.count else { return .never }
        var isDigit = [Bool](repeating: false, count: template.count)
        for position in positions { isDigit[position] = true }
        var isPossible = false
        for start in 0...(template.count - needle.count) {
            var isCertain = true
            let fits = needle.indices.allSatisfy { index in
                guard isDigit[start + index] else {
                    return search.fits(template.base[start + index], at: index)
                }
                isCertain = false
                return TextNeedle.isHexDigit(needle[index])
            }
            if fits, isCertain { return .always }
            if fits { isPossible = true }
        }
        return isPossible ? .perhaps : .never
    }

    /// The chance that a number between a prefix and a suffix holds the text.
    func chance(in prefix: ByteView, _ suffix: ByteView) -> Chance {
        if search.find(in: prefix) != nil || search.find(in: suffix) != nil { return .always }
        let isPossible = search.needle.indices.allSatisfy { index in
            let byte = search.needle[index]
            return NumberPattern.isDigit(byte) || byte == 0x2D || byte == 0x2E
                || prefix.raw.contains { search.fits($0, at: index) }
                || suffix.raw.contains { search.fits($0, at: index) }
        }
        return isPossible ? .perhaps : .never
    }

    /// The chance that an address in dotted form holds the text.
    var chanceInAddress: Chance {
        if search.needle.isEmpty { return .always }
        let isPossible = search.needle.allSatisfy { NumberPattern.isDigit($0) || $0 == 0x2E }
        return isPossible ? .perhaps : .never
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        NumberPattern.isDigit(byte) || (byte | 0x20) &- 0x61 < 6
    }
}
