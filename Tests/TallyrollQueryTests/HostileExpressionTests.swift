import TallyrollFormat
import TallyrollQuery
import Testing

@Suite("Hostile expressions")
struct HostileExpressionTests {
    private func within<R>(_ limit: Duration, _ body: () throws -> R) rethrows -> R {
        let clock = ContinuousClock()
        let start = clock.now
        let value = try body()
        #expect(clock.now - start < limit)
        return value
    }

    @Test func depthEndsInAnError() throws {
        for text in [
            String(repeating: "(", count: 10_000) + "user = a" + String(repeating: ")", count: 10_000),
            String(repeating: "not ", count: 10_000) + "user = a",
            String(repeating: "!", count: 10_000) + "user = a",
            String(repeating: "(user = a or ", count: 10_000),
        ] {
            let error = try #require(throws: QueryError.self) { try within(.seconds(1)) { try Filter(text) } }
            #expect(error.kind == .tooDeep)
        }
        let deep =
            String(repeating: "(user = a or user = b and ", count: 200) + "type = x"
            + String(repeating: ")", count: 200)
        let filter = try Filter(deep)
        #expect(try Filter(filter.description) == filter)
        _ = try CompiledFilter(filter, now: 0)
        #expect(filter.normalized().normalized() == filter.normalized())

        var built = Filter.user("a")
        for _ in 0..<1_000 { built = .not(built) }
        #expect(throws: QueryError.self) { try CompiledFilter(built, now: 0) }
    }

    @Test func lengthHasALimit() throws {
        let error = try #require(throws: QueryError.self) {
            try Filter("user = " + String(repeating: "a", count: 1 << 20))
        }
        #expect(error.kind == .tooLong)
        let count = (1 << 20) / 16
        let text = "user=a" + String(repeating: " or not user=bb", count: count)
        let filter = try within(.seconds(5)) { try Filter(text) }
        let compiled = try within(.seconds(5)) { try CompiledFilter(filter.normalized(), now: 0) }
        #expect(compiled.matches(TestRow(sequence: 0)))
        for text in [
            "user = \"" + String(repeating: "a", count: 1_000_000), String(repeating: "\"", count: 1_000_000),
            String(repeating: "user ", count: 200_000), "user in (" + String(repeating: "a,", count: 500_000),
            String(repeating: "\u{301}", count: 500_000),
            String(repeating: "details.", count: 130_000) + "\"",
            "user = a and type ~ " + String(repeating: "*?", count: 500_000) + " or",
        ] {
            #expect(throws: QueryError.self) { try within(.seconds(5)) { try Filter(text) } }
        }
    }

    @Test func longListsAreHashed() throws {
        let names = (0..<100_000).map { "u\($0)" }
        let text = "user in (" + names.joined(separator: ",") + ")"
        let filter = try within(.seconds(5)) { try Filter(text) }
        let compiled = try within(.seconds(5)) { try CompiledFilter(filter.normalized(), now: 0) }
        let details = try CompiledFilter(
            .membership(.details(["n"]), (0..<100_000).compactMap { BareWord(String($0)).map { .word($0) } }),
            now: 0)
        let row = TestRow(sequence: 0)
        within(.seconds(5)) {
            for index in 0..<20_000 {
                row.strings[StringField.user.index] = Array("u\(index * 7)".utf8)
                row.strings[StringField.details.index] = Array("{\"n\":\(index * 7).0}".utf8)
                #expect(compiled.matches(row) == (index * 7 < 100_000))
                #expect(details.matches(row) == (index * 7 < 100_000))
            }
        }
    }

    @Test func patternsOnRepetitionsAreLinear() throws {
        let long = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 18)
        let half = String(repeating: "a", count: 1 << 16)
        let row = TestRow(sequence: 0)
        row.strings[StringField.message.index] = long
        for glob in [
            "*a*a*a*a*b", String(repeating: "*a", count: 100_000) + "b", "*" + half + "b*",
            "*" + half + "b" + half + "*",
            String(repeating: "*", count: 100_000) + "b", "*" + String(repeating: "a?", count: 120) + "b*",
            String(repeating: "?", count: 1 << 16) + "*b",
        ] {
            let compiled = try CompiledFilter(.matches(.message, glob), now: 0)
            within(.seconds(5)) { #expect(!compiled.matches(row)) }
        }
        for needle in [half + "b", "b" + half, half + "b" + half] {
            let compiled = try CompiledFilter(.contains(.message, needle), now: 0)
            within(.seconds(5)) { #expect(!compiled.matches(row)) }
        }
        let error = try #require(throws: QueryError.self) {
            try Filter("message ~ *" + String(repeating: "a?", count: 200) + "*")
        }
        #expect(error.kind == .badValue)
    }

    @Test func damagedJSONEndsTheWalk() throws {
        let compiled = try CompiledFilter(
            try Filter("details.a.b = 1 or text = x or details.a.\"\" exists"), now: 0)
        var random = SplitMix64(seed: 7)
        let valid = Array(
            "{\"a\":[{\"b\":2,\"c\":[[],{}]},{\"b\":[3,\"\\u12\\\\\"]}],\"d\":\"\\ud83d\"}".utf8)
        let row = TestRow(sequence: 0)
        for _ in 0..<20_000 {
            var bytes = valid
            for _ in 0..<random.below(4) {
                bytes[random.below(bytes.count)] = Array("{}[]\",:\\ 1".utf8)[random.below(10)]
            }
            bytes.removeLast(random.below(bytes.count))
            row.strings[StringField.details.index] = bytes
            _ = compiled.matches(row)
        }
        for open in ["[", "{\"a\":", "[{\"a\":"] {
            row.strings[StringField.details.index] = Array(String(repeating: open, count: 100_000).utf8)
            within(.seconds(1)) { #expect(!compiled.matches(row)) }
        }
    }
}
