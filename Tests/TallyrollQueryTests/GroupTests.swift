import TallyrollFormat
import TallyrollQuery
import TallyrollStore
import Testing

@Suite("Groups against the oracle")
struct GroupTests {
    static let fields: [Field] = [
        .user, .type, .severity, .action, .resource, .resourceType, .resourceID, .component, .result, .error,
        .message, .ip, .agent, .request, .session, .correlation, .duration, .sequence, .time, .recorded, .id,
        .details(["a"]), .details(["a", "b"]), .extra(["a"]),
    ]

    @Test(arguments: OracleCases.stores.prefix(max(17, OracleCases.stores.count / 3)))
    func agreesWithTheOracle(_ size: OracleCases.Store) throws {
        var world = try QueryWorld(size, seedOffset: 5_000)
        let engines = try world.views()
        for round in 0..<size.cases / 2 {
            let filter = world.generator.random.chance(30) ? .all : world.filter()
            let engine = world.generator.random.pick(engines)
            let meant = world.expected(filter, .oldest)
            let fields = (0..<(1 + world.generator.random.below(3))).map { _ in
                world.generator.random.pick(GroupTests.fields)
            }
            let way = QueryWay.random(&world.generator.random)
            let what: Comment = "seed \(size.seed) round \(round): \(fields), \(way), of \(filter)"
            var expected: [[[UInt8]]: Int] = [:]
            for index in meant {
                let event = world.events[index]
                let values = fields.map { Oracle(event: event).groupText($0) }
                if values.contains(where: { $0 == nil }) { continue }
                expected[values.map { Array(($0 ?? "").utf8) }, default: 0] += 1
            }
            let top = world.generator.random.chance(50) ? nil : world.generator.random.below(5)
            let counts = try way { try engine.count(where: filter, by: fields, top: top) }
            let sorted = expected.sorted { left, right in
                if left.value != right.value { return left.value > right.value }
                for (a, b) in zip(left.key, right.key) where a != b { return a.lexicographicallyPrecedes(b) }
                return false
            }
            let wanted = sorted.prefix(top ?? Int.max)
            #expect(counts.groups.map { $0.values.map { Array($0.utf8) } } == wanted.map(\.key), what)
            #expect(counts.groups.map(\.count) == wanted.map(\.value), what)
            #expect(counts.groupCount == expected.count, what)

            let width = world.generator.random.pick([1, 1_000_000_000, 3_600_000_000_000, Int64.max])
            var buckets: [Int64: Int] = [:]
            for index in meant {
                let time = world.events[index].time
                buckets[time / width - (time % width < 0 ? 1 : 0), default: 0] += 1
            }
            let histogram = try way { try engine.histogram(where: filter, every: width) }
            let sortedBuckets = buckets.sorted { $0.key < $1.key }
            #expect(histogram.buckets.map(\.count) == sortedBuckets.map(\.value), what)
            let starts = sortedBuckets.map { bucket in
                let (start, overflow) = bucket.key.multipliedReportingOverflow(by: width)
                return overflow ? Int64.min : start
            }
            #expect(histogram.buckets.map(\.start.nanosecondsSince1970) == starts, what)
        }
    }

    /// The summary knows the groups of the segments wholly inside a range, whichever they are.
    @Test func groupsOfRangesOfManySegments() throws {
        let store = try TestStore(blockEvents: 16)
        var random = SplitMix64(seed: 5)
        for index in 0..<450 {
            var event = PlainEvent()
            event.time = Int64(index) * 1_000_000_000
            event.recorded = event.time
            // Some users are everywhere, some in one stretch, some seen once.
            let user = [index % 5, 10 + index / 90, 100 + index][Int(random.below(3))]
            event.strings[.user] = "u\(user)"
            event.strings[.type] = index % 2 == 0 ? "even" : "odd"
            try store.append(event.record(&random), recordedAt: event.recorded)
            if index % 3 == 2 { try store.seal() }
        }
        let plain = QueryEngine(store.snapshot(), now: 0)
        let summed = QueryEngine(try store.reopenedSnapshot(), now: 0)
        for round in 0..<15 {
            let low = Int64(random.below(450))
            let high = low + Int64(random.below(450))
            let sequences = try Filter("sequence >= \(low) and sequence < \(high)")
            let times: Filter =
                .since(.absolute(nanoseconds: low * 1_000_000_000))
                && .before(.absolute(nanoseconds: high * 1_000_000_000))
            for filter in [sequences, times, .all] {
                for fields in [[.user], [.type], [.user, .type]] as [[Field]] {
                    let expected = try plain.count(where: filter, by: fields)
                    let found = try summed.count(where: filter, by: fields)
                    #expect(found.groups == expected.groups, "round \(round): \(filter) by \(fields)")
                    #expect(found.explanation.plan.rows == expected.explanation.plan.rows)
                }
            }
        }
        let all = try summed.count(by: [.user])
        #expect(all.explanation.plan.step("filter")?.blocksUsed == 0)
    }

    @Test func refusesFieldsThatCannotBeGrouped() throws {
        let world = try QueryWorld(seed: 1, blockEvents: 16, count: 20)
        let engine = QueryEngine(world.store.snapshot(), now: 0)
        #expect(throws: QueryLimitError.self) { try engine.count(by: [.text]) }
        #expect(throws: QueryLimitError.self) { try engine.count(by: [.details([])]) }
        #expect(throws: QueryLimitError.self) { try engine.histogram(every: 0) }
    }
}

extension Oracle {
    /// The text by which an event is grouped.
    func groupText(_ field: Field) -> String? {
        switch field {
        case .id: return event.strings[.id] ?? event.minted
        case .sequence: return "\(event.sequence)"
        case .time: return Timestamp(nanosecondsSince1970: event.time).description
        case .recorded: return Timestamp(nanosecondsSince1970: event.recorded).description
        case .duration:
            guard let duration = event.duration else { return nil }
            // As an expression writes it.
            let text = Filter.comparison(.duration, .equal, .duration(nanoseconds: duration)).description
            return String(text.dropFirst("duration = ".count))
        case .result: return event.result?.rawValue
        case .resource:
            guard let type = event.strings[.resourceType], let id = event.strings[.resourceID] else {
                return nil
            }
            return type + "/" + id
        case .details(let path): return event.details.flatMap { scalar($0, path) }
        case .extra(let path): return event.extra.flatMap { scalar($0, path) }
        default: return field.stringField.flatMap { event.strings[$0] }
        }
    }

    private func scalar(_ model: Model, _ path: FieldPath) -> String? {
        for value in model.values(at: path.components[...]) {
            switch value {
            case .string(let text), .number(let text), .word(let text): return text
            case .object, .array: continue
            }
        }
        return nil
    }
}
