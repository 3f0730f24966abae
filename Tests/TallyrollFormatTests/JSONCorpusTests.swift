import CZlib
import Foundation
import Testing

@testable import TallyrollFormat

/// Captured events of real systems, read, written and compared with what Foundation reads. The captures are not
/// part of the package; where they are absent the tests say so and pass.
@Suite struct JSONCorpusTests {
    static let names = [
        "azure_sentinel_okta", "azure_sentinel_samples", "elastic_auth_log", "gcp_audit_samples",
        "invictus_aws",
        "invictus_gws", "k8s_audit_samples", "llm_agent_tool_calls", "otrf_cloud_linux",
        "otrf_windows_security",
    ]

    private static var folder: URL {
        if let path = ProcessInfo.processInfo.environment["TALLYROLL_SHARED"] { return URL(filePath: path) }
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return package.deletingLastPathComponent().appending(path: "shared")
    }

    /// The lines of a capture, or nil, loudly, when it is not there.
    static func lines(_ name: String) -> [[UInt8]]? {
        let path = folder.appending(path: "corpora/\(name).jsonl.gz").path
        guard let file = gzopen(path, "rb") else {
            print("SKIPPED: no capture at \(path); set TALLYROLL_SHARED to the folder that holds corpora/")
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
    func capturedEventsComeBack(name: String) throws {
        guard let lines = JSONCorpusTests.lines(name) else { return }
        #expect(!lines.isEmpty)
        var parser = EventJSONParser()
        let writer = EventJSONWriter()
        var records = ByteWriter(capacity: 1 << 16)
        var out = ByteWriter(capacity: 1 << 16)
        var identical = 0
        for (number, line) in lines.enumerated() {
            records.removeAll()
            out.removeAll()
            do {
                _ = try line.withView { view in try parser.parse(view, into: &records) }
                try writer.write(try RecordView(records.view), testPlace, into: &out)
            } catch {
                Issue.record("\(name) line \(number + 1): \(error)")
                continue
            }
            if line.withView({ $0.isEqual(to: out.view) }) {
                identical += 1
                // The same text is the same value; a sample is compared all the same.
                if number % 50 != 0 { continue }
            }
            let before = try JSONSerialization.jsonObject(with: Data(line)) as? NSDictionary
            let after = try JSONSerialization.jsonObject(with: Data(out.array)) as? NSDictionary
            #expect(before != nil && before == after, "\(name) line \(number + 1)")
        }
        print("\(name): \(lines.count) events, \(identical) came back byte for byte")
    }

    /// The AWS capture was made from CloudTrail records, whose parts it still holds: put together again, they
    /// give the same event.
    @Test func cloudTrailRecordsBecomeTheCapturedEvents() throws {
        guard let lines = JSONCorpusTests.lines("invictus_aws") else { return }
        var parser = CloudTrailParser()
        var sameType = 0
        for (number, line) in lines.enumerated() {
            let captured = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any] ?? [:]
            var trail = captured["details"] as? [String: Any] ?? [:]
            let action = captured["action"] as? String ?? ""
            trail["eventID"] = captured["id"]
            trail["eventTime"] = captured["timestamp"]
            trail["eventSource"] = captured["component"]
            trail["eventName"] = action.split(separator: ":").last.map(String.init)
            trail["sourceIPAddress"] = captured["ip_address"]
            trail["userAgent"] = captured["user_agent"]
            trail["requestID"] = captured["request_id"]
            if let result = captured["result"] as? [String: Any] { trail["errorMessage"] = result["failure"] }
            var out = ByteWriter()
            let text = Array(try JSONSerialization.data(withJSONObject: trail))
            _ = try text.withView { view in try parser.parse(view, into: &out) }
            let event = AuditEvent(try RecordView(out.view))
            let place = "line \(number + 1)"
            #expect(event.details?.text.utf8.elementsEqual(text) == true, "\(place)")
            #expect(event.action == action, "\(place)")
            let identity = trail["userIdentity"] as? [String: Any] ?? [:]
            if identity["arn"] != nil { #expect(event.user == captured["user_id"] as? String, "\(place)") }
            // The capture has the error's text as the message of a failure; here that is the outcome's text.
            if event.outcome == .success {
                #expect(event.message == captured["message"] as? String, "\(place)")
            }
            // An empty text counts as absent.
            let accessKey = identity["accessKeyId"] as? String ?? ""
            #expect((event.sessionID ?? "") == accessKey, "\(place)")
            #expect((event.outcome == .success) == (captured["result"] as? String == "success"), "\(place)")
            if event.type.rawValue == captured["event_type"] as? String { sameType += 1 }
        }
        print("invictus_aws: \(sameType) of \(lines.count) records get the captured event type")
        #expect(sameType == lines.count)
    }
}
