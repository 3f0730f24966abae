import TallyrollFormat
import TallyrollQuery
import TallyrollStore
import Testing

/// Filters made to be dear, asked of whole stores: planning them must cost no more than their size.
@Suite("Hostile filters")
struct HostileQueryTests {
    private static let junk = (0..<100_000).map { Filter.Value.text("nobody-\($0)") }

    static let fields: [Field] = [
        .user, .type, .id, .resource, .resourceType, .session, .message, .severity, .text, .details(["a"]),
        .extra(["a"]),
    ]

    /// A hundred thousand values that no event has change nothing about the few that some have.
    @Test(arguments: fields)
    func longListsFindWhatShortOnesFind(_ field: Field) throws {
        let world = try QueryWorld(seed: 77, blockEvents: 16, count: 260)
        let engine = QueryEngine(world.store.snapshot(), now: 0)
        let values = Generator.texts.prefix(9).map { Filter.Value.text($0) }
        let short = Filter.membership(field, values)
        let long = Filter.membership(field, HostileQueryTests.junk + values)
        for (plain, hostile) in [(short, long), (.not(short), .not(long))] {
            #expect(
                try engine.count(where: hostile).count == world.expected(plain, .oldest).count)
        }
    }

    @Test func wideAndDeepTreesEnd() throws {
        let world = try QueryWorld(seed: 78, blockEvents: 64, count: 260)
        let engine = QueryEngine(world.store.snapshot(), now: 0)
        // Every part differs, so that nothing can be merged away.
        let wide = Filter.or(
            (0..<3_000).map { index in
                .and([
                    .comparison(.user, .greater, .text("u\(index)")), .equal(.message, "m\(index)"),
                    .not(.equal(.action, "a\(index)")),
                ])
            })
        #expect(try engine.count(where: wide).count == 0)
        #expect(try engine.count(where: .not(wide)).count == world.events.count)

        // Multiplied out this would be 2 to the power of 40 parts.
        let product = Filter.and(
            (0..<40).map { index in
                .or([.equal(.user, "u\(index)"), .not(.equal(.session, "s\(index)"))])
            })
        let expected = world.expected(product, .oldest).count
        #expect(try engine.count(where: product).count == expected)
        #expect(try engine.count(where: .not(product)).count == world.events.count - expected)

        var deep = Filter.user("a")
        for level in 0..<150 {
            deep =
                level.isMultiple(of: 2) ? .not(.or([deep, .type("t\(level)")])) : .and([deep, .user("b")])
        }
        #expect(try engine.count(where: deep).count == world.expected(deep, .oldest).count)
    }
}
