import Foundation
import Testing

/// The exit codes that scripts rely on, each with one line that says what, where and what to do.
@Suite struct ExitCodeTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func expectOneLine(_ run: Program.Run, _ parts: String...) {
        #expect(run.errors.hasPrefix("tallyroll: error: "))
        #expect(run.errors.filter { $0 == "\n" }.count == 1, "one line: \(run.errors)")
        for part in parts { #expect(run.errors.contains(part), "'\(part)' in: \(run.errors)") }
    }

    @Test func successIsZero() throws {
        let store = directory.path("store")
        #expect(try Program.run("ingest", "--store", store, input: Sample.events(10)).status == 0)
        #expect(try Program.run("count", "--store", store).text == "10\n")
        #expect(try Program.run("--help").status == 0)
        for command in [
            "ingest", "seal", "generate", "query", "count", "get", "tail", "verify", "stats", "export",
        ] {
            let help = try Program.run(command, "--help")
            #expect(help.status == 0)
            #expect(help.text.contains("Examples:"), "\(command) --help shows examples")
        }
    }

    @Test func theStoreMayBeNamedByTheEnvironment() throws {
        let store = directory.path("store")
        let environment = ["TALLYROLL_STORE": store]
        #expect(try Program.run("ingest", input: Sample.events(3), environment: environment).status == 0)
        #expect(try Program.run("count", environment: environment).text == "3\n")
    }

    @Test func badNewsIsOne() throws {
        let store = directory.path("store")
        let input = Data((Sample.event() + "\nno event\n" + Sample.event() + "\n").utf8)
        let skipping = try Program.run("ingest", "--store", store, "--on-error", "skip", "--json", input: input)
        #expect(skipping.status == 1)
        let report = try skipping.json()
        #expect(report["events"] as? Int == 2)
        #expect(report["rejected"] as? Int == 1)
        #expect(skipping.errors.contains("standard input, line 2, column 1"))

        let missing = try Program.run("get", "--store", store, "no-such-id")
        #expect(missing.status == 1)
        expectOneLine(missing, "no-such-id")
        #expect(try Program.run("get", "--store", store, "--sequence", "2").status == 1)
        #expect(try Program.run("get", "--store", store, "--sequence", "1").status == 0)
    }

    @Test(arguments: [
        ["count"], ["frobnicate"], ["ingest", "--on-error", "maybe"], ["ingest", "--durability", "paper"],
        ["generate"], ["generate", "-3"], ["generate", "3", "--gap", "-1"],
        ["query", "--store", "STORE", "user ="], ["query", "--store", "STORE", "--fields", "nonsense"],
        ["query", "--store", "STORE", "--cursor", "nonsense"], ["query", "--store", "STORE", "--limit", "-1"],
        ["count", "--store", "STORE", "--every", "often"], ["count", "--store", "STORE", "--top", "3"],
        ["count", "--store", "STORE", "--by", "text"], ["get", "--store", "STORE"],
        ["get", "--store", "STORE", "id", "--sequence", "1"], ["tail", "--store", "STORE", "-n", "-2"],
        ["ingest", "--store", "NEW", "--segment-size", "3000"], ["ingest", "--store", "NEW", "--block-events", "5"],
        ["ingest", "--store", "NEW", "--level", "77"], ["ingest", "--store", "STORE", "--segment-size", "1M"],
        ["ingest", "--store", ""],
    ])
    func wrongUsageIs64(_ arguments: [String]) throws {
        let store = directory.path("store")
        #expect(try Program.run("ingest", "--store", store, input: Sample.events(3)).status == 0)
        let places = ["STORE": store, "NEW": directory.path("new")]
        let run = try Program.run(arguments.map { places[$0] ?? $0 }, input: Data())
        #expect(run.status == 64, "\(arguments): \(run.status) \(run.errors)")
        #expect(run.text.isEmpty)
        expectOneLine(run)
        #expect(!FileManager.default.fileExists(atPath: directory.path("new") + "/STORE"))
    }

