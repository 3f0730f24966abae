import Testing
import TallyrollFormat

@Suite struct PostingsIDTableTests {
    private func build(_ hashes: [UInt64], present: [UInt64]? = nil, blocks: [UInt32]) -> [UInt8] {
        var writer = ByteWriter()
        hashes.withUnsafeBufferPointer { hashes in
            blocks.withUnsafeBufferPointer { blocks in
                guard let present else {
                    return IDTable.build(hashes: hashes, payload: .blocks(blocks), into: &writer)
                }
                present.withUnsafeBufferPointer {
                    IDTable.build(hashes: hashes, present: $0, payload: .blocks(blocks), into: &writer)
                }
            }
        }
        return writer.array
    }

    @Test(arguments: [0, 1, 2, 3, 127, 128, 129, 1_000, 30_000]) func everyIDIsFound(count: Int) throws {
        var random = PostingsRandom(seed: UInt64(count) + 1)
        var hashes = (0..<count).map { _ in random.next() }
        // Repeated ids, in the same block and in others.
        for _ in 0..<count / 10 { hashes[random.below(count)] = hashes[random.below(count)] }
        let blocks = (0..<count).map { UInt32($0 / 70) }
        try build(hashes, blocks: blocks).withView { view in
            let table = try IDTable(view)
            try table.checkInvariants()
            #expect(table.count == count)
            for (ordinal, hash) in hashes.enumerated() {
                let found = Array(table.candidates(hash))
                #expect(found.contains(blocks[ordinal]))
                #expect(found == Set(found).sorted())
            }
            var inVain = 0
            for _ in 0..<20_000 { inVain += Array(table.candidates(random.next())).count }
            #expect(inVain < 20_000 / 256 * 2)
        }
    }

    /// Where payloads are narrow there are many tables to ask: fingerprints make up for it.
    @Test(arguments: [(1, 4096), (2, 2048), (3, 1024), (9, 256), (300, 256)])
    func narrowPayloadsLeaveMoreToTheFingerprint(blocks: Int, oneIn: Int) throws {
        var random = PostingsRandom(seed: UInt64(blocks))
        let hashes = (0..<6_000).map { _ in random.next() }
        let payloads = hashes.indices.map { UInt32($0 * blocks / 6_000) }
        try build(hashes, blocks: payloads).withView { view in
            #expect(view.count == IDTable.bytes(entries: hashes.count, blocks: blocks))
            let table = try IDTable(view)
            try table.checkInvariants()
            for (hash, payload) in zip(hashes, payloads) {
                #expect(Array(table.candidates(hash)).contains(payload))
            }
            let lookUps = 400_000
            var inVain = 0
            for _ in 0..<lookUps { inVain += Array(table.candidates(random.next())).count }
            #expect(inVain < lookUps / oneIn * 3 / 2)
            #expect(inVain > lookUps / oneIn / 2)
        }
    }

    @Test func absentIDsCostNothing() throws {
        var random = PostingsRandom(seed: 9)
        let hashes = (0..<1_000).map { _ in random.next() }
        var present = [UInt64](repeating: 0, count: 16)
        for ordinal in 0..<1_000 where ordinal % 3 == 0 { present[ordinal >> 6] |= 1 << UInt64(ordinal & 63) }
        try build(hashes, present: present, blocks: (0..<1_000).map { UInt32($0) }).withView { view in
            let table = try IDTable(view)
            try table.checkInvariants()
            #expect(table.count == 334)
            for ordinal in 0..<1_000 where ordinal % 3 == 0 {
                #expect(table.candidates(hashes[ordinal]).contains(UInt32(ordinal)))
            }
            let others = (0..<1_000).filter {
                $0 % 3 != 0 && table.candidates(hashes[$0]).contains(UInt32($0))
            }
            #expect(others.isEmpty)
        }
    }

    @Test func granules() throws {
        var random = PostingsRandom(seed: 10)
        let hashes = (0..<1_000).map { _ in random.next() }
        var writer = ByteWriter()
        hashes.withUnsafeBufferPointer {
            IDTable.build(hashes: $0, payload: .granules(shift: 6), into: &writer)
        }
        let table = try IDTable(writer.view)
        #expect(table.payloadBound == 16)
        for ordinal in 0..<1_000 {
            #expect(table.candidates(hashes[ordinal]).contains(UInt32(ordinal >> 6)))
        }
    }

    /// Ids chosen so that all fall into one bucket are slow, not wrong.
    @Test func oneBucketForAll() throws {
        let hashes = (0..<2_000).map { UInt64($0) }
        try build(hashes, blocks: (0..<2_000).map { UInt32($0) }).withView { view in
            let table = try IDTable(view)
            try table.checkInvariants()
            for ordinal in 0..<2_000 { #expect(table.candidates(UInt64(ordinal)).contains(UInt32(ordinal))) }
        }
    }

    @Test func flippedBitsAreFoundOrInRange() throws {
        var random = PostingsRandom(seed: 12)
        for (count, bound) in [(1, 1), (5, 9), (300, 11)] {
            let hashes = (0..<count).map { _ in random.next() }
            let bytes = build(hashes, blocks: (0..<count).map { UInt32($0 % bound) })
            for bit in 0..<bytes.count * 8 {
                var damaged = bytes
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                damaged.withView { view in
                    guard let table = try? IDTable(view) else { return }
                    _ = try? table.checkInvariants()
                    for hash in hashes.prefix(40) + [0, .max, 1 << 63] {
                        for payload in table.candidates(hash) { #expect(Int(payload) < table.payloadBound) }
                    }
                }
            }
            for length in 0..<bytes.count {
                Array(bytes[..<length]).withView { view in
                    _ = #expect(throws: FormatError.self) { try IDTable(view) }
                }
            }
            (bytes + [0]).withView { view in _ = #expect(throws: FormatError.self) { try IDTable(view) } }
        }
    }
}
