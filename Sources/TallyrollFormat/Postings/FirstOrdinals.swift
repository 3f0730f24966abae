/// The first ordinal of each list of a section, by code, while it is written or checked: whether they ascend, and
/// whether storing them takes less than the lists of one ordinal do.
struct FirstOrdinals {
    /// Of a code without ordinals, the one before.
    private var ordinals: [UInt32] = []
    private var singles = 0
    private var ascend = true
    private let universe: Int
    private let termCount: Int

    init(universe: Int, termCount: Int) {
        (self.universe, self.termCount) = (universe, termCount)
        ordinals.reserveCapacity(termCount)
    }

    /// Appends that of the next code, which has `count` ordinals.
    mutating func append(_ first: UInt32?, count: Int) {
        let first = first ?? last
        ascend = ascend && first >= last
        if count == 1 { singles += 1 }
        ordinals.append(first)
    }

    /// That of the last code.
    var last: UInt32 { ordinals.last ?? 0 }

    var bitCount: Int { MonotoneSequence.bitCount(count: termCount, upper: max(universe - 1, 0)) }

    /// Whether they ascend, which those of outcomes or behind an unreadable block need not, and make a section smaller.
    var areWorthStoring: Bool {
        ascend && singles > 0 && singles * PostingList.bitCount(count: 1, universe: universe) > bitCount
    }

    /// Writes them at bit `start`; gives the bit after them.
    func write(into bits: inout BitBuffer, at start: Int) -> Int {
        ordinals.withUnsafeBufferPointer {
            MonotoneSequence.write($0, upper: universe - 1, into: &bits, at: start)
        }
    }
}
