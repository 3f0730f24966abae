/// Where the text of each dictionary code met so far was put while a column is decoded: a small open-addressing table,
/// since it is asked once a row.
struct TermPlaces {
    /// Codes by slot, 0 where free, and beside them where their text lies.
    private var codes = [UInt32](repeating: 0, count: 1 << 6)
    private var places = [(offset: UInt32, length: UInt32)](repeating: (0, 0), count: 1 << 6)
    /// The terms themselves, where they are asked for as such: places then count them.
    private var texts: [ByteView] = []
    private var count = 0

    @inline(__always)
    mutating func place(
        of code: UInt32, in context: ColumnContext, text: inout ByteWriter
    ) throws -> (offset: UInt32, length: UInt32) {
        let slot = TermPlaces.slot(of: code, in: codes)
        if codes[slot] == code { return places[slot] }
        return try add(code, at: slot, context, &text)
    }

    /// The slot that holds the code, or the free one where it belongs.
    @inline(__always)
    private static func slot(of code: UInt32, in codes: [UInt32]) -> Int {
        let mask = codes.count - 1
        var slot = Int(code &* 0x9E37_79B1) >> 7 & mask
        while codes[slot] != code, codes[slot] != 0 { slot = (slot + 1) & mask }
        return slot
    }

    /// The term of a code, copied to `arena` when it is first asked for.
    mutating func text(
        of code: UInt32, in context: ColumnContext, _ arena: inout TextArena
    ) throws -> ByteView {
        let slot = TermPlaces.slot(of: code, in: codes)
        if codes[slot] == code { return texts[Int(places[slot].offset)] }
        arena.scratch.removeAll()
        try context.appendTerm(code, into: &arena.scratch)
        texts.append(arena.copyScratch())
        insert(code, at: slot, (UInt32(texts.count - 1), 0))
        return texts[texts.count - 1]
    }

    @inline(never)
    private mutating func add(
        _ code: UInt32, at slot: Int, _ context: ColumnContext, _ text: inout ByteWriter
    ) throws -> (offset: UInt32, length: UInt32) {
        let start = text.count
        try context.appendTerm(code, into: &text)
        let place = (offset: UInt32(start), length: UInt32(text.count - start))
        insert(code, at: slot, place)
        return place
    }

    private mutating func insert(_ code: UInt32, at slot: Int, _ place: (offset: UInt32, length: UInt32)) {
        codes[slot] = code
        places[slot] = place
        count += 1
        if count * 2 > codes.count { grow() }
    }

    private mutating func grow() {
        let (oldCodes, oldPlaces) = (codes, places)
        codes = [UInt32](repeating: 0, count: oldCodes.count * 4)
        places = Array(repeating: (0, 0), count: oldCodes.count * 4)
        for old in oldCodes.indices where oldCodes[old] != 0 {
            let slot = TermPlaces.slot(of: oldCodes[old], in: codes)
            codes[slot] = oldCodes[old]
            places[slot] = oldPlaces[old]
        }
    }
}
