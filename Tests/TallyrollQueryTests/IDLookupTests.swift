import TallyrollFormat
import TallyrollStore
import Testing

@testable import TallyrollQuery

/// Looking events up by id without a plan finds what a query finds.
@Suite("Look-ups by id")
struct IDLookupTests {
    private func world(_ seed: UInt64) throws -> QueryWorld {
        try QueryWorld(OracleCases.Store(seed: 9_100 + seed, blockEvents: 16, events: 400, cases: 0))
    }

    private func queried(_ engine: QueryEngine, _ id: String) throws -> [UInt64] {
        let results = try engine.events(withID: id)
        var out = ByteWriter()
        var found: [UInt64] = []
        while let row = try results.next(into: &out) { found.append(row.sequence) }
        return found
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func findWhatAQueryFinds(_ seed: UInt64) throws {
        let world = try world(seed)
        for snapshot in [world.store.snapshot(), try world.store.reopenedSnapshot()] {
            let engine = QueryEngine(snapshot, now: 0)
            let ids = world.events.map { $0.strings[.id] ?? $0.minted } + ["", "nobody's", "é"]
            for id in Set(ids) {
                let found = try engine.allEvents(withID: id)
                #expect(found.problems.isEmpty)
                #expect(found.events.map(\.sequence) == (try queried(engine, id)), "seed \(seed): \(id)")
            }
        }
    }

    /// Without a block in the middle only a query can say what is missing.
    @Test func leaveToAQueryWhatIsNotWhole() throws {
        let world = try world(4)
        var snapshot = world.store.snapshot()
        let place = try #require(snapshot.segments.indices.first { snapshot.segments[$0].entries.count > 2 })
        snapshot.segments[place].entries.remove(at: 1)
        let engine = QueryEngine(snapshot, now: 0)
        let id = try #require(world.events.last.map { $0.strings[.id] ?? $0.minted })
        let found = try engine.allEvents(withID: id)
        #expect(!found.problems.isEmpty)
        #expect(found.events.map(\.sequence) == (try queried(engine, id)))
    }
}
