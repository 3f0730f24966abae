import Foundation
import Testing

/// Captured events go in and come back: same keys, same values, `details` byte for byte, same order.
@Suite struct RoundTripTests {
    static let corpora = [
        "azure_sentinel_okta", "azure_sentinel_samples", "elastic_auth_log", "gcp_audit_samples", "invictus_aws",
        "invictus_gws", "k8s_audit_samples", "llm_agent_tool_calls", "otrf_cloud_linux",
    ]

    @Test(arguments: corpora)
    func everyEventComesBack(_ name: String) throws {
        guard let shared = ProcessInfo.processInfo.environment["TALLYROLL_SHARED"] else {
            print("skipped: TALLYROLL_SHARED names no directory with corpora, so \(name) was not tested")
            return
        }
        let path = "\(shared)/corpora/\(name).jsonl.gz"
        guard FileManager.default.fileExists(atPath: path) else {
            print("skipped: there is no \(path)")
            return
        }
        let directory = try TemporaryDirectory()
        let store = directory.path("store")
        let ingested = try Program.run("ingest", "--store", store, path, "--json")
        #expect(ingested.status == 0, "\(ingested.errors)")
        let given = try unpacked(path)
        try expectSame(given, Program.run("export", "--store", store).output)
        #expect(try Program.run("seal", "--store", store).status == 0)
        try expectSame(given, Program.run("export", "--store", store).output)
        #expect(try Program.run("verify", "--store", store).status == 0)
        // What was exported can be exported from where it was ingested again.
        let exported = try Program.run("export", "--store", store).output
        let again = directory.path("again")
        #expect(try Program.run("ingest", "--store", again, input: exported).status == 0)
        #expect(try Program.run("export", "--store", again).output == exported)
    }

    private func unpacked(_ path: String) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc", path]
        return try Program.run(process).output
    }

    private func expectSame(_ given: Data, _ found: Data) throws {
        let wanted = given.split(separator: UInt8(ascii: "\n"))
        let back = found.split(separator: UInt8(ascii: "\n"))
        #expect(wanted.count == back.count)
        for (line, event) in zip(wanted, back) {
            guard line != event else { continue }
            let left = try #require(JSONSerialization.jsonObject(with: Data(line)) as? NSDictionary)
            let right = try #require(JSONSerialization.jsonObject(with: Data(event)) as? NSDictionary)
            guard left == right, details(Data(line)) == details(Data(event)) else {
                Issue.record("\(String(decoding: line, as: UTF8.self)) came back as \(String(decoding: event, as: UTF8.self))")
                return
            }
        }
    }

    /// The bytes of the member `details`, found by counting brackets outside of strings.
    private func details(_ line: Data) -> Data? {
        guard let key = line.range(of: Data(#""details":"#.utf8)) else { return nil }
        var depth = 0
        var isInString = false
        var isEscaped = false
        for position in key.upperBound..<line.endIndex {
            let byte = line[position]
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return line[key.upperBound...position].drop { $0 == UInt8(ascii: " ") } }
            default: break
            }
        }
        return nil
    }
}
