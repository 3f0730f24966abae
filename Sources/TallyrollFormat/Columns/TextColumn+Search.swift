/// Asking all entries of a column at once: what is stored is compared, not the texts it stands for.
extension TextColumn {
    /// The entries for which `predicate` holds, asked once a distinct text where the encoding knows them; absent
    /// entries are asked about as nil.
    package func rows(
        from context: ColumnContext, where predicate: (ByteView?) -> Bool
    ) throws -> RowSet {
        switch body.encoding {
        case .absent: return RowSet(size: count, all: predicate(nil))
        case .constant: return RowSet(size: count, all: predicate(body.constant))
        case .localCodes:
            let verdicts = try localVerdicts(context) { predicate($0) }
            return try rows(verdicts, absent: body.shift == 0 ? predicate(nil) : false)
        case .sharedCodes: return try sharedCodeRows(context, predicate)
        case .follow:
            guard let followed = body.followed, let leaders = context.leaders else {
                return RowSet(size: count)
            }
            return followedRows(try followed.rows(from: context, where: predicate), leaders)
        case .hexTemplate, .number, .address, .text: return try eachRow(context, predicate)
        }
    }

    /// The entries with exactly this text.
    package func rows(from context: ColumnContext, equalTo text: ByteView) throws -> RowSet {
        switch body.encoding {
        case .absent: return RowSet(size: count)
        case .constant: return RowSet(size: count, all: body.constant.isEqual(to: text))
        case .localCodes:
            return try rows(try localVerdicts(context) { $0.isEqual(to: text) }, absent: false)
        case .sharedCodes: return try sharedCodeRows(context) { $0?.isEqual(to: text) ?? false }
        case .follow:
            guard let followed = body.followed, let leaders = context.leaders else {
                return RowSet(size: count)
            }
            return followedRows(try followed.rows(from: context, equalTo: text), leaders)
        case .hexTemplate: return rows(ofPlaces: try templatePlaces(equalTo: text))
        case .number: return rows(ofPlaces: numberPlaces(equalTo: text))
        case .address: return rows(ofPlaces: addressPlaces(equalTo: text))
        case .text: return rows(ofPlaces: try textPlaces(context, equalTo: text))
        }
    }

    /// The entries that hold a text. With `isJSON` values are the content of JSON strings, and stand for what that
    /// content does. `judge` is asked about values whose escapes leave it open.
    package func rows(
        from context: ColumnContext, holding needle: TextNeedle, isJSON: Bool, _ judge: (ByteView) -> Bool
    ) throws -> RowSet {
        func holds(_ value: ByteView?) -> Bool {
            guard let value else { return false }
            return needle.isIn(value, isJSON: isJSON) ?? judge(value)
        }
        let chance: TextNeedle.Chance
        switch body.encoding {
        case .localCodes:
            guard let ends = body.integers else { return RowSet(size: count) }
            return try rows(try heapPlaces(ends, context, needle, isJSON, judge), absent: false)
        case .text:
            guard let ends = body.integers else { return RowSet(size: count) }
            return rows(ofPlaces: try heapPlaces(ends, context, needle, isJSON, judge))
        case .hexTemplate: chance = needle.chance(in: body.constant, digitsAt: body.positions)
        case .number: chance = needle.chance(in: body.prefix, body.suffix)
        case .address: chance = needle.chanceInAddress
        case .absent, .constant, .sharedCodes, .follow: chance = .perhaps
        }
        // An escape in the fixed part of a pattern leaves it open what that stands for.
        let isPlain =
            !isJSON
            || !(hasBackslash(body.constant) || hasBackslash(body.prefix) || hasBackslash(body.suffix))
        switch chance {
        case .never where isPlain: return RowSet(size: count)
        case .always where isPlain:
            return rows(ofPlaces: RowSet(size: body.presence?.present ?? count, all: true))
        default: return try rows(from: context, where: holds)
        }
    }

    private func hasBackslash(_ text: ByteView) -> Bool { text.raw.contains(UInt8(ascii: "\\")) }

    // MARK: Codes

