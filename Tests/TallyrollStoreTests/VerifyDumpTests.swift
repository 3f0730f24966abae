import Foundation
import TallyrollDump
import TallyrollFormat
import TallyrollStore
import Testing

/// What `segment-dump` says of segments that are sealed, open or damaged.
@Suite struct VerifyDumpTests {
    private func inspect(_ store: VerifyStore) throws -> SegmentInspection {
        try SegmentInspection(store.files[0].name, in: try store.storage())
    }

    private func events(_ inspection: SegmentInspection, block: Int? = nil) throws -> [String] {
        var text = ""
        try EventDump(inspection, block: block).forEachBlock { text += $0.string }
        return text.split(separator: "\n").map(String.init)
    }

    @Test func aSealedSegment() throws {
        let store = try VerifyStore(.init(blockSizes: [[4, 3, 5]]))
        let inspection = try inspect(store)
        #expect(inspection.problems.isEmpty)
        let all: SegmentDump.Parts = [.header, .blocks, .index, .columns, .footer, .hex]
        let text = try SegmentDump(inspection, parts: all, block: nil, colours: false).text()
        for part in [
            "segment 1, sealed", "12 in 3 blocks", "posting lists", "file/r0: 3", "details.n", "TALLYSEG",
            "TALLYEND",
            "kind: 1, events", "section timestamp", "chain after",
        ] { #expect(text.contains(part), "\(part)") }
        #expect(!text.contains("\u{1B}"))
        #expect(
            try SegmentDump(inspection, parts: .blocks, block: nil, colours: true).text().contains(
                "\u{1B}[32mok"))
        let lines = try events(inspection)
        #expect(lines.count == 12)
        #expect(lines[5].contains("\"message\":\"m5\""))
        #expect(lines[5].contains("\"sequence\":5"))
        #expect(try events(inspection, block: 1).count == 3)
    }

    @Test func jsonIsJSON() throws {
        let store = try VerifyStore(.init(blockSizes: [[4, 3, 5]]))
        let parts: SegmentDump.Parts = [.header, .blocks, .index, .columns, .footer]
        let text = try SegmentDump(try inspect(store), parts: parts, block: nil, colours: false).json()
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        #expect((object?["blocks"] as? [Any])?.count == 3)
        #expect((object?["problems"] as? [Any])?.count == 0)
    }

    @Test func anOpenSegment() throws {
        var store = try VerifyStore(.init(blockSizes: [[4, 3]], sealsLast: false))
        store.files[0].bytes += [UInt8](repeating: 0, count: 5000)
        var inspection = try inspect(store)
        #expect(inspection.problems.isEmpty)
        #expect(
            try SegmentDump(inspection, parts: .summary, block: nil, colours: false).text().contains(
                "segment 1, open"))
        #expect(try events(inspection).count == 7)
        store.files[0].bytes[store.files[0].bytes.count - 4000] = 9
        inspection = try inspect(store)
        #expect(inspection.problems.count == 1)
        #expect(try events(inspection).count == 7)
    }

    @Test func damageIsShownAndTheRestIsPrinted() throws {
        let whole = try VerifyStore(.init(blockSizes: [[4, 3, 5]]))
        let entries = try whole.entries(0)
        for offset in [40, entries[1].offset + 20, entries[1].offset + 400, whole.files[0].bytes.count - 20] {
            var store = whole
            store.files[0].bytes[offset] ^= 0x10
            let inspection = try inspect(store)
            let dump = SegmentDump(
                inspection, parts: [.header, .blocks, .index, .columns, .footer, .hex], block: nil,
                colours: false)
            #expect(dump.problems.count == 1, "byte \(offset): \(dump.problems)")
            let text = try dump.text()
            #expect(text.contains("damage"))
            #expect(text.contains("\(entries[2].offset)"))
            let isInBlock = entries[1].offset..<entries[2].offset ~= offset
            #expect(try events(inspection).count >= (isInBlock ? 9 : 12), "byte \(offset)")
            _ = try dump.json()
        }
    }

    // MARK: The program

    private static let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("segment-dump")
    private static var isBuilt: Bool { FileManager.default.isExecutableFile(atPath: program.path) }

    private func run(_ arguments: [String]) throws -> (status: Int32, output: String, error: String) {
        let process = Process()
        process.executableURL = Self.program
        process.arguments = arguments
        let (output, error) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text, complaint)
    }

    @Test(.enabled(if: VerifyDumpTests.isBuilt, "segment-dump is not beside the tests"))
    func exitCodesAndStreams() throws {
        let directory = try TemporaryDirectory()
        let store = try VerifyStore(.init(blockSizes: [[4, 3, 5]]))
        let path = directory.path + "/" + store.files[0].name
        try Data(store.files[0].bytes).write(to: URL(fileURLWithPath: path))
        #expect(try run([path]).status == 0)
        let lines = try run(["--events", "--block", "2", path])
        #expect(lines.status == 0)
        #expect(lines.output.split(separator: "\n").count == 5)
        #expect(try run(["--json", path]).output.hasPrefix("{\"header\""))
        #expect(try run(["--help"]).output.contains("EXAMPLES"))

        var damaged = store.files[0].bytes
        damaged[5000] ^= 1
        try Data(damaged).write(to: URL(fileURLWithPath: path))
        let report = try run(["--events", path])
        #expect(report.status == 1)
        #expect(report.error.contains("damaged segment 1"))
        #expect(try run([]).status == 64)
        #expect(try run(["--block", "x", path]).status == 64)
        #expect(try run(["--block", "3", path]).status == 64)
        #expect(try run(["--events", "--hex", path]).status == 64)
        #expect(try run([directory.path + "/none"]).status == 66)
        #expect(try run([directory.path]).status == 74)
        try Data("no segment".utf8).write(to: URL(fileURLWithPath: path))
        let refused = try run([path])
        #expect(refused.status == 65)
        #expect(refused.error.split(separator: "\n").count == 1)
    }
}
