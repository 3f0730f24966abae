import TallyrollFormat
import TallyrollIntegrity
import TallyrollStore

/// Chain hashes of single events: not stored, computed again through the event's block.
enum ChainHashes {
    /// The chain hash before the event and its own; nil when no block and no tail holds the event.
    static func around(
        _ sequence: UInt64, in snapshot: StoreSnapshot
    ) throws -> (previous: [UInt8], own: [UInt8])? {
        if let place = snapshot.tail.lastIndex(where: { $0.firstSequence <= sequence && sequence < $0.endSequence }) {
            let run = snapshot.tail[place].run
            let row = Int(sequence - run.firstSequence)
            let previous =
                row > 0 ? bytes(run.chainHash(row - 1)) : try before(tail: place, in: snapshot)
            return (previous, bytes(run.chainHash(row)))
        }
        for segment in snapshot.segments {
            guard
                let entry = segment.entries.first(where: {
                    $0.firstSequence <= sequence && sequence < $0.endSequence
                })
            else { continue }
            return try around(row: Int(sequence - entry.firstSequence), of: segment.reader.block(entry))
        }
        return nil
    }

    /// The chain hash before the first event of a run of the tail.
    private static func before(tail place: Int, in snapshot: StoreSnapshot) throws -> [UInt8] {
        if place > 0 {
            let run = snapshot.tail[place - 1]
            return bytes(run.run.chainHash(run.count - 1))
        }
        for segment in snapshot.segments.reversed() {
            if let last = segment.entries.last { return try segment.reader.block(last).header.chainAfter }
            return segment.reader.header.chainBefore
        }
        return Bytes16(snapshot.storeID).map { bytes(EventChain.genesis(storeID: $0)) } ?? []
    }

    private static func bytes(_ digest: Digest) -> [UInt8] { digest.withUnsafeBytes { [UInt8]($0) } }

    private static func around(row wanted: Int, of block: BlockReader) throws -> (previous: [UInt8], own: [UInt8])? {
        guard let head = Digest(block.header.chainBefore) else { return nil }
        var rows = BlockRows()
        try rows.load(block)
        let seeds = try block.seeds()
        var salts = SaltCursor(try withExtendedLifetime(seeds) { try SeedSet(decoding: seeds.view.raw) })
        var chain = ChainHasher(head: head)
        var previous = head
        var record = ByteWriter(capacity: 4096)
        for row in 0...wanted {
            record.removeAll()
            try rows.appendRecord(row, into: &record)
            // A salt that is gone is that of an erased event, whose hash cannot be computed from what is left.
            guard let salt = salts.next() else { return nil }
            let view = try RecordView(record.view)
            previous = chain.head
            chain.append(
                sequence: block.header.firstSequence + UInt64(row), recordedAt: rows.recordedAt[row],
                envelope: view.envelope.raw, salt: salt, personal: view.personal.raw)
        }
        return (bytes(previous), bytes(chain.head))
    }
}
