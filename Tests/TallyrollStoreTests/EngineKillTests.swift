import Synchronization
import TallyrollFormat
import TallyrollStore
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A writing process is killed at random moments; this one is the witness of what was acknowledged to it. `KILLS=200`
/// runs the long form.
@Suite struct EngineKillTests {
    private struct Receipt: Equatable {
        var sequence: UInt64
        var number: UInt64
        var count: UInt64
        var recordedAt: Int64
    }

    private static var kills: Int { getenv("KILLS").flatMap { Int(String(cString: $0)) } ?? 5 }

    /// The writer's executable, which is built beside the tests.
    private static func writer() throws -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let own = String(decoding: buffer.prefix(max(length, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let candidates = [own] + CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
        for path in candidates {
            let sibling =
                path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
                .joined(separator: "/") + "/kill-writer"
            if access(sibling, X_OK) == 0 { return sibling }
        }
        throw StorageError(.open, "kill-writer", .noSuchFile)
    }

    /// Runs the writer, kills it after so many milliseconds, and gives what it wrote.
    private static func runAndKill(_ directory: String, from first: Int, after milliseconds: Int64) throws
        -> [UInt8]
    {
        var pipes: [Int32] = [0, 0]
        guard pipe(&pipes) == 0 else { throw StorageError(.open, "pipe", errno: errno) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
        posix_spawn_file_actions_addclose(&actions, pipes[0])
        posix_spawn_file_actions_addclose(&actions, pipes[1])
        defer { posix_spawn_file_actions_destroy(&actions) }
        var process = pid_t()
        let arguments = [try writer(), directory, "\(first)"]
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        let status = posix_spawn(&process, arguments[0], &actions, nil, &pointers, environ)
        _ = close(pipes[1])
        guard status == 0 else { throw StorageError(.open, arguments[0], errno: status) }
        let descriptor = pipes[0]
        let collected = Mutex<[UInt8]>([])
        let reader = try WorkerThread("witness") {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                guard count > 0 else { return }
                collected.withLock { $0 += buffer[..<count] }
            }
        }
        usleep(UInt32(milliseconds * 1000))
        kill(process, SIGKILL)
        var end: Int32 = 0
        waitpid(process, &end, 0)
        reader.join()
        _ = close(descriptor)
        #expect(
            end & 0x7F == SIGKILL,
            "the writer ended by itself: \(end), \(collected.withLock { String(decoding: $0, as: UTF8.self) })"
        )
        return collected.withLock { $0 }
    }

    private static func receipts(_ bytes: [UInt8]) -> [Receipt] {
        bytes.withView { view in
            (0..<view.count / 32).map { place in
                Receipt(
                    sequence: view.load(UInt64.self, at: place * 32),
                    number: view.load(UInt64.self, at: place * 32 + 8),
                    count: view.load(UInt64.self, at: place * 32 + 16),
                    recordedAt: Int64(bitPattern: view.load(UInt64.self, at: place * 32 + 24)))
            }
        }
    }

    @Test(.timeLimit(.minutes(30))) func killedAtAnyMomentTheStoreKeepsWhatItAcknowledged() throws {
        var directory = try TemporaryDirectory()
        var receipts: [Receipt] = []
        var random = SystemRandomNumberGenerator()
        var acknowledged = 0
        for round in 0..<EngineKillTests.kills {
            if round % 20 == 0 {
                directory = try TemporaryDirectory()
                receipts = []
            }
            // Some are killed while they recover.
            let delay = Int64.random(in: round % 4 == 3 ? 1...40 : 50...600, using: &random)
            let bytes = try EngineKillTests.runAndKill(
                directory.path, from: round * 1_000_000, after: delay)
            let new = EngineKillTests.receipts(bytes)
            receipts += new
            acknowledged += new.reduce(0) { $0 + Int($1.count) }
            if round % 4 == 2 { continue }
            let storage = PosixStorage(root: directory.path)
            guard try storage.exists(StoreManifest.fileName) || !receipts.isEmpty else { continue }
            let store = try AuditStore.open(storage, path: directory.path, options: .tiny)
            defer { store.close() }
            let snapshot = store.snapshot()
            let all = try snapshot.readAll()
            #expect(all.indices.allSatisfy { all[$0].sequence == UInt64($0) })
            for receipt in receipts {
                for place in 0..<receipt.count {
                    let index = Int(receipt.sequence + place)
                    guard index < all.count, all[index].recordedAt == receipt.recordedAt,
                        all[index].text(.message)?.hasPrefix("\(receipt.number + place):") ?? false
                    else {
                        Issue.record(
                            "kill \(round) after \(delay) ms: event \(index) of \(all.count) is not what it was"
                        )
                        return
                    }
                }
            }
            let report = try snapshot.verified()
            #expect(report.verdict == .intact, "kill \(round): \(report.problems)")
            #expect(!store.findings.contains { $0.kind == .damage }, "kill \(round): \(store.findings)")
        }
        print("kills: \(EngineKillTests.kills), events acknowledged: \(acknowledged)")
        #expect(acknowledged > 0)
    }
}
