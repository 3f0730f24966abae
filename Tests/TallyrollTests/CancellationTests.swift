import Synchronization
import TallyrollFormat
import TallyrollStore
import Testing

@testable import Tallyroll
@testable import TallyrollQuery

/// A task that is cancelled in the middle of a search that finds nothing opens no more blocks, on any thread.
@Suite struct CancellationTests {
    /// The blocks that were read from, by place, before the task was cancelled and after.
    private struct Blocks {
        var before: Set<Int> = []
        var after: Set<Int> = []
        var task: Task<Void, any Error>?
    }

    private static let blockCount = 320
    private static let cancelledAt = 40
    private static let filter = Filter.contains(.message, "nowhere to be found")

    /// Runs `body` over a store of many blocks, and cancels it from within the read that opens one of them.
    private func cancelInTheMiddle(
        _ body: @escaping @Sendable (QueryEngine) throws -> Void
    ) async throws -> (before: Int, after: Int) {
        try await withDirectory { path in
            let log = try await AuditLog.open(at: path, options: blocks(of: 64))
            try await log.append(contentsOf: (0..<64 * CancellationTests.blockCount).map { event($0) })
            try await log.seal()
            try await log.close()
            let storage = CountingStorage(PosixStorage(root: path))
            let snapshot = try StoreFollower(storage, path: path).refresh()
            let segment = try #require(snapshot.segments.first)
            try #require(segment.entries.count == CancellationTests.blockCount)
            let blocks = Mutex(Blocks())
            let offsets = segment.entries.map { $0.offset..<$0.offset + $0.length }
            storage.onRead.withLock {
                $0 = { _, offset in
                    guard let block = offsets.firstIndex(where: { $0.contains(offset) }) else { return }
                    let task = blocks.withLock { blocks -> Task<Void, any Error>? in
                        if blocks.before.count < CancellationTests.cancelledAt {
                            blocks.before.insert(block)
                            let isTime = blocks.before.count == CancellationTests.cancelledAt
                            return isTime ? blocks.task : nil
                        }
                        if !blocks.before.contains(block) { blocks.after.insert(block) }
                        return nil
                    }
                    task?.cancel()
                }
            }
            let task = Task {
                while blocks.withLock({ $0.task == nil }) { await Task.yield() }
                try await TaskThreads.perform { try body(QueryEngine(snapshot, now: 0)) }
            }
            blocks.withLock { $0.task = task }
            await #expect(throws: CancellationError.self) { try await task.value }
            return blocks.withLock { ($0.before.count, $0.after.count) }
        }
    }

    @Test(arguments: [QueryOrder.newest, .oldest], [1, 4])
    func searchesStop(_ order: QueryOrder, _ threads: Int) async throws {
        let blocks = try await cancelInTheMiddle { engine in
            try ParallelRun.$isEager.withValue(threads > 1) {
                try ParallelRun.$limit.withValue(threads) {
                    let results = try engine.events(where: CancellationTests.filter, order: order)
                    var out = ByteWriter()
                    #expect(try results.next(into: &out) == nil)
                }
            }
        }
        #expect(blocks.before == CancellationTests.cancelledAt)
        // A thread that had asked just before may open one more.
        #expect(blocks.after <= threads, "\(blocks.after) blocks were opened after the task was cancelled")
    }

    @Test(arguments: [1, 4]) func countsStop(_ threads: Int) async throws {
        let blocks = try await cancelInTheMiddle { engine in
            try ParallelRun.$isEager.withValue(threads > 1) {
                try ParallelRun.$limit.withValue(threads) {
                    _ = try engine.count(where: CancellationTests.filter)
                }
            }
        }
        #expect(blocks.before == CancellationTests.cancelledAt)
        #expect(blocks.after <= threads, "\(blocks.after) blocks were opened after the task was cancelled")
    }
}
