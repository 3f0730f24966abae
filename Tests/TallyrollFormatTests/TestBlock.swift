@testable import TallyrollFormat

/// Events in a block as it is stored, beside the records they were encoded from.
struct TestBlock {
    let bytes: Bytes
    let records: [[UInt8]]

    init(_ events: [AuditEvent], recordedAt: [Int64]) throws {
        var memory = ByteWriter(capacity: 1 << 16)
        var offsets: [UInt32] = []
        var records: [[UInt8]] = []
        for event in events {
            offsets.append(UInt32(memory.count))
            let length = try event.encode(now: Timestamp(nanosecondsSince1970: 0), into: &memory)
            records.append(memory.view.trusted(memory.count - length, length).array)
        }
        self.records = records
        var out = ByteWriter(capacity: 1 << 16)
        try offsets.withUnsafeBufferPointer { offsets in
            try recordedAt.withUnsafeBufferPointer { recordedAt in
                _ = try BlockEncoder(codec: .deflate, level: 1).encode(
                    BlockInput(
                        memory: memory.view, recordOffsets: offsets, recordedAt: recordedAt, firstSequence: 0,
                        seeds: [1, 2, 3], tree: [0, 0], chainBefore: [UInt8](repeating: 1, count: 32),
                        chainAfter: [UInt8](repeating: 2, count: 32)), storeTag: 7, segmentNumber: 1,
                    index: 0, into: &out)
            }
        }
        bytes = Bytes(out.array)
    }
}
