import CInstructions

/// Hex digits of many texts, a whole text at a time, where the processor can do that.
enum HexLanes {
    /// Whether this processor can. Nothing else here must be called otherwise.
    static let areFast = hex_lanes_are_fast()
    /// The longest text.
    static let lengthMax = Int(HEX_LANES)

    /// What `HexTemplate.find` gives for present values, of which `first` is the first and no longer than `lengthMax`.
    static func template(of values: ValueSpan, _ first: ByteView, in memory: ByteView) -> HexTemplate? {
        var found = hex_positions()
        guard hex_lanes_scan(texts(values, memory), first.base, first.count, &found) else { return nil }
        return HexTemplate(
            literal: first.array,
            positions: (0..<first.count).filter { found.varying >> UInt64($0) & 1 != 0 },
            uppercase: found.varying & found.not_lower != 0)
    }

    /// Whether `pack` takes values of a template.
    static func take(_ template: HexTemplate) -> Bool {
        let width = template.positions.count
        return template.literal.count <= lengthMax && (width % 2 == 0 || width * 2 <= lengthMax)
    }

    /// Packs the digits of the present values of a template that `take` is true for, as `NibblePacker` does.
    static func pack(
        _ values: ValueSpan, _ template: HexTemplate, in memory: ByteView, into out: inout ByteWriter
    ) {
        let positions = template.positions.reduce(0 as UInt64) { $0 | 1 << UInt64($1) }
        let bytes = (values.presentCount * template.positions.count + 1) / 2
        out.append(atMost: bytes + lengthMax) { start in
            guard let end = hex_lanes_pack(texts(values, memory), template.literal.count, positions, start)
            else { return 0 }
            return end - start
        }
    }

    private static func texts(_ values: ValueSpan, _ memory: ByteView) -> hex_texts {
        hex_texts(
            memory: memory.base, offsets: values.offsets.baseAddress, lengths: values.lengths.baseAddress,
            count: values.count)
    }
}
