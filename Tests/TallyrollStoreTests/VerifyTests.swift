import Synchronization
import TallyrollFormat
import TallyrollIntegrity
import TallyrollStore
import Testing

@Suite struct VerifyTests {
    @Test func intactStore() throws {
        let store = try VerifyStore(.init(blockSizes: [[4, 3, 5], [7, 1]], tailEvents: 5))
        for quick in [false, true] {
            let report = try store.verify(isQuick: quick)
            #expect(report.problems == [])
            #expect(report.verdict == .intact)
            #expect(report.events == 25)
            #expect(report.treeSize == 25)
            #expect(report.segments == 2)
            #expect(report.chainHead == store.tail.first.map { "\($0.run.chainHash(4))" })
        }
    }

    @Test(arguments: [true, false]) func storesWithoutForeignIDsAndOfEitherCodec(hasForeignIDs: Bool) throws {
        let store = try VerifyStore(
            .init(
                blockSizes: [[16, 16], [9]], sealsLast: false, hasForeignIDs: hasForeignIDs,
                codec: hasForeignIDs ? .none : .deflate))
        #expect(try snapshotOfOpenStore(store).problems == [])
    }

    @Test func anEmptyStoreIsIntact() throws {
        let snapshot = StoreSnapshot(
            storeID: [UInt8](repeating: 1, count: 16), segments: [], tail: [], endSequence: 0)
        let report = try Verifier(snapshot).run()
        #expect(report.verdict == .intact)
        #expect(report.treeRoot == "\(MerkleTree.emptyRoot)")
    }

    private func snapshotOfOpenStore(_ store: VerifyStore) throws -> VerificationReport {
        let storage = try store.storage()
        let segments = try store.files.map { file in
            let reader = try SegmentReader(file.name, in: storage, cache: BlockCache(capacity: 0))
            return StoreSnapshot.Segment(reader: reader, entries: reader.entries)
        }
        return try Verifier(
            StoreSnapshot(
                storeID: store.storeID, segments: segments, tail: [], endSequence: store.endSequence)
        ).run()
    }

    @Test func aDamagedBlockOfTheOpenSegment() throws {
        // The first block brings all terms: what brings terms cannot be lost without the blocks that use them.
        var store = try VerifyStore(
            .init(blockSizes: [[12, 12, 12]], sealsLast: false, hasForeignIDs: false, hasMessages: false))
        let entries = try store.entries(0)
        store.files[0].bytes[entries[1].offset + 300] ^= 4
        let report = try snapshotOfOpenStore(store)
        #expect(report.problems.map(\.kind) == [.damaged], "\(report.problems)")
        #expect(report.problems.first?.sequences == 12..<24)
        #expect(report.problems.first?.block == 1)
    }

    @Test func whatComesAfterTheSnapshotIsNoFault() throws {
        let store = try VerifyStore(.init(blockSizes: [[3, 3]], sealsLast: false))
        let storage = try store.storage()
        let reader = try SegmentReader(store.files[0].name, in: storage, cache: BlockCache(capacity: 0))
        let snapshot = StoreSnapshot(
            storeID: store.storeID, segments: [.init(reader: reader, entries: [reader.entries[0]])], tail: [],
            endSequence: 3)
        // A writer goes on: half a block stands behind what the snapshot shows.
        let file = try storage.open(store.files[0].name, mode: .readWrite)
        try [UInt8](repeating: 1, count: 100).withView { try file.write(at: store.files[0].bytes.count, $0) }
        #expect(try Verifier(snapshot).run().verdict == .intact)
    }

    @Test func asynchronouslyWithProgress() async throws {
        let store = try VerifyStore(.init(blockSizes: [[4, 3, 5], [7, 1]]))
        let seen = Mutex<[UInt64]>([])
        let options = VerificationOptions(
            threads: 3, progress: { done, _ in seen.withLock { $0.append(done) } })
        let report = try await Verifier(try store.snapshot(try store.storage()), options: options).report()
        #expect(report.verdict == .intact)
        #expect(seen.withLock { $0 }.sorted() == seen.withLock { $0 })
        #expect(seen.withLock { $0.last } == 20)
    }

    @Test func cancellationEndsIt() async throws {
        let store = try VerifyStore(.init(blockSizes: [[4, 3, 5], [7, 1]]))
        let verifier = Verifier(
            try store.snapshot(try store.storage()), options: VerificationOptions(isCancelled: { true }))
        await #expect(throws: CancellationError.self) { try await verifier.report() }
    }

    @Test func knownProblemsOfTheLogCount() throws {
        let store = try VerifyStore()
        let known = VerificationProblem(.damaged, file: "log-1", offset: 7, "a frame is damaged")
        let report = try Verifier(try store.snapshot(try store.storage()), knownProblems: [known]).run()
        #expect(report.verdict == .damaged)
        #expect(report.problems == [known])
    }
}
