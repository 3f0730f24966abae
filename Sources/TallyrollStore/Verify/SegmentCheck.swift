import Synchronization
import TallyrollFormat
import TallyrollIntegrity

/// One segment of the snapshot while it is verified: what its blocks are checked against, and what they gave.
///
/// `prepare` comes first; then `BlockChecker` may look at its blocks from any thread, each once; `finish` when all
/// are done. `@unchecked Sendable`: what `prepare` sets is set under `once` before anyone else reads it.
final class SegmentCheck: @unchecked Sendable {
    let place: CheckedPlace
    let header: SegmentHeader
    let file: any StorageFile
    let entries: [BlockEntry]
    let isQuick: Bool
    private let reader: SegmentReader
    private let isLast: Bool

    private let once = Mutex(false)
    private(set) var region: CheckedRegion?
    private(set) var terms: any SegmentTerms = GrowingTerms()
    /// True when terms of a block that could not be read may be missing from `terms`.
    private(set) var lacksTerms = false
    private(set) var codes: SegmentCodes?
    /// What is wrong with the header, which the walk reports before the blocks.
    private(set) var headerProblems: [VerificationProblem] = []
    /// What is wrong behind the blocks, in the index region.
    private(set) var regionProblems: [VerificationProblem] = []
    private let collected = Mutex<Collected?>(nil)
    private let state: Mutex<State>

    private struct State {
        var results: [BlockResult?]
        var remaining: Int
    }

    private struct Collected: Sendable {
        var terms: CheckedTerms
        var hasHoles: Bool
    }

    init(_ segment: StoreSnapshot.Segment, isLast: Bool, isQuick: Bool) {
        reader = segment.reader
        header = segment.reader.header
        file = segment.reader.file
        entries = segment.entries
        place = CheckedPlace(segment: segment.reader.header.number, file: segment.reader.name)
        self.isLast = isLast
        self.isQuick = isQuick
        state = Mutex(
            State(
                results: Array(repeating: nil, count: segment.entries.count), remaining: segment.entries.count
            ))
    }

    func problem(
        _ kind: VerificationProblem.Kind, _ entry: BlockEntry, _ position: Int, offset: Int? = nil,
        _ message: String
    ) -> VerificationProblem {
        place.problem(
            kind, block: position,
            sequences: entry.count > 0
                ? entry.firstSequence..<entry.firstSequence + UInt64(entry.count) : nil,
            offset: offset ?? entry.offset, message)
    }

    // MARK: Before the blocks

    /// Reads header and index region again. Whoever comes second waits for the first.
    func prepare() {
        once.withLock { isDone in
            guard !isDone else { return }
            isDone = true
            checkHeader()
            do {
                try loadRegion()
                if !isQuick { try loadTerms() }
            } catch let problem as StorageError {
                regionProblems.append(place.problem(.unreadable, problem.description))
            } catch {
                regionProblems.append(place.problem(.damaged, "\(error)"))
            }
        }
    }

    private func checkHeader() {
        do {
            let bytes = try file.bytes(at: 0, SegmentHeader.byteCount, what: "segment header")
            let found = try bytes.withView { try SegmentHeader($0) }
            guard found != header else { return }
            headerProblems.append(
                place.problem(
                    .altered, offset: 0, "the segment header is not the one that was read at opening"))
        } catch let problem as FormatError {
            headerProblems.append(place.problem(.damaged, offset: problem.offset, problem.description))
        } catch {
            headerProblems.append(place.problem(.unreadable, offset: 0, "\(error)"))
        }
    }

    private func loadRegion() throws {
        // A segment that this process writes, or the last one without a trailer, is open and has no region yet.
        let isLive = reader.footer == nil && reader.entries.isEmpty && !entries.isEmpty
        guard reader.footer != nil || reader.indexProblem != nil || !isLast && !isLive else { return }
        let region = try CheckedRegion(file, header: header, place: place, isQuick: isQuick)
        self.region = region
        regionProblems += region.problems
        if let fresh = region.entries, reader.footer != nil, fresh != entries {
            regionProblems.append(
                place.problem(.index, "the block directory is not the one that was read at opening"))
        }
        guard let footer = region.footer, !isQuick else { return }
        let universe = footer.endSequence &- header.firstSequence
        if universe <= UInt64(SegmentCodes.eventsMax) {
            codes = SegmentCodes(
                count: Int(universe), columns: Array(region.postings.keys))
        }
    }

    private func loadTerms() throws {
        let used = region?.tables ?? []
        let isWhole =
            region.map { region in
                region.footer != nil
                    && !DictionaryID.allCases.contains { region.isDamaged(.dictionary, $0.rawValue) }
            } ?? false
        guard !isWhole else {
            terms = CheckedTerms(tables: used, collected: CheckedTerms.nothing)
            return
        }
        let collected = try collectTerms()
        lacksTerms = collected.hasHoles
        terms = CheckedTerms(
            tables: used.isEmpty ? collected.terms.tables : used, collected: collected.terms.collected)
    }

    /// The dictionaries as the blocks bring them, where the index region has others; nil when they are in use already.
    func collectedTerms() throws -> CheckedTerms? {
        guard region?.footer != nil else { return nil }
        return try collected.withLock { known in
            if let known { return known.terms }
            let fresh = try collectTerms()
            known = fresh
            return fresh.terms
        }
    }

    private func collectTerms() throws -> Collected {
        var dictionaries = CheckedTerms.nothing
        var hasHoles = false
        var next = header.firstSequence
        func passUnreadable(_ events: UInt64) {
            hasHoles = true
            for index in dictionaries.indices { dictionaries[index].passUnreadable(events: events) }
        }
        for entry in entries {
            if entry.firstSequence > next { passUnreadable(entry.firstSequence - next) }
            next = max(next, entry.endSequence)
            do {
                guard entry.isReadable else {
                    throw FormatError(.invalid, "block", offset: entry.offset, expected: "one", found: "none")
                }
                let block = try BlockReader(
                    source: FileBlockSource(file, at: entry.offset), origin: entry.offset,
                    terms: GrowingTerms())
                for dictionary in DictionaryID.allCases {
                    guard let new = try block.newTerms(dictionary) else { continue }
                    try dictionaries[dictionary.index].add(new)
                }
            } catch is FormatError {
                // The block's own check reports it.
                passUnreadable(UInt64(entry.count))
            }
        }
        return Collected(
            terms: CheckedTerms(
                tables: Array(repeating: nil, count: DictionaryID.count), collected: dictionaries),
            hasHoles: hasHoles)
    }

    // MARK: After the blocks

    /// Takes the result of one block and says whether it was the last.
    func take(_ result: BlockResult, at position: Int) -> Bool {
        state.withLock { state in
            state.results[position] = result
            state.remaining -= 1
            return state.remaining == 0
        }
    }

    var results: [BlockResult] { state.withLock { $0.results.map { $0 ?? BlockResult() } } }

    /// Compares the indexes with what the blocks gave.
    func finish() {
        guard !isQuick, let region, region.footer != nil else { return }
        let results = results
        let isComplete = results.allSatisfy(\.isProved)
        regionProblems += IndexComparison(place: place, header: header, entries: entries, region: region)
            .problems(results, codes: codes, isComplete: isComplete)
    }
}
