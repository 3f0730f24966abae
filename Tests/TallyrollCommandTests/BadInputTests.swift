import Foundation
import Testing

/// Bad input gets a clear error, loses nothing that was there, and leaves a store that is intact.
@Suite struct BadInputTests {
    let directory: TemporaryDirectory
    let store: String

    init() throws {
        directory = try TemporaryDirectory()
        store = directory.path("store")
        #expect(try Program.run("ingest", "--store", store, input: Sample.events(50)).status == 0)
    }

    private func expectIntact(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(
            try Program.run("count", "--store", store).text == "\(count)\n", sourceLocation: sourceLocation)
        let verified = try Program.run("verify", "--store", store, "--json")
        #expect(verified.status == 0, sourceLocation: sourceLocation)
        #expect(try verified.json()["verdict"] as? String == "intact", sourceLocation: sourceLocation)
    }

    static let badLines: [(String, String)] = [
        ("not json", "column 1: expected an object"),
        ("[1,2]", "column 1: expected an object"),
        (#"{"timestamp":"2026-01-01T00:00:00Z","event_type":"x""#, "the end of the text"),
        (#"{"timestamp":"2026-01-01T00:00:00Z","event_type":"x"} x"#, "nothing after the object"),
        (#"{"timestamp":"300000-01-01T00:00:00Z","event_type":"x"}"#, "a year of four digits"),
        (#"{"timestamp":"2026-02-30T00:00:00Z","event_type":"x"}"#, "that exist"),
        (Sample.event(#","duration_ms":-1"#), "a duration of zero or more"),
        (Sample.event(#","id":"""#), "an id that is not empty"),
        (Sample.event(#","id":"\#(String(repeating: "i", count: 256))""#), "an id of at most 255 bytes"),
        (Sample.event(#","user_id":7"#), "a string for \"user_id\""),
        (Sample.event(#","details":[]"#), "an object for \"details\""),
        (Sample.event(#","event_type":"y""#), "each known member once"),
        (
            Sample.event(
                #","details":\#(String(repeating: #"{"a":"#, count: 10_000))1\#(String(repeating: "}", count: 10_000))"#),
            "nesting of at most 512"
        ),
    ]

    @Test func everyBadLineIsNamed() throws {
        for (line, reason) in BadInputTests.badLines {
            let input = Data((Sample.event() + "\n" + line + "\n").utf8)
            let run = try Program.run("ingest", "--store", directory.path("other"), input: input)
            #expect(run.status == 65, "\(line.prefix(60)): \(run.errors)")
            #expect(run.complaint.contains("standard input, line 2, column "), "\(run.errors)")
            #expect(run.complaint.contains(reason), "\(run.errors)")
            #expect(run.complaint.contains("1 event went in before it"))
        }
        // Skipped, they are named one by one, and everything else goes in.
        let lines = BadInputTests.badLines.map(\.0).joined(separator: "\n" + Sample.event() + "\n")
        let run = try Program.run(
            "ingest", "--store", store, "--on-error", "skip", "--json", input: Data(lines.utf8))
        #expect(run.status == 1)
        let count = BadInputTests.badLines.count
        #expect(try run.json()["events"] as? Int == count - 1)
        #expect(try run.json()["rejected"] as? Int == count)
        for place in 0..<count { #expect(run.errors.contains("line \(place * 2 + 1), column ")) }
        try expectIntact(50 + count - 1)
    }

    @Test func wrongUTF8IsRefused() throws {
        var input = Data(#"{"timestamp":"2026-01-01T00:00:00Z","event_type":"x","message":""#.utf8)
        input.append(contentsOf: [0xC3, 0x28])
        input.append(contentsOf: Data(#""}"#.utf8))
        let run = try Program.run("ingest", "--store", store, input: input)
        #expect(run.status == 65)
        #expect(run.complaint.contains("valid UTF-8"))
        try expectIntact(50)
    }

    @Test func binaryAndEmptyFiles() throws {
        let program = try Data(contentsOf: Program.url()).prefix(1 << 16)
        let binary = try directory.file("binary", Data(program))
        let run = try Program.run("ingest", "--store", store, binary)
        #expect(run.status == 65)
        #expect(run.complaint.contains("binary, line 1, column 1"))
        #expect(try Program.run("ingest", "--store", store, "--on-error", "skip", binary).status == 1)

        let empty = try Program.run("ingest", "--store", store, directory.file("empty", ""))
        #expect(empty.status == 0)
        #expect(empty.errors.contains("holds no events"))
        try expectIntact(50)
    }

    @Test func longLines() throws {
        let long = Sample.event(#","message":"\#(String(repeating: "m", count: 10 << 20))""#)
        let tooLong = Sample.event(#","message":"\#(String(repeating: "m", count: 17 << 20))""#)
        let farTooLong = String(repeating: "x", count: 65 << 20)
        let input = [long, tooLong, farTooLong, Sample.event()].joined(separator: "\n")
        let run = try Program.run("ingest", "--store", store, "--on-error", "skip", "--json", input: Data(input.utf8))
        #expect(run.status == 1)
        #expect(try run.json()["events"] as? Int == 2)
        #expect(run.errors.contains("line 2"))
        #expect(run.errors.contains("line 3: it is longer than 64 MiB"))
        let found = try Program.run("query", "--store", store, "sequence = 50", "--fields", "message")
        #expect(found.output.count == #"{"message":""}"#.utf8.count + 10 << 20 + 1)
        try expectIntact(52)
    }

    @Test func anEventThatNoSegmentHolds() throws {
        let small = directory.path("small")
        let big = Sample.event(#","message":"\#(String(repeating: "m", count: 400_000))""#)
        let run = try Program.run(
            "ingest", "--store", small, "--segment-size", "1M", "--on-error", "skip",
            input: Data((big + "\n" + Sample.event()).utf8))
        #expect(run.status == 1)
        #expect(run.errors.contains("line 1"))
        #expect(run.errors.contains("this store takes events up to"))
        #expect(try Program.run("count", "--store", small).text == "1\n")
    }

    @Test func duplicateIdentifiers() throws {
        let events = try Sample.events(50)
        #expect(try Program.run("ingest", "--store", store, input: events).status == 0)
        try expectIntact(100)
        let skipped = try Program.run("ingest", "--store", store, "--on-duplicate", "skip", "--json", input: events)
        #expect(skipped.status == 0)
        #expect(try skipped.json()["skipped"] as? Int == 50)
        #expect(try skipped.json()["events"] as? Int == 0)
        let rejected = try Program.run("ingest", "--store", store, "--on-duplicate", "reject", input: events)
        #expect(rejected.status == 65)
        #expect(rejected.complaint.contains("line 1: an event with id e099ec6c"))
        try expectIntact(100)
    }

    @Test func aSegmentOfAnotherStore() throws {
        let other = directory.path("other")
        #expect(try Program.run("ingest", "--store", other, input: Sample.events(40, seed: 2)).status == 0)
        #expect(try Program.run("seal", "--store", other).status == 0)
        #expect(try Program.run("seal", "--store", store).status == 0)
        let name = "segment-0000000001.seg"
        let foreign = store + "/segment-0000000002.seg"
        try FileManager.default.copyItem(atPath: other + "/" + name, toPath: foreign)

        let verified = try Program.run("verify", "--store", store, "--json")
        #expect(verified.status == 1)
        #expect(verified.text.contains("segment-0000000002.seg"))
        let counted = try Program.run("count", "--store", store)
        #expect(counted.text == "50\n")
        #expect(counted.status == 1)
        #expect(counted.errors.contains("another store"))
        let written = try Program.run("ingest", "--store", store, input: Sample.events(1))
        #expect(written.status == 74)
        #expect(written.complaint.contains("another store"))
        #expect(
            FileManager.default.contentsEqual(atPath: other + "/" + name, andPath: foreign), "the file was touched")

        try FileManager.default.removeItem(atPath: foreign)
        try expectIntact(50)
    }

    @Test func aDirectoryWithoutPermission() throws {
        guard geteuid() != 0 else {
            print("skipped: root may write everywhere, so permissions cannot be tested")
            return
        }
        let closed = directory.path("closed")
        try FileManager.default.createDirectory(atPath: closed, withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: closed)
        let inside = try Program.run("ingest", "--store", closed + "/store", input: Sample.events(1))
        #expect(inside.status == 73)
        #expect(inside.complaint.contains("permission denied"))
        let itself = try Program.run("ingest", "--store", closed, input: Sample.events(1))
        #expect(itself.status == 73)
        #expect(itself.complaint.contains("permission denied"))
    }

    /// A limit on the size of files stands in for a full disk: writes fail at some point in the middle.
    @Test(arguments: [100, 2_000, 66_000, 80_000])
    func aFullDisk(blocks: Int) throws {
        let limited = directory.path("limited")
        let input = try directory.file("events.jsonl", Sample.events(20_000))
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        let program = try Program.url().path
        shell.arguments = [
            "-c",
            "trap '' XFSZ; ulimit -f \(blocks); exec '\(program)' ingest --store '\(limited)' --json '\(input)'",
        ]
        let run = try Program.run(shell)
        let events = run.output.isEmpty ? 0 : try #require(try run.json()["events"] as? Int)
        if run.status == 0 {
            #expect(events == 20_000)
        } else {
            #expect(run.status == 74 || run.status == 73 && events == 0, "\(run.status) \(run.errors)")
            #expect(run.complaint.contains("tallyroll: error: "))
        }
        // With room again nothing that was acknowledged is missing, and the rest can be added.
        guard FileManager.default.fileExists(atPath: limited + "/STORE") else { return }
        #expect(try Program.run("ingest", "--store", limited, "--on-duplicate", "skip", input).status == 0)
        let ids = try Program.run(
            "query", "--store", limited, "component != engine or not component exists", "--order", "oldest",
            "--fields", "id")
        let wanted = String(decoding: try Data(contentsOf: URL(fileURLWithPath: input)), as: UTF8.self)
            .split(separator: "\n").map { String($0.prefix(43)) + "}" }
        #expect(ids.lines.filter { wanted.contains($0) || $0.contains("\"id\"") }.count >= 20_000)
        #expect(ids.lines.prefix(events) == wanted.prefix(events))
        #expect(try Program.run("verify", "--store", limited).status == 0)
    }
}
