import TallyrollFormat

/// The opened blocks whose events are merged, and what waits to be opened: what `NewestFirst` does not need files for.
struct NewestMerge {
    /// What is to be done next.
    enum Next {
        case given(Given)
        case segment(Int)
        /// The blocks of an opened segment from `next` on, latest first.
        case blocks(scan: Int, next: Int)
        /// A block of which only the latest events were kept, and those are given.
        case rest(scan: Int, index: Int, before: BlockRun.Key)
    }

    /// The place of an event.
    typealias Given = (key: BlockRun.Key, source: BlockRun.Source, row: Int)

    /// What waits to be opened or given, by the latest event it may hold.
    private struct Item {
        enum Content {
            case closed(Next)
            case run(Int)
        }

        var timestamp: Int64
        /// Runs compare by their next event; what is unopened may hold a later one of the same time.
        var sequence: UInt64
        var content: Content

        static func isBefore(_ left: Item, _ right: Item) -> Bool {
            (left.timestamp, left.sequence) > (right.timestamp, right.sequence)
        }
    }

    private var queue = Heap(Item.isBefore)
    private var runs: [BlockRun] = []
    private var freeRuns: [Int] = []
    private var pendingRows = 0

    /// Rows that may wait in opened blocks: beyond, a block gives up its earliest ones and is looked at again.
    private static let pendingLimit = 1 << 20

    /// Whether more rows wait than should.
    var isCrowded: Bool { pendingRows > NewestMerge.pendingLimit }

    /// Whether the next event is known already.
    var isNextAtHand: Bool {
        guard case .run = queue.first?.content else { return false }
        return true
    }

    /// Adds what is to be opened before any event earlier than `timestamp` is given.
    mutating func push(_ closed: Next, timestamp: Int64) {
        queue.push(Item(timestamp: timestamp, sequence: UInt64.max, content: .closed(closed)))
    }

    /// Adds the events of a block.
    mutating func add(_ run: BlockRun) {
        guard let next = run.next else { return }
        pendingRows += run.count
        let number: Int
        if let free = freeRuns.popLast() {
            runs[free] = run
            number = free
        } else {
            runs.append(run)
            number = runs.count - 1
        }
        queue.push(
            Item(timestamp: next.key.timestamp, sequence: next.key.sequence, content: .run(number)))
    }

    /// Takes the next event out, or what is to be opened to know it; nil at the end.
    mutating func next() -> Next? {
        switch queue.first?.content {
        case nil: return nil
        case .closed(let closed):
            queue.removeFirst()
            return closed
        case .run(let number): return takeNext(ofRun: number)
        }
    }

    /// Takes the next event of a run, whose item is the first of the queue, out.
    private mutating func takeNext(ofRun number: Int) -> Next? {
        guard let next = runs[number].next else {
            queue.removeFirst()
            freeRuns.append(number)
            return self.next()
        }
        let source = runs[number].source
        runs[number].removeNext()
        pendingRows -= 1
        if let following = runs[number].next?.key {
            queue.replaceFirst(
                Item(timestamp: following.timestamp, sequence: following.sequence, content: .run(number)))
            return .given((next.key, source, next.row))
        }
        freeRuns.append(number)
        if runs[number].isCut, case .block(let scan, let index) = source {
            queue.replaceFirst(
                Item(
                    timestamp: next.key.timestamp, sequence: next.key.sequence,
                    content: .closed(.rest(scan: scan, index: index, before: next.key))))
        } else {
            queue.removeFirst()
        }
        return .given((next.key, source, next.row))
    }
}
