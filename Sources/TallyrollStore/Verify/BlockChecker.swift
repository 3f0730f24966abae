import TallyrollFormat
import TallyrollIntegrity

/// Checks one block after another, each on its own: its bytes against their checksums, its rows against its chain
/// hashes and roots. Belongs to one thread; memory is kept from block to block.
struct BlockChecker: ~Copyable {
    private var rows = BlockRows()
    private var record = ByteWriter(capacity: 4096)

    /// What is wrong with a block that ends its check.
    private struct Stop: Error {
        var problem: VerificationProblem
    }

    mutating func check(_ position: Int, of segment: SegmentCheck) -> BlockResult {
        var result = BlockResult()
        let entry = segment.entries[position]
        do {
            guard entry.isReadable else {
                throw Stop(
                    problem: segment.problem(
                        .damaged, entry, position, "the block was found damaged when the segment was sealed"))
            }
            let block = try open(entry, position, segment, &result)
            if segment.isQuick {
                result.tree = try block.tree()
            } else {
                try checkSections(block, segment, &result)
                if result.problems.isEmpty { try checkContent(block, entry, position, segment, &result) }
            }
            if result.problems.isEmpty { checkEntry(entry, position, segment, &result) }
        } catch let stop as Stop {
            result.problems.append(stop.problem)
        } catch let problem as FormatError {
            result.problems.append(
                segment.problem(.damaged, entry, position, offset: problem.offset, problem.description))
        } catch let problem as StorageError {
            result.problems.append(segment.problem(.unreadable, entry, position, problem.description))
        } catch {
            result.problems.append(segment.problem(.damaged, entry, position, "\(error)"))
        }
        return result
    }

    // MARK: Bytes

    private func open(
        _ entry: BlockEntry, _ position: Int, _ segment: SegmentCheck, _ result: inout BlockResult
    ) throws -> BlockReader {
        let source: any BlockSource
        if segment.isQuick {
            source = FileBlockSource(segment.file, at: entry.offset)
        } else {
            source = MemoryBlockSource(try segment.file.bytes(at: entry.offset, entry.length, what: "block"))
        }
        let head = try source.read(0, BlockHeader.byteCount)
        defer { withExtendedLifetime(head) {} }
        let header = try BlockHeader(head.view, origin: entry.offset)
        guard header.storeTag == segment.header.storeTag, header.segmentNumber == segment.header.number else {
            throw Stop(
                problem: segment.problem(
                    .order, entry, position,
                    "a block of segment \(header.segmentNumber) of store \(hex(header.storeTag)) stands here")
            )
        }
        guard header.firstSequence == entry.firstSequence, header.count == entry.count,
            header.length == entry.length
        else {
            throw Stop(
                problem: segment.problem(
                    .order, entry, position,
                    "block \(header.index) with \(header.count) events from \(header.firstSequence) stands here"
                ))
        }
        let directory = try source.read(BlockHeader.byteCount, header.directoryLength)
        result.header = header
        result.headerChecksum = head.view.load(UInt64.self, at: BlockHeader.byteCount - 8)
        return BlockReader(
            header: header,
            directory: try BlockDirectory(
                directory.view, header: header, origin: entry.offset + BlockHeader.byteCount),
            origin: entry.offset,
            source: source, terms: segment.terms)
    }

    private func checkSections(
        _ block: BlockReader, _ segment: SegmentCheck, _ result: inout BlockResult
    ) throws {
        let header = block.header
        func report(_ problem: FormatError) {
            result.problems.append(
                segment.place.problem(
                    .damaged, block: header.index, sequences: header.firstSequence..<header.endSequence,
                    offset: problem.offset, problem.description))
        }
        for section in block.directory.sections {
            do { _ = try block.read(section) } catch let problem as FormatError { report(problem) }
        }
        if try !block.readPadding().withView({ $0.raw.allSatisfy { $0 == 0 } }) {
            let end = block.directory.end(after: header)
            report(
                FormatError(
                    .invalid, "block padding", offset: block.origin + end, expected: "zeros",
                    found: "other bytes"))
        }
    }

    // MARK: Content

