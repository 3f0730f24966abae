/// Writes a column of optional texts in the cheapest encoding that can be read at one row. Layouts, after the
/// encoding byte (`flags` bit 0: a presence bitmap follows; bit 1: upper-case hex):
///
/// ```
/// constant     length-prefixed value
/// localCodes   u8 flags · varint distinct · varint heap start · length-prefixed integer column of ends · codes
/// hexTemplate  u8 flags · length-prefixed literal · position mask · [presence] · 4 bits a varying digit
/// number       u8 flags · length-prefixed prefix · length-prefixed suffix · u8 fraction digits · [presence]
///              · integer column of the present numbers
/// follow       varint exceptions · u16 row each · text column of the followed values
/// text         u8 flags · varint heap start · [presence] · integer column of ends of the present values
/// sharedCodes  varint base · u8 width · codes minus base
/// ```
package struct TextColumnEncoder: ~Copyable {
    static let presenceFlag: UInt8 = 1
    static let uppercaseFlag: UInt8 = 2

    private var local = TermInterner(capacity: 1024)
    private var codes: [UInt32] = []
    private var numbers: [Int64] = []
    private var ends: [Int64] = []
    private var bits: [UInt64] = []
    private var distinct = ValueList()
    private var integers = IntegerColumnEncoder()
    private var scratch = ByteWriter(capacity: 1024)
    private var followed = FollowPlan()

    package init() {}

    /// Appends the column of `values` to `out`. `shared` is the segment's dictionary for the field, if it may use
    /// one; `leader` the user codes of the same rows, if the field may follow them.
    package mutating func encode(
        _ values: ValueList, in memory: ByteView, shared: SharedTerms? = nil, leader: [UInt32]? = nil,
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
        guard internAll(values, in: memory) else {
            encodeMostlyDistinct(values, in: memory, heap: &heap, into: &out)
            return
        }
        chooseAndEncode(values, in: memory, shared: shared, leader: leader, heap: &heap, into: &out)
    }

    private func allEqual(_ values: ValueList, in memory: ByteView) -> Bool {
        let first = values.value(0, in: memory)
        for index in 1..<max(values.count, 1) {
            guard values.lengths[index] == first.count, values.value(index, in: memory).isEqual(to: first)
            else {
                return false
            }
        }
        return true
    }

    /// Gives every entry its local code; false when nearly every value is distinct, so that codes cannot pay.
    private mutating func internAll(_ values: ValueList, in memory: ByteView) -> Bool {
        local.removeAll()
        codes.removeAll(keepingCapacity: true)
        codes.reserveCapacity(values.count)
        var present = 0
        for index in 0..<values.count {
            if values.isAbsent(index) {
                codes.append(0)
                continue
            }
            codes.append(local.intern(values.value(index, in: memory)))
            present += 1
            if present & 127 == 0, local.count * 8 > present * 7 { return false }
        }
        return true
    }

    // MARK: Choosing

    private enum Choice {
        case local, shared, follow, template(HexTemplate), number(NumberPattern)
    }

    private mutating func chooseAndEncode(
        _ values: ValueList, in memory: ByteView, shared: SharedTerms?, leader: [UInt32]?,
        heap: inout TextHeapBuilder, into out: inout ByteWriter
    ) {
        let count = values.count
        listDistinct()
        // Costs in bits. Text in the heap is taken to deflate to half; a shared term is stored twice.
        var best = Choice.local
        var bestCost = count * bitWidth(local.count) + local.textBytes * 4 + local.count * 10 + 64
        if let shared, let cost = sharedCost(shared, count: count), cost < bestCost {
            best = .shared
            bestCost = cost
        }
        let localMemory = local.count > 0 ? local.allText : .empty
        if let template = HexTemplate.find(distinct, in: localMemory) {
            let cost = values.presentCount * template.positions.count * 4 + (template.literal.count + 8) * 8
            if cost < bestCost {
                best = .template(template)
                bestCost = cost
            }
        }
        if let number = NumberPattern.find(distinct, in: localMemory, numbers: &numbers) {
            let span = (numbers.max() ?? 0).magnitude &+ (numbers.min() ?? 0).magnitude
            let width = 64 - min(span, UInt64(Int64.max)).leadingZeroBitCount
            let cost = values.presentCount * width + (number.prefix.count + number.suffix.count + 8) * 8
            if cost < bestCost {
                best = .number(number)
                bestCost = cost
            }
        }
        if let leader, local.count > 1 {
            followed.make(codes: codes, leader: leader)
            let cost = bestCost * followed.entries / max(count, 1) + followed.exceptions.count * 16 + 64
            if cost < bestCost { best = .follow }
        }
        switch best {
        case .local: writeLocalCodes(values, heap: &heap, into: &out)
        case .shared: if let shared { writeSharedCodes(shared, into: &out) }
        case .template(let template): write(template, values, in: memory, into: &out)
        case .number(let pattern): write(pattern, values, in: memory, into: &out)
        case .follow: writeFollow(values, in: memory, shared: shared, heap: &heap, into: &out)
        }
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
        _ values: ValueList, heap: inout TextHeapBuilder, into out: inout ByteWriter
    ) {
        var start = 0
        ends.removeAll(keepingCapacity: true)
        for code in 1..<UInt32(local.count + 1) {
            let at = heap.append(local.term(code))
            if code == 1 { start = at }
            ends.append(Int64(at - start + local.term(code).count))
        }
        out.u8(TextEncoding.localCodes.rawValue)
        out.u8(values.absentCount > 0 ? TextColumnEncoder.presenceFlag : 0)
        out.varint(UInt64(local.count))
        out.varint(UInt64(start))
        scratch.removeAll()
        ends.withUnsafeBufferPointer { integers.encode($0, into: &scratch) }
        out.lengthPrefixed(scratch.view)
        // Without absent entries the codes 1... are stored from 0.
        let shift: UInt32 = values.absentCount > 0 ? 0 : 1
        pack(width: bitWidth(local.count - Int(shift)), minus: shift, into: &out)
    }

    private mutating func writeSharedCodes(_ shared: SharedTerms, into out: inout ByteWriter) {
        var translation: [UInt32] = [0]
        translation.reserveCapacity(local.count + 1)
        for code in 1..<UInt32(local.count + 1) { translation.append(shared.table.intern(local.term(code))) }
        for index in codes.indices { codes[index] = translation[Int(codes[index])] }
        out.u8(TextEncoding.sharedCodes.rawValue)
        CodeColumn.write(codes, packing: &bits, into: &out)
    }

    private mutating func pack(width: Int, minus shift: UInt32, into out: inout ByteWriter) {
        bits.removeAll(keepingCapacity: true)
        bits.reserveCapacity(codes.count)
        for code in codes { bits.append(UInt64(code &- shift)) }
        bits.withUnsafeBufferPointer { BitPacking.pack($0, width: width, into: &out) }
    }

    private mutating func encodeMostlyDistinct(
        _ values: ValueList, in memory: ByteView, heap: inout TextHeapBuilder, into out: inout ByteWriter
    ) {
        if let template = HexTemplate.find(values, in: memory), template.positions.count <= 64 {
            write(template, values, in: memory, into: &out)
        } else if let pattern = NumberPattern.find(values, in: memory, numbers: &numbers) {
            write(pattern, values, in: memory, into: &out)
        } else {
            writeText(values, in: memory, heap: &heap, into: &out)
        }
    }

    private func writePresence(_ values: ValueList, into out: inout ByteWriter) {
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
        _ template: HexTemplate, _ values: ValueList, in memory: ByteView, into out: inout ByteWriter
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
        var half: UInt8 = 0
        var hasHalf = false
        for index in 0..<values.count where !values.isAbsent(index) {
            let value = values.value(index, in: memory)
            for position in template.positions {
                let nibble = HexTemplate.nibble(value.base[position])
                if hasHalf { out.u8(half | nibble << 4) }
                half = nibble
                hasHalf.toggle()
            }
        }
        if hasHalf { out.u8(half) }
    }

    private mutating func write(
        _ pattern: NumberPattern, _ values: ValueList, in memory: ByteView, into out: inout ByteWriter
    ) {
        guard NumberPattern.find(values, in: memory, numbers: &numbers) != nil else {
            preconditionFailure("a pattern of the distinct values is one of all values")
        }
        out.u8(TextEncoding.number.rawValue)
        out.u8(values.absentCount > 0 ? TextColumnEncoder.presenceFlag : 0)
        pattern.prefix.withView { out.lengthPrefixed($0) }
        pattern.suffix.withView { out.lengthPrefixed($0) }
        out.u8(UInt8(pattern.fractionDigits))
        writePresence(values, into: &out)
        numbers.withUnsafeBufferPointer { integers.encode($0, into: &out) }
    }

    private mutating func writeText(
        _ values: ValueList, in memory: ByteView, heap: inout TextHeapBuilder, into out: inout ByteWriter
    ) {
        ends.removeAll(keepingCapacity: true)
        var start = 0
        for index in 0..<values.count where !values.isAbsent(index) {
            let value = values.value(index, in: memory)
            let at = heap.append(value)
            if ends.isEmpty { start = at }
            ends.append(Int64(at - start + value.count))
        }
        out.u8(TextEncoding.text.rawValue)
        out.u8(values.absentCount > 0 ? TextColumnEncoder.presenceFlag : 0)
        out.varint(UInt64(start))
        writePresence(values, into: &out)
        ends.withUnsafeBufferPointer { integers.encode($0, into: &out) }
    }

    private mutating func writeFollow(
        _ values: ValueList, in memory: ByteView, shared: SharedTerms?, heap: inout TextHeapBuilder,
        into out: inout ByteWriter
    ) {
        out.u8(TextEncoding.follow.rawValue)
        out.varint(UInt64(followed.exceptions.count))
        for row in followed.exceptions { out.u16(UInt16(row)) }
        var nested = ValueList()
        nested.reserve(followed.entries)
        for row in followed.rows {
            if values.isAbsent(row) {
                nested.appendAbsent()
            } else {
                nested.append(offset: values.offsets[row], length: values.lengths[row])
            }
        }
        encode(nested, in: memory, shared: shared, heap: &heap, into: &out)
    }
}

