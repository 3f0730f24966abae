/// The 64-bit checksum of everything on disk: XXH64 with seed 0, as the xxHash specification defines it
/// (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md). It finds accidents, at memory speed and without special
/// instructions; tampering is the chain's business.
package enum Checksum {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    package static func of(_ view: ByteView, seed: UInt64 = 0) -> UInt64 {
        var lanes = Lanes(seed: seed)
        let start = UnsafeRawPointer(view.base)
        let whole = view.count & ~31
        lanes.consume(start, whole)
        let hash = view.count >= 32 ? lanes.merged : short(seed: seed)
        return finish(hash &+ UInt64(view.count), start + whole, view.count - whole)
    }

    /// The four running sums over blocks of 32 bytes.
    struct Lanes {
        private var lane1: UInt64
        private var lane2: UInt64
        private var lane3: UInt64
        private var lane4: UInt64

        @inline(__always)
        init(seed: UInt64) {
            lane1 = seed &+ prime1 &+ prime2
            lane2 = seed &+ prime2
            lane3 = seed
            lane4 = seed &- prime1
        }

        /// Takes in `count` bytes, a multiple of 32.
        @inline(__always)
        mutating func consume(_ start: UnsafeRawPointer, _ count: Int) {
            var position = start
            let end = start + count
            while position < end {
                lane1 = round(lane1, word(position))
                lane2 = round(lane2, word(position + 8))
                lane3 = round(lane3, word(position + 16))
                lane4 = round(lane4, word(position + 24))
                position += 32
            }
        }

        @inline(__always)
        var merged: UInt64 {
            var hash = rotate(lane1, 1) &+ rotate(lane2, 7) &+ rotate(lane3, 12) &+ rotate(lane4, 18)
            hash = merge(hash, lane1)
            hash = merge(hash, lane2)
            hash = merge(hash, lane3)
            return merge(hash, lane4)
        }
    }

    /// The sum of what came after the last whole block, given the hash of everything before it and the length.
    @inline(__always)
    static func finish(_ start: UInt64, _ tail: UnsafeRawPointer, _ count: Int) -> UInt64 {
        var hash = start
        var position = tail
        let end = tail + count
        while end - position >= 8 {
            hash = rotate(hash ^ round(0, word(position)), 27) &* prime1 &+ prime4
            position += 8
        }
        if end - position >= 4 {
            let half = UInt64(UInt32(littleEndian: position.loadUnaligned(as: UInt32.self)))
            hash = rotate(hash ^ (half &* prime1), 23) &* prime2 &+ prime3
            position += 4
        }
        while position < end {
            let byte = UInt64(position.load(as: UInt8.self))
            hash = rotate(hash ^ (byte &* prime5), 11) &* prime1
            position += 1
        }
        hash = (hash ^ (hash >> 33)) &* prime2
        hash = (hash ^ (hash >> 29)) &* prime3
        return hash ^ (hash >> 32)
    }

    /// The hash of fewer than 32 bytes before its length is added.
    @inline(__always)
    static func short(seed: UInt64) -> UInt64 { seed &+ prime5 }

    @inline(__always)
    private static func word(_ pointer: UnsafeRawPointer) -> UInt64 {
        UInt64(littleEndian: pointer.loadUnaligned(as: UInt64.self))
    }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 {
        value << bits | value >> (64 - bits)
    }

    @inline(__always)
    private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
        rotate(lane &+ input &* prime2, 31) &* prime1
    }

    @inline(__always)
    private static func merge(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
        (hash ^ round(0, lane)) &* prime1 &+ prime4
    }
}
