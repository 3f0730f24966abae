import TallyrollFormat
import TallyrollStore

/// Pages of several blocks that are decoded together, by several threads, where many rows are asked for.
struct PageBatch {
    /// A page, and where its rows come from. `@unchecked Sendable`: one thread at a time has it.
    final class Box: @unchecked Sendable {
        var page = RowPage()
        fileprivate(set) var scan: SegmentScan?
        fileprivate var problem: (any Error)?
        fileprivate var bytesRead = 0
        fileprivate var bytesInflated = 0

        fileprivate func load(_ segment: SegmentReader, _ entry: SegmentOutline.Block, _ fields: RecordFields)
        {
            do {
                let block = try segment.block(entry)
                let (read, inflated) = (block.bytesRead, block.bytesInflated)
                defer {
                    bytesRead = block.bytesRead - read
                    bytesInflated = block.bytesInflated - inflated
                }
                try page.load(block, fields)
            } catch {
                problem = error
                page.removeAll()
            }
        }
    }

    /// In the order in which they are given.
    private var boxes: [Box] = []
    /// Given, and to be used again.
    private var spare: [Box] = []
    private(set) var rows = 0
    /// Bytes that the rows are taken to need.
    private var bytes = 0
    private var rowBytes = 0
    /// Bytes on disk of the blocks they lie in.
    private var stored = 0

    /// Rows of a batch at most, pages, and bytes: they wait in memory.
    static let rowsMax = 4096
    private static let bytesMax = 16 << 20
    /// Bytes on disk of the blocks of a batch at most: they stay in memory until their rows were given.
    private static let storedMax = 8 << 20
    /// The canonical bytes of a block, after which it is cut.
    private static let blockBytes = 4 << 20
    /// Nanoseconds that a row is expected to take.
    private static let rowCost = 1_000.0

    /// How many threads are worth their while for so many rows.
    static func threads(_ rows: Int) -> Int { ParallelRun.threads(for: Double(rows) * rowCost) }

    var isEmpty: Bool { boxes.isEmpty }
    var isFull: Bool { rows >= PageBatch.rowsMax || bytes >= PageBatch.bytesMax }
    /// Whether the page begun last has all the rows that one thread should decode at once.
    var isPageFull: Bool { boxes.last.map { $0.page.count >= PageBatch.pageRowsMax } ?? true }
    var hasPlaceForPage: Bool { stored < PageBatch.storedMax }
    static let pageRowsMax = 2048

    /// Begins a page.
    mutating func append(_ scan: SegmentScan, number: Int, index: Int, firstSequence: UInt64) {
        let box = spare.popLast() ?? Box()
        box.scan = scan
        box.page.begin(scan: number, index: index, firstSequence: firstSequence)
        let entry = scan.entry(index)
        rowBytes = PageBatch.blockBytes / max(entry.count, 1)
        stored += entry.length
        boxes.append(box)
    }

    /// Forgets the pages, loaded or not.
    mutating func removeAll() {
        boxes.removeAll()
        (rows, bytes, stored) = (0, 0, 0)
    }

    /// Adds a row to the page begun last.
    mutating func add(row: Int, timestamp: Int64?) {
        boxes.last?.page.add(row: row, timestamp: timestamp)
        rows += 1
        bytes += rowBytes
    }

    /// Decodes all pages; what cannot be read is reported and left empty.
    mutating func load(_ fields: RecordFields, _ trace: QueryTrace) throws {
        let boxes = boxes
        let sources = boxes.map { box in box.scan.map { ($0.segment.reader, $0.entry(box.page.index)) } }
        _ = try ParallelRun.run(PageBatch.threads(rows), boxes.count, trace, {}) { number, trace, _ in
            trace.timed(.read) {
                if let (segment, entry) = sources[number] { boxes[number].load(segment, entry, fields) }
            }
        }
        for box in boxes {
            trace.rowBytesRead += box.bytesRead
            trace.rowBytesInflated += box.bytesInflated
            (box.bytesRead, box.bytesInflated) = (0, 0)
            if let problem = box.problem { box.scan?.report(problem, box.page.index) }
            box.problem = nil
        }
        self.boxes.reverse()
        (rows, bytes, stored) = (0, 0, 0)
    }

    /// Puts the next of the loaded pages in the place of one whose rows were given.
    mutating func takeNext(into page: inout RowPage) {
        guard let box = boxes.popLast() else { return }
        swap(&box.page, &page)
        box.page.letGo()
        box.scan = nil
        spare.append(box)
    }
}
