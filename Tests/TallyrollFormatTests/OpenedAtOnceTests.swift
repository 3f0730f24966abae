import Foundation
import Synchronization
import Testing

@testable import TallyrollFormat

/// Two threads that open the same column at the same moment are given the same one: columns borrow bytes that only the
/// reader keeps, and of two it would keep one.
@Suite struct OpenedAtOnceTests {
    /// Lets two readers of the same place go on only when both are there.
    private final class MeetingSource: BlockSource, @unchecked Sendable {
        private let source: MemoryBlockSource
        private let condition = NSCondition()
        private var readers: [Int: Int] = [:]
        /// Whether two met at every place that was read behind the directory.
        private(set) var allMet = true

        init(_ bytes: Bytes) { source = MemoryBlockSource(bytes) }

        func read(_ offset: Int, _ length: Int) throws -> Bytes {
            guard offset > BlockHeader.byteCount else { return try source.read(offset, length) }
            condition.lock()
            readers[offset, default: 0] += 1
            condition.broadcast()
            let end = Date(timeIntervalSinceNow: 20)
            while readers[offset, default: 0] < 2 {
                if !condition.wait(until: end) {
                    allMet = false
                    break
                }
            }
            condition.unlock()
            return try source.read(offset, length)
        }
    }

    private func block() throws -> Bytes {
        let events = (0..<300).map { number in
            AuditEvent(
                timestamp: Timestamp(nanosecondsSince1970: Int64(number * number) * 1_000_003), type: "t",
                user: "user\(number % 7)", action: "action\(number % 5)", outcome: .success)
        }
        return try TestBlock(events, recordedAt: (0..<300).map { Int64($0) * 17 }).bytes
    }

    /// What `open` gives on two threads at once.
    private func openTwice(_ open: @escaping @Sendable (BlockReader) throws -> UInt) throws -> [UInt] {
        let source = MeetingSource(try block())
        let reader = try BlockReader(source: source, origin: 0, terms: GrowingTerms())
        let opened = Mutex<[UInt]>([])
        let threads = (0..<2).map { _ in
            Thread {
                let place = (try? open(reader)) ?? 0
                opened.withLock { $0.append(place) }
            }
        }
        for thread in threads { thread.start() }
        while opened.withLock({ $0.count }) < 2 { usleep(200) }
        #expect(source.allMet)
        return opened.withLock { $0 }
    }

    @Test(arguments: [ColumnID.user, .action])
    func codes(_ id: ColumnID) throws {
        let places = try openTwice { UInt(bitPattern: try $0.codes(id).body.base) }
        #expect(places[0] == places[1] && places[0] != 0)
    }

    @Test(arguments: [ColumnID.timestamp, .recordedAt])
    func integers(_ id: ColumnID) throws {
        let places = try openTwice { UInt(bitPattern: try $0.integers(id).body.base) }
        #expect(places[0] == places[1] && places[0] != 0)
    }
}
