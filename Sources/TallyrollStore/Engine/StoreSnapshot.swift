import TallyrollFormat

/// What a reader sees: every acknowledged event at one moment, and nothing that comes later. Cheap to copy; the
/// files and memory it refers to stay readable for as long as it is held.
package struct StoreSnapshot: Sendable {
    /// A segment and the blocks of it that are part of the snapshot.
    package struct Segment: Sendable {
        package var reader: SegmentReader
        package var entries: [BlockEntry] {
            didSet { outline = SegmentOutline(entries, from: firstSequence) }
        }
        package private(set) var outline: SegmentOutline

        package init(reader: SegmentReader, entries: [BlockEntry]) {
            self.reader = reader
            self.entries = entries
            outline = reader.outline(of: entries)
        }

        package var firstSequence: UInt64 { reader.header.firstSequence }
        package var endSequence: UInt64 { outline.endSequence }
    }

    /// Events that are in no block yet.
    package struct Tail: Sendable {
        package var run: EventRun
        /// Rows of the run that are part of the snapshot; a run may go on growing beyond them.
        package var count: Int
        /// Rows before this one are in a block already.
        package var start: Int

        package init(run: EventRun, count: Int, start: Int) {
            self.run = run
            self.count = count
            self.start = start
        }

        package var firstSequence: UInt64 { run.firstSequence + UInt64(start) }
        package var endSequence: UInt64 { run.firstSequence + UInt64(count) }
    }

    /// A file, or part of one, that could not be read when the snapshot was taken: its events are not in it.
    package struct Problem: Sendable, Equatable {
        package var file: String
        /// The number of the segment, or nil where a file of the log is meant.
        package var segment: UInt64?
        package var message: String

        package init(file: String, segment: UInt64?, message: String) {
            self.file = file
            self.segment = segment
            self.message = message
        }
    }

    /// 16 bytes.
    package var storeID: [UInt8]
    /// By ascending sequence; the last may be open.
    package var segments: [Segment]
    /// Behind the segments, by ascending sequence.
    package var tail: [Tail]
    /// The sequence after the last event.
    package var endSequence: UInt64
    /// What was left out because it could not be read.
    package var problems: [Problem]
    /// What is known of the segments together; nil when each has to be asked.
    package var summary: StoreSummary?

    package init(
        storeID: [UInt8], segments: [Segment], tail: [Tail], endSequence: UInt64, problems: [Problem] = [],
        summary: StoreSummary? = nil
    ) {
        self.summary = summary
        self.storeID = storeID
        self.segments = segments
        self.tail = tail
        self.endSequence = endSequence
        self.problems = problems
    }

    /// The first 8 bytes of the store id, which minted ids carry.
    package var storeTag: UInt64 { storeID.withView { $0.load(UInt64.self, at: 0) } }

    /// The sequence of the first event that is still there.
    package var firstSequence: UInt64 {
        segments.first?.firstSequence ?? tail.first?.firstSequence ?? endSequence
    }
}
