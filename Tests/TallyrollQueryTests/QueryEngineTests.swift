import TallyrollFormat
import TallyrollQuery
import TallyrollStore
import Testing

@Suite("Queries against the oracle")
struct QueryEngineTests {
    @Test(arguments: OracleCases.stores)
    func agreesWithTheOracle(_ size: OracleCases.Store) throws {
        if OracleCases.isEnough { return }
        var world = try QueryWorld(size)
        let views = try world.views()
        for round in 0..<size.cases where !OracleCases.isEnough {
            let question = OracleCase(&world)
            guard let disagreement = question.disagreement(world, views) else { continue }
            OracleCases.noteFailure()
            let smaller = OracleCases.isHasty ? "" : OracleShrinking(world, question)?.report ?? "not again"
            Issue.record("seed \(size.seed) case \(round): \(question)\n\(disagreement)\n\(smaller)")
            return
        }
        OracleCases.note(size.cases)
    }

    /// A disagreement is found, and what is left of it is little: here the oracle is told of an event that is not so.
    @Test func disagreementsBecomeSmall() throws {
        var world = try QueryWorld(seed: 5, blockEvents: 16, count: 200)
        world.events[77].strings[.user] = "somebody else"
        var question = OracleCase(&world)
        question.filter = .and([
            .or([.equal(.user, "somebody else"), .equal(.type, "nothing")]), .not(.equal(.action, "nothing")),
        ])
        let smaller = try #require(OracleShrinking(world, question))
        #expect(smaller.world.events.count == 1)
        #expect(smaller.question.filter == .equal(.user, "somebody else"))
        #expect(smaller.question.limit == nil)
    }
}
