import Testing

@testable import TallyrollFormat

@Suite struct EventMintedIDTests {
    @Test func layoutIsAsDocumented() {
        // ms 0x019B7714D7FB; sequence 0xABC_123456789; tag 0x2ABCDEF.
        let id = MintedID.text(
            recordedAt: 0x019B_7714_D7FB * 1_000_000, sequence: 0xABC1_2345_6789,
            storeTag: 0xFFFF_FFFF_F2AB_CDEF)
        #expect(id.prefix(18) == "019b7714-d7fb-7abc")
        let low: UInt64 = 1 << 63 | 0x1_2345_6789 << 26 | 0x2AB_CDEF
        let hex = String(low, radix: 16)
        #expect(id.dropFirst(19) == "\(hex.prefix(4))-\(hex.dropFirst(4))")
    }

    @Test func randomIDsComeBackAndSort() {
        let seed: UInt64 = 5
        var random = SeededRandom(seed: seed)
        for round in 0..<5_000 {
            let time = Int64(random.next() >> 1)
            let sequence = random.next() & (MintedID.maximumSequence - 1)
            let tag = random.next()
            let id = MintedID.text(recordedAt: time, sequence: sequence, storeTag: tag)
            #expect(id.utf8.count == MintedID.textBytes)
            let expected = MintedID.Parts(
                milliseconds: UInt64(time) / 1_000_000, sequence: sequence, tag: tag & 0x3FF_FFFF)
            #expect(
                id.withView { MintedID.parse($0, storeTag: tag) } == expected, "seed \(seed), round \(round)")
            #expect(id.withView { MintedID.parse($0, storeTag: tag ^ 1) } == nil)
            #expect(id < MintedID.text(recordedAt: time, sequence: sequence + 1, storeTag: 0))
        }
        #expect(
            MintedID.text(recordedAt: -1, sequence: 0, storeTag: 0) == "00000000-0000-7000-8000-000000000000")
        #expect(
            MintedID.text(recordedAt: .max, sequence: MintedID.maximumSequence, storeTag: .max)
                == "08637bd0-5af6-7fff-bfff-ffffffffffff")
    }

    @Test func otherTextIsNotMinted() {
        let id = "019b7714-d7fb-7abc-8123-456789abcdef"
        #expect(id.withView { MintedID.parse($0) } != nil)
        for other in [
            "", "019b7714-d7fb-7abc-8123-456789abcde", id + "0", id.uppercased(),
            "019b7714-d7fb-4abc-8123-456789abcdef",
            "019b7714-d7fb-7abc-c123-456789abcdef", "019b7714-d7fb-7abc-7123-456789abcdef",
            "019b7714xd7fb-7abc-8123-456789abcdef", "g19b7714-d7fb-7abc-8123-456789abcdef",
            "019b7714d-7fb-7abc-8123-456789abcdef",
        ] {
            #expect(other.withView { MintedID.parse($0) } == nil, "\(other)")
        }
    }
}
