import TallyrollFormat

/// The filters of terms of a store's sealed segments, side by side in memory: which of them a question about a term may
/// pass over is told by a line of memory each, without a look into any dictionary.
struct TermFilters {
    /// By segment; nil for one that does not say.
    private var filters: [TermFilter?] = []
    /// What the filters read.
    private var owners: [LoadedTermFilter?] = []
    private var requests = 0
    private var bytes = 0
    /// Whether they are more than there is memory for.
    private var isTooLarge = false

    /// Whether questions are answered from here on.
    var isInUse: Bool { !filters.isEmpty }

    /// Counts a request, and says whether there were enough to have the filters in memory.
    mutating func isWanted(from requestsMin: Int) -> Bool {
        requests += 1
        return !isTooLarge && requests >= requestsMin
    }

    /// Reads the filters of the segments that are new.
    mutating func update(_ readers: [SegmentReader], bytesMax: Int) {
        for reader in readers[filters.count...] {
            bytes += reader.footer?.section(.terms)?.length ?? 0
            guard bytes <= bytesMax else { return letGo() }
            let loaded = (try? reader.termFilter()) ?? nil
            filters.append(loaded?.filter)
            owners.append(loaded)
        }
    }

    private mutating func letGo() {
        filters = []
        owners = []
        isTooLarge = true
    }

    /// The segments among some that hold none of the terms of these keys.
    ///
    /// - Complexity: O(segments · keys).
    func places(among places: [Int], withoutAnyOf keys: [UInt64]) -> [Int] {
        defer { withExtendedLifetime(owners) {} }
        return TermFilter.places(among: places, of: filters, withoutAnyOf: keys)
    }
}
