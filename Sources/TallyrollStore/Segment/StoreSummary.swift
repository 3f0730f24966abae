import Synchronization
import TallyrollFormat

/// What is known of the sealed segments of a store together, so that a query comes to only those that can hold what it
/// asks for: where each begins and ends, and which of them hold a term. Grows with the snapshots it is asked about,
/// which must be of one store and differ only in segments added at the end.
package final class StoreSummary: Sendable {
    /// One segment.
    package struct Figures: Sendable {
        package var firstSequence: UInt64
        package var endSequence: UInt64
        package var times: ClosedRange<Int64> = 0...0
        package var recordedTimes: ClosedRange<Int64> = 0...0
        /// Whether the segment is sealed and whole. Of others the rest says nothing: look at them.
        package var isSound = false

        package var sequences: Range<UInt64> { firstSequence..<endSequence }
    }

    /// A segment that holds a term.
    package struct Holder: Sendable {
        package var place: Int
        /// The events with the term; nil when that is not known, nor whether there are any.
        package var count: Int?
        /// The code of the term in the segment; 0 when that is not known.
        package var code: UInt32 = 0
    }

    /// Where an id may be.
    package struct IDPlaces {
        /// Of the first segments, whether this speaks of them; the others have to be asked.
        package let isKnown: [Bool]
        /// The places of segments and of their blocks, ascending.
        package let found: [(place: Int, block: Int)]

        init(isKnown: [Bool], found: [(place: Int, payload: Int)]) {
            self.isKnown = isKnown
            self.found = found.map { ($0.place, $0.payload) }
        }
    }

    fileprivate struct State {
        var readers: [SegmentReader] = []
        var figures: [Figures] = []
        var filters = TermFilters()
        var ids = SmallIDTables()
        var terms: [DictionaryID: TermHolders] = [:]
        var requests: [DictionaryID: Int] = [:]
        /// For each dictionary, nanoseconds that asking the segments was expected to take so far, and that gathering
        /// its terms is.
        var spent: [DictionaryID: Double] = [:]
        var prices: [DictionaryID: Double] = [:]
    }

    private let state = Mutex(State())
    private let segmentsMin: Int
    private let manySegments: Int
    private let requestsMin: Int
    private let budget: IndexBudget?

    /// Speaks of snapshots of at least `segmentsMin` segments, and of a dictionary from `requestsMin` requests on: of
    /// fewer than `manySegments`, when asking them has cost as much as gathering their terms.
    /// The terms take at most half of the budget.
    package init(
        segmentsMin: Int = 2, manySegments: Int = 16, requestsMin: Int = 2, budget: IndexBudget? = nil
    ) {
        self.budget = budget
        self.segmentsMin = segmentsMin
        self.manySegments = manySegments
        self.requestsMin = requestsMin
    }

    /// The first segments of a snapshot, as many as are known; none where asking each is as good.
    package func figures(_ segments: [StoreSnapshot.Segment]) -> [Figures] {
        guard segments.count >= segmentsMin else { return [] }
        return state.withLock { state in
            var known = min(state.readers.count, segments.count)
            // The last segment of an older snapshot may have been sealed since.
            if known > 0, state.readers[known - 1] !== segments[known - 1].reader { known -= 1 }
            if known > 0, state.readers[known - 1] !== segments[known - 1].reader { return [] }
            if known < state.readers.count { return Array(state.figures.prefix(known)) }
            while known < segments.count, segments[known].reader.isSealed || known < segments.count - 1 {
                state.readers.append(segments[known].reader)
                state.figures.append(Figures(segments[known]))
                known += 1
            }
            return state.figures
        }
    }

    /// The segments among the first `count` that hold a term, and those of which that is not known, unsound ones left
    /// out; nil when nothing can be said. With `isCounting`, how many events of each have it is wanted.
    ///
    /// - Complexity: O(segments found); O(terms) of segments that were not asked about before.
    package func holders(
        of term: [UInt8], _ dictionary: DictionaryID, count: Int, isCounting: Bool = true
    ) -> [Holder]? {
        state.withLock { state in
            // Where filters answer in the place of most segments, gathering can wait.
            let isFiltered = !isCounting && state.filters.isInUse
            let cost = StoreSummary.lookUp * Double(count)
            guard isWorth(dictionary, cost, isFiltered: isFiltered, &state) else { return nil }
            return state.holders(dictionary, budget).holders(of: term, count: count)
        }
    }

    /// Where an event with an id of this hash may be among the segments that `figures` gave, as far as their tables of ids
    /// are small enough to be kept beside the others; nil when nothing can be said.
    ///
    /// - Complexity: O(segments).
    package func blocksHoldingID(hash: UInt64) -> IDPlaces? {
        state.withLock { state in
            guard state.ids.isWanted(from: requestsMin) else { return nil }
            state.ids.update(
                state.readers, state.figures, bytesMax: (budget?.capacity ?? 1 << 30) / 8)
            budget?.makeRoom()
            return state.ids.look(hash)
        }
    }

    /// Whether `holders` has gathered the terms of a dictionary.
    package func knowsHolders(_ dictionary: DictionaryID) -> Bool {
        state.withLock { $0.terms[dictionary]?.isKnown ?? false }
    }

    /// The segments among some that hold none of these terms, as far as their filters say; unsound ones may be among
    /// them. Nil when nothing can be said.
    ///
    /// - Complexity: O(segments), a line of memory each.
    package func places(
        among places: [Int], withoutAnyOf terms: [[UInt8]], _ dictionary: DictionaryID
    ) -> [Int]? {
        state.withLock { state in
            guard state.filters.isWanted(from: requestsMin) else { return nil }
            state.filters.update(state.readers, bytesMax: (budget?.capacity ?? 1 << 30) / 4)
            budget?.makeRoom()
            guard state.filters.isInUse else { return nil }
            let keys = terms.map { term in term.withView { TermFilter.key($0, dictionary) } }
            return state.filters.places(among: places, withoutAnyOf: keys)
        }
    }

    /// Whether `totals` can say how many events of some segments have each term of a dictionary.
    package func knowsTotals(_ dictionary: DictionaryID, in places: Range<Int>) -> Bool {
        state.withLock { state in
            let cost = state.price(dictionary, count: places.upperBound)
            guard isWorth(dictionary, cost, isFiltered: false, &state) else { return false }
            return state.holders(dictionary, budget).knowsTotals(in: places)
        }
    }

    /// Nanoseconds that a look into a segment's dictionary is expected to take.
    private static let lookUp = 1_000.0

    /// Whether a dictionary was asked about often enough, if this request would cost so much, for its terms to be
    /// gathered.
    private func isWorth(
        _ dictionary: DictionaryID, _ cost: Double, isFiltered: Bool, _ state: inout State
    ) -> Bool {
        state.requests[dictionary, default: 0] += 1
        guard state.requests[dictionary, default: 0] >= requestsMin else { return false }
        if state.terms[dictionary] != nil || (!isFiltered && state.readers.count >= manySegments) {
            return true
        }
        state.spent[dictionary, default: 0] += cost
        return state.spent[dictionary, default: 0] >= state.price(dictionary, count: state.readers.count)
    }

    /// The terms that events of some segments have, each with the number of these events. Segments that are not sound
    /// are left out.
    ///
    /// - Complexity: O(terms), times 64 segments at most.
    package func totals(_ dictionary: DictionaryID, in places: Range<Int>) -> TermTotals {
        state.withLock { $0.terms[dictionary]?.totals(in: places) ?? TermTotals() }
    }
}

