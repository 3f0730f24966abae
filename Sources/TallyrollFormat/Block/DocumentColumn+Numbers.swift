extension DocumentColumn {
    /// Adds the numbers that wanted rows have at the paths for which `matches` holds. Objects kept as text are passed
    /// over: `forEachRaw` gives them.
    package func appendNumbers(
        where matches: ([UInt8]) -> Bool, in wanted: RowSet, into batch: inout NumberBatch
    ) throws {
        var paths: Set<Int> = []
        for code in counts.used where code > 0 {
            for path in shapes.slotPaths[Int(code) - 1] where matches(shapes.paths[path]) {
                paths.insert(path)
            }
        }
        for path in paths.sorted() {
            let (uses, column) = try usedColumn(path)
            if column.quoted || column.texts.isAbsent { continue }
            var usesByPlace = [Int](repeating: 0, count: counts.used.count)
            for use in uses { usesByPlace[use.place] = use.count }
            let numbers = try column.texts.numbers(from: context)
            var entry = 0
            for row in codes.indices {
                let count = usesByPlace[counts.place(row)]
                if count > 0, wanted.contains(row) {
                    for next in entry..<(entry + count) { numbers.append(next, row: row, into: &batch) }
                }
                entry += count
            }
        }
    }
}

/// The numbers among the values of a text column: integers with a common scale where the encoding has them, else
/// the texts.
struct ColumnNumbers: ~Copyable {
    fileprivate var integers: [Int64] = []
    fileprivate var exponent: Int32 = 0
    fileprivate var presence: PresenceMap?
    fileprivate var values: ValueList?
    fileprivate var text = ByteWriter(capacity: 16)

    @inline(__always)
    func append(_ entry: Int, row: Int, into batch: inout NumberBatch) {
        if let values {
            guard !values.isAbsent(entry) else { return }
            batch.append(row: row, json: values.value(entry, in: text.view))
            return
        }
        var place = entry
        if let presence {
            guard let rank = presence.rank(entry) else { return }
            place = rank
        }
        batch.append(row: row, SmallDecimal(mantissa: integers[place], exponent: exponent))
    }
}

extension TextColumn {
    /// The values as numbers: without going through text where every value is one.
    func numbers(from context: ColumnContext) throws -> ColumnNumbers {
        var numbers = ColumnNumbers()
        if isNumeric, let integers = body.integers {
            numbers.integers = integers.decodeArray()
            numbers.exponent = -Int32(body.fractionDigits)
            numbers.presence = body.presence
        } else {
            var values = ValueList()
            try decode(from: context, into: &values, text: &numbers.text)
            numbers.values = values
        }
        return numbers
    }
}

extension OptionalIntegers {
    /// Calls `body` with the wanted rows that have a value, ascending.
    func forEach(in wanted: RowSet, _ body: (_ row: Int, _ value: Int64) -> Void) {
        wanted.forEach { row in
            if let value = value(row) { body(row, value) }
        }
    }
}
