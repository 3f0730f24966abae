import TallyrollFormat
import TallyrollStore

/// Gives the places of the events that are meant in the order of their sequence, one block at a time.
final class OldestFirst {
    private let scope: QueryScope
    private let trace: QueryTrace
    private var waiting: ArraySlice<Int>
    private(set) var scans: [SegmentScan] = []
    private var nextBlock = 0
    private var source = BlockRun.Source.tail
    private var firstSequence: UInt64 = 0
    private var rows: ArraySlice<Int> = []
    private var isTailOpen = false

    init(_ scope: QueryScope, _ trace: QueryTrace) {
        self.scope = scope
        self.trace = trace
        waiting = scope.segments[...]
    }

    func next() throws -> (sequence: UInt64, source: BlockRun.Source, row: Int)? {
        while true {
            if let row = rows.popFirst() { return (firstSequence + UInt64(row), source, row) }
            guard try openNext() else { return nil }
        }
    }

    private func openNext() throws -> Bool {
        if let scan = scans.last, nextBlock < scan.blocks.count {
            let index = scan.blocks[nextBlock]
            nextBlock += 1
            if let matches = try scan.matches(index, before: scan.blocks[nextBlock...]) {
                source = .block(scan: scans.count - 1, index: index)
                firstSequence = scan.entry(index).firstSequence
                rows = matches.rows.rows[...]
            }
            return true
        }
        if let place = waiting.popFirst() {
            scans.append(SegmentScan(scope, segment: place, trace))
            nextBlock = 0
            return true
        }
        guard !isTailOpen, let first = scope.snapshot.tail.first?.run.firstSequence else { return false }
        isTailOpen = true
        source = .tail
        firstSequence = first
        var found: [Int] = []
        scope.forEachInTail(trace) { _, _, record in found.append(Int(record.sequence - first)) }
        rows = found[...]
        return true
    }
}