/// Terms, and how many events have each.
package struct TermTotals: Sendable {
    private var bytes: [UInt8] = []
    private var terms: [(end: Int, count: Int)] = []

    fileprivate mutating func append(_ term: ByteView, _ count: Int) {
        bytes.append(contentsOf: term.raw)
        terms.append((bytes.count, count))
    }

    package func forEach(_ body: (ByteView, Int) -> Void) {
        bytes.withView { bytes in
            var start = 0
            for (end, count) in terms {
                body(bytes.trusted(start, end - start), count)
                start = end
            }
        }
    }
}

extension StoreSummary.State {
    /// Nanoseconds that gathering a dictionary's terms is expected to take.
    fileprivate mutating func price(_ dictionary: DictionaryID, count: Int) -> Double {
        if let known = prices[dictionary] { return known }
        let terms = readers.prefix(count).reduce(0) { $0 + ((try? $1.termCount(dictionary)) ?? 0) }
        let price = Double(terms) * 150
        prices[dictionary] = price
        return price
    }

    /// What is known of a dictionary's terms, brought up to date.
    fileprivate mutating func holders(_ dictionary: DictionaryID, _ budget: IndexBudget?) -> TermHolders {
        let bytesMax = budget.map { $0.capacity / 2 } ?? StoreSummary.State.bytesMax
        if let known = terms[dictionary], known.segmentCount == readers.count { return known }
        let holders = terms[dictionary] ?? TermHolders(dictionary, budget?.gauge)
        if terms[dictionary] == nil {
            // What would have to be let go at the end is not gathered.
            let links = readers.reduce(0) { $0 + ((try? $1.termCount(dictionary)) ?? 0) }
            if links > bytesMax / TermHolders.linkBytes { holders.letGo() }
        }
        terms[dictionary] = holders
        while holders.segmentCount < readers.count {
            let place = holders.segmentCount
            holders.add(figures[place].isSound ? readers[place] : nil)
            if terms.values.reduce(0, { $0 + $1.bytes }) > bytesMax {
                terms.values.max { $0.bytes < $1.bytes }?.letGo()
            }
        }
        budget?.makeRoom()
        return holders
    }

