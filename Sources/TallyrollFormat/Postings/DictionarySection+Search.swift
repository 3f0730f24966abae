extension DictionarySection {
    /// The code of a term, or nil when the field never had it.
    ///
    /// - Complexity: O(log count): the first terms of anchor groups, then of groups, then at most 16 terms.
    package func code(of term: ByteView) throws(FormatError) -> UInt32? {
        let (passed, isLastEqual) = try leading(term) { $0 == .before || $0 == .equal }
        return isLastEqual ? try code(atRank: passed - 1) : nil
    }

    /// The ranks of the terms that begin with `prefix`.
    package func range(withPrefix prefix: ByteView) throws(FormatError) -> Range<Int> {
        let lower = try leading(prefix) { $0 == .before }.count
        let upper = try leading(prefix) { $0 != .after }.count
        return lower..<max(lower, upper)
    }

    /// The rank of the first term that is not before `term`; `count` when all are.
    package func lowerBound(_ term: ByteView) throws(FormatError) -> Int {
        try leading(term) { $0 == .before }.count
    }

    /// How many terms, from the first on, stand to `wanted` as asked (a condition that holds up to some rank and
    /// not after it), and whether the last of them equals it.
    private func leading(
        _ wanted: ByteView, _ isLeading: (TermOrder) -> Bool
    ) throws(FormatError) -> (count: Int, isLastEqual: Bool) {
        let anchors = (groupCount + 1 << DictionarySection.anchorShift - 1) >> DictionarySection.anchorShift
        var (low, high) = (0, anchors)
        while low < high {
            let middle = (low + high) >> 1
            let order = TermOrder(try anchor(middle << DictionarySection.anchorShift), to: wanted)
            if isLeading(order) { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return (0, false) }
        let first = (low - 1) << DictionarySection.anchorShift
        let anchor = try anchor(first)
        (low, high) = (first + 1, min(first + 1 << DictionarySection.anchorShift, groupCount))
        while low < high {
            let middle = (low + high) >> 1
            let head = try DictionaryHead(self, group: middle, anchor: anchor)
            if isLeading(head.order(to: wanted)) { low = middle + 1 } else { high = middle }
        }
        let group = low - 1
        let end = min((group + 1) << DictionarySection.groupShift, count)
        var walker = try walker(atGroup: group)
        var isLastEqual = false
        while true {
            let order = TermOrder(walker.term, to: wanted)
            guard isLeading(order) else { return (walker.rank, isLastEqual) }
            isLastEqual = order == .equal
            guard walker.rank + 1 < end else { return (end, isLastEqual) }
            try walker.advance()
        }
    }
}
