import TallyrollFormat
import TallyrollStore

/// Counting the events of a segment by the codes of a column.
extension SegmentScan {
    /// Room to count by a column of which the segment's dictionary has so many terms; nil where that is more than the
    /// events there can be are worth.
    func codeCounts(_ column: PostingColumn) throws -> CodeCounts? {
        guard let dictionary = column.dictionary else {
            return CodeCounts(column, codeMax: OutcomeKind.allCases.count)
        }
        let terms = try segment.reader.termCount(dictionary)
        guard terms <= 4 * mostEvents + 64 else { return nil }
        return CodeCounts(column, codeMax: terms)
    }

    /// Room to count by several columns together; nil where that is more than the events there can be are worth, or
    /// these are so few that each is better looked at by itself than whole columns are decoded.
    func codeCombinations(_ columns: [PostingColumn]) throws -> CodeCombinations? {
        guard mostEvents * 8 >= events else { return nil }
        let codesMax = try columns.map { column in
            try column.dictionary.map { try segment.reader.termCount($0) } ?? OutcomeKind.allCases.count
        }
        return CodeCombinations(columns, codesMax: codesMax, events: mostEvents)
    }

    /// Adds the events of all blocks that are meant.
    func count(into combinations: inout CodeCombinations) throws {
        for index in blocks {
            guard let matches = try matches(index) else { continue }
            gather(index) { block in try combinations.add(block, matches.rows) }
        }
    }

    /// Adds the events of all blocks that are meant. Blocks of which a bound leaves all or nothing are counted by
    /// posting lists or from the column of codes alone, whichever is expected to cost less.
    func count(into counts: inout CodeCounts) throws {
        try forEachStretch { ordinals in
            counting { add(ordinals, meant: count(of: ordinals), to: &counts) }
        } undecided: { index in
            guard let matches = try matches(index) else { return }
            gather(index) { block in try counts.add(block, matches.rows) }
        }
    }

    /// Adds the events of a run of ordinals that `forEachStretch` gave.
    private func add(_ ordinals: Range<Int>, meant: Int, to counts: inout CodeCounts) {
        guard meant > 0 else { return }
        // Where an index cannot be read, the columns say the same.
        let loaded = (try? segment.reader.postings(counts.column)) ?? nil
        defer { withExtendedLifetime(loaded) {} }
        if let lists = loaded?.postings, lists.termCount <= counts.codeMax,
            (try? addLists(lists, ordinals, meant: meant, to: &counts)) == true
        {
            return
        }
        addColumns(ordinals, to: &counts)
    }

    // MARK: By posting lists

    /// False when the columns are expected to cost less; then nothing is added.
    private func addLists(
        _ lists: TermPostings, _ ordinals: Range<Int>, meant: Int, to counts: inout CodeCounts
    ) throws -> Bool {
        let codes = 1..<UInt32(lists.termCount + 1)
        let blockCount = Double(ordinals.count) / Double(max(events, 1)) * Double(blocks.count)
        guard let candidates else {
            if ordinals == 0..<lists.universe {
                for (code, count) in try lists.counts().enumerated().dropFirst() {
                    counts.add(Int(count), of: UInt32(code))
                }
                return true
            }
            let columnCost =
                blockCount * PlanCosts.countBlock + Double(ordinals.count) * PlanCosts.countCode
            guard Double(lists.termCount) * PlanCosts.rank * 2 < columnCost else { return false }
            let found = try codes.map { try lists.list($0).count(in: ordinals) }
            for (code, count) in zip(codes, found) { counts.add(count, of: code) }
            return true
        }
        let columnCost =
            min(Double(meant), blockCount) * PlanCosts.countBlock + Double(meant) * PlanCosts.seekCode
        guard lists.termCount <= SegmentScan.markedListsMax,
            Double(lists.termCount)
                * (PlanCosts.openList + Double(ordinals.count) * PlanCosts.markedWord / 64) < columnCost
        else { return false }
        let terms = try codes.map { try lists.list($0) }
        let share = Double(ordinals.count) / Double(max(lists.universe, 1))
        let listCost = terms.reduce(0) {
            $0
                + ($1.isBitmap
                    ? Double(ordinals.count) * PlanCosts.markedWord / 64
                    : Double($1.count) * share * PlanCosts.decode)
        }
        guard listCost < columnCost else { return false }
        // The list that was looked up may be among these: then it says all.
        let likely = candidates.set.most(lists.universe)
        let order = terms.indices.sorted {
            (terms[$0].count == likely ? 0 : 1, $0) < (terms[$1].count == likely ? 0 : 1, $1)
        }
        candidates.forEachBitmap(in: ordinals) { marks in
            var left = marks.count
            for place in order where left > 0 {
                let found = terms[place].count(in: marks)
                counts.add(found, of: UInt32(place + 1))
                left -= found
            }
        }
        return true
    }

    /// Beyond so many lists, a walk through all of them costs more than the columns.
    private static let markedListsMax = 64

    // MARK: By columns

    private func addColumns(_ ordinals: Range<Int>, to counts: inout CodeCounts) {
        let found = candidates?.ordinals(in: ordinals)
        var next = 0
        for index in blocks(of: ordinals) {
            let range = segment.outline.ordinals(ofBlock: index)
            guard let found else {
                if range.clamped(to: ordinals) == range {
                    gather(index) { block in try counts.add(block) }
                } else {
                    let rows = range.clamped(to: ordinals)
                    let low = rows.lowerBound - range.lowerBound
                    let chosen = RowSet(size: range.count, range: low..<(low + rows.count))
                    gather(index) { block in try counts.add(block, chosen) }
                }
                continue
            }
            let start = next
            while next < found.count, Int(found[next]) < range.upperBound { next += 1 }
            guard start < next else {
                leaveUnread()
                continue
            }
            gather(index) { block in
                try found.withUnsafeBufferPointer { found in
                    try counts.add(
                        block, UnsafeBufferPointer(rebasing: found[start..<next]), from: range.lowerBound)
                }
            }
        }
    }
}
