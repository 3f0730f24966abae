import TallyrollFormat
import TallyrollQuery
import Testing

@Suite("Random filters")
struct PropertyTests {
    static let seeds: [UInt64] = [1, 2, 3, 4, 5, 6, 7, 8]

    @Test(arguments: seeds)
    func evaluationAgreesWithTheOracle(_ seed: UInt64) throws {
        var generator = Generator(random: SplitMix64(seed: seed))
        let events = (0..<20).map { _ in generator.event() }
        let rows = events.map { $0.row(&generator.random) }
        var scratch = QueryScratch()
        var matches = 0
        for round in 0..<150 {
            let filter = generator.filter(round % 4)
            let compiled = try CompiledFilter(filter, now: 0)
            let normalized = filter.normalized()
            let normalizedCompiled = try CompiledFilter(normalized, now: 0)
            for (event, row) in zip(events, rows) {
                let expected = Oracle(event: event).holds(filter)
                matches += expected ? 1 : 0
                #expect(
                    compiled.matches(row, &scratch) == expected,
                    "seed \(seed) round \(round): \(filter)\n\(event)")
                #expect(
                    normalizedCompiled.matches(row, &scratch) == expected,
                    "seed \(seed) round \(round): \(filter) normalised to \(normalized)\n\(event)")
                if expected {
                    for field in [Field.time, .sequence] {
                        let value = field == .time ? event.time : event.sequence
                        #expect(
                            normalized.bounds(of: field)?.contains(value) == true, "\(field) in \(normalized)"
                        )
                    }
                }
            }
            #expect(try Filter(filter.description) == filter, "seed \(seed) round \(round): \(filter)")
            let twice = normalized.normalized()
            #expect(twice.normalized() == twice, "seed \(seed) round \(round): \(filter): \(twice)")
        }
        #expect(matches > 300 && matches < 2_700, "the cases are lopsided: \(matches) of 3,000")
    }

    @Test(arguments: [
        (
            "time >= 2026-01-01 and time < 2026-02-01 and time >= 2026-01-15",
            "time >= 2026-01-15T00:00:00Z and time < 2026-02-01T00:00:00Z"
        ),
        ("time >= 2026-02-01 and time < 2026-01-01", "false"),
        ("not (time < 2026-01-01 or user = a)", "time >= 2026-01-01T00:00:00Z and not user = a"),
        ("user = a or user = b or type = x or user in (b, c)", "user in (a, b, c) or type = x"),
        ("user = a and user = b", "false"),
        ("user in (a, b, c) and user != a and not user ~ c*", "user = b"),
        ("not user = a and not user in (b, c)", "not user in (a, b, c)"),
        ("user = a or not user = a", "true"),
        ("user != a or user = a", "user != a or user = a"),
        ("text = a and text = b", "text = a and text = b"),
        ("details.x = a and details.x = b", "details.x = a and details.x = b"),
        ("details.x = a or details.x = 5", "details.x in (a, 5)"),
        ("type exists and user ~ * and user ~ abc", "user = abc"),
        ("duration < 5ms or duration >= 5ms", "duration exists"),
        ("time < 2026-01-01 or time >= 2026-01-01", "true"),
        ("not not not user = a", "not user = a"),
        ("not duration < 5ms and duration exists", "duration >= 5ms"),
        ("not duration < 5ms", "not duration < 5ms"),
        ("sequence in (1, 2, 3) and sequence > 1 and not sequence = 2", "sequence = 3"),
        ("sequence >= 3 and sequence != 3 and sequence <= 4", "sequence = 4"),
        ("result = success and result = denied", "false"),
        ("user = a or user = a and type = x", "user = a"),
        ("user = a and (user = a or type = x)", "user = a"),
        ("user = a and (user = b or type = x)", "user = a and type = x"),
        ("user = a and (not user = a or type = x)", "user = a and type = x"),
        ("ip = a or not ip = a and type = x", "ip = a or type = x"),
        ("time < 2026-01-01 or time >= 2026-01-01 and type = x", "time < 2026-01-01T00:00:00Z or type = x"),
        ("(type = x or ip = y) and (type = x or ip = y or user = z)", "type = x or ip = y"),
        ("(ip = y and type = x) or (ip = y and user = z)", "ip = y and (type = x or user = z)"),
        (
            "time >= 2026-01-01 and (time < 2025-01-01 or user = a)",
            "time >= 2026-01-01T00:00:00Z and user = a"
        ),
        ("time >= 2026-01-01 and (time >= 2025-01-01 or user = a)", "time >= 2026-01-01T00:00:00Z"),
        (
            "sequence >= 1 and sequence < 5 or sequence >= 5 and sequence < 9",
            "sequence >= 1 and sequence <= 8"
        ),
        (
            "sequence >= 1 and sequence < 3 or sequence in (3, 9) or sequence > 20",
            "sequence >= 1 and sequence <= 3 or sequence >= 21 or sequence = 9"
        ),
        ("user in (a, b) and user in (b, c)", "user = b"),
        ("user in (a, b) and not user in (b, c)", "user = a"),
        ("not user in (a, b) or not user in (b, c)", "not user = b"),
        ("not user = a or not user = b", "true"),
        ("user = a or not user in (a, b)", "not user = b"),
        ("user = a or user ~ a*", "user ~ a*"),
        ("user exists or user = a", "user exists"),
        ("not user exists and user = a", "false"),
        ("not user exists and not user = a", "not user exists"),
        ("not user exists or not user = a", "not user = a"),
        ("user exists or not user = a", "true"),
        ("details.x exists and details.x = a", "details.x = a"),
        ("not details.x exists and details.x = a", "false"),
        ("text = a or not text = a", "true"),
        ("not text = a or not text = b", "not text = a or not text = b"),
        ("text = a and (text = b or type = x)", "text = a and (text = b or type = x)"),
        ("severity >= error and severity >= warning", "severity >= error"),
        ("severity >= error and severity < warning", "false"),
        ("severity >= error or severity >= warning", "severity >= warning"),
        ("user >= a and user > a and user < m and user <= z", "user > a and user < m"),
        ("user > m and user < a", "false"),
        ("result != success and result != failure", "result = denied"),
        ("result in (success, failure, denied)", "result exists"),
        ("type != a or type = a", "true"),
        ("(a.b exists)".isEmpty ? "" : "user in ()", "false"),
    ])
    func normalizes(_ expression: String, _ expected: String) throws {
        #expect(try Filter(expression).normalized().description == expected)
    }
}