    private mutating func checkContent(
        _ block: BlockReader, _ entry: BlockEntry, _ position: Int, _ segment: SegmentCheck,
        _ result: inout BlockResult
    ) throws {
        let tree = try block.tree()
        result.tree = tree
        try compareTerms(block, segment, &result)
        do {
            if let fault = try prove(block, tree) { throw Stop(problem: altered(fault, block, segment)) }
        } catch let first {
            // With dictionaries that were changed every block would look changed: try the blocks' own terms.
            guard let collected = try segment.collectedTerms() else {
                throw contentProblem(first, block, segment)
            }
            let again = BlockReader(
                header: block.header, directory: block.directory, origin: block.origin, source: block.source,
                terms: collected)
            guard isProvable(again, tree) else { throw contentProblem(first, block, segment) }
            result.neededCollectedTerms = true
        }
        result.isProved = true
        try segment.codes?.write(
            block, at: Int(clamping: entry.firstSequence &- segment.header.firstSequence))
        noteIDs(block, segment, &result)
        noteKeys(segment, &result)
        if let problem = checkTimes(block, segment) { result.problems.append(problem) }
    }

    /// Checksums fit, so what does not decode was written so; unless it refers to terms that damage took.
    private func contentProblem(_ error: any Error, _ block: BlockReader, _ segment: SegmentCheck)
        -> any Error
    {
        guard let problem = error as? FormatError else { return error }
        guard segment.lacksTerms else { return Stop(problem: altered(problem.description, block, segment)) }
        return Stop(
            problem: segment.place.problem(
                .damaged, block: block.header.index,
                sequences: block.header.firstSequence..<block.header.endSequence,
                offset: block.origin,
                "terms that the block's events refer to are lost: \(problem.description)"))
    }

    private func altered(_ message: String, _ block: BlockReader, _ segment: SegmentCheck)
        -> VerificationProblem
    {
        segment.place.problem(
            .altered, block: block.header.index,
            sequences: block.header.firstSequence..<block.header.endSequence,
            offset: block.origin, message)
    }

    /// Decodes and hashes every row; says what does not follow, or nil when chain and roots are what they must be.
    private mutating func prove(_ block: BlockReader, _ tree: BlockTree) throws -> String? {
        let header = block.header
        let seeds: SeedSet
        do {
            seeds = try block.seeds().withView { try SeedSet(decoding: $0.raw) }
        } catch let problem as IntegrityError {
            return problem.description
        }
        try rows.load(block)
        var chain = ChainHasher(head: try Digest.checked(header.chainBefore, "block header: chain hash"))
        var salts = SaltCursor(seeds)
        var commitments = CommitmentBatch()
        var hashes: [Digest] = []
        hashes.reserveCapacity(header.count)
        while hashes.count < header.count {
            let first = hashes.count
            let ends = try putTogether(first..<min(first + CommitmentBatch.capacity, header.count))
            commitments.removeAll()
            for index in ends.indices {
                guard let salt = salts.next() else {
                    return "the seed of event \(header.firstSequence + UInt64(first + index)) is gone"
                }
                commitments.append(salt: salt, personal: parts(index, ends).personal.raw)
            }
            commitments.hash()
            for index in ends.indices {
                let row = first + index
                hashes.append(
                    chain.append(
                        sequence: header.firstSequence + UInt64(row), recordedAt: rows.recordedAt[row],
                        envelope: parts(index, ends).envelope.raw, commitment: commitments[index]))
            }
        }
        var cover = SubtreeCover(first: header.firstSequence)
        hashes.withUnsafeBufferPointer { cover.append(chainHashes: $0) }
        guard chain.head == Digest(header.chainAfter) else {
            return
                "the events do not give the block's chain hash: \(chain.head) instead of \(hexText(header.chainAfter))"
        }
        guard cover.roots.map({ $0.array }) == tree.roots else {
            return "the events do not give the block's subtree roots"
        }
        return nil
    }

    /// Puts the records of some rows together, back to back; gives where each ends.
    private mutating func putTogether(_ rows: Range<Int>) throws -> [Int] {
        record.removeAll()
        var ends: [Int] = []
        ends.reserveCapacity(rows.count)
        for row in rows {
            try self.rows.appendRecord(row, into: &record)
            ends.append(record.count)
        }
        return ends
    }

