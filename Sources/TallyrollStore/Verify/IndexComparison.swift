import TallyrollFormat

/// Compares the indexes of a segment with what its blocks hold: every index must say exactly what the columns say.
struct IndexComparison {
    let place: CheckedPlace
    let header: SegmentHeader
    let entries: [BlockEntry]
    let region: CheckedRegion

    /// At most one problem an index. `isComplete` says that every block was read and proved, so that totals count.
    func problems(
        _ results: [BlockResult], codes: SegmentCodes?, isComplete: Bool
    ) -> [VerificationProblem] {
        var problems: [VerificationProblem] = []
        for dictionary in DictionaryID.allCases where !region.isDamaged(.dictionary, dictionary.rawValue) {
            if let problem = dictionaryProblem(dictionary, results, isComplete: isComplete) {
                problems.append(problem)
            }
        }
        // A dictionary that is wrong is to blame for the filter, too.
        if problems.isEmpty, let problem = termFilterProblem() { problems.append(problem) }
        for column in PostingColumn.allCases {
            guard let lists = region.postings[column] else { continue }
            if let problem = postingsProblem(lists, column, codes?.codes(column)) { problems.append(problem) }
        }
        for kind in FilterKind.allCases {
            guard let filter = region.filters[kind] else { continue }
            if let problem = filterProblem(filter, kind, results, isComplete: isComplete) {
                problems.append(problem)
            }
        }
        if !region.isDamaged(.ids), let problem = idsProblem(results, codes, isComplete: isComplete) {
            problems.append(problem)
        }
        return problems
    }

    private func problem(
        _ role: IndexRole, _ id: UInt8, ordinal: Int? = nil, block: Int? = nil, _ message: String
    ) -> VerificationProblem {
        var sequences: Range<UInt64>?
        var block = block
        if let ordinal {
            let sequence = header.firstSequence + UInt64(ordinal)
            sequences = sequence..<sequence + 1
            block = entries.firstIndex {
                $0.firstSequence <= sequence && sequence < $0.firstSequence + UInt64($0.count)
            }
        }
        return place.problem(
            .index, block: block, sequences: sequences, offset: region.footer?.section(role, id)?.offset,
            message)
    }

    // MARK: Dictionaries

    private func dictionaryProblem(
        _ dictionary: DictionaryID, _ results: [BlockResult], isComplete: Bool
    ) -> VerificationProblem? {
        var count = 0
        var isSure = true
        for (position, result) in results.enumerated() {
            if let mismatch = result.termMismatch, mismatch.dictionary == dictionary {
                let message =
                    "term \(mismatch.code) of \(dictionary) is not the one that block \(position) brings"
                return problem(.dictionary, dictionary.rawValue, block: position, message)
            }
            if let new = result.newTerms.first(where: { $0.dictionary == dictionary }) {
                guard isSure ? new.first == count + 1 : new.first > count else {
                    return problem(
                        .dictionary, dictionary.rawValue, block: position,
                        "the new terms of \(dictionary) in block \(position) begin at \(new.first), \(count) are known"
                    )
                }
                count = new.first - 1 + new.count
                isSure = true
            }
            if !result.isProved { isSure = false }
        }
        let known = region.tables[dictionary.index]?.count ?? 0
        guard isComplete, known != count else { return nil }
        return problem(
            .dictionary, dictionary.rawValue,
            "the dictionary of \(dictionary) has \(known) terms, the blocks bring \(count)")
    }

    /// The filter of terms is what the dictionaries give, byte for byte, where all of these can be read.
    private func termFilterProblem() -> VerificationProblem? {
        guard let found = region.termFilter,
            !TermFilter.dictionaries.contains(where: { region.isDamaged(.dictionary, $0.rawValue) })
        else { return nil }
        var keys: [UInt64] = []
        for dictionary in TermFilter.dictionaries {
            guard let table = region.tables[dictionary.index] else { continue }
            for code in 0..<UInt32(table.count) {
                if let term = table[code + 1] { keys.append(TermFilter.key(term, dictionary)) }
            }
        }
        var expected = ByteWriter(capacity: found.count)
        TermFilter.build(keys, into: &expected)
        if expected.view.isEqual(to: found) { return nil }
        return problem(.terms, 0, "the filter of terms is not the one of the segment's dictionaries")
    }

    // MARK: Posting lists

    /// Where every code is known, the section is what they give, byte for byte; that is quicker than proving that it holds
    /// together and looking at each list. `codes` is nil where they are too many to be held.
    private func postingsProblem(
        _ lists: TermPostings, _ column: PostingColumn, _ codes: UnsafeBufferPointer<UInt32>?
    ) -> VerificationProblem? {
        let id = column.rawValue
        let terms = column.dictionary.map { region.tables[$0.index]?.count } ?? 0
        if let terms, column.listCount(terms: terms) != lists.termCount {
            return problem(
                .postings, id,
                "there are \(lists.termCount) posting lists for \(column.listCount(terms: terms)) terms of \(column)"
            )
        }
        // How many lists there are may be believed only where the dictionary says the same.
        if terms != nil, let codes, isWhatCodesGive(lists, column, codes) { return nil }
        if let damage = damage({ () throws(FormatError) in try lists.checkInvariants() }) { return damage }
        return codes.flatMap { postingsProblem(lists, column, $0) }
    }

