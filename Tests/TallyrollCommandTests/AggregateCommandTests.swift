import Foundation
import Testing

/// `tallyroll aggregate`, on a few events whose figures are worked out by hand.
@Suite struct AggregateCommandTests {
    let directory: TemporaryDirectory
    let store: String

    init() throws {
        directory = try TemporaryDirectory()
        store = directory.path("store")
        func event(_ minute: Int, _ type: String, _ user: String?, _ rest: String) -> String {
            let user = user.map { #","user_id":"\#($0)""# } ?? ""
            return
                #"{"timestamp":"2026-01-01T00:\#(minute / 10)\#(minute % 10):00Z","event_type":"\#(type)"\#(user)\#(rest)}"#
        }
        let lines = [
            event(1, "call", "alice", #","duration_ms":10,"details":{"cost":0.1,"n":[1,2]}"#),
            event(2, "call", "bob", #","duration_ms":20.5,"details":{"cost":0.2,"n":"7"}"#),
            event(3, "call", "alice", #","duration_ms":1000,"details":{"cost":1e-3}"#),
            event(30, #"login, \"odd\""#, nil, #","details":{"cost":9223372036854775807}"#),
            event(31, #"login, \"odd\""#, "bob", #","details":{"cost":9223372036854775807}"#),
        ]
        let run = try Program.run("ingest", "--store", store, input: Data(lines.joined(separator: "\n").utf8))
        #expect(run.status == 0)
    }

    private func run(_ arguments: String...) throws -> Program.Run {
        let run = try Program.run(["aggregate", "--store", store] + arguments)
        #expect(run.status == 0, "\(arguments): \(run.errors)")
        return run
    }

    @Test func printsTables() throws {
        #expect(
            try run("--avg", "duration", "--max", "duration", "--distinct", "user", "--by", "type").lines == [
                "TYPE          COUNT  DISTINCT_USER  AVG_DURATION  MAX_DURATION",
                "call              3              2       343.5ms            1s",
                "login, \"odd\"      2              1             -             -",
            ])
    }

    @Test func printsLinesOfJSON() throws {
        #expect(
            try run(
                "--sum", "details.cost,details.n", "--percentile", "50,100:duration", "--by", "type",
                "--format",
                "jsonl"
            ).lines == [
                #"{"type":"call","count":3,"sum_details.cost":0.301,"sum_details.n":3,"p50_duration_ms":20.5,"p100_duration_ms":1000}"#,
                #"{"type":"login, \"odd\"","count":2,"sum_details.cost":18446744073709551614,"sum_details.n":null,"p50_duration_ms":null,"p100_duration_ms":null}"#,
            ])
    }

    @Test func printsCSV() throws {
        let run = try run(
            "--every", "15m", "--by", "type", "--min", "time,duration", "--sum", "duration", "--format", "csv"
        )
        #expect(
            String(decoding: run.output, as: UTF8.self)
                == [
                    "start,type,count,sum_duration_ms,min_time,min_duration_ms",
                    "2026-01-01T00:00:00Z,call,3,1030.5,2026-01-01T00:01:00Z,10",
                    #"2026-01-01T00:30:00Z,"login, ""odd""",2,,2026-01-01T00:30:00Z,"#, "",
                ].joined(separator: "\r\n"))
    }

    @Test func printsOneObject() throws {
        let report = try run("user = nobody", "--sum", "details.cost", "--json").json()
        let rows = try #require(report["rows"] as? [[String: Any]])
        #expect(rows.count == 1)
        #expect(rows[0]["count"] as? Int == 0)
        #expect(rows[0]["sum_details.cost"] is NSNull)
        #expect(report["figures"] as? [String] == ["count", "sum_details.cost"])
        #expect(report["problems"] as? [String] == [])
        let explanation = try run("--sum", "details.cost", "--explain", "--json").json()
        #expect(explanation["filter"] as? String == "true")
    }

    @Test func putsRowsInOrder() throws {
        func users(_ arguments: String...) throws -> [String] {
            let run = try Program.run(
                ["aggregate", "--store", store, "--by", "user", "--format", "jsonl"] + arguments)
            return try run.lines.map {
                let row = try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
                return row?["user"] as? String ?? ""
            }
        }
        #expect(try users("--max", "duration", "--order-by", "max_duration") == ["alice", "bob"])
        #expect(
            try users("--max", "duration", "--order-by", "max_duration_ms", "--ascending") == [
                "bob", "alice",
            ])
        #expect(try users("--sum", "details.cost", "--order-by", "sum_details.cost", "--top", "1") == ["bob"])
        #expect(try users("--top", "1") == ["alice"])
    }

    @Test func countsByFieldsAndTime() throws {
        let run = try Program.run("count", "--store", store, "--by", "user", "--every", "15m")
        #expect(
            run.lines == [
                "2026-01-01T00:00:00Z alice 2", "2026-01-01T00:00:00Z bob 1", "2026-01-01T00:30:00Z bob 1",
            ])
    }

    @Test(arguments: [
        (["--sum", "user"], "there is no sum_user"), (["--avg", "nonsense"], "nonsense"),
        (["--percentile", "95"], "95,99.9:duration"), (["--percentile", "101:duration"], "95,99.9:duration"),
        (["--order-by", "sum_duration"], "use one of start, count"), (["--every", "0s"], "--every '0s'"),
        (["--ascending"], "--order-by"), (["--by", "text"], "cannot be grouped by text"),
        (["--top", "-1"], "--top"), (["user =="], "expression"),
    ])
    func namesMistakes(_ arguments: [String], _ part: String) throws {
        let run = try Program.run(["aggregate", "--store", store] + arguments)
        #expect(run.status == 64)
        #expect(run.errors.contains(part), "\(run.errors)")
        #expect(run.output.isEmpty)
    }
}