/// Which rows a column must store when each row repeats what its leader (the user) had before.
struct FollowPlan {
    /// For each distinct leader code in ascending order the row of its first event, then the exceptions.
    private(set) var rows: [Int] = []
    /// Rows whose value is not that of the leader's previous event, ascending.
    private(set) var exceptions: [Int] = []
    private var last: [UInt32] = []
    private var firstRow: [Int32] = []

    var entries: Int { rows.count }

    mutating func make(codes: [UInt32], leader: [UInt32]) {
        rows.removeAll(keepingCapacity: true)
        exceptions.removeAll(keepingCapacity: true)
        let leaders = Int(leader.max() ?? 0) + 1
        if last.count < leaders {
            last = [UInt32](repeating: 0, count: leaders)
            firstRow = [Int32](repeating: -1, count: leaders)
        }
        for row in codes.indices {
            let key = Int(leader[row])
            if firstRow[key] < 0 {
                firstRow[key] = Int32(row)
            } else if last[key] != codes[row] {
                exceptions.append(row)
            }
            last[key] = codes[row]
        }
        // The first rows in order of leader code: a reader finds a leader's place by counting smaller codes.
        for row in codes.indices where firstRow[Int(leader[row])] == Int32(row) { rows.append(row) }
        rows.sort { leader[$0] < leader[$1] }
        for row in rows { firstRow[Int(leader[row])] = -1 }
        rows.append(contentsOf: exceptions)
    }
}
