import TallyrollFormat
import Testing

@testable import TallyrollStore

/// Segments are as full as they can be, and never larger than they may be.
@Suite struct SegmentRoomTests {
    private enum Content: CaseIterable {
        /// A few values, over and over.
        case ordinary
        /// Every value is new, and none can be made shorter.
        case incompressible
        /// The longest terms there may be.
        case longTerms
        /// One value for everything.
        case single
        /// Long texts that are much alike.
        case alike
        /// Different at each stretch, so that what the blocks before say of the next is wrong.
        case changing
    }

    private func noise(_ count: Int, _ random: inout SplitMix64) -> String {
        String(decoding: (0..<count).map { _ in UInt8(33 + random.next() % 93) }, as: UTF8.self)
    }

    private func event(_ number: Int, _ content: Content, _ random: inout SplitMix64) -> AuditEvent {
        var event = AuditEvent(
            type: EventType(rawValue: "t\(number % 5)"), user: "user\(number % 900)@example.com")
        event.action = "action\(number % 30)"
        switch content {
        case .ordinary:
            event.resource = Resource(type: "file", id: "file-\(number * 7 % 5_000)")
            event.message = noise(90, &random)
            event.id = "\(number)"
        case .incompressible:
            event.type = EventType(rawValue: noise(9, &random))
            event.user = noise(20, &random)
            event.resource = Resource(type: noise(5, &random), id: noise(60, &random))
            event.sessionID = noise(12, &random)
            event.id = noise(8, &random)
            event.message = noise(40, &random)
        case .longTerms:
            event.user = noise(40_000, &random)
            event.resource = Resource(type: "t", id: String(repeating: "r", count: 60_000) + "\(number)")
        case .single:
            event.user = "u"
            event.message = noise(400, &random)
        case .alike:
            event.resource = Resource(type: "file", id: String(repeating: "/folder", count: 50) + "\(number)")
            event.message = noise(1_000, &random)
        case .changing:
            let contents: [Content] = [.ordinary, .incompressible, .single, .alike]
            return self.event(number, contents[number / 300 % 4], &random)
        }
        return event
    }

    private func fill(_ content: Content, _ count: Int) throws -> MemoryStorage {
        let storage = MemoryStorage()
        var options = StoreOptions.tiny
        options.blockEvents = 128
        let store = try openStore(storage, options)
        var random = SplitMix64(seed: 3)
        var number = 0
        while number < count {
            var batch = RecordBatch()
            for _ in 0..<min(200, count - number) where batch.bytes.count < 1 << 20 {
                batch.offsets.append(UInt32(batch.bytes.count))
                _ = try event(number, content, &random).encode(
                    now: Timestamp(nanosecondsSince1970: Int64(number)), into: &batch.bytes)
                number += 1
            }
            let answer = Answer<AppendReceipt>()
            _ = store.enqueue(
                AppendRequest(batch, durability: .os, completion: answer.completion), whenFull: .wait)
            _ = try answer.wait().get()
        }
        _ = try store.seal().get()
        #expect(try store.snapshot().verified().verdict.isGood)
        #expect(store.close() == nil)
        return storage
    }

    private func segmentSizes(_ storage: MemoryStorage) throws -> [Int] {
        try storage.list("").filter { $0.hasSuffix(".seg") }.sorted().map { name in
            let file = try storage.open(name, mode: .read)
            defer { try? file.close() }
            return try file.size()
        }
    }

    @Test(arguments: Content.allCases) private func noSegmentIsTooLarge(content: Content) throws {
        let counts: [Content: Int] = [
            .longTerms: 30, .incompressible: 5_000, .single: 3_500, .alike: 1_600, .changing: 5_000,
        ]
        let count = counts[content] ?? 13_000
        let sizes = try segmentSizes(try fill(content, count))
        try #require(sizes.count > 1)
        for size in sizes { #expect(size <= 1 << 20) }
    }

    @Test func segmentsAreNearlyFull() throws {
        let sizes = try segmentSizes(try fill(.ordinary, 16_000))
        try #require(sizes.count > 1)
        for size in sizes.dropLast() { #expect(size > (1 << 20) * 9 / 10) }
    }
}
