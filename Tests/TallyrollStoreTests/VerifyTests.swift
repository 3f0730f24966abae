import Testing
import TallyrollFormat
import TallyrollIntegrity
import TallyrollStore

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
}
