import CSHA256Lanes

/// Sixteen messages that are hashed side by side, for less than half of what they cost one after another, where the
/// processor can do that. A turn takes as long as its longest message, also when some lanes hold nothing new.
struct HashLanes: ~Copyable {
    static let count = Int(SHA256_LANES)
    /// Whether this processor can. `hash` must not be called otherwise.
    static let areFast = sha256_lanes_are_fast()

    private let messages: UnsafeMutablePointer<UnsafePointer<UInt8>?>
    private let blocks: UnsafeMutablePointer<UInt32>
    private let memory: UnsafeMutablePointer<UInt8>
    private let slotBytes: Int

    /// Lanes for messages of at most so many blocks, padding included.
    init(blocks most: Int) {
        slotBytes = most * SHA256.blockSize
        messages = .allocate(capacity: HashLanes.count)
        blocks = .allocate(capacity: HashLanes.count)
        memory = .allocate(capacity: HashLanes.count * slotBytes)
        memory.initialize(repeating: 0, count: HashLanes.count * slotBytes)
        blocks.initialize(repeating: 1, count: HashLanes.count)
        for lane in 0..<HashLanes.count {
            (messages + lane).initialize(to: UnsafePointer(memory + lane * slotBytes))
        }
    }

    deinit {
        messages.deallocate()
        blocks.deallocate()
        memory.deallocate()
    }

    /// Where the message of a lane begins.
    @inline(__always)
    func slot(_ lane: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(memory + lane * slotBytes)
    }

    /// Blocks of a message of so many bytes.
    @inline(__always)
    static func blocks(_ length: Int) -> Int {
        (length + 1 + 8 + SHA256.blockSize - 1) / SHA256.blockSize
    }

    /// Pads a message as the standard says, whose last `length` bytes lie in the slot.
    @inline(__always)
    func pad(_ lane: Int, length: Int, from state: SHA256.State) {
        let count = HashLanes.blocks(length)
        let end = count * SHA256.blockSize
        let slot = slot(lane)
        slot.storeBytes(of: 0x80, toByteOffset: length, as: UInt8.self)
        (slot + length + 1).initializeMemory(as: UInt8.self, repeating: 0, count: end - 8 - length - 1)
        let bits = (state.absorbed &+ UInt64(length)) &* 8
        slot.storeBytes(of: bits.bigEndian, toByteOffset: end - 8, as: UInt64.self)
        blocks[lane] = UInt32(count)
    }

    /// Hashes what the slots hold.
    @inline(__always)
    func hash(from state: SHA256.State, into digests: UnsafeMutablePointer<Digest>) {
        withUnsafeBytes(of: state.words) { words in
            sha256_lanes_hash(
                words.assumingMemoryBound(to: UInt32.self).baseAddress, messages, blocks,
                UnsafeMutableRawPointer(digests).assumingMemoryBound(to: UInt8.self))
        }
    }
}
