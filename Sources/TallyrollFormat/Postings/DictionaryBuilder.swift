extension DictionarySection {
    /// Appends the section for the terms of codes 1 ... `count`, which must be distinct; `term` gives the bytes of
    /// each, valid until this returns. Throws, with nothing written, when a term is longer than
    /// `Limits.termBytes`, all of them are more than `termBytesLimit`, or two are equal.
    ///
    /// - Complexity: O(n log n).
    package static func build(
        count: Int, into writer: inout ByteWriter, term: (UInt32) -> ByteView
    ) throws(FormatError) {
        precondition(count >= 0 && count < Int(UInt32.max))
        var terms: [ByteView] = []
        terms.reserveCapacity(count)
        var (total, longest) = (0, 0)
        for code in 1..<(count + 1) {
            let view = term(UInt32(code))
            total += view.count
            longest = max(longest, view.count)
            terms.append(view)
        }
        guard longest <= Limits.termBytes, total <= termBytesLimit else {
            throw FormatError(
                .limit, what, offset: 0,
                expected: "terms of \(Limits.termBytes) bytes, \(termBytesLimit) in all",
                found: "\(longest), \(total)")
        }
        let (order, hasEqual) = TermSorter.order(terms)
        guard !hasEqual else {
            throw FormatError(.invalid, what, offset: 0, expected: "distinct terms", found: "two equal ones")
        }

        var groups = ByteWriter(capacity: 1 << 16)
        var offsets: [Int] = []
        for group in 0..<groupCount(count) {
            offsets.append(groups.count)
            let first = group << groupShift
            let anchor = terms[Int(order[anchorGroup(group) << groupShift])]
            let members = order[first..<min(first + 1 << groupShift, count)]
            writeGroup(
                members, of: terms, anchor: group & (1 << anchorShift - 1) == 0 ? nil : anchor, &groups)
        }
        // What a group costs beyond its terms' bytes is at most a few bytes a term.
        precondition(groups.count <= Int(UInt32.max))

        writer.u8(version)
        writer.u32(UInt32(count))
        writer.u16(UInt16(longest))
        writer.u32(UInt32(total))
        writer.u32(UInt32(groups.count))
        writer.bytes(groups.view)
        writeBits(order, offsets: offsets, groupBytes: groups.count, into: &writer)
    }

    private static func writeGroup(
        _ members: ArraySlice<UInt32>, of terms: [ByteView], anchor: ByteView?, _ writer: inout ByteWriter
    ) {
        let head = terms[Int(members[members.startIndex])]
        if let anchor {
            let shared = sharedPrefix(anchor, head, atMost: min(anchor.count, head.count))
            let ending = sharedSuffix(anchor, head, atMost: min(anchor.count, head.count) - shared)
            writer.varint(UInt64(shared))
            writer.varint(UInt64(ending))
            writer.lengthPrefixed(head.trusted(shared, head.count - shared - ending))
        } else {
            writer.lengthPrefixed(head)
        }
        guard members.count > 1 else { return }
        var tail = head.count
        for member in members { tail = min(tail, terms[Int(member)].count) }
        for member in members { tail = sharedSuffix(head, terms[Int(member)], atMost: tail) }
        writer.varint(UInt64(tail))
        var previous = head.trusted(0, head.count - tail)
        for member in members.dropFirst() {
            let term = terms[Int(member)]
            let stem = term.trusted(0, term.count - tail)
            let kept = sharedPrefix(previous, stem, atMost: min(previous.count, stem.count))
            let dropped = previous.count - kept
            let added = stem.count - kept
            writer.u8(UInt8(min(dropped, 15) << 4 | min(added, 15)))
            if dropped >= 15 { writer.varint(UInt64(dropped - 15)) }
            if added >= 15 { writer.varint(UInt64(added - 15)) }
            writer.bytes(stem.trusted(kept, added))
            previous = stem
        }
    }

    private static func writeBits(
        _ order: [UInt32], offsets: [Int], groupBytes: Int, into writer: inout ByteWriter
    ) {
        let count = order.count
        let offsetWidth = BitPacking.width(forMaximum: UInt64(groupBytes))
        let width = BitPacking.width(forMaximum: UInt64(max(count - 1, 0)))
        let codesStart = max(offsets.count - 1, 0) * offsetWidth
        let ranksStart = codesStart + count * width
        var bits = BitBuffer(count: ranksStart + count * width)
        for (index, offset) in offsets.dropFirst().enumerated() {
            bits.write(offset, width: offsetWidth, at: index * offsetWidth)
        }
        for (rank, index) in order.enumerated() {
            bits.write(Int(index), width: width, at: codesStart + rank * width)
            bits.write(rank, width: width, at: ranksStart + Int(index) * width)
        }
        bits.append(to: &writer)
    }

    static func sharedPrefix(_ a: ByteView, _ b: ByteView, atMost limit: Int) -> Int {
        var length = 0
        while length < limit, a[length] == b[length] { length += 1 }
        return length
    }

    private static func sharedSuffix(_ a: ByteView, _ b: ByteView, atMost limit: Int) -> Int {
        var length = 0
        while length < limit, a[a.count - 1 - length] == b[b.count - 1 - length] { length += 1 }
        return length
    }
}
