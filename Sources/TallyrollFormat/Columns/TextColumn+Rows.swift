/// Reading some entries of a column at once: what all of them need is looked up once, and nothing is copied that lies
/// in memory already.
extension TextColumn {
    /// Puts the text of each wanted entry, nil where it is absent, into `cells`. `entries` are below `count`;
    /// ascending ones are read fastest. The texts lie in the column, in the heap, in dictionaries or in `arena`, and
    /// are valid while all of these are.
    package func read(
        _ entries: UnsafeBufferPointer<UInt32>, from context: ColumnContext,
        into cells: UnsafeMutablePointer<ByteView?>, arena: inout TextArena
    ) throws {
        if entries.count <= TextColumn.fewEntries {
            for index in entries.indices {
                cells[index] = try cell(Int(entries[index]), from: context, arena: &arena)
            }
            return
        }
        switch body.encoding {
        case .absent: cells.update(repeating: nil, count: entries.count)
        case .constant: cells.update(repeating: body.constant, count: entries.count)
        case .localCodes: try readLocalCodes(entries, context, cells)
        case .hexTemplate: try readTemplates(entries, cells, &arena)
        case .number: try readNumbers(entries, cells, &arena)
        case .address: try readAddresses(entries, cells, &arena)
        case .text: try readTexts(entries, context, cells)
        case .sharedCodes: try readSharedCodes(entries, context, cells, &arena)
        case .follow: try readFollowed(entries, context, cells, &arena)
        }
    }

    private func readLocalCodes(
        _ entries: UnsafeBufferPointer<UInt32>, _ context: ColumnContext,
        _ cells: UnsafeMutablePointer<ByteView?>
    ) throws {
        guard let ends = body.integers else { return }
        guard entries.count >= body.distinct else {
            for index in entries.indices {
                let code = localCode(Int(entries[index]))
                guard code <= body.distinct else { throw unknownCode(code) }
                cells[index] = code == 0 ? nil : try heapText(code - 1, ends, context)
            }
            return
        }
        try withUnsafeTemporaryAllocation(of: Int64.self, capacity: ends.count) { values in
            ends.decode(into: values)
            try withUnsafeTemporaryAllocation(of: ByteView?.self, capacity: body.distinct + 1) { known in
                known[0] = nil
                var start = 0
                for code in 1...body.distinct {
                    let end = Int(clamping: values[code - 1])
                    known[code] = try text(start, end, context)
                    start = end
                }
                for index in entries.indices {
                    let code = localCode(Int(entries[index]))
                    guard code <= body.distinct else { throw unknownCode(code) }
                    cells[index] = known[code]
                }
            }
        }
    }

    @inline(never)
    func unknownCode(_ code: Int) -> FormatError {
        FormatError(
            .invalid, "text column: code", offset: 0, expected: "at most \(body.distinct)", found: "\(code)")
    }

    @inline(__always)
    private func heapText(_ place: Int, _ ends: IntegerColumn, _ context: ColumnContext) throws -> ByteView {
        let bounds = ends.bounds(place)
        return try text(Int(clamping: bounds.start), Int(clamping: bounds.end), context)
    }

    /// Of texts that lie farther apart than so many, few share what is read of the ends.
    private static let placesPerText = 32

    private func readTexts(
        _ entries: UnsafeBufferPointer<UInt32>, _ context: ColumnContext,
        _ cells: UnsafeMutablePointer<ByteView?>
    ) throws {
        guard let ends = body.integers else { return }
        try withPlaces(entries, cells) { wanted, places in
            if places.count * TextColumn.placesPerText < ends.count {
                for index in places.indices {
                    cells[Int(wanted[index])] = try heapText(Int(places[index]), ends, context)
                }
                return
            }
            // Two ends a text: where the one before it ends, and where it ends itself.
            try withUnsafeTemporaryAllocation(of: Int64.self, capacity: places.count * 2) { bounds in
                guard let first = bounds.baseAddress else { return }
                withUnsafeTemporaryAllocation(of: UInt32.self, capacity: places.count * 2) { both in
                    for index in places.indices {
                        both[index * 2] = places[index] == 0 ? 0 : places[index] - 1
                        both[index * 2 + 1] = places[index]
                    }
                    ends.read(UnsafeBufferPointer(both), into: first)
                }
                for index in places.indices {
                    let start = places[index] == 0 ? 0 : Int(clamping: bounds[index * 2])
                    cells[Int(wanted[index])] = try context.text(
                        from: body.heapStart, start, Int(clamping: bounds[index * 2 + 1]))
                }
            }
        }
    }

