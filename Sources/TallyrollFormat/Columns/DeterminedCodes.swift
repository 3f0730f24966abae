/// The codes that each code of a leading column stands for, where a column is determined by it: an action has one type,
/// one component and, mostly, one shape of `details`.
package final class DeterminedCodes: Sendable {
    let base: UInt32
    /// The bits of an entry.
    let width: Int
    /// The code for each packed value of the leading column, `1 << leaderWidth` of them: those that no row has may be anything.
    let codes: FixedArray<UInt32>

    /// Reads what follows the mark: `u8 width · varint entries · entries`.
    init(base: UInt32, leaderWidth: Int, _ reader: inout ByteReader) throws(FormatError) {
        self.base = base
        width = Int(try reader.u8())
        guard width <= 31 else {
            throw reader.invalid("entry width", expected: "at most 31 bits", found: "\(width)")
        }
        let count = try reader.length(atMost: 1 << leaderWidth)
        let entries = try reader.bytes(BitPacking.bytes(count: count, width: width))
        try reader.finish()
        // A leading code without an entry reads as the base: never out of bounds, and the chain tells that it is wrong.
        codes = FixedArray(count: 1 << leaderWidth, repeating: base)
        BitPacking.unpack(
            entries, width: width, from: 0, into: UnsafeMutableBufferPointer(start: codes.base, count: count))
        for index in 0..<count { codes.base[index] &+= base }
    }
}
