import Foundation
import Tallyroll
import Testing

/// The example of the README, line by line: it compiles, it runs, and it stays what the README shows.
@Suite struct ReadmeTests {
    @Test func exampleRuns() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "tallyroll-\(UUID().uuidString)")
            .path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let log = try await AuditLog.open(at: path)

        // Append: durable when it returns.
        let receipt = try await log.append(
            AuditEvent(
                type: .authentication, user: "alice@example.com", action: "login",
                resource: Resource(type: "session", id: "s-1"), outcome: .failure("bad password")))
        print("event \(receipt.firstSequence), \(receipt.durability)")

        // Query: newest first; reads no more than it needs.
        for try await found in log.events(where: .user("alice@example.com") && .since(hours: 24)).prefix(100)
        {
            print(found.sequence, found.event.type, found.event.action ?? "", found.id)
        }
        let failures = try await log.count(where: "type = authentication and result = failure")

        // Verify: reads every stored byte again and computes every hash again.
        let report = try await log.verify()
        print(failures, report.verdict, report.treeRoot ?? "")  // a root kept elsewhere shows any rewriting
        try await log.close()

        #expect(failures == 1)
        #expect(report.verdict == .intact)
    }

    /// Line breaks aside, which follow from the indentation.
    @Test func exampleIsTheReadmes() throws {
        func words(_ text: some StringProtocol) -> String {
            text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        let here = URL(filePath: #filePath)
        let folder = here.deletingLastPathComponent()
        let readme = try String(contentsOf: folder.appending(path: "../../README.md"), encoding: .utf8)
        let source = try String(contentsOf: here, encoding: .utf8)
        let code = try #require(readme.split(separator: "```swift\n").dropFirst().first)
        let example = try #require(code.split(separator: "```").first)
        // The first lines open another path.
        let lines = example.split(separator: "\n").drop { !$0.hasPrefix("// Append") }
        #expect(lines.count > 10)
        #expect(
            words(source).contains(words(lines.joined(separator: "\n"))), "the README shows something else")
    }
}