    /// Which of the distinct texts satisfy `predicate`.
    private func localVerdicts(_ context: ColumnContext, _ predicate: (ByteView) -> Bool) throws -> RowSet {
        guard let ends = body.integers else { return RowSet(size: body.distinct) }
        var verdicts = RowSet(size: ends.count)
        try withUnsafeTemporaryAllocation(of: Int64.self, capacity: ends.count) { values in
            ends.decode(into: values)
            var start = 0
            for place in 0..<ends.count {
                let end = Int(clamping: values[place])
                if predicate(try text(start, end, context)) { verdicts.insert(place) }
                start = end
            }
        }
        return verdicts
    }

    /// The entries whose distinct text is among `verdicts`.
    private func rows(_ verdicts: RowSet, absent: Bool) throws -> RowSet {
        if verdicts.isEmpty, !absent { return RowSet(size: count) }
        let first = Int(body.shift)
        func verdict(_ code: Int) -> UInt8 {
            if code == 0 { return absent ? CodeVerdicts.yes : CodeVerdicts.no }
            if code > body.distinct { return CodeVerdicts.unknown }
            return verdicts.contains(code - 1) ? CodeVerdicts.yes : CodeVerdicts.no
        }
        if body.width == 0 { return RowSet(size: count, all: verdict(first) == CodeVerdicts.yes) }
        let result = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1 << body.width) { table in
            for value in table.indices { table[value] = verdict(value + first) }
            return CodeVerdicts(packed: body.packed, width: body.width, count: count).rows(table)
        }
        if let result { return result }
        return try rowsOneByOne { verdict($0) == CodeVerdicts.yes }
    }

    /// The same where a code is unknown: that of a row, which is an error, or one in the padding.
    private func rowsOneByOne(_ isWanted: (Int) -> Bool) throws -> RowSet {
        var result = RowSet(size: count)
        for index in 0..<count {
            let code = localCode(index)
            guard code <= body.distinct else { throw unknownCode(code) }
            if isWanted(code) { result.insert(index) }
        }
        return result
    }

    /// Asks about each distinct text once.
    private func sharedCodeRows(_ context: ColumnContext, _ predicate: (ByteView?) -> Bool) throws -> RowSet {
        guard let column = body.codes else { return RowSet(size: count) }
        let codes = column.decodeArray()
        let smallest = column.smallest
        let span = Int((codes.max() ?? smallest) - smallest) + 1
        guard span <= 1 << 22 else {
            throw FormatError(
                .limit, "text column: codes", offset: 0, expected: "at most \(1 << 22) apart",
                found: "\(span)")
        }
        let table = try context.dictionary.flatMap {
            try context.terms.table($0, forReading: min(span, count))
        }
        defer { withExtendedLifetime(table) {} }
        // 0 not asked yet, 1 no, 2 yes.
        var verdicts = [UInt8](repeating: 0, count: span)
        var text = ByteWriter(capacity: 256)
        var result = RowSet(size: count)
        for index in codes.indices {
            let place = Int(codes[index] - smallest)
            if verdicts[place] == 0 {
                if codes[index] == 0 {
                    verdicts[place] = predicate(nil) ? 2 : 1
                } else if let term = table?[codes[index]] {
                    verdicts[place] = predicate(term) ? 2 : 1
                } else {
                    text.removeAll()
                    try context.appendTerm(codes[index], into: &text)
                    verdicts[place] = predicate(text.view) ? 2 : 1
                }
            }
            if verdicts[place] == 2 { result.insert(index) }
        }
        return result
    }

    /// The rows whose value, which is that of their leader's last exception, is among `entries`.
    private func followedRows(_ entries: RowSet, _ leaders: LeaderRanks) -> RowSet {
        var result = RowSet(size: count)
        if entries.isEmpty { return result }
        let ranks = leaders.ranks()
        body.exceptions.withUnsafeBufferPointer { exceptions in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(leaders.distinct, 1)) { current in
                for rank in 0..<leaders.distinct { current[rank] = entries.contains(rank) ? 1 : 0 }
                var next = 0
                for word in result.words.indices {
                    let (start, end) = (word << 6, min(word << 6 + 64, count))
                    var (row, bits) = (start, UInt64(0))
                    while row < end {
                        let stop = next < exceptions.count ? min(exceptions[next], end) : end
                        while row < stop {
                            let isMeant = UInt64(current[Int(ranks[row])])
                            bits |= isMeant &<< UInt64(truncatingIfNeeded: row &- start)
                            row &+= 1
                        }
                        if stop < end {
                            current[Int(ranks[stop])] = entries.contains(leaders.distinct + next) ? 1 : 0
                            next += 1
                        }
                    }
                    if bits != 0 { result.setWord(word, bits) }
                }
            }
        }
        return result
    }

    // MARK: Values

    /// Puts the values together a few hundred at a time, and asks about each.
    private func eachRow(_ context: ColumnContext, _ predicate: (ByteView?) -> Bool) throws -> RowSet {
        let batch = 256
        var result = RowSet(size: count)
        var arena = TextArena()
        try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: batch) { entries in
            try withUnsafeTemporaryAllocation(of: ByteView?.self, capacity: batch) { cells in
                guard let first = cells.baseAddress else { return }
                var start = 0
                while start < count {
                    let size = min(batch, count - start)
                    for index in 0..<size { entries[index] = UInt32(truncatingIfNeeded: start + index) }
                    arena.removeAll()
                    try read(
                        UnsafeBufferPointer(rebasing: entries[..<size]), from: context, into: first,
                        arena: &arena)
                    for index in 0..<size where predicate(cells[index]) { result.insert(start + index) }
                    start += size
                }
            }
        }
        return result
    }

    /// The entries whose places among the present ones are these.
    private func rows(ofPlaces places: RowSet) -> RowSet {
        guard let presence = body.presence else { return places }
        var result = RowSet(size: count)
        if places.isEmpty { return result }
        var source = BitSource(places)
        for word in result.words.indices {
            let present = presence.word(word)
            let found = source.next(present.nonzeroBitCount)
            if found != 0 { result.setWord(word, BitSource.spread(found, over: present)) }
        }
        return result
    }

    /// Which texts that lie in the heap or side by side in the column hold a text: all are searched at once.
    private func heapPlaces(
        _ ends: IntegerColumn, _ context: ColumnContext, _ needle: TextNeedle, _ isJSON: Bool,
        _ judge: (ByteView) -> Bool
    ) throws -> RowSet {
        var found = RowSet(size: ends.count, all: needle.search.count == 0)
        if ends.count == 0 || needle.search.count == 0 { return found }
        try withUnsafeTemporaryAllocation(of: Int64.self, capacity: ends.count) { values in
            ends.decode(into: values)
            var isOrdered = true
            var previous: Int64 = 0
            for value in values {
                isOrdered = isOrdered && value >= previous
                previous = value
            }
            // The order is what the search relies on; where it is not given, the first wrong value is reported.
            guard isOrdered, previous <= Int64(Int32.max) else {
                _ = try context.text(from: body.heapStart, 1, 0)
                return
            }
            if let own = body.ownTexts {
                guard previous <= Int64(own.count) else {
                    _ = try text(0, Int(clamping: previous), context)
                    return
                }
                return needle.insert(
                    valuesIn: own, base: 0, ends: UnsafeBufferPointer(values), isJSON: isJSON, into: &found,
                    judge)
            }
            try context.heap.forEachPiece(
                from: body.heapStart, to: body.heapStart + Int(previous)
            ) { position, text in
                needle.insert(
                    valuesIn: text, base: position - body.heapStart, ends: UnsafeBufferPointer(values),
                    isJSON: isJSON, into: &found, judge)
            }
        }
        return found
    }

    private func textPlaces(_ context: ColumnContext, equalTo text: ByteView) throws -> RowSet {
        guard let ends = body.integers else { return RowSet(size: count) }
        var found = RowSet(size: ends.count)
        try withUnsafeTemporaryAllocation(of: Int64.self, capacity: ends.count) { values in
            ends.decode(into: values)
            var start: Int64 = 0
            for place in 0..<ends.count {
                // Only texts of the right length are looked at.
                if values[place] &- start == Int64(text.count),
                    try context.text(from: body.heapStart, Int(clamping: start), Int(clamping: values[place]))
                        .isEqual(to: text)
                {
                    found.insert(place)
                }
                start = values[place]
            }
        }
        return found
    }

    private func numberPlaces(equalTo text: ByteView) -> RowSet {
        guard let integers = body.integers else { return RowSet(size: count) }
        var found = RowSet(size: integers.count)
        let (prefix, suffix) = (body.prefix, body.suffix)
        guard text.count > prefix.count + suffix.count, text.hasPrefix(prefix),
            text.trusted(text.count - suffix.count, suffix.count).isEqual(to: suffix),
            let number = NumberPattern.parse(
                text.trusted(prefix.count, text.count - prefix.count - suffix.count)),
            number.fractionDigits == body.fractionDigits
        else { return found }
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: integers.count) { values in
            integers.decode(into: values)
            for place in 0..<integers.count where values[place] == number.mantissa { found.insert(place) }
        }
        return found
    }

    private func addressPlaces(equalTo text: ByteView) -> RowSet {
        guard let integers = body.integers else { return RowSet(size: count) }
        var found = RowSet(size: integers.count)
        guard let wanted = AddressPattern.parse(text) else { return found }
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: integers.count) { values in
            integers.decode(into: values)
            // Only the low half of a value stands for something.
            for place in 0..<integers.count where UInt32(truncatingIfNeeded: values[place]) == wanted {
                found.insert(place)
            }
        }
        return found
    }

    /// Compares packed digits: no text is put together.
    private func templatePlaces(equalTo text: ByteView) throws(FormatError) -> RowSet {
        let places = body.presence?.present ?? count
        var found = RowSet(size: places)
        guard text.count == body.constant.count else { return found }
        var wanted: [UInt8] = []
        var next = 0
        for position in 0..<text.count {
            if next < body.positions.count, body.positions[next] == position {
                let byte = text[position]
                let firstLetter: UInt8 = body.uppercase ? 0x41 : 0x61
                guard byte &- 0x30 < 10 || byte &- firstLetter < 6 else { return found }
                wanted.append(HexTemplate.nibble(byte))
                next += 1
            } else if text[position] != body.constant[position] {
                return found
            }
        }
        try body.pages.needAll()
        guard wanted.count % 2 == 0, !wanted.isEmpty else {
            for place in 0..<places where isTemplate(place, wanted) { found.insert(place) }
            return found
        }
        // Up to four bytes are compared at once, the rest where those are equal.
        let width = wanted.count / 2
        let head = min(width, 4)
        var word: UInt32 = 0
        for index in 0..<head {
            word |= UInt32(wanted[index * 2] | wanted[index * 2 + 1] << 4) << UInt32(index * 8)
        }
        let mask = UInt32.max >> UInt32(32 - head * 8)
        let packed = body.packed
        // Those that begin four bytes before the end, or earlier.
        let whole = packed.count < 4 ? 0 : min((packed.count - 4) / width + 1, places)
        var place = 0
        while let next = TextColumn.nextBeginning(
            with: word, mask, in: packed, width: width, from: place, before: whole)
        {
            if isTemplate(next, wanted) { found.insert(next) }
            place = next + 1
        }
        for place in whole..<places where isTemplate(place, wanted) { found.insert(place) }
        return found
    }

    /// The first of the values of `width` bytes each that begins with the word, as far as the mask goes.
    @inline(__always)
    private static func nextBeginning(
        with word: UInt32, _ mask: UInt32, in packed: ByteView, width: Int, from start: Int, before end: Int
    ) -> Int? {
        precondition(start >= 0 && width > 0 && (start >= end || (end - 1) * width + 4 <= packed.count))
        var place = start
        var next = UnsafeRawPointer(packed.base) + start &* width
        // Eight at a time: hardly any begins as the wanted one does.
        while place &+ 8 <= end {
            var isFound = false
            for _ in 0..<8 {
                let found = (UInt32(littleEndian: next.loadUnaligned(as: UInt32.self)) ^ word) & mask
                isFound = isFound || found == 0
                next += width
            }
            if isFound {
                next -= 8 &* width
                break
            }
            place &+= 8
        }
        while place < end {
            if (UInt32(littleEndian: next.loadUnaligned(as: UInt32.self)) ^ word) & mask == 0 { return place }
            next += width
            place &+= 1
        }
        return nil
    }

    private func isTemplate(_ place: Int, _ wanted: [UInt8]) -> Bool {
        var nibble = place * wanted.count
        return wanted.allSatisfy { digit in
            let byte = body.packed[nibble >> 1]
            defer { nibble += 1 }
            return (nibble & 1 == 0 ? byte & 0x0F : byte >> 4) == digit
        }
    }
}
