import TallyrollFormat
import TallyrollStore

/// Looks events up by id straight in the id tables of the segments, without a plan: for stores in which nothing is
/// damaged. Segments without a table, such as the one that is being written, and the tail are left to a query.
struct IDLookup {
    private let snapshot: StoreSnapshot
    private let id: String
    private let hash: UInt64
    /// Where the event is to which the store gave this id, if it did.
    private let minted: UInt64?
    private var found: [RecordedEvent] = []

    init(_ snapshot: StoreSnapshot, id: String) {
        self.snapshot = snapshot
        self.id = id
        let storeTag = snapshot.storeTag
        (hash, minted) = id.withView {
            (IDHash.of($0), MintedID.parse($0, storeTag: storeTag)?.sequence)
        }
    }

    /// The events with the id in the segments that have a table, and the places of the other segments; nil where
    /// something is missing or damaged, so that only a query can say what is not known.
    mutating func run() -> (events: [RecordedEvent], others: [Int])? {
        guard snapshot.problems.isEmpty else { return nil }
        var others: [Int] = []
        var expected = snapshot.firstSequence
        let figures = snapshot.summary?.figures(snapshot.segments) ?? []
        let small = figures.isEmpty ? nil : snapshot.summary?.blocksHoldingID(hash: hash)
        var next = small?.found.startIndex ?? 0
        for place in snapshot.segments.indices {
            if let small, place < figures.count, place < small.isKnown.count, small.isKnown[place],
                minted.map({ figures[place].sequences.contains($0) }) != true
            {
                guard figures[place].firstSequence == expected else { return nil }
                expected = figures[place].endSequence
                guard look(place, small.found, &next) else { return nil }
                continue
            }
            let outline = snapshot.segments[place].outline
            guard outline.isWhole, outline.firstSequence == expected else { return nil }
            expected = outline.endSequence
            let reader = snapshot.segments[place].reader
            guard reader.isSealed else {
                others.append(place)
                continue
            }
            guard let candidates = (try? reader.blocksHoldingID(hash: hash)) ?? nil else { return nil }
            for index in candidates {
                guard outline.blocks.indices.contains(index), look(reader, outline, index) else {
                    return nil
                }
            }
            if let minted, let index = outline.place(of: minted), !candidates.contains(index) {
                guard look(reader, outline, index) else { return nil }
            }
        }
        for tail in snapshot.tail {
            guard tail.firstSequence == expected else { return nil }
            expected = tail.endSequence
        }
        return expected == snapshot.endSequence ? (found, others) : nil
    }

    /// Takes the events of the blocks of a segment that its table of ids names, of which `next` is the first at or behind
    /// the segment; false when one cannot be read.
    private mutating func look(
        _ place: Int, _ found: [(place: Int, block: Int)], _ next: inout Int
    ) -> Bool {
        while next < found.count, found[next].place <= place {
            defer { next += 1 }
            guard found[next].place == place else { continue }
            let segment = snapshot.segments[place]
            // A table that names a block which does not exist is damaged; the blocks that exist are still worth a look.
            guard found[next].block < segment.outline.blocks.count else { continue }
            guard look(segment.reader, segment.outline, found[next].block) else { return false }
        }
        return true
    }

    /// Takes the events of a block; false when it cannot be read.
    private mutating func look(
        _ reader: SegmentReader, _ outline: SegmentOutline, _ index: Int
    ) -> Bool {
        do {
            let block = try reader.passingBlock(outline.blocks[index])
            let matches = try IDQuestion.rows(
                equalTo: Array(id.utf8), block, RowSet(size: block.count, all: true))
            if matches.isEmpty { return true }
            var rows = BlockRows()
            try rows.load(block, matches.rows)
            for (place, row) in matches.rows.enumerated() {
                found.append(
                    try rows.event(
                        place, sequence: block.header.firstSequence + UInt64(row),
                        storeTag: snapshot.storeTag))
            }
            return true
        } catch {
            return false
        }
    }
}

extension QueryEngine {
    /// The events with an id, latest first: one, unless the id came from outside and was used again. What could not be
    /// read is in `problems`.
    ///
    /// - Complexity: O(segments) look-ups, and the blocks that hold such an event or, rarely, may hold one.
    package func allEvents(withID id: String) throws -> (events: [RecordedEvent], problems: [QueryProblem]) {
        var lookup = IDLookup(snapshot, id: id)
        guard let found = lookup.run() else { return try queried(snapshot, id) }
        var events = found.events
        let others = found.others
        if !others.isEmpty || !snapshot.tail.isEmpty {
            var rest = snapshot
            rest.segments = others.map { snapshot.segments[$0] }
            rest.summary = nil
            // Segments without a table stand at the end, so that nothing is missing between them.
            guard others == Array(snapshot.segments.indices.suffix(others.count)) else {
                return try queried(snapshot, id)
            }
            let queried = try queried(rest, id)
            guard queried.problems.isEmpty else { return try self.queried(snapshot, id) }
            events += queried.events
        }
        if events.count > 1 { events.sort { $0.isLater(than: $1) } }
        return (events, [])
    }

    private func queried(
        _ snapshot: StoreSnapshot, _ id: String
    ) throws -> (events: [RecordedEvent], problems: [QueryProblem]) {
        let results = try QueryEngine(snapshot, now: now).events(withID: id)
        var events: [RecordedEvent] = []
        while let event = try results.nextEvent() { events.append(event) }
        return (events, results.problems)
    }
}

extension RecordedEvent {
    fileprivate func isLater(than other: RecordedEvent) -> Bool {
        let (own, others) = (
            event.timestamp?.nanosecondsSince1970 ?? 0, other.event.timestamp?.nanosecondsSince1970 ?? 0
        )
        return (own, sequence) > (others, other.sequence)
    }
}
