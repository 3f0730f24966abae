import Foundation
import Testing

/// The reading commands, against the lines that went in.
@Suite struct ReadingTests {
    let directory: TemporaryDirectory
    let store: String
    let lines: [String]
    let events: [[String: Any]]

    init() throws {
        directory = try TemporaryDirectory()
        store = directory.path("store")
        let data = try Sample.events(3000)
        lines = String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
        events = try lines.map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        // Blocks, a sealed segment, an open one and a tail.
        let first = Data(lines[..<2000].joined(separator: "\n").utf8)
        #expect(
            try Program.run("ingest", "--store", store, "--block-events", "128", input: first).status == 0)
        #expect(try Program.run("seal", "--store", store).status == 0)
        let second = Data(lines[2000...].joined(separator: "\n").utf8)
        #expect(try Program.run("ingest", "--store", store, input: second).status == 0)
    }

    private func run(_ arguments: String...) throws -> Program.Run {
        let run = try Program.run([arguments[0], "--store", store] + arguments.dropFirst())
        #expect(run.status == 0, "\(arguments): \(run.errors)")
        return run
    }

    private func string(_ key: String, _ event: [String: Any]) -> String? { event[key] as? String }

    private func identifiers(_ run: Program.Run) throws -> [String] {
        try run.lines.map { line in
            let event = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return try #require(event["id"] as? String)
        }
    }

    @Test func queriesAgreeWithTheLines() throws {
        let all = try identifiers(run("query", "--order", "oldest"))
        #expect(all == events.compactMap { string("id", $0) })
        let newest = try identifiers(run("query"))
        let expected = events.enumerated().sorted { left, right in
            let a = (string("timestamp", left.element) ?? "", left.offset)
            let b = (string("timestamp", right.element) ?? "", right.offset)
            return a > b
        }
        #expect(newest == expected.compactMap { string("id", $0.element) })
        let some = try identifiers(run("query", "type = authentication", "--order", "oldest"))
        #expect(
            some
                == events.filter { string("event_type", $0) == "authentication" }.compactMap {
                    string("id", $0)
                })
    }

    @Test(arguments: ["newest", "oldest"])
    func pagesNeitherRepeatNorSkip(_ order: String) throws {
        let all = try identifiers(run("query", "result = success", "--order", order))
        var pages: [String] = []
        var cursor: [String] = []
        var rounds = 0
        while true {
            let page = try Program.run(
                ["query", "--store", store, "result = success", "--order", order, "--limit", "400"] + cursor)
            pages += try identifiers(page)
            rounds += 1
            guard let next = page.errors.split(separator: "\n").first(where: { $0.hasPrefix("next: ") })
            else { break }
            cursor = ["--cursor", String(next.dropFirst(6))]
        }
        #expect(pages == all)
        #expect(rounds == (all.count + 399) / 400)

        let report = try run("query", "--order", order, "--limit", "10", "--json").json()
        #expect((report["events"] as? [Any])?.count == 10)
        #expect(report["next"] is String)
        let last = try run("query", "--order", order, "--json", "sequence < 5").json()
        #expect(last["next"] is NSNull)
    }

    @Test func fieldsAndFormats() throws {
        let line = try run("query", "sequence = 0", "--fields", "user,time,details.duration_ms,resource").text
        #expect(
            line
                == #"{"timestamp":"2026-01-01T00:00:00.002090Z","user_id":"user20@example.com","resource_type":"step","resource_id":"step-43","details.duration_ms":37}"#
                + "\n")
        let csv = try run(
            "query", "sequence < 2", "--order", "oldest", "--format", "csv", "--fields",
            "user,user_agent,result,error,details"
        ).text
        #expect(
            csv.hasPrefix(
                "user,user_agent,result,error,details\r\nuser20@example.com,orchestrator-sdk-go/1.14.2,success,,"
            ))
        #expect(csv.contains(#""{""duration_ms"":37,"#))
        let table = try run("query", "sequence < 2", "--order", "oldest", "--format", "table").lines
        #expect(table.count == 3)
        #expect(table[0].hasPrefix("TIME "))
        #expect(table[1].contains("user20@example.com  step:run "))
        let full = try run("query", "sequence = 7").text
        #expect(full.contains(#","sequence":7,"recorded_at":""#))
    }

    @Test func textThatCSVMustQuote() throws {
        let other = directory.path("other")
        let message = #"a \"quote\", a comma\r\nand a line"#
        let input = Sample.event(#","message":"\#(message)","user_id":"","result":{"denied":"no, never"}"#)
        #expect(try Program.run("ingest", "--store", other, input: Data(input.utf8)).status == 0)
        let csv = try Program.run(
            "export", "--store", other, "--format", "csv", "--fields", "message,user,ip,result,error")
        #expect(
            csv.text
                == "message,user,ip,result,error\r\n\"a \"\"quote\"\", a comma\r\nand a line\",\"\",,denied,\"no, never\"\r\n"
        )
        let table = try Program.run("query", "--store", other, "--format", "table", "--fields", "message,ip")
        #expect(table.lines.count == 2, "control characters do not break a row")
    }

    @Test func formulasAreMadeHarmlessForSpreadsheets() throws {
        let other = directory.path("other")
        let values = ["=1+1", "@SUM(A1)", "+cmd", "-2+3", "-2.5", "+49", "plain", "-", "\\t=1"]
        let input = values.map { Sample.event(#","message":"\#($0)""#) }.joined(separator: "\n")
        #expect(try Program.run("ingest", "--store", other, input: Data(input.utf8)).status == 0)
        let csv = try Program.run(
            "export", "--store", other, "--format", "csv", "--fields", "message", "--spreadsheet")
        #expect(
            csv.text.split(separator: "\r\n").dropFirst().map(String.init)
                == ["'=1+1", "'@SUM(A1)", "'+cmd", "'-2+3", "-2.5", "+49", "plain", "'-", "'\t=1"])
        let plain = try Program.run("query", "--store", other, "--format", "csv", "--fields", "message")
        #expect(plain.text.contains("\r\n=1+1\r\n"))
    }

    @Test func tailGoesOnFromASequence() throws {
        let tail = try run("tail", "--from", "2990", "--fields", "sequence").lines
        #expect(tail == (2990..<3000).map { #"{"sequence":\#($0)}"# })
        #expect(try run("tail", "--from", "3000").text.isEmpty)
        let beyond = try Program.run("tail", "--store", store, "--from", "3001")
        #expect(beyond.status == 65)
        #expect(beyond.errors.contains("the log ends before sequence 3000"))
    }

    @Test func countsAgreeWithTheLines() throws {
        #expect(try run("count").text == "3000\n")
        #expect(try run("count", "--json").json()["count"] as? Int == 3000)
        var types: [String: Int] = [:]
        for event in events { types[string("event_type", event) ?? "", default: 0] += 1 }
        let sorted = types.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        #expect(try run("count", "--by", "type").lines == sorted.map { "\($0.key) \($0.value)" })
        #expect(
            try run("count", "--by", "type", "--top", "2").lines
                == sorted.prefix(2).map { "\($0.key) \($0.value)" })
        var pairs: [String: Int] = [:]
        for event in events {
            guard let user = string("user_id", event), let action = string("action", event) else { continue }
            pairs["\(user) \(action)", default: 0] += 1
        }
        let groups = try run("count", "--by", "user,action").lines
        #expect(Set(groups) == Set(pairs.map { "\($0.key) \($0.value)" }))
        var minutes: [String: Int] = [:]
        for event in events {
            minutes[String((string("timestamp", event) ?? "").prefix(16)), default: 0] += 1
        }
        let histogram = try run("count", "--every", "1m").lines
        #expect(histogram == minutes.sorted { $0.key < $1.key }.map { "\($0.key):00Z \($0.value)" })
        let json = try run("count", "--by", "type", "--json", "--top", "1").json()
        #expect(json["group_count"] as? Int == types.count)
    }

    @Test func getFindsEventsWithTheirHashes() throws {
        for sequence in [0, 1, 127, 128, 1999, 2000, 2999] {
            let byNumber = try run("get", "--sequence", "\(sequence)")
            let id = try #require(string("id", events[sequence]))
            #expect(try run("get", id).text == byNumber.text)
            #expect(try byNumber.json()["sequence"] as? Int == sequence)
        }
        // The hashes form a chain whose end is the one that verify reports.
        var previous: String?
        for sequence in [126, 127, 128, 129, 1998, 1999, 2000, 2001, 2998, 2999] {
            let event = try run("get", "--sequence", "\(sequence)").json()
            if [127, 128, 129, 1999, 2000, 2001, 2999].contains(sequence) {
                #expect(event["previous_hash"] as? String == previous)
            }
            previous = event["event_hash"] as? String
        }
        #expect(try run("verify", "--json").json()["chain_head"] as? String == previous)
    }

    @Test func identifiersMadeByTheStoreAreFound() throws {
        let other = directory.path("other")
        #expect(try Program.run("ingest", "--store", other, input: Data(Sample.event().utf8)).status == 0)
        let exported = try Program.run("export", "--store", other)
        let id = try #require(try exported.json()["id"] as? String)
        #expect(try Program.run("get", "--store", other, id).status == 0)
        // An export does not go in again where its ids are known.
        let again = try Program.run(
            "ingest", "--store", other, "--on-duplicate", "skip", "--json", input: exported.output)
        #expect(try again.json()["skipped"] as? Int == 1)
    }

    @Test func tailIsTheEndInSequenceOrder() throws {
        let last = try identifiers(run("tail", "-n", "25"))
        #expect(last == events.suffix(25).compactMap { string("id", $0) })
        let filtered = try identifiers(run("tail", "-n", "12", "type = authentication"))
        #expect(
            filtered
                == events.filter { string("event_type", $0) == "authentication" }.suffix(12)
                .compactMap { string("id", $0) })
        #expect(try run("tail", "-n", "0").text.isEmpty)
        #expect(try identifiers(run("tail", "-n", "100000")).count == 3000)
    }

    @Test func followingNeitherMissesNorRepeats() throws {
        let output = directory.path("followed")
        #expect(FileManager.default.createFile(atPath: output, contents: nil))
        let follower = try Program.process(["tail", "--store", store, "-n", "5", "-f"])
        follower.standardOutput = FileHandle(forWritingAtPath: output)
        follower.standardError = FileHandle.nullDevice
        try follower.run()
        defer { follower.terminate() }
        var expected = events.suffix(5).compactMap { string("id", $0) }
        for round in 0..<4 {
            let more = try Sample.events(700, seed: 10 + round)
            #expect(try Program.run("ingest", "--store", store, input: more).status == 0)
            if round == 1 { #expect(try Program.run("seal", "--store", store).status == 0) }
            expected += try identifiers(Program.Run(status: 0, output: more, errors: ""))
        }
        var followed: [String] = []
        for _ in 0..<200 where followed.count < expected.count {
            usleep(50_000)
            let data = try Data(contentsOf: URL(fileURLWithPath: output))
            let whole = data.prefix((data.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1)
            followed = try identifiers(Program.Run(status: 0, output: Data(whole), errors: ""))
        }
        usleep(400_000)
        followed = try identifiers(
            Program.Run(status: 0, output: Data(contentsOf: URL(fileURLWithPath: output)), errors: ""))
        #expect(followed == expected)
    }

    @Test func statsAddUp() throws {
        let report = try run("stats", "--json").json()
        #expect(report["events"] as? Int == 3000)
        #expect(report["segments"] as? Int == 2)
        let bytes = try #require(report["bytes"] as? [String: Any])
        let groups = ["columns", "indexes", "proofs", "log", "overhead", "reserved"]
        var sum = 0
        for group in groups {
            let parts = try #require(bytes[group] as? [String: Int])
            #expect(parts.filter { $0.key != "total" }.values.reduce(0, +) == parts["total"])
            sum += parts["total"] ?? 0
        }
        var onDisk = 0
        for name in try directory.names(in: "store") {
            let attributes = try FileManager.default.attributesOfItem(atPath: store + "/" + name)
            onDisk += (attributes[.size] as? Int) ?? 0
        }
        #expect(sum == onDisk)
        #expect(report["bytes_on_disk"] as? Int == onDisk)
        #expect(report["json_bytes"] as? Int == lines.reduce(0) { $0 + $1.utf8.count + 1 })
        #expect(try run("stats").text.contains("columns "))
    }

    @Test func explainShowsThePlanAndNoEvents() throws {
        let explained = try run("query", "type = authentication", "--explain").text
        #expect(!explained.isEmpty)
        #expect(!explained.contains(#""user_id""#))
        let detailed = try run("count", "type = authentication", "--explain", "--segments", "--json").text
        for key in ["filter", "plan", "step", "segments", "nanoseconds", "problems"] {
            #expect(detailed.contains("\"\(key)\":"), "\(key) in \(detailed)")
        }
    }

    @Test func damageIsReportedAndTheRestGiven() throws {
        let path = store + "/segment-0000000001.seg"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        // A block in the middle becomes unreadable, and only that one: blocks begin behind the segment's header, and
        // say at byte 4 how long they are.
        func length(_ start: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[start + 4 + $1]) << ($1 * 8) } }
        var block = 4096
        while block + length(block) < 40_000 { block += length(block) }
        for offset in stride(from: block + 8, to: block + length(block), by: 32) { bytes[offset] ^= 0x10 }
        try bytes.write(to: URL(fileURLWithPath: path))
        let verified = try Program.run("verify", "--store", store, "--json")
        #expect(verified.status == 1)
        let problems = try #require(verified.json()["problems"] as? [[String: Any]])
        #expect(
            problems.contains { $0["segment"] as? Int == 1 && $0["block"] is Int && $0["sequence"] is Int })
        let exported = try Program.run("export", "--store", store)
        #expect(exported.status == 1)
        #expect(exported.errors.contains("segment 1, block "))
        #expect(exported.lines.count == 3000 - 128)
        let all = try Program.run("query", "--store", store)
        #expect(all.status == 1)
        #expect(all.lines.count == 3000 - 128)
    }
}
