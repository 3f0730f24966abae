import Foundation
import Tallyroll
import Testing

/// A store of every released format version stays in `Fixtures` for ever, and every later release opens it, gives
/// every event back, and finds it intact. `RECORD=1` writes the one of the current version anew; before release that
/// is what a change of the format does, after it such a change gets a directory of its own.
@Suite struct GoldenStoreTests {
    private static let fixture = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Fixtures/format-1")

    /// Events that between them meet every field, every column encoding and every oddity of notation.
    private static func lines() -> [String] {
        var lines = [
            #"{"id":"a/1","timestamp":"2026-01-02T03:04:05Z","event_type":"authentication","user_id":"alice@example.com","action":"login","resource_type":"session","resource_id":"s-1","result":{"failure":"bad password"},"severity":"warning","component":"auth","message":"Sign-in refused","ip_address":"2001:db8::1","user_agent":"curl/8","request_id":"r-1","session_id":"s-1","correlation_id":"c-1","duration_ms":12.345678,"details":{"method":"password","attempt":3}}"#,
            #"{"timestamp":"2026-01-02T03:04:05.100Z","event_type":"minimal"}"#,
            #"{"id":"ü✓","timestamp":"2026-01-02T05:04:05.000000001+02:00","event_type":"","user_id":"","details":{},"unknown":[1,{"x":null}],"result":{"denied":"policy"}}"#,
            #"{"id":"raw","timestamp":"1969-12-31T23:59:59.9Z","event_type":"raw","details":{ "spaced" : [ 1 , -0 , 1e5 ] , "dup":1,"dup":"\u00e9" },"result":"denied"}"#,
        ]
        for index in 0..<300 {
            let minute = String(100 + index / 30).dropFirst()
            let second = String(100 + index * 2 % 60).dropFirst()
            lines.append(
                #"{"id":"\#(uuid(index))","timestamp":"2026-01-02T04:\#(minute):\#(second).\#(100_000 + index * 997)Z","#
                    + #""event_type":"\#(["tool_execution", "authorization"][index % 2])","#
                    + #""user_id":"user\#(index * index % 17)@example.com","action":"call","resource_type":"tool","#
                    + #""resource_id":"tool-\#(index % 9)","result":"success","severity":"info","#
                    + #""ip_address":"10.0.0.\#(index * index % 17)","request_id":"req_\#(uuid(index * 31).suffix(12))","#
                    + #""message":"step \#(index): \#(String(repeating: "lorem ", count: index % 7))","#
                    + #""details":{"tokens":\#(index * 37 % 500),"cost":\#(index % 10).\#(1000 + index),"model":"m-\#(index % 3)","tags":["a","t\#(index % 5)"],"note":null}}"#
            )
        }
        return lines
    }

    private static func uuid(_ number: Int) -> String {
        var state = UInt64(number) &* 0x9E37_79B9_7F4A_7C15 &+ 1
        var digits = ""
        while digits.count < 32 {
            state = (state ^ (state >> 29)) &* 0xBF58_476D_1CE4_E5B9
            digits += String(state | 1 << 63, radix: 16)
        }
        let text = Array(digits.prefix(32))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(text[$0]) }.joined(separator: "-")
    }

    private static func record() throws {
        try? FileManager.default.removeItem(at: fixture)
        try FileManager.default.createDirectory(at: fixture, withIntermediateDirectories: true)
        var options = StoreOptions()
        options.segmentBytes = 1 << 20
        options.blockEvents = 64
        let store = try AuditStore.open(
            PosixStorage(root: fixture.path), path: fixture.path, options: options,
            time: SimulatedTimeSource(), entropy: SeededEntropySource(seed: 1))
        var parser = EventJSONParser()
        for (index, line) in lines().enumerated() {
            var batch = RecordBatch()
            batch.offsets.append(0)
            _ = try Array(line.utf8).withView { (view) throws(EventInputError) in
                try parser.parse(view, into: &batch.bytes)
            }
            let done = Monitor(false)
            _ = store.enqueue(
                AppendRequest(batch, durability: .disk) { _ in done.update { $0 = true } }, whenFull: .wait)
            _ = done.wait { $0 ? true : nil }
            if index == 150 {
                let sealed = Monitor(false)
                store.seal { _ in sealed.update { $0 = true } }
                _ = sealed.wait { $0 ? true : nil }
            }
        }
        store.close()
        try FileManager.default.removeItem(at: fixture.appending(path: "LOCK"))
        let expected = try dump(
            try StoreFollower(PosixStorage(root: fixture.path), path: fixture.path).refresh())
        try expected.joined(separator: "\n").write(
            to: fixture.appending(path: "expected.jsonl"), atomically: true, encoding: .utf8)
    }

    /// Every event as a line of JSON with the store's own keys, in sequence order.
    private static func dump(_ snapshot: StoreSnapshot) throws -> [String] {
        let results = try QueryEngine(snapshot, now: 0).events(order: .oldest)
        let writer = EventJSONWriter(.full)
        var lines: [String] = []
        var record = ByteWriter()
        var line = ByteWriter()
        while true {
            record.removeAll()
            line.removeAll()
            guard let row = try results.next(into: &record) else { return lines }
            try writer.write(
                try RecordView(record.view),
                RecordPlace(sequence: row.sequence, recordedAt: row.recordedAt, storeTag: snapshot.storeTag),
                into: &line)
            lines.append(line.view.string)
        }
    }

    @Test func theStoreOfFormatOneIsReadForEver() throws {
        if ProcessInfo.processInfo.environment["RECORD"] == "1" { try GoldenStoreTests.record() }
        let copy = NSTemporaryDirectory() + "golden-" + UUID().uuidString
        try FileManager.default.copyItem(atPath: GoldenStoreTests.fixture.path, toPath: copy)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        let expected = try String(
            contentsOf: GoldenStoreTests.fixture.appending(path: "expected.jsonl"), encoding: .utf8
        ).split(separator: "\n").map(String.init)
        #expect(expected.count == GoldenStoreTests.lines().count)

        let snapshot = try StoreFollower(PosixStorage(root: copy), path: copy).refresh()
        #expect(try GoldenStoreTests.dump(snapshot) == expected)
        let report = try Verifier(snapshot).run()
        #expect(report.verdict == .intact)
        #expect(report.problems.isEmpty)

        // A writer goes on from it as well.
        let store = try AuditStore.open(PosixStorage(root: copy), path: copy)
        #expect(store.findings.isEmpty)
        #expect(try GoldenStoreTests.dump(store.snapshot()) == expected)
        store.close()
    }

    /// The input is in the store as it was given.
    @Test func theStoreHoldsItsInput() throws {
        let snapshot = try StoreFollower(
            PosixStorage(root: GoldenStoreTests.fixture.path), path: "golden"
        ).refresh()
        let results = try QueryEngine(snapshot, now: 0).events(order: .oldest)
        var record = ByteWriter()
        var parser = EventJSONParser()
        for line in GoldenStoreTests.lines() {
            record.removeAll()
            _ = try results.next(into: &record)
            var given = ByteWriter()
            _ = try Array(line.utf8).withView { (view) throws(EventInputError) in
                try parser.parse(view, into: &given)
            }
            let (stored, expected) = (record.array, given.array)
            #expect(stored == expected, "\(line)")
        }
    }
}
