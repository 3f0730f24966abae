import Tallyroll
import Testing

/// Filters built in Swift print as expressions that read back as the same filters.
@Suite struct FilterBuilderTests {
    private static let texts = [
        "alice@example.com", "", " ", "now-24h", "true", "null", "and", "a\"b\\c", "ü\u{301}", "1e400",
        "line\nbreak\t", "*?", "(", "0.5", "2026-01-01", "success",
    ]
    private static let numbers: [Int64] = [0, -1, 7, .max, .min]

    private static func leaf(_ random: inout some RandomNumberGenerator) -> Filter {
        let text = texts.randomElement(using: &random) ?? ""
        let number = numbers.randomElement(using: &random) ?? 0
        let time = Timestamp(nanosecondsSince1970: number)
        let severity = Severity.ranked.randomElement(using: &random) ?? .info
        let leaves: [Filter] = [
            .id(text), .user(text), .user(in: [text, "bob"]), .type(.secretAccess),
            .type(EventType(rawValue: text)),
            .type(in: [.authentication, .adminAction]), .type(in: [text]), .severity(severity),
            .severity(atLeast: severity), .severity(atMost: severity), .severity(in: [severity, .debug]),
            .action(text), .resource(Resource(type: "bucket", id: text)), .resource(type: text, id: "1"),
            .resource(Resource(type: text)), .resourceType(text), .result(.denied), .component(text),
            .ip(text),
            .request(text), .session(text), .correlation(text), .text(contains: text), .has(.error),
            .lacks(.user),
            .details(["a", text], equals: text), .details(["n"], equals: number),
            .details(["f"], equals: true),
            .details(["n", "odd key"], .greater, number), .since(hours: 24), .since(minutes: 5),
            .since(days: 400),
            .since(time), .before(time),
            .during(
                min(time, Timestamp(nanosecondsSince1970: 5))..<max(time, Timestamp(nanosecondsSince1970: 6))),
            .duration(atLeast: .milliseconds(250)), .duration(lessThan: .seconds(3)), .matches(.action, text),
            .contains(.message, text), .all, .none,
        ]
        return leaves.randomElement(using: &random) ?? .all
    }

    private static func tree(_ depth: Int, _ random: inout some RandomNumberGenerator) -> Filter {
        guard depth > 0 else { return leaf(&random) }
        let left = tree(depth - 1, &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return !left
        case 1: return left && tree(depth - 1, &random)
        case 2: return left || tree(depth - 1, &random)
        case 3: return .all(of: [left, leaf(&random), tree(depth - 1, &random)])
        case 4: return .any(of: [left, leaf(&random)])
        default: return left
        }
    }

    @Test func buildersPrintAsExpressionsThatReadBack() throws {
        var random = SplitMix(state: 11)
        for round in 0..<5000 {
            let filter = FilterBuilderTests.tree(round % 4, &random)
            #expect(try Filter(filter.description) == filter, "\(filter)")
        }
    }

    @Test func typedBuildersMeanWhatNamesMean() throws {
        #expect(Filter.type(.authentication) == .type("authentication"))
        #expect(Filter.severity(atLeast: .warning) == (try Filter("severity >= warning")))
        #expect(Filter.resource(Resource(type: "bucket", id: "b")) == .resource(type: "bucket", id: "b"))
        #expect(Filter.lacks(.user) == (try Filter("not user exists")))
    }
}

/// Repeatable randomness.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
