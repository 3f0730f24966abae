/// The commitments of some events, hashed side by side.
///
/// The personal parts stay where they are until `hash` was called.
package struct CommitmentBatch: ~Copyable {
    /// Events at most.
    package static let capacity = 256
    /// Blocks of a message that is hashed beside others; longer ones are hashed alone.
    private static let blocksMax = 16
    /// Fewer messages than these are hashed alone.
    private static let lanesMin = HashLanes.count / 2

    /// The number of events.
    package private(set) var count = 0
    private let salts: UnsafeMutablePointer<Bytes16>
    private let parts: UnsafeMutablePointer<UnsafeRawBufferPointer>
    private let commitments: UnsafeMutablePointer<Digest>
    /// Events in ascending order of their blocks.
    private let order: UnsafeMutablePointer<Int>
    /// Where the events of each number of blocks begin in `order`.
    private let starts: UnsafeMutablePointer<Int>
    private let turn: UnsafeMutablePointer<Digest>
    private let lanes = HashLanes(blocks: CommitmentBatch.blocksMax)
    private let domain = SHA256.State(domain: EventChain.personalTag)

    package init() {
        salts = .allocate(capacity: CommitmentBatch.capacity)
        parts = .allocate(capacity: CommitmentBatch.capacity)
        commitments = .allocate(capacity: CommitmentBatch.capacity)
        order = .allocate(capacity: CommitmentBatch.capacity)
        starts = .allocate(capacity: CommitmentBatch.blocksMax + 2)
        turn = .allocate(capacity: HashLanes.count)
    }

    deinit {
        salts.deallocate()
        parts.deallocate()
        commitments.deallocate()
        order.deallocate()
        starts.deallocate()
        turn.deallocate()
    }

    package mutating func removeAll() { count = 0 }

    /// Adds an event.
    @inline(__always)
    package mutating func append(salt: Bytes16, personal: UnsafeRawBufferPointer) {
        precondition(count < CommitmentBatch.capacity, "a batch that is full")
        (salts + count).initialize(to: salt)
        (parts + count).initialize(to: personal)
        count += 1
    }

    /// The commitment of an event, after `hash`.
    @inline(__always)
    package subscript(index: Int) -> Digest {
        precondition(index >= 0 && index < count)
        return commitments[index]
    }

    /// Hashes them all.
    package func hash() {
        guard HashLanes.areFast, count >= CommitmentBatch.lanesMin else {
            for event in 0..<count { hashAlone(event) }
            return
        }
        sort()
        var place = 0
        let short = starts[CommitmentBatch.blocksMax]
        while short - place >= CommitmentBatch.lanesMin {
            let width = min(HashLanes.count, short - place)
            for lane in 0..<width { fill(lane, order[place + lane]) }
            lanes.hash(from: domain, into: turn)
            for lane in 0..<width { commitments[order[place + lane]] = turn[lane] }
            place += width
        }
        while place < count {
            hashAlone(order[place])
            place += 1
        }
    }

    /// Bytes of an event's message: salt, length, personal part.
    @inline(__always)
    private func length(_ event: Int) -> Int { Bytes16.byteCount + 4 + parts[event].count }

    /// Puts the events in order of their blocks; `starts` of b are then the events of at most b blocks.
    private func sort() {
        func size(_ event: Int) -> Int {
            min(HashLanes.blocks(length(event)), CommitmentBatch.blocksMax + 1)
        }
        starts.initialize(repeating: 0, count: CommitmentBatch.blocksMax + 2)
        for event in 0..<count { starts[size(event)] += 1 }
        var before = 0
        for blocks in 0..<CommitmentBatch.blocksMax + 2 {
            let events = starts[blocks]
            starts[blocks] = before
            before += events
        }
        for event in 0..<count {
            let blocks = size(event)
            (order + starts[blocks]).initialize(to: event)
            starts[blocks] += 1
        }
    }

    @inline(__always)
    private func fill(_ lane: Int, _ event: Int) {
        let slot = lanes.slot(lane)
        let part = parts[event]
        salts[event].store(to: slot)
        slot.storeBytes(of: UInt32(part.count).littleEndian, toByteOffset: Bytes16.byteCount, as: UInt32.self)
        if let start = part.baseAddress {
            (slot + Bytes16.byteCount + 4).copyMemory(from: start, byteCount: part.count)
        }
        lanes.pad(lane, length: length(event), from: domain)
    }

    private func hashAlone(_ event: Int) {
        commitments[event] = ChainHasher.commitment(domain, salt: salts[event], personal: parts[event])
    }
}
