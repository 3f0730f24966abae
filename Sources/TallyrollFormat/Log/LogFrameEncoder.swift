/// A run of events that begins in a frame: from which event on, and the seed of its salts.
package struct LogRun: Equatable, Sendable {
    /// The index of the run's first event in the frame.
    package var firstIndex: UInt32
    package var seed: Octets16

    package init(firstIndex: UInt32, seed: Octets16) {
        self.firstIndex = firstIndex
        self.seed = seed
    }
}

/// The events of one frame, before they are written: records that already lie in memory, in any number of pieces.
package struct LogFrameContent {
    package var firstSequence: UInt64
    package var eventCount: UInt32
    package var recordedAt: Int64
    package var durableUpTo: UInt64
    /// Ascending by index, each index an event of this frame.
    package var runs: [LogRun]
    /// Records back to back as `RecordEncoder` writes them; a piece may begin and end anywhere.
    package var records: [ByteView]

    package init(
        firstSequence: UInt64, eventCount: UInt32, recordedAt: Int64, durableUpTo: UInt64, runs: [LogRun],
        records: [ByteView]
    ) {
        self.firstSequence = firstSequence
        self.eventCount = eventCount
        self.recordedAt = recordedAt
        self.durableUpTo = durableUpTo
        self.runs = runs
        self.records = records
    }
}

/// Turns the events of a group commit into one frame, without copying their records.
package enum LogFrameEncoder {
    /// Fills `writer`, which it empties first, with everything of the frame that is not a record, and returns the
    /// frame's header. `views` then gives the whole frame in order.
    package static func encode(
        _ content: LogFrameContent, storeTag: UInt64, fileNumber: UInt64, previousChecksum: UInt64,
        into writer: inout ByteWriter
    ) -> LogFrameHeader {
        let recordBytes = content.records.reduce(0) { $0 + $1.count }
        let payloadLength = content.runs.count * LogFormat.runBytes + recordBytes
        precondition(payloadLength <= Limits.frameBytes, "a frame larger than its limit")
        precondition(content.eventCount > 0 && content.durableUpTo <= content.firstSequence)

        writer.removeAll()
        var checksum = Checksum.Stream()
        for run in content.runs {
            writer.u32(run.firstIndex)
            run.seed.write(into: &writer)
        }
        checksum.update(writer.view)
        for piece in content.records { checksum.update(piece) }

        var header = LogFrameHeader(
            storeTag: storeTag, fileNumber: fileNumber, firstSequence: content.firstSequence,
            eventCount: content.eventCount, runCount: UInt32(content.runs.count),
            recordedAt: content.recordedAt,
            durableUpTo: content.durableUpTo, previousChecksum: previousChecksum,
            payloadLength: UInt32(payloadLength), payloadChecksum: checksum.finish())
        writer.removeAll()
        header.encode(into: &writer)
        for run in content.runs {
            writer.u32(run.firstIndex)
            run.seed.write(into: &writer)
        }
        writer.zeros(LogFormat.padding(after: payloadLength))
        LogEndMark(fileNumber: fileNumber, previousChecksum: header.headerChecksum).encode(into: &writer)
        return header
    }

    /// The frame's bytes in order: header and runs, the records, the padding; behind them the mark of the log's end,
    /// which the next frame takes the place of. The views refer to `encoded`, what `encode` wrote, and to the content's
    /// records, and are valid as long as both.
    package static func views(
        _ content: LogFrameContent, _ header: LogFrameHeader, encoded: ByteView
    ) -> [ByteView] {
        let back = LogFormat.padding(after: Int(header.payloadLength)) + LogEndMark.byteCount
        let front = encoded.count - back
        var views: [ByteView] = []
        views.reserveCapacity(content.records.count + 2)
        views.append(encoded.trusted(0, front))
        views.append(contentsOf: content.records)
        views.append(encoded.trusted(front, back))
        return views
    }
}