    /// Calls `read` with the entries that have a value, as indices of `cells`, and the place of each among all that
    /// have one; the others are marked as absent.
    private func withPlaces(
        _ entries: UnsafeBufferPointer<UInt32>, _ cells: UnsafeMutablePointer<ByteView?>,
        _ read: (_ wanted: UnsafeBufferPointer<UInt32>, _ places: UnsafeBufferPointer<UInt32>) throws -> Void
    ) rethrows {
        let presence = body.presence
        try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: entries.count * 2) { memory in
            var count = 0
            let half = entries.count
            for index in entries.indices {
                let entry = Int(entries[index])
                precondition(entry < self.count)
                var place = entry
                if let presence {
                    guard let rank = presence.rank(entry) else {
                        cells[index] = nil
                        continue
                    }
                    place = rank
                }
                memory[count] = UInt32(truncatingIfNeeded: index)
                memory[half + count] = UInt32(truncatingIfNeeded: place)
                count += 1
            }
            try read(
                UnsafeBufferPointer(rebasing: memory[..<count]),
                UnsafeBufferPointer(rebasing: memory[half..<(half + count)]))
        }
    }

    private func readNumbers(
        _ entries: UnsafeBufferPointer<UInt32>, _ cells: UnsafeMutablePointer<ByteView?>,
        _ arena: inout TextArena
    ) throws {
        guard let integers = body.integers else { return }
        let (prefix, suffix) = (body.prefix, body.suffix)
        let longest = prefix.count + suffix.count + NumberPattern.textMax
        try checkDecoded(entries.count * longest)
        withPlaces(entries, cells) { wanted, places in
            withUnsafeTemporaryAllocation(of: Int64.self, capacity: places.count) { numbers in
                guard let first = numbers.baseAddress else { return }
                integers.read(places, into: first)
                for index in places.indices {
                    let end = arena.take(longest) + longest
                    (end - suffix.count).update(from: suffix.base, count: suffix.count)
                    var length = suffix.count
                    length += NumberPattern.write(
                        numbers[index], fractionDigits: body.fractionDigits, endingAt: end - length)
                    length += prefix.count
                    (end - length).update(from: prefix.base, count: prefix.count)
                    cells[Int(wanted[index])] = ByteView(base: end - length, count: length)
                }
            }
        }
    }

    private func readAddresses(
        _ entries: UnsafeBufferPointer<UInt32>, _ cells: UnsafeMutablePointer<ByteView?>,
        _ arena: inout TextArena
    ) throws {
        guard let integers = body.integers else { return }
        try checkDecoded(entries.count * AddressPattern.textMax)
        withPlaces(entries, cells) { wanted, places in
            withUnsafeTemporaryAllocation(of: Int64.self, capacity: places.count) { addresses in
                guard let first = addresses.baseAddress else { return }
                integers.read(places, into: first)
                for index in places.indices {
                    cells[Int(wanted[index])] = AddressPattern.text(addresses[index], &arena)
                }
            }
        }
    }

    private func readTemplates(
        _ entries: UnsafeBufferPointer<UInt32>, _ cells: UnsafeMutablePointer<ByteView?>,
        _ arena: inout TextArena
    ) throws {
        try checkDecoded(entries.count * body.constant.count)
        let (packed, digits) = (body.packed, body.positions.count)
        try withPlaces(entries, cells) { wanted, places in
            try needDigits(of: places)
            if digits > 0 {
                var seen: UInt32 = 0
                for place in places { seen |= UInt32(packed[(Int(place) &* digits) >> 1]) }
                arena.touch(seen)
            }
            for index in places.indices {
                cells[Int(wanted[index])] = template(Int(places[index]), &arena)
            }
        }
    }

    /// Has the digits of some values, whose places ascend most often, read, unless they were.
    private func needDigits(of places: UnsafeBufferPointer<UInt32>) throws(FormatError) {
        guard body.pages.isPartial, let first = places.first, let last = places.last else { return }
        let span = Int(last) - Int(first) + 1
        // Few that lie far apart are each in a page of their own.
        if span > 0, places.count * TextColumn.placesPerText >= span {
            try needDigits(of: Int(first)..<Int(last) + 1)
        }
        for place in places { try needDigits(of: Int(place)..<Int(place) + 1) }
    }

    private func readSharedCodes(
        _ entries: UnsafeBufferPointer<UInt32>, _ context: ColumnContext,
        _ cells: UnsafeMutablePointer<ByteView?>, _ arena: inout TextArena
    ) throws {
        guard let column = body.codes else { return }
        try context.read(column, entries, into: cells, arena: &arena)
    }

    private func readFollowed(
        _ entries: UnsafeBufferPointer<UInt32>, _ context: ColumnContext,
        _ cells: UnsafeMutablePointer<ByteView?>, _ arena: inout TextArena
    ) throws {
        guard let followed = body.followed, let leaders = context.leaders else { return }
        try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: entries.count) { sources in
            arena.touch(findFollowed(entries, leaders, sources))
            guard entries.count > followed.count else {
                return try followed.read(
                    UnsafeBufferPointer(sources), from: context, into: cells, arena: &arena)
            }
            // More rows than values: each value once.
            try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: followed.count) { all in
                for index in all.indices { all[index] = UInt32(truncatingIfNeeded: index) }
                try withUnsafeTemporaryAllocation(of: ByteView?.self, capacity: followed.count) { known in
                    guard let first = known.baseAddress else { return }
                    try followed.read(UnsafeBufferPointer(all), from: context, into: first, arena: &arena)
                    for index in entries.indices { cells[index] = known[Int(sources[index])] }
                }
            }
        }
    }

    /// Where the value of each row is stored. Gives something of what was looked at.
    private func findFollowed(
        _ rows: UnsafeBufferPointer<UInt32>, _ leaders: LeaderRanks,
        _ sources: UnsafeMutableBufferPointer<UInt32>
    ) -> UInt32 {
        if rows.count * 8 < count {
            return exceptionPlaces(leaders).findSources(of: rows, leaders, into: sources)
        }
        let ranks = leaders.ranks()
        body.exceptions.withUnsafeBufferPointer { exceptions in
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: max(leaders.distinct, 1)) { current in
                for rank in 0..<leaders.distinct { current[rank] = UInt32(truncatingIfNeeded: rank) }
                var next = 0
                for index in rows.indices {
                    let row = Int(rows[index])
                    while next < exceptions.count, exceptions[next] <= row {
                        let rank = Int(ranks[exceptions[next]])
                        current[rank] = UInt32(truncatingIfNeeded: leaders.distinct + next)
                        next += 1
                    }
                    sources[index] = current[Int(ranks[row])]
                }
            }
        }
        return 0
    }
}

