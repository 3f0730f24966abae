/// What texts of one length have in common as far as hex digits go, eight positions at a time: which positions vary,
/// and which hold anything but lower-case or upper-case digits.
struct HexScan {
    private static let words = HexTemplate.lengthMax / 8
    private var varying = InlineArray<16, UInt64>(repeating: 0)
    private var notLower = InlineArray<16, UInt64>(repeating: 0)
    private var notUpper = InlineArray<16, UInt64>(repeating: 0)
    private let length: Int

    init(length: Int) {
        precondition(length > 0 && length <= HexScan.words * 8)
        self.length = length
    }

    /// Takes in a text; `first` is the one that positions are compared with.
    @inline(__always)
    mutating func add(_ text: ByteView, _ first: ByteView) {
        let whole = length >> 3
        for word in 0..<whole {
            add(text.load(UInt64.self, at: word << 3), first.load(UInt64.self, at: word << 3), at: word)
        }
        if length & 7 != 0 { add(HexScan.tail(text, whole << 3), HexScan.tail(first, whole << 3), at: whole) }
    }

    @inline(__always)
    private mutating func add(_ bytes: UInt64, _ first: UInt64, at word: Int) {
        let digit = HexScan.inRange(bytes, 0x30, 0x39)
        varying[word] |= bytes ^ first
        notLower[word] |= ~(digit | HexScan.inRange(bytes, 0x61, 0x66)) & JSONText.highs
        notUpper[word] |= ~(digit | HexScan.inRange(bytes, 0x41, 0x46)) & JSONText.highs
    }

    /// The fewer than eight bytes from `start` on, with zeros behind, which never vary.
    @inline(__always)
    private static func tail(_ text: ByteView, _ start: Int) -> UInt64 {
        let count = text.count - start
        if text.count >= 8 {
            return text.load(UInt64.self, at: text.count - 8) >> UInt64((8 - count) * 8)
        }
        var word: UInt64 = 0
        for index in 0..<count { word |= UInt64(text.base[start + index]) << UInt64(index * 8) }
        return word
    }

    /// The high bit of each byte that lies in a range below 128.
    @inline(__always)
    private static func inRange(_ bytes: UInt64, _ low: UInt64, _ high: UInt64) -> UInt64 {
        let low7 = bytes & ~JSONText.highs
        let atLeast = low7 + JSONText.ones * (0x80 - low)
        let above = low7 + JSONText.ones * (0x7F - high)
        return atLeast & ~above & ~bytes & JSONText.highs
    }

    func varies(at position: Int) -> Bool { varying[position >> 3] >> UInt64((position & 7) * 8) & 0xFF != 0 }

    /// Whether every position that varies holds lower-case digits only.
    var isLowercase: Bool { holds(notLower) }

    /// Whether some position that varies holds no digits, in either case.
    var isHopeless: Bool { !holds(notLower) && !holds(notUpper) }

    private func holds(_ wrong: InlineArray<16, UInt64>) -> Bool {
        for word in 0..<(length + 7) >> 3 {
            let high = (varying[word] & ~JSONText.highs) + ~JSONText.highs | varying[word]
            if high & wrong[word] != 0 { return false }
        }
        return true
    }
}

/// Packs hex digits into nibbles, the first into the low half of a byte, eight at a time.
struct NibblePacker {
    private var pending: UInt64 = 0
    private var filled: UInt64 = 0

    /// Packs the digits of the present values of a template.
    static func pack(
        _ values: ValueSpan, _ template: HexTemplate, in memory: ByteView, into out: inout ByteWriter
    ) {
        let runs = template.runs
        var packer = NibblePacker()
        for index in 0..<values.count where !values.isAbsent(index) {
            let value = values.value(index, in: memory)
            let readable = memory.count - Int(values.offset(index))
            for run in runs {
                packer.append(value.base + run.start, run.count, readable: readable - run.start, into: &out)
            }
        }
        packer.finish(into: &out)
    }

    /// Appends `count` digits that begin at `start`. `readable` bytes may be read there.
    @inline(__always)
    mutating func append(
        _ start: UnsafePointer<UInt8>, _ count: Int, readable: Int, into out: inout ByteWriter
    ) {
        var position = 0
        while position < count {
            let wanted = min(count &- position, 8)
            var word: UInt64 = 0
            if readable &- position >= 8 {
                word = UnsafeRawPointer(start + position).loadUnaligned(as: UInt64.self).littleEndian
            } else {
                for index in 0..<wanted {
                    word |= UInt64(start[position &+ index]) << UInt64(truncatingIfNeeded: index &* 8)
                }
            }
            append(NibblePacker.nibbles(word), count: wanted, into: &out)
            position &+= wanted
        }
    }

    /// The nibbles of eight digits, the first lowest.
    @inline(__always)
    private static func nibbles(_ digits: UInt64) -> UInt64 {
        let letters = digits >> 6 & JSONText.ones
        var word = (digits & (JSONText.ones &* 0x0F)) &+ letters &* 9
        word = (word | word >> 4) & 0x00FF_00FF_00FF_00FF
        word = (word | word >> 8) & 0x0000_FFFF_0000_FFFF
        return (word | word >> 16) & 0xFFFF_FFFF
    }

    @inline(__always)
    private mutating func append(_ nibbles: UInt64, count: Int, into out: inout ByteWriter) {
        let bits = UInt64(truncatingIfNeeded: count &* 4)
        // At most 31 bits wait, so that 32 more fit.
        pending |= (nibbles & ((1 &<< bits) &- 1)) &<< filled
        filled &+= bits
        if filled >= 32 {
            out.u32(UInt32(truncatingIfNeeded: pending))
            pending &>>= 32
            filled &-= 32
        }
    }

    /// Appends what is left, the last half byte filled up with zeros.
    mutating func finish(into out: inout ByteWriter) {
        while filled > 0 {
            out.u8(UInt8(truncatingIfNeeded: pending))
            pending &>>= 8
            filled = filled > 8 ? filled - 8 : 0
        }
    }
}
