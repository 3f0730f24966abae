import TallyrollFormat
import TallyrollIntegrity
import TallyrollQuery
import TallyrollStore

/// What to do with an event whose id is in the store already, or came earlier in the same import.
enum DuplicatePolicy: String, CaseIterable {
    case keep, skip, reject
}

/// Knows which ids a store holds while an import adds more. Only the import writes meanwhile, so that the snapshot
/// it began with and the ids it added are all there are.
///
/// Ids are remembered as half a SHA-256 each: a weaker hash would let someone make an id that passes for another
/// and keep an event out of the log. The ids of a sealed block are read when its segment's look-up first says that
/// one may be there.
struct DuplicateFilter: ~Copyable {
    private struct Fingerprint: Hashable {
        var high: UInt64
        var low: UInt64

        init(_ id: ByteView) {
            (high, low) = SHA256.hash(id.raw).withUnsafeBytes { bytes in
                (
                    bytes.loadUnaligned(as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
                )
            }
        }
    }

    private let snapshot: StoreSnapshot
    private var known: Set<Fingerprint> = []
    /// Per segment, the blocks whose ids are in `known`.
    private var loaded: [Set<Int>]
    private var values = ValueList()
    private var text = ByteWriter(capacity: 1 << 18)

    init(_ snapshot: StoreSnapshot) throws {
        self.snapshot = snapshot
        loaded = Array(repeating: [], count: snapshot.segments.count)
        for tail in snapshot.tail {
            for row in tail.start..<tail.count {
                if let id = try tail.run.record(row)[.id] { known.insert(Fingerprint(id)) }
            }
        }
    }

    /// Whether the event of a record has an id that is there already; if not, it is from now on.
    mutating func isDuplicate(_ record: RecordView) throws -> Bool {
        guard let id = record[.id] else { return false }
        try load(candidatesFor: id)
        guard known.insert(Fingerprint(id)).inserted else { return true }
        // The store may have made the id itself, for an event that was then exported.
        return try MintedID.parse(id, storeTag: snapshot.storeTag) != nil && isMintedHere(id)
    }

    private func isMintedHere(_ id: ByteView) throws -> Bool {
        var scratch = ByteWriter(capacity: 1024)
        let results = try QueryEngine(snapshot, now: 0).events(withID: id.string, limit: 1)
        return try results.next(into: &scratch) != nil
    }

    private mutating func load(candidatesFor id: ByteView) throws {
        let hash = IDHash.of(id)
        for place in snapshot.segments.indices {
            let segment = snapshot.segments[place]
            guard loaded[place].count < segment.entries.count else { continue }
            let candidates = try segment.reader.blocksHoldingID(hash: hash) ?? Array(segment.entries.indices)
            for index in candidates where loaded[place].insert(index).inserted {
                guard segment.entries.indices.contains(index) else { continue }
                try load(segment.entries[index], of: segment.reader)
            }
        }
    }

    private mutating func load(_ entry: BlockEntry, of segment: SegmentReader) throws {
        let block: BlockReader
        do {
            block = try segment.openBlock(entry)
            guard let ids = try block.text(.id) else { return }
            values.removeAll()
            text.removeAll()
            try ids.decode(from: try block.context(.id), into: &values, text: &text)
        } catch {
            Terminal.warn(
                "\(segment.name), sequences \(entry.firstSequence) to \(entry.endSequence - 1) cannot be read: duplicates of events there are kept: \(error)"
            )
            return
        }
        for row in 0..<block.count where !values.isAbsent(row) {
            known.insert(Fingerprint(values.value(row, in: text.view)))
        }
    }
}