/// The exceptions of a column that follows another, by leader: what one row needs.
final class ExceptionPlaces: Sendable {
    /// For each rank where its exceptions begin in `exceptions`; one more for the end.
    private let starts: FixedArray<UInt32>
    private let exceptions: FixedArray<Exception>

    private struct Exception: BitwiseCopyable {
        var row: UInt32
        /// Its place among the exceptions of all leaders.
        var place: UInt32
    }

    init(_ exceptions: [Int], _ leaders: LeaderRanks) {
        starts = FixedArray(count: leaders.distinct + 2, repeating: 0)
        self.exceptions = FixedArray(count: exceptions.count, repeating: Exception(row: 0, place: 0))
        let ranks = leaders.ranks()
        for row in exceptions { starts.base[Int(ranks[row]) + 2] += 1 }
        for rank in 1..<starts.count { starts.base[rank] += starts.base[rank - 1] }
        for (place, row) in exceptions.enumerated() {
            let rank = Int(ranks[row])
            self.exceptions.base[Int(starts.base[rank + 1])] = Exception(
                row: UInt32(truncatingIfNeeded: row), place: UInt32(truncatingIfNeeded: place))
            starts.base[rank + 1] += 1
        }
    }

    /// Where the value of a row is stored: at the latest exception of the same leader, else at its first event.
    func source(of row: Int, _ leaders: LeaderRanks) -> Int {
        source(of: row, rank: leaders.rank(row), leaders)
    }

    /// The same for some rows. Gives something of what was looked at beforehand.
    func findSources(
        of rows: UnsafeBufferPointer<UInt32>, _ leaders: LeaderRanks,
        into sources: UnsafeMutableBufferPointer<UInt32>
    ) -> UInt32 {
        for index in rows.indices {
            sources[index] = UInt32(truncatingIfNeeded: leaders.rank(Int(rows[index])))
        }
        var seen: UInt32 = 0
        for index in rows.indices {
            let rank = Int(sources[index])
            let (first, end) = (Int(starts[rank]), Int(starts[rank + 1]))
            if first < end { seen |= exceptions[(first + end) / 2].row }
        }
        for index in rows.indices {
            let source = source(of: Int(rows[index]), rank: Int(sources[index]), leaders)
            sources[index] = UInt32(truncatingIfNeeded: source)
        }
        return seen
    }

    @inline(__always)
    private func source(of row: Int, rank: Int, _ leaders: LeaderRanks) -> Int {
        let first = Int(starts[rank])
        var (low, high) = (first, Int(starts[rank + 1]))
        while low < high {
            let middle = (low + high) / 2
            if exceptions[middle].row <= row { low = middle + 1 } else { high = middle }
        }
        return low == first ? rank : leaders.distinct + Int(exceptions[low - 1].place)
    }
}

extension ColumnContext {
    /// The terms that the codes of some rows stand for.
    func read(
        _ column: CodeColumn, _ rows: UnsafeBufferPointer<UInt32>,
        into cells: UnsafeMutablePointer<ByteView?>,
        arena: inout TextArena
    ) throws {
        guard column.constant != 0, !rows.isEmpty else {
            cells.update(repeating: nil, count: rows.count)
            return
        }
        guard let dictionary else {
            throw FormatError(
                .invalid, "text column", offset: 0, expected: "no dictionary codes", found: "codes")
        }
        if let table = try arena.table(of: terms, dictionary, forReading: rows.count) {
            return try table.read(rows, of: column, into: cells)
        }
        if let constant = column.constant {
            return cells.update(repeating: try term(constant, &arena), count: rows.count)
        }
        guard rows.count > TextColumn.fewEntries else {
            for index in rows.indices { cells[index] = try term(column.code(Int(rows[index])), &arena) }
            return
        }
        var known = TermPlaces()
        for index in rows.indices {
            let code = column.code(Int(rows[index]))
            cells[index] = code == 0 ? nil : try known.text(of: code, in: self, &arena)
        }
    }
}
