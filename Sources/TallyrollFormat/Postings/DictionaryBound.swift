/// At most what the `DictionarySection` of a segment will take, while the segment still grows.
///
/// A term costs what it does not share with the one before it in sorted order. The sum of that over all terms is the
/// number of nodes of their trie, and so a new term makes it larger by at most its length, wherever it falls. The first
/// term of each group of 16 may cost its whole length.
package struct DictionaryBound {
    /// The terms that were measured, the bytes of all of them, and the nodes of their trie.
    private var count = 0
    private var textBytes = 0
    private var nodes = 0
    /// By how much the measured terms are longer than 16, 32, 64, … bytes, all together.
    private var excess: [Int] = []

    private static let thresholdShift = 4
    /// So that the last threshold is the length of the longest term there may be.
    private static let thresholdCount = 13

    package init() {}

    /// Whether there is so much text that was not measured, and enough beside what was: however long a dictionary grows,
    /// it is sorted a few dozen times at most.
    package func isWorthMeasuring(_ terms: SharedTerms, freshBytes: Int) -> Bool {
        terms.size.textBytes - textBytes >= max(freshBytes, textBytes / 8)
    }

    /// Sorts all terms to see what they share.
    ///
    /// - Complexity: O(n log n).
    package mutating func measure(_ terms: SharedTerms) {
        (textBytes, count) = terms.size
        nodes = 0
        excess = [Int](repeating: 0, count: DictionaryBound.thresholdCount)
        let table = terms.views
        var previous = ByteView.empty
        for index in TermSorter.order(table).order {
            let term = table[Int(index)]
            let shortest = min(previous.count, term.count)
            nodes += term.count - DictionarySection.sharedPrefix(previous, term, atMost: shortest)
            for place in excess.indices where term.count > DictionaryBound.threshold(place) {
                excess[place] += term.count - DictionaryBound.threshold(place)
            }
            previous = term
        }
    }

    private static func threshold(_ place: Int) -> Int { 1 << (thresholdShift + place) }

    /// At most the bytes of the section for these terms: the ones that were measured and more behind them.
    package func bytes(_ terms: SharedTerms) -> Int {
        let (allBytes, allCount) = terms.size
        guard allCount > 0 else { return 0 }
        let groups = DictionarySection.groupCount(allCount)
        // What is new may be in the place of a group's first term or of another: it counts once, as a whole.
        let members = nodes + allBytes - textBytes
        var heads = excess.indices.map { groups * DictionaryBound.threshold($0) + excess[$0] }.min() ?? 0
        heads = min(heads, textBytes)
        // Bytes to append that do not fit four bits take a varint of at most a 15th of them, and so do bytes to drop,
        // of which there are not more than first terms and appended bytes have.
        let groupBytes =
            members + heads + (2 * members + heads) / 15 + allCount + groups * DictionaryBound.lengthBytes
        let offsets = groups * BitPacking.width(forMaximum: UInt64(groupBytes))
        let permutations = 2 * allCount * BitPacking.width(forMaximum: UInt64(allCount - 1))
        return DictionarySection.headerBytes + groupBytes + BitView.bytes(forBits: offsets + permutations)
    }

    /// The lengths at the beginning of a group: at most four varints of lengths of terms.
    private static let lengthBytes = 12
}
