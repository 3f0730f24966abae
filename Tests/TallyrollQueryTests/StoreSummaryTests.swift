import TallyrollFormat
import TallyrollQuery
import TallyrollStore
import Testing

/// Many small segments, and what is known of them together.
@Suite("The summary of the segments")
struct StoreSummaryTests {
    /// A store that grows by segments of a few events, and the events.
    private struct Growing {
        let store: TestStore
        var generator: Generator
        var events: [PlainEvent] = []
        var moments: [StoreSnapshot] = []
        let summary = StoreSummary()

        init(seed: UInt64) throws {
            generator = Generator(random: SplitMix64(seed: seed))
            store = try TestStore(blockEvents: 4, indexes: seed % 2 == 0 ? .all : .default)
            generator.chooseVocabulary(manyValues: seed % 3 == 0 ? 40 : nil)
        }

        mutating func append(_ count: Int) throws {
            for _ in 0..<count {
                var event = generator.event()
                let sequence = store.endSequence
                event.sequence = Int64(sequence)
                event.recorded = 1_700_000_000_000_000_000 + event.sequence
                // A user who is in few segments, and times of which each segment holds a stretch.
                if generator.random.chance(60) { event.strings[.user] = "u\(sequence / 40)" }
                event.time = event.sequence / 10 * 1_000_000_000
                event.minted = MintedID.text(
                    recordedAt: event.recorded, sequence: sequence, storeTag: store.storeTag)
                events.append(event)
                try store.append(event.record(&generator.random), recordedAt: event.recorded)
            }
        }

        mutating func filter() -> Filter {
            let user = Filter.user("u\(generator.random.below(events.count / 40 + 2))")
            let other = generator.random.pick([Filter.Operator.less, .greaterOrEqual, .greater])
            let event = generator.random.pick(events)
            let time = Filter.comparison(.time, other, .time(.absolute(nanoseconds: event.time)))
            return switch generator.random.below(7) {
            case 0: user
            case 1: time
            case 2: .and([user, time])
            case 3: .type(event.strings[.type] ?? "")
            case 4: .and([.comparison(.sequence, other, .integer(event.sequence)), user])
            case 5:
                .resource(
                    type: event.strings[.resourceType] ?? "", id: event.strings[.resourceID] ?? "")
            default: .and([user, generator.filter(1)])
            }
        }

        /// The oracle's answer for a moment that may be past, and segments that may be gone.
        func expected(_ filter: Filter, _ snapshot: StoreSnapshot) -> [UInt64] {
            events.filter {
                (snapshot.firstSequence..<snapshot.endSequence).contains(UInt64($0.sequence))
                    && Oracle(event: $0).holds(filter)
            }.map { UInt64($0.sequence) }
        }
    }

    private func check(_ world: inout Growing, _ snapshot: StoreSnapshot, _ what: String) throws {
        let filter = world.filter()
        let way = QueryWay.random(&world.generator.random)
        let engine = QueryEngine(snapshot, now: 0)
        let expected = world.expected(filter, snapshot)
        let what: Comment = "\(what), \(snapshot.segments.count) segments, \(way): \(filter)"
        try way {
            #expect(try engine.count(where: filter).count == expected.count, what)
            let groups = try engine.count(where: filter, by: [.user])
            let wanted = world.events.filter { expected.contains(UInt64($0.sequence)) }.compactMap {
                $0.strings[.user].map { Array($0.utf8) }
            }
            #expect(groups.groupCount == Set(wanted).count, what)
            #expect(groups.groups.reduce(0) { $0 + $1.count } == wanted.count, what)
            let results = try engine.events(where: filter, order: .oldest)
            var out = ByteWriter()
            var found: [UInt64] = []
            while let row = try results.next(into: &out) { found.append(row.sequence) }
            #expect(found == expected, what)
            #expect(results.problems.isEmpty, what)
        }
    }

