import TallyrollFormat
import TallyrollQuery
import TallyrollStore
import Testing

@Suite("Queries against the oracle")
struct QueryEngineTests {
    @Test(arguments: OracleCases.stores)
    func agreesWithTheOracle(_ size: OracleCases.Store) throws {
        var world = try QueryWorld(size)
        let engines = [
            QueryEngine(world.store.snapshot(), now: 0),
            QueryEngine(try world.store.reopenedSnapshot(), now: 0),
        ]
        for round in 0..<size.cases {
            let filter = world.filter()
            let order = world.generator.random.pick(QueryOrder.allCases)
            let engine = world.generator.random.pick(engines)
            let expected = world.expected(filter, order)
            let what: Comment = "seed \(size.seed) case \(round): \(order) \(filter)"
            let limit = world.generator.random.chance(50) ? nil : world.generator.random.below(20)
            let page = try page(engine, filter, order, limit: limit, after: nil)
            let wanted = limit.map { Array(expected.prefix($0)) } ?? expected
            #expect(page.rows.map(\.sequence) == wanted.map { UInt64(world.events[$0].sequence) }, what)
            #expect(page.records == wanted.map { world.records[$0] }, what)
            #expect(page.rows.map(\.recordedAt) == wanted.map { world.events[$0].recorded }, what)
            #expect(page.problems == [], what)
            #expect(try engine.count(where: filter).count == expected.count, what)

            let pageSize = 1 + world.generator.random.below(40)
            var sequences: [UInt64] = []
            var cursor: QueryCursor?
            repeat {
                let part = try self.page(
                    world.generator.random.pick(engines), filter, order, limit: pageSize, after: cursor)
                sequences += part.rows.map(\.sequence)
                cursor = part.rows.count < pageSize ? nil : part.cursor
                if let text = cursor?.description { cursor = try QueryCursor(text) }
            } while cursor != nil && sequences.count < 300
            let pages = expected.prefix(sequences.count).map { UInt64(world.events[$0].sequence) }
            #expect(sequences == pages && (cursor != nil || sequences.count == expected.count), what)
        }
    }

    private func page(
        _ engine: QueryEngine, _ filter: Filter, _ order: QueryOrder, limit: Int?, after cursor: QueryCursor?
    ) throws -> (rows: [QueryRow], records: [[UInt8]], cursor: QueryCursor?, problems: [QueryProblem]) {
        let results = try engine.events(where: filter, order: order, limit: limit, after: cursor)
        var out = ByteWriter()
        var rows: [QueryRow] = []
        var records: [[UInt8]] = []
        while let row = try results.next(into: &out) {
            rows.append(row)
            records.append(out.array)
            out.removeAll()
        }
        return (rows, records, results.cursor, results.problems)
    }
}