    private func isWhatCodesGive(
        _ lists: TermPostings, _ column: PostingColumn, _ codes: UnsafeBufferPointer<UInt32>
    ) -> Bool {
        guard let found = region.bytes(.postings, column.rawValue),
            codes.allSatisfy({ $0 <= UInt32(lists.termCount) })
        else { return false }
        var expected = ByteWriter(capacity: found.count)
        TermPostings.build(codes: codes, termCount: lists.termCount, into: &expected)
        return found.withView { $0.isEqual(to: expected.view) }
    }

    /// What an index that does not hold together says of itself.
    private func damage(_ check: () throws(FormatError) -> Void) -> VerificationProblem? {
        do {
            try check()
            return nil
        } catch {
            return place.problem(.damaged, offset: error.offset, error.description)
        }
    }

    /// What is wrong with lists that hold together.
    private func postingsProblem(
        _ lists: TermPostings, _ column: PostingColumn, _ codes: UnsafeBufferPointer<UInt32>
    ) -> VerificationProblem? {
        let id = column.rawValue
        var listed = 0
        var ordinals = [UInt32](repeating: 0, count: codes.count)
        for code in 0..<UInt32(lists.termCount) {
            guard let list = try? lists.list(code + 1) else {
                return problem(
                    .postings, id, "the posting list of term \(code + 1) of \(column) cannot be read")
            }
            let wrong = ordinals.withUnsafeMutableBufferPointer { target -> UInt32? in
                let count = list.decode(into: target)
                for ordinal in target[..<count] {
                    let found = codes[Int(ordinal)]
                    if found == code + 1 {
                        listed += 1
                    } else if found != SegmentCodes.unknown {
                        return ordinal
                    }
                }
                return nil
            }
            if let wrong {
                return problem(
                    .postings, id, ordinal: Int(wrong),
                    "the posting list of term \(code + 1) of \(column) names an event that does not have it"
                )
            }
        }
        let expected = codes.count { $0 != 0 && $0 != SegmentCodes.unknown }
        guard listed != expected else { return nil }
        return problem(
            .postings, id, "the posting lists of \(column) leave out \(expected - listed) events")
    }

    // MARK: Filters

    /// Where all blocks are known, a filter is what they give, byte for byte. A filter that is not, or may not be, must
    /// still lead from every key of a block to the block.
    private func filterProblem(
        _ checked: CheckedFilter, _ kind: FilterKind, _ results: [BlockResult], isComplete: Bool
    ) -> VerificationProblem? {
        if isComplete, isWhatBlocksGive(checked, kind, results) { return nil }
        let id = kind.rawValue
        for (position, result) in results.enumerated() where result.isProved {
            guard let block = result.keys[kind] else { continue }
            guard block.isComplete || checked.filter.unknown.contains(UInt32(position)) else {
                return problem(
                    .filter, id, block: position,
                    "the filter of \(kind) claims to know values of block \(position) that it does not")
            }
            guard block.keys.allSatisfy({ checked.filter.mayHold($0, in: position) }) else {
                return problem(
                    .filter, id, block: position,
                    "the filter of \(kind) does not lead to a value in block \(position)")
            }
        }
        guard isComplete else { return nil }
        return problem(.filter, id, "the filter of \(kind) is not the one of the segment's values")
    }

    private func isWhatBlocksGive(
        _ checked: CheckedFilter, _ kind: FilterKind, _ results: [BlockResult]
    ) -> Bool {
        var gatherer = FilterGatherer(kind)
        for result in results { gatherer.append(result.keys[kind] ?? BlockKeys()) }
        var expected = ByteWriter(capacity: checked.bytes.count)
        if kind == .details { DetailsPaths.write(checked.paths ?? [], into: &expected) }
        gatherer.write(into: &expected)
        return expected.view.isEqual(to: checked.bytes)
    }

    // MARK: Ids

    private func idsProblem(
        _ results: [BlockResult], _ codes: SegmentCodes?, isComplete: Bool
    ) -> VerificationProblem? {
        let count = results.reduce(0) { $0 + $1.foreignIDs }
        guard let section = region.footer?.section(.ids), let table = region.ids else {
            return count == 0
                ? nil
                : problem(.ids, 0, "\(count) events have ids of their own, and there is no table of ids")
        }
        guard let codes else { return damage { () throws(FormatError) in try table.checkInvariants() } }
        let hashes = UnsafeBufferPointer(codes.idHashes)
        // Where every id is known, the table is what they give, byte for byte; that is quicker than asking it for each.
        if isComplete, table.count == count {
            var expected = ByteWriter(capacity: section.length)
            SegmentIndex.writeIDs(hashes, entries, into: &expected)
            if region.bytes(.ids)?.withView({ $0.isEqual(to: expected.view) }) ?? false { return nil }
        }
        if let damage = damage({ () throws(FormatError) in try table.checkInvariants() }) { return damage }
        for (position, entry) in entries.enumerated() {
            let start = Int(clamping: (entry.firstSequence &- header.firstSequence) & 0xFFFF_FFFF)
            guard results[position].isProved, start + entry.count <= hashes.count else { continue }
            for ordinal in start..<start + entry.count where hashes[ordinal] != IDHash.none {
                guard table.candidates(hashes[ordinal]).contains(where: { Int($0) == position }) else {
                    return problem(
                        .ids, 0, ordinal: ordinal, "the table of ids does not lead to an event's block")
                }
            }
        }
        guard isComplete else { return nil }
        return problem(.ids, 0, "the table of ids is not the one of the segment's \(count) ids")
    }
}