    /// The parts of a record that was put together.
    private func parts(_ index: Int, _ ends: [Int]) -> (envelope: ByteView, personal: ByteView) {
        let start = index > 0 ? ends[index - 1] : 0
        return RecordView.parts(ofTrusted: record.view.trusted(start, ends[index] - start))
    }

    private mutating func isProvable(_ block: BlockReader, _ tree: BlockTree) -> Bool {
        do { return try prove(block, tree) == nil } catch { return false }
    }

    private func checkTimes(_ block: BlockReader, _ segment: SegmentCheck) -> VerificationProblem? {
        let header = block.header
        func isRange(_ range: ClosedRange<Int64>, of values: [Int64]) -> Bool {
            values.min() == range.lowerBound && values.max() == range.upperBound
        }
        guard isRange(header.times, of: rows.timestamps), isRange(header.recordedTimes, of: rows.recordedAt)
        else {
            return segment.place.problem(
                .index, block: header.index, sequences: header.firstSequence..<header.endSequence,
                offset: block.origin + 40, "the times in the block's header are not those of its events")
        }
        return nil
    }

    // MARK: Indexes

    private func compareTerms(_ block: BlockReader, _ segment: SegmentCheck, _ result: inout BlockResult)
        throws
    {
        for dictionary in DictionaryID.allCases {
            guard let new = try block.newTerms(dictionary) else { continue }
            result.newTerms.append(
                BlockResult.NewTermsRange(
                    dictionary: dictionary, first: new.firstCode, count: new.count))
            guard let table = segment.region?.tables[dictionary.index], result.termMismatch == nil else {
                continue
            }
            new.forEach { place, term in
                let code = UInt32(clamping: new.firstCode + place)
                if let known = table[code], known.isEqual(to: term) { return true }
                result.termMismatch = BlockResult.TermMismatch(dictionary: dictionary, code: code)
                return false
            }
        }
    }

    /// Leaves the hashes of the block's foreign ids with the segment, which compares them with its table of ids.
    private func noteIDs(_ block: BlockReader, _ segment: SegmentCheck, _ result: inout BlockResult) {
        let start = Int(clamping: block.header.firstSequence &- segment.header.firstSequence)
        guard let codes = segment.codes, let hashes = codes.hashes(start, block.count) else { return }
        for row in 0..<rows.count {
            guard let id = rows.string(.id, row) else { continue }
            result.foreignIDs += 1
            hashes[row] = IDHash.of(id)
        }
    }

    /// Takes the keys of the block's events for each filter of the segment.
    private func noteKeys(_ segment: SegmentCheck, _ result: inout BlockResult) {
        var values = ValueList()
        var memory = ByteWriter()
        for (kind, checked) in segment.region?.filters ?? [:] {
            var gatherer = FilterGatherer(kind, paths: checked.paths?.map { FilterKey.path($0) })
            for field in kind.sources {
                guard rows.copyValues(of: field, to: &values, in: &memory) else { continue }
                values.withSpan { gatherer.add(field, $0, in: memory.view) }
            }
            result.keys[kind] = gatherer.takeKeys()
        }
    }

    /// The directory of the segment against the block that stands where it says.
    private func checkEntry(
        _ entry: BlockEntry, _ position: Int, _ segment: SegmentCheck, _ result: inout BlockResult
    ) {
        guard let header = result.header else { return }
        let part: String
        if entry.chainBefore != header.chainBefore {
            part = "chain hash"
        } else if entry.times != header.times || entry.recordedTimes != header.recordedTimes {
            part = "times"
        } else if let tree = result.tree, entry.roots != tree.roots {
            part = "subtree roots"
        } else if entry.headerChecksum != result.headerChecksum {
            part = "checksum"
        } else {
            return
        }
        result.problems.append(
            segment.problem(
                .index, entry, position, "the block directory and the block disagree about its \(part)"))
    }
}

/// Bytes as hexadecimal digits, for messages.
func hexText(_ bytes: [UInt8]) -> String {
    Digest(bytes).map { "\($0)" } ?? "\(bytes.count) bytes"
}
