import TallyrollFormat
import TallyrollQuery
import TallyrollStore
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("Plans")
struct PlannerTests {
    // MARK: Every way gives the same

    /// The last two have more values than a dictionary may have to be judged as a whole.
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func everyPlanAgreesWithTheOracle(_ seed: UInt64) throws {
        var world = try QueryWorld(
            OracleCases.Store(
                seed: 7_000 + seed, blockEvents: [16, 64, 4_096][Int(seed % 3)], events: seed < 7 ? 300 : 900,
                cases: 0, manyValues: seed < 7 ? nil : 100_000))
        let engine = QueryEngine(try world.store.reopenedSnapshot(), now: 0)
        for round in 0..<(seed < 7 ? 40 : 16) {
            let filter = round % 2 == 0 ? world.filter() : world.targetedFilter()
            let expected = world.expected(filter, .newest).map { UInt64(world.events[$0].sequence) }
            for policy in PlanPolicy.allCases {
                try PlanPolicy.$current.withValue(policy) {
                    let what: Comment = "seed \(seed) round \(round) \(policy): \(filter)"
                    #expect(try engine.count(where: filter).count == expected.count, what)
                    let results = try engine.events(where: filter)
                    var out = ByteWriter()
                    var found: [UInt64] = []
                    while let row = try results.next(into: &out) { found.append(row.sequence) }
                    #expect(found == expected, what)
                }
            }
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func threadsAgreeWithOneThread(_ seed: UInt64) throws {
        var world = try QueryWorld(
            OracleCases.Store(seed: 8_000 + seed, blockEvents: 16, events: 400, cases: 0))
        let engine = QueryEngine(try world.store.reopenedSnapshot(), now: 0)
        for round in 0..<40 {
            let filter = world.filter()
            let what: Comment = "seed \(seed) round \(round): \(filter)"
            let alone = try engine.count(where: filter)
            let aloneGroups = try engine.count(where: filter, by: [.user, .type])
            let aloneRows = try QueryOrder.allCases.map { try sequences(engine, filter, $0, limit: nil) }
            let aloneFew = try QueryOrder.allCases.map { try sequences(engine, filter, $0, limit: 7) }
            let aloneBuckets = try engine.histogram(where: filter, every: 1_000_000_000)
            for threads in [2, 5] {
                try ParallelRun.$isEager.withValue(true) {
                    try ParallelRun.$limit.withValue(threads) {
                        let count = try engine.count(where: filter)
                        #expect(count.count == alone.count, what)
                        #expect(count.explanation.plan.rows == alone.explanation.plan.rows, what)
                        let groups = try engine.count(where: filter, by: [.user, .type])
                        #expect(groups.groups == aloneGroups.groups, what)
                        let buckets = try engine.histogram(where: filter, every: 1_000_000_000)
                        #expect(buckets.buckets == aloneBuckets.buckets, what)
                        for (place, order) in QueryOrder.allCases.enumerated() {
                            let all = try sequences(engine, filter, order, limit: nil)
                            #expect(all == aloneRows[place], what)
                            let few = try sequences(engine, filter, order, limit: 7)
                            #expect(few == aloneFew[place], what)
                        }
                    }
                }
            }
        }
    }

    private func sequences(
        _ engine: QueryEngine, _ filter: Filter, _ order: QueryOrder, limit: Int?
    ) throws -> [UInt64] {
        let results = try engine.events(where: filter, order: order, limit: limit)
        var out = ByteWriter()
        var found: [UInt64] = []
        while let row = try results.next(into: &out) { found.append(row.sequence) }
        return found
    }

    @Test func damageIsReportedByEveryThread() throws {
        let world = try QueryWorld(OracleCases.Store(seed: 77, blockEvents: 16, events: 300, cases: 0))
        var snapshot = world.store.snapshot()
        for place in snapshot.segments.indices where snapshot.segments[place].entries.count > 2 {
            snapshot.segments[place].entries.remove(at: 1)
        }
        let engine = QueryEngine(snapshot, now: 0)
        let alone = try engine.count()
        #expect(!alone.problems.isEmpty)
        try ParallelRun.$isEager.withValue(true) {
            let together = try engine.count()
            #expect(together.count == alone.count)
            #expect(Set(together.problems) == Set(alone.problems))
        }
    }

    // MARK: Choices

    /// 6,400 events in blocks of 64: user u<n mod 640> (10 each), every other event of type odd, 1 in 64 of type rare
    /// instead; a message each; a second apart.
    private func store(jumbled: Bool = false, indexes: SegmentIndexes = .none) throws -> QueryEngine {
        let store = try TestStore(blockEvents: 64, indexes: indexes)
        for index in 0..<6_400 {
            var event = PlainEvent()
            event.time = Int64(jumbled ? (index * 37) % 6_400 : index) * 1_000_000_000
            event.recorded = Int64(index) * 1_000_000_000
            event.strings[.user] = "u\(index * 7 % 640)"
            if index == 3_000 { event.strings[.user] = "solo" }
            event.strings[.type] = index % 64 == 5 ? "rare" : index % 2 == 0 ? "even" : "odd"
            event.strings[.resourceType] = "r"
            event.strings[.resourceID] = index % 2 == 0 ? "even" : "odd"
            event.strings[.message] = "message \(index % 10)"
            event.result = index % 3 == 0 ? .failure : .success
            var random = SplitMix64(seed: UInt64(index))
            try store.append(event.record(&random), recordedAt: event.recorded)
        }
        try store.seal()
        return QueryEngine(try store.reopenedSnapshot(), now: 0)
    }

    private func indexed(_ explanation: QueryExplanation) -> [String] {
        explanation.plan.step("search")?.steps.map(\.what) ?? []
    }

    private func questions(_ explanation: QueryExplanation) -> [String] {
        explanation.plan.step("filter")?.steps.map(\.what) ?? []
    }

    @Test func groupsOfAFieldWithPostingListsReadNoBlock() throws {
        let (plain, indexed) = (try store(), try store(indexes: .all))
        for field in [Field.result, .type] {
            let groups = try indexed.count(by: [field])
            #expect(groups.groups == (try plain.count(by: [field]).groups))
            #expect(
                groups.explanation.plan.step("filter")?.blocksUsed == 0, "\(field): \(groups.explanation)")
        }
        #expect(try plain.count(by: [.result]).explanation.plan.step("filter")?.blocksUsed == 100)
        let failures = try indexed.count(where: try Filter("result = failure"), by: [.result])
        #expect(failures.groups.map(\.count) == [2_134])
    }

    @Test func theTypeOfAResourceAloneIsAnsweredByTheTermsThatHaveIt() throws {
        let count = try store().count(where: try Filter("resource_type = r"))
        #expect(count.count == 6_400)
        #expect(count.explanation.plan.step("filter")?.blocksUsed == 0, "\(count.explanation)")
    }

    @Test func aLongListIsNotWorthAskingBesideAShortOne() throws {
        let engine = try store()
        let results = try engine.events(where: try Filter("user = solo and resource = r/even"))
        var out = ByteWriter()
        while try results.next(into: &out) != nil {}
        #expect(indexed(results.explanation) == ["user = solo"])
        #expect(questions(results.explanation) == ["resource = r/even"])
        #expect(results.explanation.plan.step("search")?.rows == 1)
        #expect(results.explanation.plan.step("search")?.estimatedRows == 1)
        #expect(results.explanation.plan.rows == 1)
    }

    @Test func twoListsAreIntersectedWhereThatSavesReading() throws {
        let engine = try store()
        let count = try engine.count(where: try Filter("type = rare and user in (u1, u2, u3, u35)"))
        #expect(indexed(count.explanation).count == 2)
        #expect(count.explanation.plan.step("filter")?.blocksUsed == 0)
    }

    @Test(arguments: [
        "user = u7", "not user = u7", "user != u7", "type = odd and not user = u7", "type != rare",
        "not type in (odd, rare)", "user = u7 or type = rare", "user = u7 and user exists",
        "(user = u7 or type = rare) and not type = odd", "type ~ o* or user = u3",
        "user in (u1, u2) and time >= 1970-01-01",
    ])
    func indexesAloneCount(_ expression: String) throws {
        let engine = try store()
        let filter = try Filter(expression)
        let count = try PlanPolicy.$current.withValue(.everyIndex) { try engine.count(where: filter) }
        #expect(count.explanation.plan.step("filter")?.blocksUsed == 0, "\(count.explanation)")
        let scanned = try PlanPolicy.$current.withValue(.noIndex) { try engine.count(where: filter) }
        #expect(count.count == scanned.count)
        #expect(count.explanation.plan.rows == count.count)
    }

    @Test func aPartThatIndexesAnswerInPartStillNarrows() throws {
        let engine = try store()
        let filter = try Filter("user = u7 and message contains 7 or user = u8 and result = failure")
        let count = try engine.count(where: filter)
        #expect(count.explanation.plan.step("search")?.rows == 20, "\(count.explanation)")
        let scanned = try PlanPolicy.$current.withValue(.noIndex) { try engine.count(where: filter) }
        #expect(count.count == scanned.count)
    }

    @Test func dearQuestionsComeLast() throws {
        let engine = try store()
        let filter = try Filter("text contains \"7\" and result = failure and message ~ *7")
        let count = try engine.count(where: filter)
        #expect(count.count == 213, "\(count.explanation)")
        let plan = try #require(count.explanation.plan.step("filter"))
        let asked = plan.steps.sorted { ($0.rowsIn ?? 0) > ($1.rowsIn ?? 0) }.map(\.what)
        #expect(
            asked.first == "result = failure" && asked.last == "text contains \"7\""
                || asked.last == "text contains 7", "\(asked)")
    }