    /// Segments are added while questions come, some about moments that are past and some about stores whose first
    /// segments were taken away: whatever the summary has learned from the others, it misleads none.
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func isRightWhateverComesAndGoes(_ seed: UInt64) throws {
        var world = try Growing(seed: seed)
        for step in 0..<45 {
            try world.append(1 + world.generator.random.below(20))
            switch world.generator.random.below(8) {
            case 0: try world.store.closeBlock()
            default: try world.store.seal()
            }
            let snapshot = world.store.snapshot(summary: world.summary)
            world.moments.append(snapshot)
            try check(&world, snapshot, "seed \(seed) step \(step)")
            let past = world.generator.random.pick(world.moments)
            try check(&world, past, "seed \(seed) step \(step), of the past")
            if step % 5 == 4 {
                var rest = snapshot
                rest.segments.removeFirst(world.generator.random.below(rest.segments.count))
                try check(&world, rest, "seed \(seed) step \(step), without the first")
            }
        }
        #expect(world.store.snapshot().segments.count > 30)
    }

    @Test func speaksOfSealedSegmentsFromTwoOn() throws {
        var world = try Growing(seed: 1)
        for segment in 1...20 {
            try world.append(10)
            try world.store.seal()
            let figures = world.summary.figures(world.store.snapshot().segments)
            #expect(figures.count == (segment < 2 ? 0 : segment))
            #expect(figures.allSatisfy { $0.isSound })
        }
        try world.append(8)
        try world.store.closeBlock()
        let open = world.store.snapshot().segments
        #expect(open.count == 21)
        #expect(world.summary.figures(open).count == 20)
        try world.store.seal()
        let figures = world.summary.figures(world.store.snapshot().segments)
        #expect(figures.count == 21)
        for (figure, segment) in zip(figures, world.store.snapshot().segments) {
            let events = world.events[Int(segment.firstSequence)..<Int(segment.endSequence)]
            #expect(
                figure.firstSequence == segment.firstSequence && figure.endSequence == segment.endSequence)
            #expect(figure.times.lowerBound == events.map(\.time).min())
            #expect(figure.times.upperBound == events.map(\.time).max())
            #expect(figure.recordedTimes.lowerBound == events.map(\.recorded).min())
            #expect(figure.recordedTimes.upperBound == events.map(\.recorded).max())
        }
        // Another store's segments, or these without the first: nothing is known of them.
        #expect(world.summary.figures(Array(world.store.snapshot().segments.dropFirst())).isEmpty)
        // A moment that is past.
        #expect(world.summary.figures(Array(open.prefix(18))).count == 18)
    }

    @Test func knowsWhichSegmentsHoldATerm() throws {
        var world = try Growing(seed: 2)
        for _ in 0..<20 {
            try world.append(25)
            try world.store.seal()
        }
        let segments = world.store.snapshot().segments
        let known = world.summary.figures(segments).count
        #expect(known == 20)
        // The first time the segments are asked.
        #expect(world.summary.holders(of: Array("u3".utf8), .user, count: known) == nil)
        for user in ["u0", "u3", "u12", "nobody", "", "é", "e\u{301}"] {
            let bytes = Array(user.utf8)
            let found = try #require(world.summary.holders(of: bytes, .user, count: known))
            for (place, segment) in segments.enumerated() {
                let events = world.events[Int(segment.firstSequence)..<Int(segment.endSequence)]
                let count = events.count { $0.strings[.user].map { Array($0.utf8) } == bytes }
                #expect(found.filter { $0.place == place }.map(\.count) == (count == 0 ? [] : [count]))
            }
            let few = try #require(world.summary.holders(of: bytes, .user, count: 5))
            #expect(few.map(\.place).sorted() == found.map(\.place).filter { $0 < 5 }.sorted())
        }
    }

    @Test func gathersTermsOfFewSegmentsWhenAskingThemHasCostAsMuch() throws {
        var world = try Growing(seed: 3)
        for _ in 0..<4 {
            try world.append(60)
            try world.store.seal()
        }
        let segments = world.store.snapshot().segments
        #expect(world.summary.figures(segments).count == 4)
        let terms = try segments.reduce(0) { $0 + (try $1.reader.termCount(.user)) }
        // A look into a segment counts as 1,000 nanoseconds, a term to be gathered as 150; the first request is free.
        let requests = (1...40).first { _ in
            world.summary.holders(of: Array("u3".utf8), .user, count: 4) != nil
        }
        let expected = max(2, 1 + (terms * 150 + 3_999) / 4_000)
        #expect(requests == expected, "\(terms) terms")
    }

    /// What is denied holds nothing, and most of what holds nothing is denied; segments without a filter are not.
    @Test func filtersDenySegments() throws {
        var world = try Growing(seed: 5)
        for _ in 0..<20 {
            try world.append(25)
            try world.store.seal()
        }
        // One whose filter is damaged.
        let section = try #require(world.store.snapshot().segments[3].reader.footer?.section(.terms))
        let file = try world.store.storage.open(SegmentName.of(4), mode: .readWrite)
        let byte = try file.bytes(at: section.offset + 9, 1, what: "byte").view[0]
        try [byte ^ 1].withView { try file.write(at: section.offset + 9, $0) }
        let segments = world.store.snapshot().segments
        #expect(world.summary.figures(segments).count == 20)
        let places = Array(segments.indices)
        // The first time nothing is read.
        #expect(world.summary.places(among: places, withoutAnyOf: [Array("u3".utf8)], .user) == nil)
        var (right, all) = (0, 0)
        for wanted in [["u0"], ["u3"], ["u3", "u9"], ["nobody"], [""], ["e\u{301}"]] {
            let terms = wanted.map { Array($0.utf8) }
            let denied = try #require(world.summary.places(among: places, withoutAnyOf: terms, .user))
            for (place, segment) in segments.enumerated() {
                let events = world.events[Int(segment.firstSequence)..<Int(segment.endSequence)]
                let isThere = events.contains { event in
                    event.strings[.user].map { terms.contains(Array($0.utf8)) } ?? false
                }
                if isThere || place == 3 { #expect(!denied.contains(place)) }
                if !isThere, place != 3 { all += 1 }
            }
            right += denied.count
            let some = try #require(world.summary.places(among: [2, 3, 19], withoutAnyOf: terms, .user))
            #expect(some == denied.filter { [2, 3, 19].contains($0) })
        }
        #expect(right > all * 9 / 10)
        // A segment that comes later is asked as well.
        try world.append(25)
        try world.store.seal()
        let more = world.store.snapshot().segments
        #expect(world.summary.figures(more).count == 21)
        #expect(
            world.summary.places(among: [20], withoutAnyOf: [Array("nobody".utf8)], .user) == [20])
    }

    /// A type and an id of a resource are one term, unless a slash leaves open where one ends.
    @Test func resourcesInTwoParts() throws {
        var world = try Growing(seed: 8)
        for _ in 0..<6 {
            try world.append(30)
            try world.store.seal()
        }
        let engine = QueryEngine(world.store.snapshot(summary: world.summary), now: 0)
        func same(_ type: String, _ id: String) -> Filter {
            .and([
                .comparison(.resourceType, .equal, .text(type)), .comparison(.resourceID, .equal, .text(id)),
            ])
        }
        for event in world.events {
            guard let type = event.strings[.resourceType], let id = event.strings[.resourceID] else {
                continue
            }
            for filter in [same(type, id), same(id, type), .and([same(type, id), .user("u1")])] {
                #expect(
                    try engine.count(where: filter).count == world.expected(filter, engine.snapshot).count,
                    "\(filter)")
            }
        }
        let joined = try PreparedFilter(same("a", "b"), now: 0).filter
        #expect(joined == .comparison(.resource, .equal, .text("a/b")))
        #expect(try PreparedFilter(same("a/", "b"), now: 0).filter != joined)
        #expect(try PreparedFilter(same("a", "c/b"), now: 0).filter.conjuncts.count == 2)
    }

    /// Of many small segments each is planned and looked at in one go, by one thread or several.
    @Test(arguments: [9, 10] as [UInt64]) func manySmallSegments(_ seed: UInt64) throws {
        var world = try Growing(seed: seed)
        for _ in 0..<80 {
            try world.append(1 + world.generator.random.below(12))
            try world.store.seal()
        }
        let snapshot = world.store.snapshot(summary: world.summary)
        #expect(snapshot.segments.count == 80)
        for step in 0..<60 { try check(&world, snapshot, "seed \(seed) step \(step)") }
    }

    /// Ids are found in small tables that lie side by side, in segments that come later, and where a table is damaged.
    @Test func idsOfManySegments() throws {
        var world = try Growing(seed: 11)
        for _ in 0..<12 {
            try world.append(20)
            try world.store.seal()
        }
        func checkIDs(_ what: String) throws {
            let engine = QueryEngine(world.store.snapshot(summary: world.summary), now: 0)
            for id in Set(world.events.map { $0.strings[.id] ?? $0.minted } + ["nobody's"]) {
                let expected = world.events.filter {
                    ($0.strings[.id] ?? $0.minted).utf8.elementsEqual(id.utf8)
                }
                let found = try engine.allEvents(withID: id)
                #expect(
                    Set(found.events.map(\.sequence)) == Set(expected.map { UInt64($0.sequence) }),
                    "\(what) \(id)")
                #expect(found.problems.isEmpty)
            }
        }
        try checkIDs("sealed")
        try world.append(8)
        try checkIDs("with an open one")
        try world.store.seal()
        try checkIDs("sealed later")
        // Where a table is damaged, its segment is asked in another way.
        let segment = world.store.snapshot().segments[5]
        if let section = segment.reader.footer?.section(.ids) {
            let file = try world.store.storage.open(segment.reader.name, mode: .readWrite)
            let byte = try file.bytes(at: section.offset + section.length / 2, 1, what: "byte").view[0]
            try [byte ^ 1].withView { try file.write(at: section.offset + section.length / 2, $0) }
        }
        let snapshot = try world.store.reopenedSnapshot()
        let engine = QueryEngine(snapshot, now: 0)
        for event in world.events {
            let found = try engine.allEvents(withID: event.strings[.id] ?? event.minted)
            #expect(found.events.contains { $0.sequence == UInt64(event.sequence) } && found.problems.isEmpty)
        }
    }

    /// A segment with a hole says nothing by its ends and terms.
    @Test func looksAtSegmentsThatAreNotWhole() throws {
        var world = try Growing(seed: 4)
        for _ in 0..<20 {
            try world.append(24)
            try world.store.seal()
        }
        var snapshot = world.store.snapshot(summary: world.summary)
        snapshot.segments[7].entries.remove(at: 2)
        #expect(world.summary.figures(snapshot.segments).map(\.isSound).filter { !$0 }.count == 1)
        let lost = Set(UInt64(7 * 24 + 8)..<UInt64(7 * 24 + 12))
        let engine = QueryEngine(snapshot, now: 0)
        for user in 0..<13 {
            for _ in 0..<3 {
                let filter = Filter.user("u\(user)")
                let expected = world.expected(filter, snapshot).filter { !lost.contains($0) }
                let count = try engine.count(where: filter)
                #expect(count.count == expected.count)
                #expect(!count.problems.isEmpty)
            }
        }
    }

    /// What the summary decides opens no segment.
    @Test func savesLooks() throws {
        var world = try Growing(seed: 6)
        for _ in 0..<30 {
            try world.append(20)
            try world.store.seal()
        }
        let engine = QueryEngine(world.store.snapshot(summary: world.summary), now: 0)
        let filter = Filter.user("u5")
        for round in 0..<3 {
            let count = try engine.count(where: filter)
            #expect(count.count == world.expected(filter, engine.snapshot).count)
            let step = try #require(count.explanation.plan.step("search"))
            #expect(step.segmentsPruned["index user"] == 28, "round \(round): \(count.explanation)")
        }
        let late = try engine.count(
            where: .comparison(.time, .greaterOrEqual, .time(.absolute(nanoseconds: 50_000_000_000))))
        #expect(late.count == 100)
        #expect(late.explanation.plan.step("search")?.segmentsPruned["time"] == 25, "\(late.explanation)")
        #expect(late.explanation.plan.step("filter")?.blocksUsed ?? 0 == 0)
    }
}
