import TallyrollFormat

/// The id tables of a store's small segments, side by side in memory: of many segments, looking one up in each table costs
/// little more than the memory it touches.
struct SmallIDTables {
    /// By segment; nil for one that is left to its reader.
    private var tables: [IDTable?] = []
    /// Of the segments, those that are not left to their reader.
    private var isKnown: [Bool] = []
    /// What the tables read.
    private var owners: [LoadedIDs] = []
    private var requests = 0
    private var bytes = 0

    /// Longer tables are read page by page, by whoever looks something up.
    private static let bytesMax = 24 << 10

    /// Counts a request, and says whether there were enough to have the tables in memory.
    mutating func isWanted(from requestsMin: Int) -> Bool {
        requests += 1
        return requests >= requestsMin
    }

    /// Reads the tables of the segments that are new, as long as all take no more than `bytesMax`.
    mutating func update(_ readers: [SegmentReader], _ figures: [StoreSummary.Figures], bytesMax: Int) {
        for place in tables.count..<readers.count {
            let length = readers[place].footer?.section(.ids)?.length ?? 0
            var loaded: LoadedIDs?
            if length > 0, length <= SmallIDTables.bytesMax, bytes + length <= bytesMax {
                loaded = (try? readers[place].idTable()) ?? nil
                if loaded != nil { bytes += length }
            }
            if let loaded { owners.append(loaded) }
            tables.append(loaded?.table)
            isKnown.append(figures[place].isSound && (length == 0 || loaded != nil))
        }
    }

    /// Where events with an id of this hash may be.
    func look(_ hash: UInt64) -> StoreSummary.IDPlaces {
        defer { withExtendedLifetime(owners) {} }
        return StoreSummary.IDPlaces(isKnown: isKnown, found: IDTable.candidates(hash, in: tables))
    }
}
