import Testing
import TallyrollFormat
import TallyrollIntegrity

@testable import TallyrollStore

/// Terms of the greatest length that an event may have, and hostile index regions: a seal succeeds, an opening never
/// traps.
@Suite struct SegmentTermTests {
    private let storeID = [UInt8](1...16)

    /// A builder of a small segment, and the storage that holds it.
    private func builder(firstSequence: UInt64 = 0) throws -> (SegmentBuilder, MemoryStorage) {
        let storage = MemoryStorage()
        let header = SegmentHeader(
            storeID: storeID, number: 1, epoch: 1, firstSequence: firstSequence, capacity: 4 << 20,
            created: 0,
            blockEvents: 64, chainBefore: [UInt8](repeating: 7, count: 32),
            frontier: [[UInt8]](
                repeating: [UInt8](repeating: 3, count: 32), count: firstSequence.nonzeroBitCount))
        return (
            try SegmentBuilder.create(header, in: storage, encoder: BlockEncoder(codec: .deflate, level: 1)),
            storage
        )
    }

    /// Appends the events as one block.
    private func append(_ events: [AuditEvent], to builder: SegmentBuilder, at sequence: UInt64) throws {
        var records = ByteWriter()
        var starts: [Int] = []
        for event in events {
            starts.append(records.count)
            _ = try event.encode(now: Timestamp(nanosecondsSince1970: 5), into: &records)
        }
        let seed = [UInt8](repeating: 9, count: 16)
        let run = EventRun(firstSequence: sequence, seed: seed, capacity: 64, bytes: records.count)
        let hash = try #require(Digest([UInt8](repeating: 1, count: 32)))
        for (place, start) in starts.enumerated() {
            let end = place + 1 < starts.count ? starts[place + 1] : records.count
            run.append(records.view.trusted(start, end - start), recordedAt: 5, chainHash: hash)
        }
        _ = try builder.append(run.encoded(seed))
    }

    @Test func longestResourceCanBeSealed() throws {
        let (builder, storage) = try builder()
        let resource = Resource(
            type: String(repeating: "t", count: Limits.resourceTypeBytes),
            id: String(repeating: "i", count: Limits.resourceIDBytes))
        let user = String(repeating: "u", count: Limits.termBytes)
        try append([AuditEvent(type: "t", user: user, resource: resource)], to: builder, at: 0)
        try builder.seal()
        let reader = try SegmentReader(SegmentName.of(1), in: storage, cache: BlockCache(capacity: 1 << 20))
        #expect(reader.indexProblem == nil)
        var out = ByteWriter()
        let entry = try #require(reader.entries.first)
        _ = try reader.block(entry).appendRecord(0, into: &out)
        #expect(AuditEvent(try RecordView(out.view)).resource == resource)
    }

    /// Messages that grow from block to block draw a dictionary after them; what no dictionary can hold stays out.
    @Test func growingMessagesCanBeSealed() throws {
        let (builder, storage) = try builder()
        var known: [String] = []
        var sequence: UInt64 = 0
        var length = 4
        while length < 3 * Limits.termBytes {
            known.append(String(repeating: "m", count: length))
            let events = known.map { AuditEvent(type: "t", message: $0) }
            try append(events, to: builder, at: sequence)
            sequence += UInt64(events.count)
            length += length / 2
        }
        try builder.seal()
        let reader = try SegmentReader(SegmentName.of(1), in: storage, cache: BlockCache(capacity: 1 << 20))
        let last = try #require(reader.entries.last)
        var rows = BlockRows()
        try rows.load(try reader.block(last))
        for (row, message) in known.enumerated() { #expect(rows.string(.message, row)?.string == message) }
        #expect(
            try reader.termCount(.message) > 0, "no message went into the dictionary: the test tests nothing")
    }

    /// A trailer with right checksums may still claim any end; the index region is then not believed.
    @Test(arguments: [0, 4, UInt64.max, UInt64(Int64.max)])
    func hostileEndSequence(end: UInt64) throws {
        let (builder, storage) = try builder(firstSequence: 5)
        try append([AuditEvent(id: "a", type: "t")], to: builder, at: 5)
        try builder.seal()
        let file = try storage.open(SegmentName.of(1), mode: .readWrite)
        let at = try file.size() - SegmentFooter.trailerBytes
        var trailer = try file.read(at: at, length: SegmentFooter.trailerBytes)
        withUnsafeBytes(of: end.littleEndian) { trailer.replaceSubrange(40..<48, with: $0) }
        let sum = trailer.withView { Checksum.of($0.trusted(0, 48)) }
        withUnsafeBytes(of: sum.littleEndian) { trailer.replaceSubrange(48..<56, with: $0) }
        try trailer.withView { try file.write(at: at, $0) }
        let reader = try SegmentReader(SegmentName.of(1), in: storage, cache: BlockCache(capacity: 1 << 20))
        #expect(reader.indexProblem != nil)
        #expect(reader.entries.count == 1)
        #expect(try reader.postings(PostingColumn.type) == nil)
    }
}