    @Test func impossibleFiltersOpenNothing() throws {
        let engine = try store()
        for expression in ["user = a and user = b", "time >= 2026-01-01 and time < 2025-01-01", "user in ()"]
        {
            let count = try engine.count(where: try Filter(expression))
            #expect(count.count == 0)
            #expect(count.explanation.plan.step("search")?.segmentsPruned == ["impossible": 1])
        }
        let absent = try engine.count(where: try Filter("user = nobody"))
        #expect(absent.explanation.plan.step("search")?.segmentsPruned == ["index user": 1])
        let late = try engine.count(where: try Filter("time >= 2026-01-01"))
        #expect(late.explanation.plan.step("search")?.segmentsPruned == ["time": 1])
    }

    // MARK: Blocks read

    private func newest(_ engine: QueryEngine, _ expression: String, _ limit: Int) throws -> QueryExplanation
    {
        let results = try engine.events(where: try Filter(expression), limit: limit)
        var out = ByteWriter()
        while try results.next(into: &out) != nil {}
        return results.explanation
    }

    @Test func newestFirstReadsNoMoreBlocksThanItMust() throws {
        let engine = try store()
        // In the order of time, the last blocks hold the latest events.
        #expect(try newest(engine, "", 10).plan.step("filter")?.blocksUsed == 1)
        #expect(try newest(engine, "", 64).plan.step("filter")?.blocksUsed == 1)
        #expect(try newest(engine, "", 65).plan.step("filter")?.blocksUsed == 2)
        #expect(try newest(engine, "result = failure", 21).plan.step("filter")?.blocksUsed == 1)
        // Every block reaches over all times: all must be looked at.
        let jumbled = try store(jumbled: true)
        #expect(try newest(jumbled, "", 1).plan.step("filter")?.blocksUsed ?? 0 < 100)
    }

