import Foundation
import Testing

/// What may be ingested, and that it comes back.
@Suite struct IngestTests {
    let directory: TemporaryDirectory
    let store: String

    init() throws {
        directory = try TemporaryDirectory()
        store = directory.path("store")
    }

    private func exported() throws -> Data { try Program.run("export", "--store", store).output }

    private func gzip(_ data: Data, _ name: String) throws -> String {
        let plain = try directory.file(name, data)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-kf", plain]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return plain + ".gz"
    }

    @Test func filesAndStandardInputInOrder() throws {
        let events = try Sample.events(3000)
        let lines = events.split(separator: UInt8(ascii: "\n"))
        func part(_ range: Range<Int>) -> Data { Data(lines[range].joined(separator: [UInt8(ascii: "\n")])) }
        let first = try directory.file("first.jsonl", part(0..<1000))
        let third = try gzip(part(2000..<3000), "third.jsonl")
        let run = try Program.run(
            "ingest", "--store", store, first, "-", third, "--json", input: part(1000..<2000))
        #expect(run.status == 0)
        let report = try run.json()
        #expect(report["events"] as? Int == 3000)
        #expect(report["rejected"] as? Int == 0)
        for key in ["seconds", "events_per_second", "bytes_on_disk"] {
            #expect((report[key] as? NSNumber)?.doubleValue ?? 0 > 0, "\(key)")
        }
        #expect(try exported() == events)
        // The same after a seal, and the parts of the report for people.
        #expect(try Program.run("seal", "--store", store).status == 0)
        #expect(try exported() == events)
    }

    @Test func gzipOfSeveralMembersAndDamagedGzip() throws {
        let a = try Data(contentsOf: URL(fileURLWithPath: gzip(Sample.events(500), "a.jsonl")))
        let b = try Data(contentsOf: URL(fileURLWithPath: gzip(Sample.events(400, seed: 2), "b.jsonl")))
        // The name says nothing: gzip is seen by its first bytes, and comes through pipes too.
        #expect(try Program.run("ingest", "--store", store, input: a + b + Data(count: 512)).status == 0)
        #expect(try exported() == Sample.events(500) + Sample.events(400, seed: 2))

        let cut = try directory.file("cut.gz", a.prefix(a.count - 100))
        let stopped = try Program.run("ingest", "--store", directory.path("cut"), cut)
        #expect(stopped.status == 65)
        #expect(stopped.complaint.contains("cut.gz: the compressed data is cut off"))
        var damaged = a
        damaged[a.count / 2] ^= 0xFF
        let broken = try directory.file("broken.gz", damaged)
        #expect(try Program.run("ingest", "--store", directory.path("broken"), broken).status == 65)
        let garbage = try directory.file("garbage.gz", a + Data("and more".utf8))
        let skipped = try Program.run(
            "ingest", "--store", directory.path("garbage"), garbage, "--on-error", "skip", "--json")
        #expect(skipped.status == 1)
        #expect(try skipped.json()["events"] as? Int == 500)
    }

    @Test func lineEnds() throws {
        let event = Sample.event()
        let texts = [
            "\(event)\r\n\(event)\r\n", "\(event)\n\n   \n\t\r\n\(event)", "\n\n\(event)\n\(event)\n\n",
            "\u{FEFF}\(event)\n\(event)",
        ]
        for (place, text) in texts.enumerated() {
            let other = directory.path("store\(place)")
            let run = try Program.run("ingest", "--store", other, input: Data(text.utf8))
            #expect(run.status == 0, "\(place): \(run.errors)")
            #expect(try Program.run("count", "--store", other).text == "2\n")
        }
    }

    /// Lines of every length around the sizes of the reader's buffers.
    @Test func linesThatMeetTheEndsOfBuffers() throws {
        var lines: [String] = []
        var random = SystemRandomNumberGenerator()
        for length in [0, 1, 2, 255_900, 261_000, 262_100, 524_000, 1_048_400, 1_048_500, 2_100_000, 3] {
            let extra = Int.random(in: 0..<200, using: &random)
            let id = "id-\(lines.count)"
            lines.append(Sample.event(#","id":"\#(id)","message":"\#(String(repeating: "m", count: length + extra))""#))
        }
        lines.shuffle()
        let input = Data(lines.joined(separator: "\n").utf8)
        #expect(try Program.run("ingest", "--store", store, input: input).status == 0)
        let back = try exported().split(separator: UInt8(ascii: "\n"))
        #expect(back.count == lines.count)
        for (line, event) in zip(lines, back) {
            let wanted = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? NSDictionary)
            let found = try #require(JSONSerialization.jsonObject(with: Data(event)) as? NSDictionary)
            #expect(wanted == found)
        }
    }

    @Test func cloudTrailInItsForms() throws {
        func record(_ name: String) -> String {
            #"{"eventVersion":"1.08","eventTime":"2026-01-01T00:00:00Z","eventSource":"s3.amazonaws.com","eventName":"\#(name)","eventID":"id-\#(name)","awsRegion":"eu-central-1"}"#
        }
        let document = #"{"Records":[\#(record("GetObject")),\#(record("PutObject"))]}"#
        let pretty = "{\n  \"Records\": [\n    \(record("ListBuckets")),\n    \(record("CreateBucket"))\n  ]\n}\n"
        let lines = record("DeleteObject") + "\n" + record("CopyObject") + "\n"
        let files = [
            try gzip(Data(document.utf8), "document.json"), try directory.file("pretty.json", pretty),
            try directory.file("lines.json", lines),
            try directory.file("documents.json", document + "\n" + document + "\n"),
        ]
        #expect(try Program.run(["ingest", "--store", store] + files).status == 0)
        #expect(try Program.run("count", "--store", store).text == "10\n")
        #expect(try Program.run("count", "--store", store, "action = s3:GetObject").text == "3\n")
        #expect(try Program.run(["ingest", "--store", store, "--format", "cloudtrail"] + files).status == 0)
        #expect(try Program.run("count", "--store", store).text == "20\n")

        let bad = pretty.replacingOccurrences(of: #""eventTime":"2026"#, with: #""eventTime":"20x6"#)
        let run = try Program.run("ingest", "--store", store, directory.file("bad.json", bad))
        #expect(run.status == 65)
        #expect(run.complaint.contains("bad.json, line 3, column "), "\(run.errors)")
    }

    @Test(arguments: [
        ["--durability", "os"], ["--durability", "memory"], ["--codec", "none"], ["--level", "1"],
        ["--block-events", "16"], ["--segment-size", "1M", "--block-events", "16384"],
    ])
    func everyLayoutGivesTheSameBack(_ options: [String]) throws {
        let events = try Sample.events(4000)
        #expect(try Program.run(["ingest", "--store", store] + options, input: events).status == 0)
        #expect(try exported() == events)
        #expect(try Program.run("verify", "--store", store).status == 0)
    }

    @Test func anInterruptedImportKeepsWhatWasAcknowledged() throws {
        let process = try Program.process(["ingest", "--store", store])
        let input = Pipe()
        let errors = Pipe()
        process.standardInput = input
        process.standardError = errors
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Sample.events(2500))
        // Two full batches have gone in once they can be counted.
        var counted = 0
        for _ in 0..<200 where counted < 2000 {
            usleep(20_000)
            counted = Int(try Program.run("count", "--store", store).text.dropLast()) ?? 0
        }
        #expect(counted == 2000)
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        let said = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
        #expect(said.contains("interrupted: 2,500 events went in and stayed there"), "\(said)")
        #expect(try Program.run("count", "--store", store).text == "2500\n")
        #expect(try Program.run("verify", "--store", store).status == 0)
    }
}
