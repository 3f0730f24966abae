/// Writes columns that another one may determine, in the layouts of `CodeColumn`.
package struct DeterminedCodesEncoder: ~Copyable {
    private var leader: [UInt32] = []
    private var leaderBase: UInt32 = 0
    private var leaderWidth = 0
    /// The code that each code of the leader from its base on has in the column being written.
    private var entries: [UInt32] = []
    /// No code is that large.
    private static let none = UInt32.max

    package init() {}

    /// Chooses the column that those written next may be determined by.
    package mutating func lead(by codes: [UInt32]) {
        leader = codes
        (leaderBase, leaderWidth) = codes.withUnsafeBufferPointer(CodeColumn.range)
    }

    /// Appends a column: as a table where the leader determines it and the table is smaller, else packed.
    package mutating func write(_ codes: UnsafeBufferPointer<UInt32>, into out: inout ByteWriter) {
        let range = CodeColumn.range(codes)
        guard range.width > 0, leaderWidth <= CodeColumn.leaderWidth, 1 << leaderWidth < codes.count,
            findEntries(codes, range.base)
        else { return CodeColumn.write(codes, range, into: &out) }
        out.varint(UInt64(range.base))
        out.u8(CodeColumn.determined)
        out.u8(UInt8(range.width))
        out.varint(UInt64(entries.count))
        entries.withUnsafeBufferPointer {
            BitPacking.pack($0, minus: range.base, width: range.width, into: &out)
        }
    }

    /// Finds the code that goes with each of the leader's; false when several do. One that no row has goes with the base.
    private mutating func findEntries(_ codes: UnsafeBufferPointer<UInt32>, _ base: UInt32) -> Bool {
        guard codes.count == leader.count else { return false }
        let (leaderBase, none) = (leaderBase, DeterminedCodesEncoder.none)
        entries.removeAll(keepingCapacity: true)
        entries.append(contentsOf: repeatElement(none, count: 1 << leaderWidth))
        var last = 0
        let isDetermined = entries.withUnsafeMutableBufferPointer { entries in
            leader.withUnsafeBufferPointer { leader in
                for row in codes.indices {
                    let entry = Int(leader[row] &- leaderBase)
                    if entries[entry] == codes[row] { continue }
                    guard entries[entry] == none else { return false }
                    entries[entry] = codes[row]
                    last = max(last, entry)
                }
                for entry in entries.indices where entries[entry] == none { entries[entry] = base }
                return true
            }
        }
        entries.removeLast(entries.count - 1 - last)
        return isDetermined
    }
}