    /// The bytes of all terms, where no budget says how many.
    private static let bytesMax = 64 << 20
}

extension StoreSummary.Figures {
    init(_ segment: StoreSnapshot.Segment) {
        firstSequence = segment.firstSequence
        endSequence = segment.endSequence
        guard let footer = segment.reader.footer, footer.endSequence == endSequence,
            segment.reader.headerProblem == nil, segment.outline.isWhole
        else { return }
        times = segment.outline.times
        recordedTimes = segment.outline.recordedTimes
        isSound = true
    }
}

/// Which segments hold each term of a dictionary, and in how many events.
private final class TermHolders {
    private let dictionary: DictionaryID
    private var terms = TermInterner()
    /// For each term, the place in `links` of the last segment that holds it.
    private var last: [UInt32] = []
    private var links: [Link] = []
    /// Segments whose dictionary cannot be read.
    private var unknown: [Int] = []
    /// The last segment of which a term's events are not known.
    private var lastUncounted = -1
    /// What `last` was before segments 0, 64, 128 and so on were added, so that the past need not be walked to from now.
    private var checkpoints: [[UInt32]] = []
    private var checkpointBytes = 0
    private(set) var segmentCount = 0
    private var isTooLarge = false
    /// The bytes of memory that all this takes.
    private(set) var bytes = 0
    private let gauge: MemoryGauge?

    /// A segment that holds a term: 16 bytes, since there are millions.
    private struct Link {
        /// From the top: 19 bits of the segment's place, one that says whether its events are not known, and 44 of the
        /// events up to it, as far as their number is known.
        private let packed: UInt64
        /// The segment before that holds the term.
        let previous: UInt32
        let code: UInt32

        static let placeMax = 1 << 19 - 1
        static let totalMax: UInt64 = 1 << 44 - 1

        init(place: Int, isCounted: Bool, total: UInt64, previous: UInt32, code: UInt32) {
            packed = UInt64(place) << 45 | (isCounted ? 0 : 1 << 44) | total
            self.previous = previous
            self.code = code
        }

        var place: Int { Int(packed >> 45) }
        var isCounted: Bool { packed >> 44 & 1 == 0 }
        var total: UInt64 { packed & Link.totalMax }
    }

    static let linkBytes = MemoryLayout<Link>.stride
    private static let none = UInt32.max
    private static let checkpointSegments = 64