    @Test func histogramsReadOnlyBlocksThatABucketCuts() throws {
        let engine = try store()
        // 100 blocks of 64 seconds; spans of 640 seconds end where blocks end.
        let even = try engine.histogram(every: 640_000_000_000)
        #expect(even.buckets.map(\.count) == Array(repeating: 640, count: 10))
        #expect(even.explanation.plan.step("filter")?.blocksUsed == 0)
        // Spans of 1,000 seconds cut through 6 blocks.
        let odd = try engine.histogram(every: 1_000_000_000_000)
        #expect(odd.buckets.map(\.count) == [1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 400])
        #expect(odd.explanation.plan.step("filter")?.blocksUsed == 6)
        // A list that says which events are meant changes nothing of that.
        let listed = try engine.histogram(where: try Filter("type = rare"), every: 640_000_000_000)
        #expect(listed.buckets.map(\.count).reduce(0, +) == 100)
        #expect(listed.explanation.plan.step("filter")?.blocksUsed == 0)
    }

    @Test func countsReadOnlyBlocksThatATimeCuts() throws {
        let engine = try store()
        let count = try engine.count(where: try Filter("type = odd and time >= 1970-01-01T00:16:40Z"))
        #expect(count.count == (1_000..<6_400).count { $0 % 2 == 1 && $0 % 64 != 5 })
        #expect(count.explanation.plan.step("filter")?.blocksUsed == 1, "\(count.explanation)")
    }

