import TallyrollFormat
import TallyrollQuery
import TallyrollStore
import Testing

@Suite("Damage is said")
struct DamageTests {
    /// Flips a byte of a stored file.
    private func flip(_ world: QueryWorld, segment: UInt64, at offset: Int) throws {
        let file = try world.store.storage.open(SegmentName.of(segment), mode: .readWrite)
        let byte = try file.bytes(at: offset, 1, what: "byte")
        let flipped = [byte.view[0] ^ 0x10]
        try flipped.withView { try file.write(at: offset, $0) }
    }

    private func drain(_ results: QueryResults) throws -> [UInt64] {
        var out = ByteWriter()
        var sequences: [UInt64] = []
        while let row = try results.next(into: &out) { sequences.append(row.sequence) }
        return sequences
    }

    /// Indexes only help: where they are damaged, columns are asked, and the answers are the same.
    @Test(arguments: [707] as [UInt64]) func indexesAreDoneWithout(_ seed: UInt64) throws {
        var world = try QueryWorld(seed: seed, blockEvents: 16, count: 300)
        var damaged = 0
        for segment in try world.store.reopenedSnapshot().segments {
            for section in segment.reader.footer?.sections ?? [] {
                guard [.filter, .postings, .ids, .terms].contains(section.role) else { continue }
                try flip(
                    world, segment: segment.reader.header.number, at: section.offset + section.length / 2)
                damaged += 1
            }
        }
        #expect(damaged > 10)
        let engine = QueryEngine(try world.store.reopenedSnapshot(), now: 0)
        for _ in 0..<150 {
            let filter = world.filter()
            let results = try engine.events(where: filter, order: .oldest)
            let found = try drain(results)
            #expect(
                found == world.expected(filter, .oldest).map { UInt64(world.events[$0].sequence) },
                "seed \(seed): \(filter)")
            #expect(results.problems.isEmpty)
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func costsOneBlockAndIsReported(_ seed: UInt64) throws {
        var world = try QueryWorld(seed: 900 + seed, blockEvents: 16, count: 260)
        let clean = try world.store.reopenedSnapshot()
        guard let segment = clean.segments.first(where: { $0.reader.isSealed && $0.entries.count > 1 }) else {
            return
        }
        let entry = segment.entries[world.generator.random.below(segment.entries.count)]
        let offset =
            entry.offset + BlockHeader.byteCount
            + world.generator.random.below(
                entry.length - BlockHeader.byteCount - 8)
        try flip(world, segment: segment.reader.header.number, at: offset)
        let engine = QueryEngine(try world.store.reopenedSnapshot(), now: 0)
        let lost = entry.firstSequence..<entry.endSequence
        for order in QueryOrder.allCases {
            let results = try engine.events(order: order)
            let found = try drain(results)
            let whole = world.expected(.all, order).map { UInt64(world.events[$0].sequence) }
            // Only events of the block may be gone, and where one is, it is said.
            #expect(
                found.filter { !lost.contains($0) } == whole.filter { !lost.contains($0) }, "seed \(seed)")
            if found.count < whole.count {
                #expect(
                    results.problems.contains { $0.sequences.overlaps(lost) },
                    "seed \(seed): \(results.problems)")
            }
            for problem in results.problems {
                #expect(problem.sequences == lost && problem.kind == .damaged, "seed \(seed)")
                #expect(problem.segment == segment.reader.header.number)
            }
        }
        for _ in 0..<40 {
            let filter = world.filter()
            let results = try engine.events(where: filter, order: .oldest)
            let found = try drain(results)
            let meant = world.expected(filter, .oldest).map { UInt64(world.events[$0].sequence) }
            if results.problems.isEmpty {
                #expect(found == meant, "seed \(seed): \(filter)")
            } else {
                #expect(
                    found.filter { !lost.contains($0) } == meant.filter { !lost.contains($0) }, "\(filter)")
            }
        }
    }

    @Test func gapsAreMissingEvents() throws {
        let world = try QueryWorld(seed: 77, blockEvents: 16, count: 200)
        var snapshot = world.store.snapshot()
        guard let place = snapshot.segments.firstIndex(where: { $0.entries.count > 2 }) else { return }
        let gone = snapshot.segments[place].entries.remove(at: 1)
        let engine = QueryEngine(snapshot, now: 0)
        let results = try engine.events(order: .oldest)
        let found = try drain(results)
        #expect(found.count == 200 - gone.count)
        #expect(results.problems.map(\.kind) == [.missing])
        #expect(results.problems.map(\.sequences) == [gone.firstSequence..<gone.endSequence])
        #expect(try engine.count().problems.count == 1)
        // What lies elsewhere is complete.
        let sequence = Int64(gone.firstSequence) - 1
        #expect(try engine.count(where: .comparison(.sequence, .equal, .integer(sequence))).problems == [])
    }

    @Test func explainsItself() throws {
        let world = try QueryWorld(seed: 5, blockEvents: 16, count: 260)
        let engine = QueryEngine(world.store.snapshot(), now: 0)
        let results = try engine.events(where: .user("a") && .contains(.message, "b"), isTimed: true)
        let count = try drain(results).count
        let text = results.explanation.description
        #expect(
            text.contains("user = a") && text.contains("\(count) rows") && text.contains(" ms"),
            "\(text)")
        let json = results.explanation.json
        var parser = ByteWriter()
        parser.bytes(Array(json.utf8))
        let members = try JSONMembers(parser.view)
        _ = members
        #expect(json.contains("\"rows\":\(count)"), "\(json)")
        let none = try engine.count(where: .user("nobody at all"))
        #expect(none.count == 0)
        #expect(none.explanation.description.contains("by index user"), "\(none.explanation)")
    }

    @Test func refusesCursorsThatDoNotFit() throws {
        let world = try QueryWorld(seed: 6, blockEvents: 16, count: 100)
        let engine = QueryEngine(world.store.snapshot(), now: 0)
        let results = try engine.events(limit: 3)
        _ = try drain(results)
        guard let cursor = results.cursor else {
            Issue.record("no cursor after three events")
            return
        }
        let text = cursor.description
        #expect(try QueryCursor(text) == cursor)
        for broken in ["", "x", String(text.dropLast()), text + "A", "é" + text, String(text.reversed())] {
            #expect(throws: QueryCursorError.self, "\(broken)") { try QueryCursor(broken) }
        }
        for index in text.indices {
            let other = text[index] == "A" ? "B" : "A"
            let broken = text.replacingCharacters(index, with: other)
            #expect(throws: QueryCursorError.self, "\(broken)") { try QueryCursor(broken) }
        }
        #expect(throws: QueryCursorError.self) { try engine.events(order: .oldest, after: cursor) }
        #expect(throws: QueryCursorError.self) { try engine.events(where: .user("a"), after: cursor) }
        var shorter = world.store.snapshot()
        shorter.tail = []
        shorter.segments = []
        shorter.endSequence = 0
        #expect(throws: QueryCursorError.self) { try QueryEngine(shorter, now: 0).events(after: cursor) }
    }

    /// Pages stay what they are while events are appended, and `now` stays what it was.
    @Test func cursorsSeeOneMoment() throws {
        let store = try TestStore(blockEvents: 16)
        var random = SplitMix64(seed: 9)
        func append(_ count: Int) throws {
            for _ in 0..<count {
                var event = PlainEvent()
                event.strings[.type] = "t"
                event.time = Int64(store.endSequence % 7) * 1_000_000_000
                try store.append(event.record(&random), recordedAt: Int64(store.endSequence))
            }
            try store.closeBlock()
        }
        try append(50)
        for order in QueryOrder.allCases {
            let filter = Filter.comparison(
                .time, .greaterOrEqual, .time(.relative(nanoseconds: -5_000_000_000)))
            let whole = try drain(
                QueryEngine(store.snapshot(), now: 8_000_000_000).events(where: filter, order: order))
            var cursor: QueryCursor?
            var pages: [UInt64] = []
            var now: Int64 = 8_000_000_000
            while true {
                let results = try QueryEngine(store.snapshot(), now: now).events(
                    where: filter, order: order, limit: 7, after: cursor)
                let page = try drain(results)
                if page.isEmpty { break }
                pages += page
                cursor = results.cursor
                now += 1_000_000_000
                try append(5)
                if pages.count == 14 { try store.seal() }
            }
            #expect(pages == whole)
        }
    }
}

extension String {
    fileprivate func replacingCharacters(_ index: String.Index, with text: String) -> String {
        String(self[..<index]) + text + String(self[self.index(after: index)...])
    }
}
