/// The rows of a block by the leader (the user) they have: what every column that follows it needs to know.
package struct LeaderRows {
    /// For each row the row of its leader's event before, -1 where there is none.
    let previous: [Int32]
    /// The row of each leader's first event, in ascending order of leader code: a reader finds a leader's place by
    /// counting smaller codes.
    let first: [Int]

    package init(_ codes: [UInt32]) {
        let leaders = Int(codes.max() ?? 0) + 1
        var last = [Int32](repeating: -1, count: leaders)
        var first: [Int] = []
        previous = [Int32](unsafeUninitializedCapacity: codes.count) { previous, initialized in
            last.withUnsafeMutableBufferPointer { last in
                for row in codes.indices {
                    let leader = Int(codes[row])
                    previous[row] = last[leader]
                    if last[leader] < 0 { first.append(row) }
                    last[leader] = Int32(truncatingIfNeeded: row)
                }
            }
            initialized = codes.count
        }
        if leaders <= codes.count * 4 {
            LeaderRows.place(&first, by: codes, in: &last)
        } else {
            first.sort { codes[$0] < codes[$1] }
        }
        self.first = first
    }

    /// Puts rows of distinct codes in order of these; `table` has room for every code.
    private static func place(_ rows: inout [Int], by codes: [UInt32], in table: inout [Int32]) {
        for index in table.indices { table[index] = -1 }
        for row in rows { table[Int(codes[row])] = Int32(truncatingIfNeeded: row) }
        rows.removeAll(keepingCapacity: true)
        for row in table where row >= 0 { rows.append(Int(row)) }
    }
}