    // MARK: Explanations

    @Test func whatTheCallerTakesBetweenEventsIsTheCallers() throws {
        let engine = try store()
        let results = try engine.events(where: try Filter("user = u7"), limit: 3, isTimed: true)
        while try results.nextEvent() != nil { usleep(2_000) }
        // Asked for in vain, and again: what comes after the end is nobody's.
        #expect(try results.nextEvent() == nil)
        let plan = results.explanation.plan
        usleep(50_000)
        #expect(try results.nextEvent() == nil)
        #expect(plan.step("caller")?.nanoseconds ?? 0 >= 3 * 2_000_000)
        #expect(results.explanation.plan.step("caller")?.nanoseconds == plan.step("caller")?.nanoseconds)
    }

    @Test func explanationsHaveOneShape() throws {
        let engine = try store()
        let results = try engine.events(
            where: try Filter("user = u7 and message ~ *1 and time >= 1970-01-01T00:10:00Z"), limit: 5,
            isTimed: true)
        var out = ByteWriter()
        while try results.next(into: &out) != nil {}
        let plan = results.explanation.plan
        #expect(plan.name == "newest first")
        #expect(
            plan.steps.map(\.name) == ["prepare", "search", "filter", "order", "read", "caller", "other"])
        let search = try #require(plan.step("search"))
        #expect(search.segments == 1 && search.blocks == 100)
        #expect(search.blocksPruned["time"] == 9)
        #expect((search.blocksPruned["index user"] ?? 0) > 80)
        #expect(search.steps.map(\.what) == ["user = u7"])
        #expect(questions(results.explanation).contains("message ~ *1"))
        // Every moment belongs to one step.
        let total = try #require(plan.nanoseconds)
        #expect(plan.steps.reduce(0) { $0 + ($1.nanoseconds ?? 0) } == total)
        #expect(total > 0)
        for key in ["filter", "plan", "threads", "nanoseconds", "other_nanoseconds", "problems"] {
            #expect(results.explanation.json.contains("\"\(key)\":"), "\(key)")
        }
        #expect(!results.explanation.json.contains("\"segments\":["))
        #expect(
            results.explanation.detailedJSON.contains("\"segments\":[{\"segment\":1,\"state\":\"sealed\""))
        let lines = "\(results.explanation)".split(separator: "\n")
        #expect(
            lines.count == 3 + search.steps.count + questions(results.explanation).count + plan.steps.count
                - 1)
    }
}

extension PlanStep {
    /// The first step of that name below this one.
    func step(_ name: String) -> PlanStep? { steps.first { $0.name == name } }
}
