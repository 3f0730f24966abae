extension Checksum {
    /// The same checksum over bytes that come in pieces.
    package struct Stream {
        private let seed: UInt64
        private var lanes: Lanes
        private var count = 0
        /// The bytes since the last whole block of 32.
        private var pending: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

        @inline(__always)
        package init(seed: UInt64 = 0) {
            self.seed = seed
            lanes = Lanes(seed: seed)
        }

        package mutating func update(_ view: ByteView) {
            var position = UnsafeRawPointer(view.base)
            var rest = view.count
            let waiting = count & 31
            count += rest
            if waiting > 0 {
                let length = min(rest, 32 - waiting)
                hold(position, length, at: waiting)
                position += length
                rest -= length
                guard waiting + length == 32 else { return }
                withUnsafeBytes(of: pending) { block in
                    if let start = block.baseAddress { lanes.consume(start, 32) }
                }
            }
            let whole = rest & ~31
            lanes.consume(position, whole)
            hold(position + whole, rest - whole, at: 0)
        }

        /// The checksum of everything so far; more may follow.
        package func finish() -> UInt64 {
            let hash = count >= 32 ? lanes.merged : Checksum.short(seed: seed)
            return withUnsafeBytes(of: pending) { block in
                guard let start = block.baseAddress else { return hash }
                return Checksum.finish(hash &+ UInt64(count), start, count & 31)
            }
        }

        private mutating func hold(_ start: UnsafeRawPointer, _ length: Int, at offset: Int) {
            guard length > 0 else { return }
            withUnsafeMutableBytes(of: &pending) { block in
                UnsafeMutableRawBufferPointer(rebasing: block[offset..<offset + length])
                    .copyMemory(from: UnsafeRawBufferPointer(start: start, count: length))
            }
        }
    }
}