    @Test func aWrongExpressionIsPointedAt() throws {
        let store = directory.path("store")
        #expect(try Program.run("ingest", "--store", store, input: Sample.events(3)).status == 0)
        let run = try Program.run("query", "--store", store, "user = a and usr = b")
        #expect(run.status == 64)
        expectOneLine(run, "character 14", "usr")
    }

    @Test func badInputIs65AndSaysWhatWentIn() throws {
        let store = directory.path("store")
        let lines = [Sample.event(), Sample.event(), #"{"timestamp":"2026-01-01T00:00:00Z"}"#, Sample.event()]
        let file = try directory.file("bad.jsonl", lines.joined(separator: "\n"))
        let run = try Program.run("ingest", "--store", store, file, "--json")
        #expect(run.status == 65)
        #expect(run.complaint.contains("bad.jsonl, line 3, column 36"))
        #expect(run.complaint.contains("2 events went in before it"))
        #expect(try run.json()["events"] as? Int == 2)
        #expect(try Program.run("count", "--store", store).text == "2\n")
    }

    @Test(arguments: [
        ["query"], ["count"], ["get", "x"], ["tail"], ["verify"], ["stats"], ["export"], ["seal"],
    ])
    func noSuchStoreIs66(_ arguments: [String]) throws {
        let run = try Program.run(arguments + ["--store", directory.path("nowhere")])
        #expect(run.status == 66)
        expectOneLine(run, "no store at", "nowhere")
        #expect(!FileManager.default.fileExists(atPath: directory.path("nowhere")))
    }

    @Test func aStoreThatCannotBeCreatedIs73() throws {
        let run = try Program.run("ingest", "--store", directory.path("no/such/parent"), input: Sample.events(1))
        #expect(run.status == 73)
        expectOneLine(run, "no/such/parent")
        let file = try directory.file("file", "this is no directory")
        #expect(try Program.run("ingest", "--store", file, input: Sample.events(1)).status == 73)
    }

    @Test func filesThatCannotBeReadAre74() throws {
        let store = directory.path("store")
        let missing = try Program.run("ingest", "--store", store, directory.path("missing.jsonl"))
        #expect(missing.status == 74)
        expectOneLine(missing, "missing.jsonl")
        let folder = try Program.run("ingest", "--store", store, directory.root)
        #expect(folder.status == 74)
        expectOneLine(folder, "is a directory")
        #expect(!FileManager.default.fileExists(atPath: store), "a store was created for nothing")
        #if os(Linux)
            let full = try Program.process(["generate", "10"])
            full.standardError = FileHandle.nullDevice
            full.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
            try full.run()
            full.waitUntilExit()
            #expect(full.terminationStatus == 74)
        #endif
    }

    @Test func aSecondWriterIs75AndReadersAreNot() throws {
        let store = directory.path("store")
        #expect(try Program.run("ingest", "--store", store, input: Sample.events(5)).status == 0)
        let first = try Program.process(["ingest", "--store", store])
        let pipe = Pipe()
        first.standardInput = pipe
        first.standardError = FileHandle.nullDevice
        try first.run()
        defer { first.terminate() }
        var second = try Program.run("ingest", "--store", store, input: Sample.events(1))
        // The first one may still be on its way to the lock.
        for _ in 0..<100 where second.status == 0 {
            usleep(20_000)
            second = try Program.run("ingest", "--store", store, input: Data())
        }
        #expect(second.status == 75)
        expectOneLine(second, "locked by another writer", store)
        #expect(try Program.run("seal", "--store", store).status == 75)
        #expect(try Program.run("count", "--store", store).status == 0)
        #expect(try Program.run("verify", "--store", store).status == 0)
        try pipe.fileHandleForWriting.close()
        first.waitUntilExit()
        #expect(first.terminationStatus == 0)
    }

    @Test func aReaderThatWentAwayIsNoError() throws {
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        let program = try Program.url().path
        shell.arguments = ["-c", "('\(program)' generate 20000; echo $? >&2) | head -n 1 >/dev/null"]
        let errors = Pipe()
        shell.standardError = errors
        try shell.run()
        shell.waitUntilExit()
        #expect(String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self) == "0\n")
    }
}
