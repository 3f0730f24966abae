/// Whether the first ordinals of a section's lists are stored, decided list by list while it is written or checked:
/// they have to ascend, and to take less than the lists of one ordinal do.
struct FirstOrdinals {
    /// That of the last list; of one without ordinals, that of the list before.
    private(set) var last: UInt32 = 0
    private var singles = 0
    private var ascend = true
    private let universe: Int
    private let termCount: Int

    init(universe: Int, termCount: Int) { (self.universe, self.termCount) = (universe, termCount) }

    /// Looks at the next list, which has `count` ordinals.
    mutating func append(_ first: UInt32?, count: Int) {
        let first = first ?? last
        ascend = ascend && first >= last
        if count == 1 { singles += 1 }
        last = first
    }

    var bitCount: Int { MonotoneSequence.bitCount(count: termCount, upper: max(universe - 1, 0)) }

    /// Whether they ascend, which those of outcomes or behind an unreadable block need not, and make a section smaller.
    var areWorthStoring: Bool {
        ascend && singles > 0 && singles * PostingList.bitCount(count: 1, universe: universe) > bitCount
    }
}
