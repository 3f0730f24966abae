/// The keys of block filters: 64-bit hashes, never 0, that are part of the format. Values that a query takes for equal
/// have the same key.
package enum FilterKey {
    /// The key of a column's text.
    @inline(__always)
    package static func of(_ text: ByteView) -> UInt64 { max(Checksum.of(text), 1) }

    // MARK: Values in details

    /// The path of no keys.
    package static let root: UInt64 = 0

    /// The path one key longer.
    @inline(__always)
    package static func path(_ path: UInt64, _ key: ByteView) -> UInt64 {
        mix(path &+ 0x9E37_79B9_7F4A_7C15) ^ Checksum.of(key)
    }

    package static func path(_ keys: [String]) -> UInt64 {
        keys.reduce(root) { path, key in Array(key.utf8).withView { self.path(path, $0) } }
    }

    /// The key of a string at a path, given without quotes and escapes.
    @inline(__always)
    package static func string(_ text: ByteView, at path: UInt64) -> UInt64 {
        max(mix(path ^ Checksum.of(text, seed: 1)), 1)
    }

    /// The key of a number at a path; nil where the text is none.
    package static func number(_ text: ByteView, at path: UInt64) -> UInt64? {
        ExactDecimal(text).map { max(mix(path ^ $0.hash(text)), 1) }
    }

    /// The key of `true`, `false` or `null` at a path.
    @inline(__always)
    package static func word(_ text: ByteView, at path: UInt64) -> UInt64 {
        max(mix(path ^ Checksum.of(text, seed: 2)), 1)
    }

    /// Spreads every bit over all.
    @inline(__always)
    package static func mix(_ value: UInt64) -> UInt64 {
        var hash = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ hash >> 27) &* 0x94D0_49BB_1331_11EB
        return hash ^ hash >> 31
    }
}

/// Runs of three bytes, ASCII letters in one case, each as a number of 16 bits: what free text is looked for by.
package enum Trigram {
    package static let count = 1 << 16

    @inline(__always)
    static func fold(_ byte: UInt8) -> UInt32 {
        UInt32(byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte)
    }

    @inline(__always)
    static func number(_ window: UInt32) -> Int { Int(((window & 0xFF_FFFF) &* 0x9E37_79B1) >> 16) }

    /// The key of a trigram: numbers in order give keys in order.
    @inline(__always)
    package static func key(_ number: Int) -> UInt64 { UInt64(number) << 48 | UInt64(number & 0xFFF) }

    /// The keys of all trigrams of a text, each once, ascending; none when it is shorter than three bytes.
    package static func keys(_ text: ByteView) -> [UInt64] {
        guard text.count >= 3 else { return [] }
        var numbers: Set<Int> = []
        var window = fold(text[0]) << 8 | fold(text[1])
        for index in 2..<text.count {
            window = window << 8 | fold(text[index])
            numbers.insert(number(window))
        }
        return numbers.sorted().map { key($0) }
    }
}
