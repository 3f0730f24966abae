import Foundation
import TallyrollWorkload
import Testing

/// Byte for byte against the reference program, where it and a C compiler are at hand.
@Suite struct ReferenceTests {
    struct Arguments: CustomStringConvertible, Sendable {
        var count = 20_000
        var seed: UInt64 = 1
        var start: Int64?
        var gap: Double?

        var description: String {
            ([String(count), String(seed)] + (start.map { [String($0)] } ?? [])
                + (gap.map { [String($0)] } ?? []))
                .joined(separator: " ")
        }
    }

    static let all = [
        Arguments(count: 200_000), Arguments(seed: 2), Arguments(seed: .max),
        Arguments(count: 0), Arguments(count: 1, seed: 0), Arguments(seed: 5, start: 0, gap: 100),
        Arguments(seed: 6, start: -2_000_000_000, gap: 5e7),
        Arguments(seed: 7, start: 253_402_300_000, gap: 123_456.789),
        Arguments(seed: 8, start: 951_000_000, gap: 0), Arguments(seed: 9, start: 1, gap: 0.5),
    ]

    @Test func theBytesAreTheReferences() throws {
        guard let source = Self.source() else { return }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "workload-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let program = folder.appendingPathComponent("auditgen")
        guard let macros = try Self.run("cc", ["-dM", "-E", "-x", "c", "/dev/null"]),
            try Self.run("cc", ["-O2", source.path, "-o", program.path, "-lm"]) != nil
        else {
            return print("SKIPPED \(#function): no C compiler")
        }
        // The program draws twice among the arguments of one call, an order that C leaves to the compiler: gcc goes
        // from right to left, as the workload is defined here, clang from left to right.
        guard !String(decoding: macros, as: UTF8.self).contains("__clang__") else {
            return print("SKIPPED \(#function): cc is clang, which orders two draws otherwise than gcc")
        }
        for arguments in Self.all {
            let expected = try #require(
                try Self.run(program.path, arguments.description.split(separator: " ").map(String.init)))
            var generator = WorkloadGenerator(
                count: arguments.count, seed: arguments.seed,
                startUnixSeconds: arguments.start ?? 1_767_225_600,
                meanGapMicroseconds: arguments.gap ?? 2500)
            var bytes: [UInt8] = []
            while generator.next(into: &bytes) {}
            // Compared outside the macro: it would print both, a hundred megabytes each.
            let isEqual = bytes == expected
            #expect(
                isEqual, "arguments \(arguments): first difference at \(Self.difference(bytes, expected))")
        }
    }

    private static func difference(_ bytes: [UInt8], _ expected: [UInt8]) -> Int {
        let common = min(bytes.count, expected.count)
        return (0..<common).first { bytes[$0] != expected[$0] } ?? common
    }

    private static func source(for test: String = #function) -> URL? {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        root.appendPathComponent("shared")
        if let path = ProcessInfo.processInfo.environment["TALLYROLL_SHARED"] {
            root = URL(fileURLWithPath: path)
        }
        let file = root.appendingPathComponent("workload/auditgen.c")
        if FileManager.default.fileExists(atPath: file.path) { return file }
        print("SKIPPED \(test): no \(file.path); set TALLYROLL_SHARED to the folder that holds it")
        return nil
    }

    /// What the program writes, or nil when it fails or there is none.
    private static func run(_ program: String, _ arguments: [String]) throws -> [UInt8]? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? [UInt8](bytes) : nil
    }
}
