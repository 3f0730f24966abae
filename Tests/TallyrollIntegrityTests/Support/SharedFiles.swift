import Foundation

/// The public vectors that lie beside the package, or where TALLYROLL_SHARED says. They are not part of the
/// package: where they are absent, the tests that need them say so on a line of their own and check nothing.
enum SharedFiles {
    static let root: URL = {
        if let path = ProcessInfo.processInfo.environment["TALLYROLL_SHARED"] {
            return URL(fileURLWithPath: path, isDirectory: true)
        }
        var package = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { package.deleteLastPathComponent() }
        return package.deletingLastPathComponent().appendingPathComponent("shared", isDirectory: true)
    }()

    /// The place of a shared file or folder, or nil, said aloud, when it is absent.
    static func find(_ path: String, for test: String = #function) -> URL? {
        let url = root.appendingPathComponent(path)
        if FileManager.default.fileExists(atPath: url.path) { return url }
        print("SKIPPED \(test): no \(url.path); set TALLYROLL_SHARED to the folder that holds the vectors")
        return nil
    }

    /// Every JSON file below a folder, sorted by path.
    static func jsonFiles(below folder: URL) throws -> [URL] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        return paths.filter { $0.hasSuffix(".json") }.sorted().map { folder.appendingPathComponent($0) }
    }
}