    init(_ dictionary: DictionaryID, _ gauge: MemoryGauge?) {
        self.dictionary = dictionary
        self.gauge = gauge
    }

    deinit { gauge?.add(-bytes) }

    /// Forgets the terms for good, and says nothing from then on.
    func letGo() {
        isTooLarge = true
        terms = TermInterner()
        last = []
        links = []
        checkpoints = []
        measure()
    }

    private func measure() {
        let now =
            isTooLarge
            ? 0
            : terms.textBytes + terms.count * 28 + links.capacity * TermHolders.linkBytes + checkpointBytes
        gauge?.add(now - bytes)
        bytes = now
    }

    /// Adds the next segment; nil for one that says nothing.
    func add(_ reader: SegmentReader?) {
        let place = segmentCount
        segmentCount += 1
        guard !isTooLarge else { return }
        if place % TermHolders.checkpointSegments == 0 {
            checkpoints.append(last)
            checkpointBytes += last.count * 4
        }
        guard let reader else { return }
        guard let table = try? reader.decodedTerms(dictionary) else {
            unknown.append(place)
            lastUncounted = place
            return
        }
        let counts = (try? reader.postingCounts(dictionary)) ?? []
        // By a quarter at a time: what is reserved counts.
        if links.capacity - links.count < table.count {
            links.reserveCapacity(links.count + max(table.count, links.count / 4))
        }
        for code in 0..<UInt32(table.count) {
            guard let term = table[code + 1] else { continue }
            let number = Int(terms.intern(term)) - 1
            if number == last.count { last.append(TermHolders.none) }
            let count = Int(code) + 1 < counts.count ? counts[Int(code) + 1] : TermHolders.none
            if count == TermHolders.none { lastUncounted = place }
            let before = last[number] == TermHolders.none ? 0 : links[Int(last[number])].total
            let total = before + (count == TermHolders.none ? 0 : UInt64(count))
            guard place <= Link.placeMax, total <= Link.totalMax else { return letGo() }
            links.append(
                Link(
                    place: place, isCounted: count != TermHolders.none, total: total,
                    previous: last[number], code: code + 1))
            last[number] = UInt32(links.count - 1)
        }
        measure()
    }

    var isKnown: Bool { !isTooLarge }

    func knowsTotals(in places: Range<Int>) -> Bool {
        !isTooLarge && lastUncounted < places.lowerBound && places.upperBound <= segmentCount
    }

    func totals(in places: Range<Int>) -> TermTotals {
        var totals = TermTotals()
        for number in last.indices {
            let events = total(number, before: places.upperBound) - total(number, before: places.lowerBound)
            if events > 0 { totals.append(terms.term(UInt32(number + 1)), Int(events)) }
        }
        return totals
    }

    /// The events with a term in the segments before a place.
    private func total(_ number: Int, before place: Int) -> UInt64 {
        guard place > 0 else { return 0 }
        let checkpoint = (place + TermHolders.checkpointSegments - 1) / TermHolders.checkpointSegments
        var link = last[number]
        if checkpoint < checkpoints.count {
            let known = checkpoints[checkpoint]
            link = number < known.count ? known[number] : TermHolders.none
        }
        while link != TermHolders.none, links[Int(link)].place >= place { link = links[Int(link)].previous }
        return link == TermHolders.none ? 0 : links[Int(link)].total
    }

    func holders(of term: [UInt8], count: Int) -> [StoreSummary.Holder]? {
        guard !isTooLarge else { return nil }
        var found = unknown.map { StoreSummary.Holder(place: $0, count: nil) }
        if let code = term.withView({ terms.code(of: $0) }) {
            var link = last[Int(code) - 1]
            while link != TermHolders.none {
                let segment = links[Int(link)]
                let before = segment.previous == TermHolders.none ? 0 : links[Int(segment.previous)].total
                found.append(
                    StoreSummary.Holder(
                        place: segment.place, count: segment.isCounted ? Int(segment.total - before) : nil,
                        code: segment.code))
                link = segment.previous
            }
        }
        found.removeAll { $0.place >= count }
        return found
    }
}
