/// Strings made of texts that lie in memory once and are asked for again and again, as terms are: each is made once, and
/// handed out as the same string, which costs a count instead of memory of its own. A text is known by its place.
struct SharedStrings: ~Copyable {
    private struct Slot {
        var base: UnsafePointer<UInt8>
        var length: Int
        /// What the texts were when the string was made; they may be others since.
        var generation: Int
        var string: String
    }

    private var slots: UnsafeMutablePointer<Slot>?
    private var generation = 1

    /// Fewer rows than these have little to share.
    static let rowsMin = 8
    /// A power of two. Where two texts fall on one slot, the later one has it.
    private static let slotBits = 7
    private static let slotCount = 1 << slotBits

    deinit {
        slots?.deinitialize(count: SharedStrings.slotCount)
        slots?.deallocate()
    }

    /// To be called before the memory of the texts is used for others.
    mutating func removeAll() { generation += 1 }

    mutating func string(_ text: ByteView) -> String {
        let slots = self.slots ?? makeSlots()
        let place = UInt(bitPattern: text.base) &* 0x9E37_79B9_7F4A_7C15
        let slot = slots + Int(place >> UInt(UInt.bitWidth - SharedStrings.slotBits))
        if slot.pointee.base == text.base, slot.pointee.length == text.count,
            slot.pointee.generation == generation
        {
            return slot.pointee.string
        }
        slot.pointee = Slot(
            base: text.base, length: text.count, generation: generation, string: text.string)
        return slot.pointee.string
    }

    private mutating func makeSlots() -> UnsafeMutablePointer<Slot> {
        let made = UnsafeMutablePointer<Slot>.allocate(capacity: SharedStrings.slotCount)
        made.initialize(
            repeating: Slot(base: ByteView.empty.base, length: 0, generation: 0, string: ""),
            count: SharedStrings.slotCount)
        slots = made
        return made
    }
}
