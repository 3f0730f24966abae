import TallyrollFormat
import TallyrollStore

/// What one run over a part of a store has counted: groups, and the states of their figures. Several of them merge
/// into what one run over everything would have counted, in whatever order. Belongs to one thread at a time.
struct AggregateState {
    let plan: AggregatePlan
    private(set) var keys: GroupKeys
    /// The number of events of each group.
    private(set) var counts: [Int]
    private(set) var numbers: [NumberFigures]
    private(set) var distinct: [[DistinctCount]]
    private var distinctBytes = 0
    private(set) var times: TimeBuckets?

    let groupColumns: [ValueColumn<NumberedTexts>]
    private let distinctColumns: [ValueColumn<ValueHashes>]
    private let numberColumns: [NumberColumn]
    private var batch: RowBatch
    private var scratch = QueryScratchBox()

    /// `seed` is the store's.
    init(_ plan: AggregatePlan, seed: UInt64) throws(QueryLimitError) {
        self.plan = plan
        keys = GroupKeys(width: plan.keyWidth)
        counts = []
        numbers = plan.numbers.map { NumberFigures($0, quantileLimit: plan.quantileLimit) }
        distinct = plan.distinct.map { _ in [] }
        times = plan.aggregation.width.map { TimeBuckets(width: $0) }
        groupColumns = try plan.aggregation.fields.map { (field) throws(QueryLimitError) in
            try ValueColumn(field, NumberedTexts())
        }
        distinctColumns = try plan.distinct.map { (field) throws(QueryLimitError) in
            try ValueColumn(field, ValueHashes(seed: seed))
        }
        numberColumns = plan.numbers.map { NumberColumn($0.field) }
        batch = RowBatch(plan)
        grow()
    }

    // MARK: Segments

    /// Adds the events of a segment that are meant.
    mutating func add(_ scan: SegmentScan) throws {
        for column in groupColumns { column.beginSegment() }
        for column in distinctColumns { column.beginSegment() }
        if plan.isCountOnly, !plan.isGrouped {
            counts[0] += try scan.count()
            return
        }
        if try addCodes(scan) || addCombinations(scan) { return try checkLimits() }
        guard let columns = indexedColumns else {
            for index in scan.blocks { try add(scan, block: index) }
            return
        }
        var blocks: [Int] = []
        try scan.forEachStretch { ordinals in
            // Where an index cannot be read, the columns say the same.
            let lists = try? scan.counting { try columns.map { try scan.codes($0, in: ordinals) } }
            let terms = scan.segment.reader.terms
            guard let lists, !lists.contains(where: { $0 == nil }),
                let tokens = try? self.tokens(lists.map { $0 ?? [] }, terms)
            else {
                blocks += scan.blocks(of: ordinals)
                return
            }
            counts[0] += scan.count(of: ordinals)
            for (place, list) in tokens.enumerated() {
                for token in list where token != ValueHashes.none {
                    distinct[place][0].add(token, limit: plan.distinctLimit, &distinctBytes)
                }
            }
        } undecided: {
            blocks.append($0)
        }
        for index in blocks { try add(scan, block: index) }
        try checkLimits()
    }

    /// Counts by the codes of the one field that groups are made by, where that is all that is asked; false when the
    /// events have to be looked at one by one.
    private mutating func addCodes(_ scan: SegmentScan) throws -> Bool {
        guard plan.isCountOnly, times == nil, groupColumns.count == 1,
            let column = groupColumns[0].codeColumn,
            var codes = (try? scan.codeCounts(column)) ?? nil
        else { return false }
        try scan.count(into: &codes)
        let names = groupColumns[0]
        let reader = scan.segment.reader
        let tokens = try? scan.counting {
            let table = try column.dictionary.flatMap { try reader.termTable($0) }
            let terms = reader.terms
            var tokens: [(number: UInt32, count: Int)] = []
            try codes.forEach { tokens.append((try names.token(ofCode: $0, in: table, terms), $1)) }
            return tokens
        }
        // A term that cannot be read costs the blocks that hold it, which only they can say.
        guard let tokens else { return false }
        for (number, count) in tokens where number != NumberedTexts.none {
            let group = Int(keys.group(number))
            grow()
            counts[group] += count
        }
        return true
    }

