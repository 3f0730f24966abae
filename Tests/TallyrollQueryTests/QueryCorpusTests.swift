import CZlib
import Foundation
import TallyrollFormat
import TallyrollQuery
import TallyrollStore
import Testing

/// Questions made of what captured events hold, answered by the engine and event by event. The captures are not part
/// of the package; where they are absent the tests say so and pass.
@Suite("Captured events")
struct QueryCorpusTests {
    static let names = [
        "azure_sentinel_okta", "azure_sentinel_samples", "elastic_auth_log", "gcp_audit_samples",
        "invictus_aws",
        "invictus_gws", "k8s_audit_samples", "llm_agent_tool_calls", "otrf_cloud_linux",
    ]

    private static func lines(_ name: String) -> [[UInt8]]? {
        guard let folder = ProcessInfo.processInfo.environment["TALLYROLL_SHARED"],
            let file = gzopen("\(folder)/corpora/\(name).jsonl.gz", "rb")
        else {
            print("SKIPPED: no capture \(name); set TALLYROLL_SHARED to the folder that holds corpora/")
            return nil
        }
        defer { gzclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = Int(gzread(file, &chunk, UInt32(chunk.count)))
            guard count > 0 else { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return bytes.split(separator: UInt8(ascii: "\n")).map { Array($0) }
    }

    @Test(arguments: names)
    func agreeWithEventByEvent(_ name: String) throws {
        guard let lines = QueryCorpusTests.lines(name)?.prefix(800) else { return }
        let store = try TestStore(blockEvents: 256, codec: .deflate)
        var parser = EventJSONParser()
        var records: [Bytes] = []
        var out = ByteWriter()
        for line in lines {
            out.removeAll()
            _ = try line.withView { try parser.parse($0, into: &out) }
            records.append(Bytes(copying: out.view))
            try store.append(out.array, recordedAt: Int64(records.count) * 1_000_000)
            if records.count == lines.count / 2 { try store.seal() }
            if records.count == lines.count * 9 / 10 { try store.closeBlock() }
        }
        try store.closeTail()
        let engine = QueryEngine(store.snapshot(), now: 0)
        var random = SplitMix64(seed: 42)
        var meant = 0
        for _ in 0..<200 {
            var filter = try question(records, &random)
            if random.chance(40) { filter = filter && (try question(records, &random)) }
            if random.chance(20) { filter = filter || (try question(records, &random)) }
            if random.chance(15) { filter = !filter }
            let compiled = try CompiledFilter(filter, now: 0)
            var scratch = QueryScratch()
            let expected = try records.indices.filter { index in
                let row = RecordRow(
                    try RecordView(records[index].view), sequence: UInt64(index),
                    recordedAt: Int64(index + 1) * 1_000_000, storeTag: store.storeTag)
                return compiled.matches(row, &scratch)
            }
            meant += expected.count
            #expect(try engine.count(where: filter).count == expected.count, "\(name): \(filter)")
            let results = try engine.events(where: filter, order: .oldest, limit: 12)
            var found: [Int] = []
            out.removeAll()
            while let row = try results.next(into: &out) {
                found.append(Int(row.sequence))
                let isSame = out.view.isEqual(to: records[Int(row.sequence)].view)
                #expect(isSame, "\(name) \(row.sequence)")
                out.removeAll()
            }
            #expect(found == Array(expected.prefix(12)), "\(name): \(filter)")
            #expect(results.problems == [])
        }
        #expect(meant > 0)
    }

    /// A question that at least one event answers, mostly.
    private func question(_ records: [Bytes], _ random: inout SplitMix64) throws -> Filter {
        let record = try RecordView(random.pick(records).view)
        let fields: [Field] = [
            .id, .user, .type, .severity, .action, .resourceType, .resourceID, .error, .component, .message,
            .ip,
            .agent, .request, .session, .correlation,
        ]
        if random.chance(40), let details = record[.details]?.string,
            let object = try? JSONSerialization.jsonObject(with: Data(details.utf8))
        {
            var path: [String] = []
            return ask(value(object, &path, &random), .details(FieldPath(path)), &random)
        }
        let field = random.pick(fields)
        guard let string = field.stringField, let text = record[string]?.string else { return .exists(field) }
        if random.chance(10) { return ask(text, .text, &random) }
        if random.chance(10) {
            return .comparison(
                .time, random.pick([.less, .greaterOrEqual]), .time(.absolute(nanoseconds: record.timestamp)))
        }
        return ask(text, field, &random)
    }

    /// A value somewhere inside, and the way to it.
    private func value(_ json: Any, _ path: inout [String], _ random: inout SplitMix64) -> String? {
        switch json {
        case let object as [String: Any]:
            guard let key = object.keys.sorted().randomElement(using: &random), let inner = object[key] else {
                return nil
            }
            path.append(key)
            return random.chance(8) ? nil : value(inner, &path, &random)
        case let array as [Any]:
            return array.randomElement(using: &random).flatMap { value($0, &path, &random) }
        case let text as String: return text
        case let number as NSNumber: return "\(number)"
        default: return "null"
        }
    }

    private func ask(_ text: String?, _ field: Field, _ random: inout SplitMix64) -> Filter {
        guard let text else { return .exists(field) }
        if case .details(let path) = field, path.components.isEmpty { return .exists(field) }
        switch random.below(6) {
        case 0: return .matches(field, String(text.prefix(20)).filter { $0 != "?" } + "*")
        case 1: return .contains(field, String(text.dropFirst(text.count / 3).prefix(6)))
        case 2: return .oneOf(field, [text, "x", String(text.reversed())])
        case 3 where field.kind != .severity:
            return .comparison(field, random.pick([.less, .greater]), .text(text))
        case 4:
            if case .details = field, let word = BareWord(text) {
                return .comparison(field, random.pick([.equal, .lessOrEqual, .notEqual]), .word(word))
            }
            return .equal(field, text)
        default: return .equal(field, text)
        }
    }
}
