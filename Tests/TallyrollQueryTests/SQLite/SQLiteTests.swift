import TallyrollFormat
import TallyrollQuery
import TallyrollStore
import Testing

@Suite("Queries against SQLite")
struct SQLiteTests {
    @Test(arguments: OracleCases.seeds(12))
    func agrees(_ seed: UInt64) throws {
        let blockEvents = [1, 16, 17, 130][Int(seed % 4)]
        var world = try QueryWorld(
            seed: seed &+ 90_000, blockEvents: blockEvents, count: blockEvents == 1 ? 40 : 260,
            // SQLite ends texts at a zero when it looks for globs.
            hasZeros: false)
        let engine = QueryEngine(world.store.snapshot(), now: 0)
        let opinion = try SQLiteOpinion(world.events)
        var meant = 0
        for round in 0..<60 {
            let filter = world.filter()
            let order = world.generator.random.pick(QueryOrder.allCases)
            let limit = world.generator.random.chance(50) ? nil : world.generator.random.below(20)
            let way = QueryWay.random(&world.generator.random)
            let what: Comment = "seed \(seed) round \(round): \(order), \(way): \(filter)"
            let expected = try opinion.sequences(filter, order, limit: limit)
            try way {
                let results = try engine.events(where: filter, order: order, limit: limit)
                var found: [UInt64] = []
                var record = ByteWriter()
                while let row = try results.next(into: &record) {
                    found.append(row.sequence)
                    record.removeAll()
                }
                #expect(found == expected, what)
                #expect(try engine.count(where: filter).count == opinion.count(filter), what)
                let field = world.generator.random.pick(SQLiteOpinion.textFields)
                let groups = try engine.count(where: filter, by: [field]).groups
                let wanted = try opinion.counts(filter, by: field)
                #expect(groups.map { Array($0.values[0].utf8) } == wanted.map(\.0), what)
                #expect(groups.map(\.count) == wanted.map { Int($0.1) }, what)
            }
            meant += expected.count
        }
        // Questions that mean nothing prove nothing.
        #expect(meant > 100)
    }

    @Test func decimalKeysAreInTheOrderOfNumbers() {
        let ascending = [
            "-1e30", "-12.5", "-12.49", "-5.5", "-5", "-0.001", "0", "1e-30", "0.001", "5", "5.5", "9", "10",
            "9007199254740992", "9007199254740993", "1e30",
        ]
        for (left, right) in zip(ascending, ascending.dropFirst()) {
            #expect(DecimalKey(left).text < DecimalKey(right).text, "\(left) \(right)")
        }
        for (left, right) in [("-0", "0"), ("5", "50e-1"), ("-12.50", "-12.5"), ("1e3", "1000")] {
            #expect(DecimalKey(left).text == DecimalKey(right).text)
        }
    }
}
