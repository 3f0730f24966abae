import Foundation
import Testing

/// The built program, which stands beside the test bundle.
enum Program {
    struct MissingProgram: Error {}

    /// What a run came to.
    struct Run {
        var status: Int32
        var output: Data
        var errors: String

        var text: String { String(decoding: output, as: UTF8.self) }
        var lines: [String] { text.split(separator: "\n").map(String.init) }
        /// The lines on stderr that end the program.
        var complaint: String { errors.split(separator: "\n").last.map(String.init) ?? "" }

        func json() throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: output) as? [String: Any])
        }
    }

    static func url() throws -> URL {
        var directory = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        // On macOS the bundle is a directory, and what runs it stands elsewhere.
        for bundle in Bundle.allBundles where bundle.bundlePath.hasSuffix(".xctest") {
            directory = bundle.bundleURL
        }
        while directory.path != "/" {
            directory.deleteLastPathComponent()
            let candidate = directory.appendingPathComponent("tallyroll")
            if FileManager.default.isExecutableFile(atPath: candidate.path),
                (try? candidate.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true
            {
                return candidate
            }
        }
        throw MissingProgram()
    }

    /// A process that is ready to run; `TALLYROLL_STORE` and colours of the outer world do not get in.
    static func process(_ arguments: [String], environment: [String: String] = [:]) throws -> Process {
        let process = Process()
        process.executableURL = try url()
        process.arguments = arguments
        var inherited = ProcessInfo.processInfo.environment
        inherited["TALLYROLL_STORE"] = nil
        process.environment = inherited.merging(environment) { $1 }
        return process
    }

    /// Runs the program to its end.
    static func run(
        _ arguments: String..., input: Data? = nil, environment: [String: String] = [:]
    ) throws -> Run {
        try run(arguments, input: input, environment: environment)
    }

    static func run(
        _ arguments: [String], input: Data? = nil, environment: [String: String] = [:]
    ) throws -> Run {
        try run(try process(arguments, environment: environment), input: input)
    }

    /// Input and output go through files: no pipe can fill up.
    static func run(_ process: Process, input: Data? = nil) throws -> Run {
        let directory = try TemporaryDirectory()
        let output = directory.path("output")
        let errors = directory.path("errors")
        for path in [output, errors] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        let outputHandle = try #require(FileHandle(forWritingAtPath: output))
        let errorHandle = try #require(FileHandle(forWritingAtPath: errors))
        process.standardOutput = outputHandle
        process.standardError = errorHandle
        process.standardInput = FileHandle.nullDevice
        if let input {
            try input.write(to: URL(fileURLWithPath: directory.path("input")))
            process.standardInput = FileHandle(forReadingAtPath: directory.path("input"))
        }
        try process.run()
        process.waitUntilExit()
        return Run(
            status: process.terminationStatus, output: try Data(contentsOf: URL(fileURLWithPath: output)),
            errors: String(decoding: try Data(contentsOf: URL(fileURLWithPath: errors)), as: UTF8.self))
    }
}

/// A directory that goes away with the test.
final class TemporaryDirectory {
    let root: String

    init() throws {
        root = NSTemporaryDirectory() + "tallyroll-command-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func path(_ name: String) -> String { root + "/" + name }

    /// Writes a file and gives its path.
    func file(_ name: String, _ content: String) throws -> String { try file(name, Data(content.utf8)) }

    func file(_ name: String, _ content: Data) throws -> String {
        try content.write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }

    /// The names in a directory below.
    func names(in directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(directory)).sorted()
    }
}

/// Events for tests.
enum Sample {
    /// `count` generated events as JSON lines.
    static func events(_ count: Int, seed: Int = 1) throws -> Data {
        let run = try Program.run("generate", "\(count)", "--seed", "\(seed)")
        #expect(run.status == 0)
        return run.output
    }

    static func event(_ rest: String = "") -> String {
        #"{"timestamp":"2026-01-01T00:00:00Z","event_type":"x"\#(rest)}"#
    }
}
