/// The keys of one block, each once.
package struct BlockKeys: Sendable {
    package var keys: [UInt64] = []
    /// False when some values could not be read.
    package var isComplete = true

    package init() {}
}

/// Gathers the keys of one filter, block by block, and writes its section when the segment is sealed.
package struct FilterGatherer {
    package let kind: FilterKind
    /// The paths of `details` whose values are gathered, as hashes; nil for all.
    private let paths: [UInt64]?
    private var blockCount = 0
    private var unknown: [UInt32] = []
    /// Keys block after block, each once a block.
    private var keys: [UInt64] = []
    private var trigrams: [UInt16] = []
    /// Where the keys or trigrams of each block end.
    private var ends: [Int] = []

    private var set = KeySet()
    private var map = TrigramMap()
    /// False when some values of the block that is being gathered could not be read.
    private var isComplete = true

    package init(_ kind: FilterKind, paths: [UInt64]? = nil) {
        self.kind = kind
        self.paths = paths
    }

    /// The pairs of a key and a block so far.
    package var pairCount: Int { keys.count + trigrams.count }

    // MARK: Blocks

    /// Adds values of one of the kind's source fields, which lie in `memory`, to the block that is being gathered.
    package mutating func add(_ field: StringField, _ values: ValueSpan, in memory: ByteView) {
        guard values.presentCount > 0 else { return }
        switch (kind, field) {
        case (.details, .details): addDetails(values, in: memory)
        case (.text, .details): addStrings(values, in: memory)
        case (.text, _): addText(values, in: memory)
        default: add(values, in: memory)
        }
    }

    /// Ends the block whose values were added.
    package mutating func endBlock() {
        if !isComplete { unknown.append(UInt32(blockCount)) }
        isComplete = true
        keys.append(contentsOf: set.keys)
        set.removeAll()
        map.drain { trigrams.append($0) }
        countBlock()
    }

    /// Adds a block whose keys were taken by `takeKeys`.
    package mutating func append(_ block: BlockKeys) {
        if !block.isComplete { unknown.append(UInt32(blockCount)) }
        if kind == .text {
            trigrams.append(contentsOf: block.keys.lazy.map { UInt16($0 >> 48) })
        } else {
            keys.append(contentsOf: block.keys)
        }
        countBlock()
    }

    /// The keys of the values that were added, which are forgotten: no block is.
    package mutating func takeKeys() -> BlockKeys {
        var block = BlockKeys()
        block.isComplete = isComplete
        isComplete = true
        block.keys = set.keys
        set.removeAll()
        map.drain { block.keys.append(Trigram.key(Int($0))) }
        return block
    }

    /// Forgets the block added last.
    package mutating func removeLastBlock() {
        guard blockCount > 0 else { return }
        blockCount -= 1
        ends.removeLast()
        let before = ends.last ?? 0
        keys.removeLast(kind == .text ? 0 : keys.count - before)
        trigrams.removeLast(kind == .text ? trigrams.count - before : 0)
        if unknown.last == UInt32(blockCount) { unknown.removeLast() }
    }

    /// Adds a block of which nothing is known.
    package mutating func appendUnknown() {
        unknown.append(UInt32(blockCount))
        countBlock()
    }

    private mutating func countBlock() {
        ends.append(pairCount)
        blockCount += 1
    }

    private mutating func add(_ list: ValueSpan, in memory: ByteView) {
        for row in 0..<list.count {
            list.fetchAhead(of: row, in: memory)
            if !list.isAbsent(row) { set.insert(FilterKey.of(list.value(row, in: memory))) }
        }
    }

    private mutating func addText(_ list: ValueSpan, in memory: ByteView) {
        for row in 0..<list.count where !list.isAbsent(row) { map.insert(list.value(row, in: memory)) }
    }

    private mutating func addDetails(_ list: ValueSpan, in memory: ByteView) {
        var scalars = DocumentScalars()
        var unescaped = ByteWriter(capacity: 256)
        for row in 0..<list.count where !list.isAbsent(row) {
            let isWhole = scalars.walk(list.value(row, in: memory)) { path, scalar in
                if let paths, !paths.contains(path) { return }
                switch scalar[0] {
                case UInt8(ascii: "\""):
                    guard let text = FilterGatherer.content(scalar, &unescaped) else {
                        isComplete = false
                        return
                    }
                    set.insert(FilterKey.string(text, at: path))
                case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
                    set.insert(FilterKey.word(scalar, at: path))
                default:
                    if let key = FilterKey.number(scalar, at: path) {
                        set.insert(key)
                    } else {
                        isComplete = false
                    }
                }
            }
            if !isWhole { isComplete = false }
        }
    }

    private mutating func addStrings(_ list: ValueSpan, in memory: ByteView) {
        var scalars = DocumentScalars()
        var unescaped = ByteWriter(capacity: 256)
        for row in 0..<list.count where !list.isAbsent(row) {
            let isWhole = scalars.walk(list.value(row, in: memory)) { _, scalar in
                guard scalar[0] == UInt8(ascii: "\"") else { return }
                if let text = FilterGatherer.content(scalar, &unescaped) {
                    map.insert(text)
                } else {
                    isComplete = false
                }
            }
            if !isWhole { isComplete = false }
        }
    }

    /// What a string stands for, or nil where it holds half a surrogate pair.
    @inline(__always)
    private static func content(_ string: ByteView, _ unescaped: inout ByteWriter) -> ByteView? {
        let content = string.trusted(1, string.count - 2)
        for index in 0..<content.count where content.base[index] == UInt8(ascii: "\\") {
            unescaped.removeAll()
            let span = JSONStringSpan(start: 1, length: content.count, isEscaped: true)
            guard (try? JSONScanner.unescape(string, span, into: &unescaped)) != nil else { return nil }
            return unescaped.view
        }
        return content
    }

    // MARK: The section

    /// At most what the section will take.
    package var bytesBound: Int {
        // A key in one block takes 10 1/4 bits and a block number; one in several 18 1/2 bits and the logarithm of their
        // number, and for each of them 2 1/4 bits and a block number less that logarithm, which is most where they are
        // two. A trigram takes at most 30 bits and one a block.
        let blockWidth = BitPacking.width(forMaximum: UInt64(blockCount + 1))
        let pairs = pairCount * (12 + blockWidth)
        let lists = kind == .text ? Trigram.count * (30 + blockCount) : pairs
        return 1024 + min(pairs, lists) / 8 + unknown.count * 5
    }

    /// Appends the filter over all blocks so far.
    package func write(into out: inout ByteWriter) {
        var builder = BlockFilterBuilder(blockCount: blockCount, unknown: unknown)
        if kind == .text { addTrigrams(to: &builder) } else { addKeys(to: &builder) }
        builder.write(into: &out)
    }

    private struct Pair: Comparable {
        var key: UInt64
        var block: UInt32

        static func < (a: Pair, b: Pair) -> Bool { a.key == b.key ? a.block < b.block : a.key < b.key }
    }

    private func addKeys(to builder: inout BlockFilterBuilder) {
        let pairs = sortedPairs()
        defer { pairs.deallocate() }
        var blocks: [UInt32] = []
        var index = 0
        while index < pairs.count {
            let key = pairs[index].key
            blocks.removeAll(keepingCapacity: true)
            while index < pairs.count, pairs[index].key == key {
                blocks.append(pairs[index].block)
                index += 1
            }
            blocks.withUnsafeBufferPointer { builder.add(key, blocks: $0) }
        }
    }

    /// As many buckets as pairs, by the top bits of the key; within a bucket, nearly always a handful are sorted.
    private func sortedPairs() -> UnsafeMutableBufferPointer<Pair> {
        let count = keys.count
        let pairs = UnsafeMutableBufferPointer<Pair>.allocate(capacity: count)
        var starts = [UInt32](repeating: 0, count: count + 1)
        starts.withUnsafeMutableBufferPointer { starts in
            for key in keys { starts[BlockFilter.bucket(key, of: count) + 1] += 1 }
            for index in 1..<(count + 1) { starts[index] += starts[index - 1] }
            var index = 0
            for (block, end) in ends.enumerated() {
                while index < end {
                    let bucket = BlockFilter.bucket(keys[index], of: count)
                    pairs.initializeElement(
                        at: Int(starts[bucket]), to: Pair(key: keys[index], block: UInt32(block)))
                    starts[bucket] += 1
                    index += 1
                }
            }
            var start = 0
            for bucket in 0..<count {
                let end = Int(starts[bucket])
                if end - start > 1 {
                    var slice = UnsafeMutableBufferPointer(rebasing: pairs[start..<end])
                    slice.sort()
                }
                start = end
            }
        }
        return pairs
    }

    private func addTrigrams(to builder: inout BlockFilterBuilder) {
        // As in a counting sort: first where the blocks of each trigram go, then they are put there.
        var starts = [UInt32](repeating: 0, count: Trigram.count + 1)
        for trigram in trigrams { starts[Int(trigram) + 1] += 1 }
        for index in 1...Trigram.count { starts[index] += starts[index - 1] }
        let blocks = [UInt32](unsafeUninitializedCapacity: trigrams.count) { buffer, count in
            var index = 0
            for (block, end) in ends.enumerated() {
                while index < end {
                    let trigram = Int(trigrams[index])
                    buffer.initializeElement(at: Int(starts[trigram]), to: UInt32(block))
                    starts[trigram] += 1
                    index += 1
                }
            }
            count = trigrams.count
        }
        var start = 0
        blocks.withUnsafeBufferPointer { blocks in
            for trigram in 0..<Trigram.count {
                let end = Int(starts[trigram])
                if end > start {
                    builder.add(
                        Trigram.key(trigram), blocks: UnsafeBufferPointer(rebasing: blocks[start..<end]))
                }
                start = end
            }
        }
    }
}

/// The trigrams of a block, a bit each.
private struct TrigramMap {
    private var words = [UInt64](repeating: 0, count: Trigram.count / 64)
    private var isEmpty = true

    @inline(__always)
    mutating func insert(_ text: ByteView) {
        guard text.count >= 3 else { return }
        isEmpty = false
        words.withUnsafeMutableBufferPointer { words in
            var window = Trigram.fold(text.base[0]) << 8 | Trigram.fold(text.base[1])
            for index in 2..<text.count {
                window = window << 8 | Trigram.fold(text.base[index])
                let number = Trigram.number(window)
                words[number >> 6] |= 1 &<< UInt64(truncatingIfNeeded: number & 63)
            }
        }
    }

    /// Gives the trigrams, ascending, and forgets them.
    @inline(__always)
    mutating func drain(_ body: (UInt16) -> Void) {
        guard !isEmpty else { return }
        isEmpty = true
        for index in words.indices where words[index] != 0 {
            var word = words[index]
            words[index] = 0
            while word != 0 {
                body(UInt16(index << 6 + word.trailingZeroBitCount))
                word &= word - 1
            }
        }
    }
}
