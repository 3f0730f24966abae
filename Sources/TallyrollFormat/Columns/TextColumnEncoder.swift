/// Writes a column of optional texts in the cheapest encoding that can be read at one row. Layouts, after the
/// encoding byte (`flags` bit 0: a presence bitmap follows; bit 1: upper-case hex; bit 2: the texts are here):
///
/// ```
/// constant     length-prefixed value
/// localCodes   u8 flags · varint distinct · varint heap start, or length-prefixed texts
///              · length-prefixed integer column of ends · codes
/// hexTemplate  u8 flags · length-prefixed literal · position mask · [presence] · 4 bits a varying digit
/// number       u8 flags · length-prefixed prefix · length-prefixed suffix · u8 fraction digits · [presence]
///              · integer column of the present numbers
/// address      u8 flags · [presence] · integer column of the present addresses
/// follow       varint exceptions · u16 row each · text column of the followed values
/// text         u8 flags · varint heap start · [presence] · integer column of ends of the present values
/// sharedCodes  varint base · u8 width · codes minus base
/// ```
package struct TextColumnEncoder: ~Copyable {
    static let presenceFlag: UInt8 = 1
    static let uppercaseFlag: UInt8 = 2
    static let ownTextsFlag: UInt8 = 4
    /// Distinct texts that take no more bytes are stored in their column: a question to it then inflates nothing.
    private static let ownTextsMax = 64

    private var local = TermInterner(capacity: 1024)
    /// The local code of each entry, 0 where it is absent.
    private var codes = PlainList<UInt32>()
    private var numbers = PlainList<Int64>()
    private var ends = PlainList<Int64>()
    private var distinct = ValueColumn()
    private var integers = IntegerColumnEncoder()
    private var scratch = ByteWriter(capacity: 1024)
    /// Rows whose value is not that of the leader's event before, ascending.
    private var exceptions = PlainList<UInt16>()
    /// The values that a column which follows its leader stores.
    private var nested = ValueColumn()

    package init() {}

    /// Appends the column of `values` to `out`. `shared` is the segment's dictionary for the field, if it may use
    /// one; `leader` the users of the same rows, if the field may follow them.
    package mutating func encode(
        _ values: ValueSpan, in memory: ByteView, shared: SharedTerms? = nil, leader: LeaderRows? = nil,
        heap: inout TextHeapBuilder, into out: inout ByteWriter
    ) {
        if values.presentCount == 0 {
            out.u8(TextEncoding.absent.rawValue)
            return
        }
        if values.absentCount == 0, allEqual(values, in: memory) {
            out.u8(TextEncoding.constant.rawValue)
            out.lengthPrefixed(values.value(0, in: memory))
            return
        }
        if let leader, follows(values, leader, in: memory, shared: shared) {
            return writeFollow(in: memory, shared: shared, heap: &heap, into: &out)
        }
        guard internAll(values, in: memory) else {
            encodeMostlyDistinct(values, in: memory, heap: &heap, into: &out)
            return
        }
        switch choose(count: values.count, present: values.presentCount, shared: shared).choice {
        case .local: writeLocalCodes(values, heap: &heap, into: &out)
        case .shared: if let shared { writeSharedCodes(shared, into: &out) }
        case .template(let template): write(template, values, in: memory, into: &out)
        case .number(let pattern):
            spreadNumbers()
            write(pattern, values, into: &out)
        case .address:
            spreadNumbers()
            writeAddresses(values, into: &out)
        }
    }

    private func allEqual(_ values: ValueSpan, in memory: ByteView) -> Bool {
        let first = values.value(0, in: memory)
        for index in 1..<max(values.count, 1) {
            guard values.length(index) == first.count, values.value(index, in: memory).isEqual(to: first)
            else {
                return false
            }
        }
        return true
    }

    /// Gives every entry its local code; false when nearly every value is distinct, so that codes cannot pay.
    private mutating func internAll(_ values: ValueSpan, in memory: ByteView) -> Bool {
        local.removeAll()
        codes.removeAll()
        var isWorthIt = true
        codes.append(values.count) { codes in
            var present = 0
            var row = 0
            while row < values.count {
                let batch = local.internBatch(values, from: row, in: memory, into: codes)
                row = batch.next
                present += batch.present
                if batch.present == TermInterner.batch, local.count * 8 > present * 7 {
                    isWorthIt = false
                    return
                }
            }
        }
        return isWorthIt
    }

    // MARK: Choosing

    private enum Choice {
        case local, shared, template(HexTemplate), number(NumberPattern), address
    }

    /// The cheapest way to store `count` entries that have the distinct values in `local`, and its cost.
    private mutating func choose(
        count: Int, present: Int, shared: SharedTerms?
    ) -> (choice: Choice, cost: Int) {
        listDistinct()
        // Costs in bits. Text in the heap is taken to deflate to half; a shared term is stored twice.
        var best = Choice.local
        var bestCost = count * bitWidth(local.count) + local.textBytes * 4 + local.count * 10 + 64
        if let shared, let cost = sharedCost(shared, count: count), cost < bestCost {
            best = .shared
            bestCost = cost
        }
        let localMemory = local.count > 0 ? local.allText : .empty
        if let template = HexTemplate.find(distinct.span, in: localMemory) {
            let cost = present * template.positions.count * 4 + (template.literal.count + 8) * 8
            if cost < bestCost {
                best = .template(template)
                bestCost = cost
            }
        }
        if AddressPattern.find(distinct.span, in: localMemory, numbers: &numbers) {
            let cost = present * numbersWidth + 8 * 8
            return cost < bestCost ? (.address, cost) : (best, bestCost)
        }
        if let number = NumberPattern.find(distinct.span, in: localMemory, numbers: &numbers) {
            let cost = present * numbersWidth + (number.prefix.count + number.suffix.count + 8) * 8
            if cost < bestCost {
                best = .number(number)
                bestCost = cost
            }
        }
        return (best, bestCost)
    }

    /// The bits that one of `numbers` takes, about.
    private var numbersWidth: Int {
        let elements = numbers.elements
        let (largest, smallest) = (elements.max() ?? 0, elements.min() ?? 0)
        let span = smallest < 0 ? largest.magnitude &+ smallest.magnitude : UInt64(largest - smallest)
        return 64 - min(span, UInt64(Int64.max)).leadingZeroBitCount
    }

    /// Whether it is cheapest to store what differs from the leader's event before. Only those values are looked up for
    /// that: all others are among them. They are then what `nested` holds.
    private mutating func follows(
        _ values: ValueSpan, _ leader: LeaderRows, in memory: ByteView, shared: SharedTerms?
    ) -> Bool {
        listExceptions(values, to: leader, in: memory)
        let entries = leader.first.count + exceptions.count
        guard entries * 4 < values.count * 3 else { return false }
        nested.removeAll()
        for row in leader.first { nested.append(values, row) }
        for row in exceptions.elements { nested.append(values, Int(row)) }
        local.removeAll()
        codes.removeAll()
        let span = nested.span
        codes.append(entries) { codes in local.intern(span, in: memory, into: codes) }
        guard local.count > 1 else { return false }
        let cost = choose(count: values.count, present: values.presentCount, shared: shared).cost
        return cost * entries / values.count + exceptions.count * 16 + 64 < cost
    }

    private mutating func listDistinct() {
        distinct.removeAll()
        var start: UInt32 = 0
        for code in 1..<UInt32(local.count + 1) {
            let length = UInt32(local.term(code).count)
            distinct.append(offset: start, length: length)
            start += length
        }
    }

    private mutating func listExceptions(
        _ values: ValueSpan, to leader: LeaderRows, in memory: ByteView
    ) {
        exceptions.removeAll()
        for (row, previous) in leader.previous.enumerated() where previous >= 0 {
            if !values.areEqual(row, Int(previous), in: memory) {
                exceptions.append(UInt16(truncatingIfNeeded: row))
            }
        }
    }

    /// Turns the numbers of the distinct values into those of the present ones.
    private mutating func spreadNumbers() {
        let distinct = Array(numbers.elements)
        numbers.removeAll()
        for code in codes.elements where code != 0 { numbers.append(distinct[Int(code) - 1]) }
    }

    private func sharedCost(_ shared: SharedTerms, count: Int) -> Int? {
        var added = 0
        var addedBytes = 0
        for code in 1..<UInt32(local.count + 1) where shared.table.code(of: local.term(code)) == nil {
            // A longer text fits no dictionary.
            guard local.term(code).count <= Limits.termBytes else { return nil }
            added += 1
            addedBytes += local.term(code).count
        }
        // A field whose values keep being new is free text: its terms would fill the dictionary for nothing.
        guard added == 0 || (added <= max(count / 4, 4) && shared.mayGrow) else { return nil }
        return count * bitWidth(shared.table.count + added) + addedBytes * 6 + added * 8
    }

    // MARK: Writing

    private mutating func writeLocalCodes(
        _ values: ValueSpan, heap: inout TextHeapBuilder, into out: inout ByteWriter
    ) {
        ends.removeAll()
        out.u8(TextEncoding.localCodes.rawValue)
        let presence = values.absentCount > 0 ? TextColumnEncoder.presenceFlag : 0
        if local.textBytes <= TextColumnEncoder.ownTextsMax {
            var end: Int64 = 0
            for code in 1..<UInt32(local.count + 1) {
                end += Int64(local.term(code).count)
                ends.append(end)
            }
            out.u8(presence | TextColumnEncoder.ownTextsFlag)
            out.varint(UInt64(local.count))
            out.lengthPrefixed(local.allText)
        } else {
            var start = 0
            for code in 1..<UInt32(local.count + 1) {
                let at = heap.append(local.term(code))
                if code == 1 { start = at }
                ends.append(Int64(at - start + local.term(code).count))
            }
            out.u8(presence)
            out.varint(UInt64(local.count))
            out.varint(UInt64(start))
        }
        scratch.removeAll()
        integers.encode(ends.elements, into: &scratch)
        out.lengthPrefixed(scratch.view)
        // Without absent entries the codes 1... are stored from 0.
        let shift: UInt32 = values.absentCount > 0 ? 0 : 1
        BitPacking.pack(
            codes.elements, minus: shift, width: bitWidth(local.count - Int(shift)), into: &out)
    }

    private mutating func writeSharedCodes(_ shared: SharedTerms, into out: inout ByteWriter) {
        var translation: [UInt32] = [0]
        translation.reserveCapacity(local.count + 1)
        for code in 1..<UInt32(local.count + 1) { translation.append(shared.table.intern(local.term(code))) }
        for row in 0..<codes.count { codes[row] = translation[Int(codes[row])] }
        out.u8(TextEncoding.sharedCodes.rawValue)
        CodeColumn.write(codes.elements, into: &out)
    }

    private mutating func encodeMostlyDistinct(
        _ values: ValueSpan, in memory: ByteView, heap: inout TextHeapBuilder, into out: inout ByteWriter
    ) {
        if let template = HexTemplate.find(values, in: memory), template.positions.count <= 64 {
            write(template, values, in: memory, into: &out)
        } else if AddressPattern.find(values, in: memory, numbers: &numbers) {
            writeAddresses(values, into: &out)
        } else if let pattern = NumberPattern.find(values, in: memory, numbers: &numbers) {
            write(pattern, values, into: &out)
        } else {
            writeText(values, in: memory, heap: &heap, into: &out)
        }
    }

    private func writePresence(_ values: ValueSpan, into out: inout ByteWriter) {
        guard values.absentCount > 0 else { return }
        var byte: UInt8 = 0
        for index in 0..<values.count {
            if !values.isAbsent(index) { byte |= 1 << UInt8(index & 7) }
            if index & 7 == 7 {
                out.u8(byte)
                byte = 0
            }
        }
        if values.count & 7 != 0 { out.u8(byte) }
    }

    private mutating func write(
        _ template: HexTemplate, _ values: ValueSpan, in memory: ByteView, into out: inout ByteWriter
    ) {
        out.u8(TextEncoding.hexTemplate.rawValue)
        out.u8(
            (values.absentCount > 0 ? TextColumnEncoder.presenceFlag : 0)
                | (template.uppercase ? TextColumnEncoder.uppercaseFlag : 0))
        var literal = template.literal
        var mask = [UInt8](repeating: 0, count: (literal.count + 7) / 8)
        for position in template.positions {
            literal[position] = 0
            mask[position >> 3] |= 1 << UInt8(position & 7)
        }
        literal.withView { out.lengthPrefixed($0) }
        out.bytes(mask)
        writePresence(values, into: &out)
        if HexLanes.areFast, HexLanes.take(template) {
            HexLanes.pack(values, template, in: memory, into: &out)
        } else {
            NibblePacker.pack(values, template, in: memory, into: &out)
        }
    }

    /// Writes the column of `numbers`, those of the present values.
    private mutating func write(_ pattern: NumberPattern, _ values: ValueSpan, into out: inout ByteWriter) {
        out.u8(TextEncoding.number.rawValue)
        out.u8(values.absentCount > 0 ? TextColumnEncoder.presenceFlag : 0)
        pattern.prefix.withView { out.lengthPrefixed($0) }
        pattern.suffix.withView { out.lengthPrefixed($0) }
        out.u8(UInt8(pattern.fractionDigits))
        writePresence(values, into: &out)
        integers.encode(numbers.elements, into: &out)
    }

    /// Writes the column of `numbers`, the addresses of the present values.
    private mutating func writeAddresses(_ values: ValueSpan, into out: inout ByteWriter) {
        out.u8(TextEncoding.address.rawValue)
        out.u8(values.absentCount > 0 ? TextColumnEncoder.presenceFlag : 0)
        writePresence(values, into: &out)
        integers.encode(numbers.elements, into: &out)
    }

    private mutating func writeText(
        _ values: ValueSpan, in memory: ByteView, heap: inout TextHeapBuilder, into out: inout ByteWriter
    ) {
        ends.removeAll()
        var start = 0
        for index in 0..<values.count where !values.isAbsent(index) {
            let value = values.value(index, in: memory)
            let at = heap.append(value)
            if ends.count == 0 { start = at }
            ends.append(Int64(at - start + value.count))
        }
        out.u8(TextEncoding.text.rawValue)
        out.u8(values.absentCount > 0 ? TextColumnEncoder.presenceFlag : 0)
        out.varint(UInt64(start))
        writePresence(values, into: &out)
        integers.encode(ends.elements, into: &out)
    }

    /// Writes what `follows` found.
    private mutating func writeFollow(
        in memory: ByteView, shared: SharedTerms?, heap: inout TextHeapBuilder, into out: inout ByteWriter
    ) {
        out.u8(TextEncoding.follow.rawValue)
        out.varint(UInt64(exceptions.count))
        for row in exceptions.elements { out.u16(row) }
        encode(nested.span, in: memory, shared: shared, heap: &heap, into: &out)
    }
}

extension TextColumnEncoder {
    /// Appends the column of `values` to `out`, with the users' codes of the same rows, if the field may follow them.
    package mutating func encode(
        _ values: ValueList, in memory: ByteView, shared: SharedTerms? = nil, leader: [UInt32]? = nil,
        heap: inout TextHeapBuilder, into out: inout ByteWriter
    ) {
        values.withSpan {
            encode(
                $0, in: memory, shared: shared, leader: leader.map { LeaderRows($0) }, heap: &heap, into: &out
            )
        }
    }
}
