/// The posting lists of all terms of a field in a segment, by code.
///
/// | offset | size | what |
/// |---|---|---|
/// | 0 | 1 | version, 1 |
/// | 1 | 4 | universe: ordinals of the segment |
/// | 5 | 4 | terms |
/// | 9 | 4 | postings of all terms |
/// | 13 | 8 | bits of all lists |
/// | 21 | 1 | first ordinals: 1 left out, 2 stored |
/// | 22 | | bits, padded with zeros: running total of counts by code (`MonotoneSequence`) · first ordinal by code, if stored (`MonotoneSequence`) · where the lists of codes 17, 33, … begin, packed · the lists of codes 1, 2, … without gaps |
///
/// Count and universe say how long a list is, so that only every 16th place is stored.
///
/// Codes are given in order of first appearance, so that the first ordinals of the lists ascend, which takes a few bits
/// each. Where they are stored, a list of one ordinal takes no bits of its own: most resources are met once. Opening is O(1): the
/// sizes must fit; `checkInvariants` proves the rest. Wrong bits give wrong ordinals or an error, no more.
package struct TermPostings {
    /// The ordinals of the segment: 0 ..< universe.
    package let universe: Int
    /// Codes are 1 ... termCount.
    package let termCount: Int
    /// The ordinals that have a code.
    package let postingCount: Int
    private let bits: BitView
    private let totals: MonotoneSequence
    private let firsts: MonotoneSequence?
    private let placesStart: Int
    private let placeWidth: Int
    private let listsStart: Int
    private let origin: Int
    /// Has what is looked at read, where the section is not in memory as a whole.
    private let pages: PageMap

    private static let version: UInt8 = 1
    private static let headerBytes = 22
    private static let firstsLeftOut: UInt8 = 1
    private static let firstsStored: UInt8 = 2
    private static let what = "term postings"
    /// Codes whose place is found from one stored place (as a shift).
    private static let groupShift = 4

    /// Opens the section of a segment of `universe` events, which the section must agree with: what a section
    /// claims could otherwise make a few bytes stand for four thousand million postings. `origin` is where the
    /// section begins in its file.
    package init(
        _ section: ByteView, universe expected: Int, origin: Int = 0, pages: PageMap = .complete
    ) throws(FormatError) {
        try pages.need(0..<TermPostings.headerBytes)
        try pages.need((section.count - BitView.paddingBytes - 1)..<section.count)
        var reader = ByteReader(section, what: TermPostings.what, origin: origin)
        let version = try reader.u8()
        guard version == TermPostings.version else {
            throw FormatError(
                .unsupported, TermPostings.what, offset: origin, expected: "version 1", found: "\(version)")
        }
        universe = Int(try reader.u32())
        guard universe == expected else {
            throw reader.invalid("universe", expected: "\(expected)", found: "\(universe)")
        }
        termCount = Int(try reader.u32())
        postingCount = Int(try reader.u32())
        let listBits = try reader.u64()
        guard postingCount <= universe, termCount > 0 || postingCount == 0 else {
            throw reader.invalid("postings", expected: "at most one an ordinal", found: "\(postingCount)")
        }
        guard listBits <= UInt64(section.count) * 8 else {
            throw reader.invalid("lists", expected: "bits inside the section", found: "\(listBits)")
        }
        let form = try reader.u8()
        guard form == TermPostings.firstsLeftOut || form == TermPostings.firstsStored && universe > 0 else {
            throw reader.invalid("first ordinals", expected: "1 or 2", found: "\(form)")
        }
        let firstsStart = MonotoneSequence.bitCount(count: termCount, upper: postingCount)
        placesStart =
            form == TermPostings.firstsLeftOut
            ? firstsStart : firstsStart + MonotoneSequence.bitCount(count: termCount, upper: universe - 1)
        placeWidth = BitPacking.width(forMaximum: listBits)
        listsStart = placesStart + max(termCount - 1, 0) >> TermPostings.groupShift * placeWidth
        bits = try BitView(
            try reader.bytes(reader.remaining), count: listsStart + Int(listBits), what: TermPostings.what,
            origin: origin + TermPostings.headerBytes)
        totals = try MonotoneSequence(
            bits, at: 0, count: termCount, upper: postingCount, what: TermPostings.what)
        firsts =
            form == TermPostings.firstsLeftOut
            ? nil
            : try MonotoneSequence(
                bits, at: firstsStart, count: termCount, upper: universe - 1, what: TermPostings.what)
        self.origin = origin
        self.pages = pages
    }

    /// The number of events that have the term.
    ///
    /// - Complexity: O(1).
    package func count(_ code: UInt32) throws(FormatError) -> Int {
        try check(code)
        try needTotals(max(Int(code) - 2, 0)..<Int(code))
        let bounds = totals.bounds(Int(code) - 1)
        return bounds.upper - bounds.lower
    }

    /// The number of events of every term, by code; at 0 those without a term.
    package func counts() throws(FormatError) -> [UInt32] {
        try needTotals(0..<termCount)
        var counts: [UInt32] = [UInt32(universe - postingCount)]
        counts.reserveCapacity(termCount + 1)
        var iterator = totals.iterator()
        var previous = 0
        while let total = iterator.next() {
            counts.append(UInt32(max(total - previous, 0)))
            previous = total
        }
        while counts.count <= termCount { counts.append(0) }
        return counts
    }

    /// The events that have the term.
    ///
    /// - Complexity: O(1); the lengths of at most 15 neighbours are added up.
    package func list(_ code: UInt32) throws(FormatError) -> PostingList {
        try check(code)
        let index = Int(code) - 1
        let group = index >> TermPostings.groupShift
        let first = group << TermPostings.groupShift
        try needTotals(max(first - 1, 0)..<(index + 1))
        if group > 0 {
            let place = placesStart + (group - 1) * placeWidth
            try pages.need(bits: place..<(place + placeWidth), from: TermPostings.headerBytes)
        }
        var at = listsStart + (group == 0 ? 0 : place(group))
        var iterator = totals.iterator(from: max(first - 1, 0))
        var previous = first == 0 ? 0 : iterator.next() ?? postingCount
        for _ in first..<index {
            let total = max(iterator.next() ?? postingCount, previous)
            at += bitCount(total - previous)
            previous = total
        }
        let total = max(iterator.next() ?? postingCount, previous)
        return try list(at: at, count: total - previous, index)
    }

    /// The list of the code `index + 1`, whose bits, where it has any, begin at `at`.
    private func list(at: Int, count: Int, _ index: Int) throws(FormatError) -> PostingList {
        if count == 1, let firsts {
            if pages.isPartial {
                try firsts.need(index..<(index + 1), pages, from: TermPostings.headerBytes)
            }
            return PostingList(single: firsts.value(index), bits, universe: universe)
        }
        let list = try PostingList(bits, at: at, count: count, universe: universe)
        try pages.need(bits: at..<(at + bitCount(count)), from: TermPostings.headerBytes)
        return list
    }

    /// The bits that the list of so many ordinals takes.
    @inline(__always)
    private func bitCount(_ count: Int) -> Int {
        count == 1 && firsts != nil ? 0 : PostingList.bitCount(count: count, universe: universe)
    }

    @inline(__always)
    private func needTotals(_ range: Range<Int>) throws(FormatError) {
        guard pages.isPartial else { return }
        try totals.need(range, pages, from: TermPostings.headerBytes)
    }

    /// Throws unless the section is exactly what `build` writes for some codes: no ordinal in two lists, every
    /// list and stored place right.
    ///
    /// - Complexity: O(`universe` + `termCount`); `universe` bits of memory.
    package func checkInvariants() throws(FormatError) {
        try pages.needAll()
        try totals.checkInvariants(what: TermPostings.what)
        guard termCount == 0 || totals.value(termCount - 1) == postingCount else {
            throw wrong("counts that add up to \(postingCount)", "another sum")
        }
        try firsts?.checkInvariants(what: TermPostings.what)
        var plan = FirstOrdinals(universe: universe, termCount: termCount)
        var seen = OrdinalBitmap(range: 0..<universe)
        var at = listsStart
        var iterator = totals.iterator()
        var previous = 0
        for index in 0..<termCount {
            let total = iterator.next() ?? postingCount
            let group = index >> TermPostings.groupShift
            if group << TermPostings.groupShift == index, group > 0, listsStart + place(group) != at {
                throw wrong("place \(at - listsStart)", "\(place(group))")
            }
            let list = try list(at: at, count: total - previous, index)
            try list.checkInvariants()
            seen.formUnion(list)
            var cursor = PostingCursor(list)
            plan.append(cursor.next(), count: list.count)
            if let firsts, firsts.value(index) != Int(plan.last) {
                throw wrong("first ordinal \(plan.last)", "\(firsts.value(index))")
            }
            at += bitCount(list.count)
            previous = total
        }
        guard plan.areWorthStoring == (firsts != nil) else {
            throw wrong("first ordinals where they make the section smaller", "others")
        }
        guard at == bits.count else {
            throw wrong("lists of \(bits.count - listsStart) bits", "\(at - listsStart)")
        }
        guard seen.count == postingCount else { throw wrong("every ordinal in one list", "one in two") }
    }

    @inline(__always)
    private func place(_ group: Int) -> Int {
        bits.value(at: placesStart + (group - 1) * placeWidth, width: placeWidth)
    }

    @inline(__always)
    private func check(_ code: UInt32) throws(FormatError) {
        guard code > 0, Int(code) <= termCount else {
            throw wrong("a code from 1 to \(termCount)", "\(code)")
        }
    }

    private func wrong(_ expected: String, _ found: String) -> FormatError {
        FormatError(.invalid, TermPostings.what, offset: origin, expected: expected, found: found)
    }
}