    /// The same for several fields.
    private mutating func addCombinations(_ scan: SegmentScan) throws -> Bool {
        let columns = groupColumns.compactMap(\.codeColumn)
        guard plan.isCountOnly, times == nil, columns.count > 1, columns.count == groupColumns.count,
            var codes = (try? scan.codeCombinations(columns)) ?? nil
        else { return false }
        try scan.count(into: &codes)
        let reader = scan.segment.reader
        let names = groupColumns
        let groups = try? scan.counting {
            let tables = try columns.map { try $0.dictionary.flatMap { try reader.termTable($0) } }
            let terms = reader.terms
            var groups: [(key: [UInt32], count: Int)] = []
            try codes.forEach { codes, count in
                let key = try names.indices.map { place in
                    try names[place].token(ofCode: codes[place], in: tables[place], terms)
                }
                groups.append((key, count))
            }
            return groups
        }
        // A term that cannot be read costs the blocks that hold it, which only they can say.
        guard let groups else { return false }
        for (key, count) in groups where !key.contains(NumberedTexts.none) {
            let group = Int(keys.group(key))
            grow()
            counts[group] += count
        }
        return true
    }

    /// Adds events without a look at them: to the one group there is, or to that of a value.
    mutating func addDecided(_ count: Int) { counts[0] += count }

    mutating func addDecided(_ count: Int, of value: ByteView) {
        let group = Int(keys.group(groupColumns[0].names.token(of: value)))
        grow()
        counts[group] += count
    }

    /// The columns whose posting lists say all that is wanted, if they do: which values occur at all.
    private var indexedColumns: [PostingColumn]? {
        guard numbers.isEmpty, times == nil, groupColumns.isEmpty else { return nil }
        let columns = distinctColumns.compactMap(\.postingColumn)
        return columns.count == distinctColumns.count ? columns : nil
    }

    /// The values of codes, for each of the fields whose values are counted.
    private func tokens(_ codes: [[UInt32]], _ terms: any SegmentTerms) throws -> [[UInt64]] {
        try zip(distinctColumns, codes).map { column, list in
            try list.map { try column.token(ofCode: $0, terms) }
        }
    }

    private mutating func add(_ scan: SegmentScan, block index: Int) throws {
        guard let matches = try scan.matches(index) else { return }
        batch.begin(rows: matches.rows)
        batch.constantTime = times?.common(ofAll: scan.entry(index).times)
        if chooseRanges(scan.entry(index)) {
            let isRead: Void? = scan.gather(index) { block in try gather(block) }
            if isRead == nil { return }
        }
        try scan.counting { try addBatch() }
    }

    /// Takes from the block directory what it says, and tells whether anything else must be read. The smallest and the
    /// largest time of a block say all that is wanted of its times, when all its events are meant and in one group.
    private mutating func chooseRanges(_ entry: SegmentOutline.Block) -> Bool {
        let isOneGroup = groupColumns.isEmpty && (times == nil || batch.constantTime != nil)
        var mustRead = !groupColumns.isEmpty || !distinctColumns.isEmpty
        if times != nil, batch.constantTime == nil { mustRead = true }
        for place in numberColumns.indices {
            if isOneGroup, batch.isWhole, let range = numberColumns[place].range(entry) {
                batch.numbers[place].append(
                    row: 0, SmallDecimal(mantissa: range.lowerBound, exponent: 0))
                batch.numbers[place].append(
                    row: 0, SmallDecimal(mantissa: range.upperBound, exponent: 0))
            } else {
                batch.isRead[place] = true
                mustRead = true
            }
        }
        return mustRead
    }

    /// Reads the columns that are needed of the rows of a block; nothing is counted before all were read.
    private mutating func gather(_ block: BlockReader) throws {
        let rows = batch.rows
        if times != nil, batch.constantTime == nil {
            let column = try block.integers(.timestamp)
            let values = column.decodeArray()
            rows.forEach { batch.times.append(values[$0]) }
        }
        for column in groupColumns {
            batch.groupTokens.append(try column.tokens(rows, block, &scratch.value))
        }
        for column in distinctColumns {
            batch.distinctTokens.append(try column.tokens(rows, block, &scratch.value))
        }
        for place in numberColumns.indices where batch.isRead[place] {
            try numberColumns[place].append(rows, block, into: &batch.numbers[place], &scratch.value)
        }
    }

    // MARK: Tail

    /// Adds an event that is in no block yet.
    mutating func add(_ record: RecordRow) throws(QueryLimitError) {
        batch.begin(rows: RowSet(size: 1, all: true))
        if times != nil { batch.times.append(record.timestamp) }
        for column in groupColumns { batch.groupTokens.append([column.token(of: record, &scratch.value)]) }
        for column in distinctColumns {
            batch.distinctTokens.append([column.token(of: record, &scratch.value)])
        }
        for place in numberColumns.indices {
            numberColumns[place].append(record, into: &batch.numbers[place], &scratch.value)
        }
        try addBatch()
    }

    // MARK: Adding up

    /// Numbers that are added before memory is looked at again.
    private static let chunkSize = 4096

    private mutating func addBatch() throws(QueryLimitError) {
        batch.findGroups(&keys, &times)
        grow()
        for place in batch.groups.indices {
            let group = batch.groups[place]
            if group != GroupKeys.none { counts[Int(group)] += 1 }
        }
        for (place, tokens) in batch.distinctTokens.enumerated() {
            for (row, token) in tokens.enumerated() where token != ValueHashes.none {
                let group = batch.groups[row]
                if group == GroupKeys.none { continue }
                distinct[place][Int(group)].add(token, limit: plan.distinctLimit, &distinctBytes)
            }
        }
        try checkLimits()
        for place in numbers.indices where batch.numbers[place].count > 0 || batch.numbers[place].hasWide {
            let groups = batch.groupsByRow()
            let count = batch.numbers[place].count
            for start in stride(from: 0, to: count, by: AggregateState.chunkSize) {
                let end = min(start + AggregateState.chunkSize, count)
                numbers[place].add(batch.numbers[place], start..<end, groups)
                try checkLimits()
            }
            numbers[place].addWide(batch.numbers[place], groups)
            try checkLimits()
        }
    }

    /// Makes states for groups that have none yet.
    private mutating func grow() {
        guard counts.count < keys.count else { return }
        counts.append(contentsOf: repeatElement(0, count: keys.count - counts.count))
        for place in numbers.indices { numbers[place].grow(to: keys.count) }
        for place in distinct.indices {
            distinct[place].append(
                contentsOf: repeatElement(DistinctCount(), count: keys.count - distinct[place].count))
        }
    }

    /// What groups and their states take, roughly.
    private var byteCount: Int {
        var perGroup = 8 + distinct.count * MemoryLayout<DistinctCount>.stride
        var extra = keys.byteCount + (times?.byteCount ?? 0) + distinctBytes
        for figures in numbers {
            perGroup += figures.bytesPerGroup
            extra += figures.extraBytes
        }
        for column in groupColumns { extra += column.names.byteCount }
        return perGroup * keys.count + extra
    }

    func checkLimits() throws(QueryLimitError) {
        for figures in numbers {
            if let number = figures.refused { throw QueryLimitError(.numberOutOfRange, number.excerpt) }
        }
        guard keys.count <= AggregatePlan.groupLimit else {
            throw QueryLimitError(
                times != nil && groupColumns.isEmpty ? .tooManyBuckets : .tooManyGroups,
                "\(AggregatePlan.groupLimit)")
        }
        guard byteCount <= plan.aggregation.memoryLimit else {
            throw QueryLimitError(.tooMuchMemory, "\(plan.aggregation.memoryLimit)")
        }
    }

    // MARK: Merging

    /// Adds what another run counted over other events of the same store.
    mutating func merge(_ other: AggregateState) throws(QueryLimitError) {
        var numbering: [[UInt32]] = []
        if let otherTimes = other.times, let mine = times?.numbers(of: otherTimes) { numbering.append(mine) }
        for (mine, theirs) in zip(groupColumns, other.groupColumns) {
            numbering.append(mine.names.numbers(of: theirs.names))
        }
        var groups: [UInt32] = []
        groups.reserveCapacity(other.keys.count)
        var key = [UInt32](repeating: 0, count: keys.width)
        for group in 0..<other.keys.count {
            for part in key.indices { key[part] = numbering[part][Int(other.keys.part(part, of: group))] }
            groups.append(keys.group(key))
        }
        grow()
        for (theirs, mine) in groups.enumerated() { counts[Int(mine)] += other.counts[theirs] }
        for place in numbers.indices { numbers[place].merge(other.numbers[place], groups) }
        for place in distinct.indices {
            for (theirs, mine) in groups.enumerated() {
                distinct[place][Int(mine)].merge(
                    other.distinct[place][theirs], limit: plan.distinctLimit, &distinctBytes)
            }
        }
        try checkLimits()
    }
}

/// Scratch memory as a part of a struct that can be copied.
private final class QueryScratchBox {
    var value = QueryScratch()
}

extension ExactNumber {
    /// The number, cut short for a message.
    fileprivate var excerpt: String {
        digits.count <= 20
            ? description
            : "\(ExactNumber(sign: sign, digits: digits.prefix(20), exponent: exponent + digits.count - 20))…"
    }
}