extension TermPostings {
    /// Appends the section for `codes`, the code of each ordinal from 0 on: 0 for none, else at most `termCount`.
    ///
    /// - Complexity: O(ordinals + terms), by counting sort; four bytes an ordinal while it runs.
    package static func build(
        codes: UnsafeBufferPointer<UInt32>, termCount: Int, into writer: inout ByteWriter
    ) {
        precondition(codes.count <= PostingList.universeMax && termCount >= 0 && termCount <= Int(UInt32.max))
        // ends[code] begins as the count of the code before and ends up as the end of the code's ordinals.
        var ends = [UInt32](repeating: 0, count: termCount + 2)
        var sorted = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: codes.count)
        defer { sorted.deallocate() }
        sort(codes, into: &sorted, ends: &ends)
        let none = Int(ends[0])
        let postingCount = codes.count - none

        var firsts = FirstOrdinals(universe: codes.count, termCount: termCount)
        let firstOrdinals = (1..<(termCount + 1)).map { code in
            let (start, end) = (Int(ends[code - 1]), Int(ends[code]))
            firsts.append(start < end ? sorted[start] : nil, count: end - start)
            return firsts.last
        }
        var listBits = 0
        var places: [Int] = []
        for code in 1..<(termCount + 1) {
            if code > 1, (code - 1) & (1 << groupShift - 1) == 0 { places.append(listBits) }
            let count = Int(ends[code] - ends[code - 1])
            if count == 1, firsts.areWorthStoring { continue }
            listBits += PostingList.bitCount(count: count, universe: codes.count)
        }
        let placeWidth = BitPacking.width(forMaximum: UInt64(listBits))
        let totalsBits = MonotoneSequence.bitCount(count: termCount, upper: postingCount)
        let firstsBits = firsts.areWorthStoring ? firsts.bitCount : 0
        var bits = BitBuffer(count: totalsBits + firstsBits + places.count * placeWidth + listBits)
        var at = totalsBits
        if firsts.areWorthStoring {
            at = firstOrdinals.withUnsafeBufferPointer {
                MonotoneSequence.write($0, upper: codes.count - 1, into: &bits, at: at)
            }
        }
        for place in places {
            bits.write(place, width: placeWidth, at: at)
            at += placeWidth
        }
        let ordinals = UnsafeBufferPointer(sorted)
        for code in 1..<(termCount + 1) {
            let list = UnsafeBufferPointer(rebasing: ordinals[Int(ends[code - 1])..<Int(ends[code])])
            if list.count == 1, firsts.areWorthStoring { continue }
            at = PostingList.write(list, universe: codes.count, into: &bits, at: at)
        }
        for code in 1..<(termCount + 1) { ends[code] -= UInt32(none) }
        ends.withUnsafeBufferPointer { ends in
            let totals = UnsafeBufferPointer(rebasing: ends[1..<(termCount + 1)])
            _ = MonotoneSequence.write(totals, upper: postingCount, into: &bits, at: 0)
        }

        writer.u8(version)
        writer.u32(UInt32(codes.count))
        writer.u32(UInt32(termCount))
        writer.u32(UInt32(postingCount))
        writer.u64(UInt64(listBits))
        writer.u8(firsts.areWorthStoring ? firstsStored : firstsLeftOut)
        bits.append(to: &writer)
    }

    /// Sorts the ordinals by code, ascending within each, and leaves in `ends[code]` where the code's end.
    private static func sort(
        _ codes: UnsafeBufferPointer<UInt32>, into sorted: inout UnsafeMutableBufferPointer<UInt32>,
        ends: inout [UInt32]
    ) {
        guard let output = sorted.baseAddress else { return }
        ends.withUnsafeMutableBufferPointer { ends in
            let largest = UInt32(ends.count - 2)
            for code in codes {
                precondition(code <= largest, "code above the number of terms")
                ends[Int(code) + 1] += 1
            }
            for index in 1..<ends.count { ends[index] += ends[index - 1] }
            for ordinal in 0..<codes.count {
                let code = Int(codes[ordinal])
                output[Int(ends[code])] = UInt32(truncatingIfNeeded: ordinal)
                ends[code] += 1
            }
        }
    }
}
