import Testing
import TallyrollFormat

@Suite struct LogScanTests {
    @Test func readsAWholeLogAndIgnoresPreallocatedSpace() throws {
        let image = LogImage.small()
        for slack in [0, 1, 7, 8, 79, 80, 4096, 100_000] {
            let result = try ScanResult(image.bytes + [UInt8](repeating: 0, count: slack))
            #expect(result.frames == image.offsets)
            #expect(result.behind.isEmpty)
            #expect(result.end == .clean(at: image.end))
            #expect(result.nextSequence == 109)
        }
    }

    @Test func anEmptyLogIsClean() throws {
        let result = try ScanResult(LogImage().bytes)
        #expect(result.end == .clean(at: 4096) && result.frames.isEmpty && result.nextSequence == 100)
    }

    @Test func truncatedAtEveryByteItKeepsEveryWholeFrameAndCallsTheRestTorn() throws {
        let image = LogImage.small()
        for length in 0..<image.bytes.count {
            for zeros in [0, 16, 512] {
                let bytes = image.bytes[..<length] + [UInt8](repeating: 0, count: zeros)
                let result = try ScanResult(Array(bytes))
                guard length >= 4096 else {
                    #expect(result.frames.isEmpty && result.end == .torn(at: 0))
                    continue
                }
                // A cut inside the zeros of a padding that zeros follow has lost nothing.
                let whole = image.framesBefore(length)
                #expect(result.frames.count >= whole && result.frames.count <= whole + 1)
                #expect(result.frames == Array(image.offsets[..<result.frames.count]))
                if case .damaged = result.end { Issue.record("torn at \(length), called damaged") }
                // Also where a whole frame ends: the mark that should stand there is gone.
                if result.frames.count == whole { #expect(result.end != .clean(at: length)) }
            }
        }
    }

    @Test func everyFlippedBitKeepsWhatIsBeforeAndSavesWhatIsBehind() throws {
        let image = LogImage.small()
        for bit in 0..<(image.bytes.count * 8) {
            var bytes = image.bytes
            bytes[bit / 8] ^= 1 << (bit % 8)
            let result = try ScanResult(bytes)
            guard bit / 8 >= 4096 else {
                #expect(result.end == .damaged(at: 0), "bit \(bit)")
                #expect(result.behind == image.offsets)
                continue
            }
            let before = image.framesBefore(bit / 8)
            #expect(result.frames == Array(image.offsets[..<before]), "bit \(bit)")
            if bit / 8 >= image.end {
                #expect(result.end == .torn(at: image.end), "bit \(bit) of the mark")
                continue
            }
            #expect(Set(result.behind).isSuperset(of: image.offsets[(before + 1)...]), "bit \(bit)")
            let isLast = before == image.offsets.count - 1
            #expect(
                result.end
                    == (isLast ? .torn(at: image.offsets[before]) : .damaged(at: image.offsets[before])))
        }
    }

    /// The last frame has no witness behind it in its own file; what is known from elsewhere has to do.
    @Test func promisesFromElsewhereTurnACutIntoDamage() throws {
        let image = LogImage.small()
        let last = image.offsets[4]
        #expect(try ScanResult(image.cut(after: 4), promisedUpTo: 107).end == .clean(at: last))
        #expect(try ScanResult(image.cut(after: 4), promisedUpTo: 108).end == .damaged(at: last))
        #expect(try ScanResult(Array(image.bytes[..<(last + 50)]), promisedUpTo: 107).end == .torn(at: last))
        #expect(
            try ScanResult(Array(image.bytes[..<(last + 50)]), promisedUpTo: 109).end == .damaged(at: last))
    }

    @Test func zeroedRangesBeforeAPromisedPlaceAreNeverTorn() throws {
        let image = LogImage.small()
        var random = Generator(state: 0x5EED)
        for round in 0..<400 {
            let start = 4096 + random.below(image.bytes.count - 4096)
            let length = 1 + random.below(image.bytes.count - start)
            var bytes = image.bytes
            for index in start..<(start + length) { bytes[index] = 0 }
            let changed = bytes.indices.first { bytes[$0] != image.bytes[$0] }
            guard let changed else { continue }
            let result = try ScanResult(bytes)
            let before = image.framesBefore(changed)
            #expect(result.frames == Array(image.offsets[..<before]), "round \(round)")
            let lastIsHeld = start + length <= image.offsets[4] && before < 4
            if lastIsHeld {
                #expect(result.end == .damaged(at: image.offsets[before]), "round \(round)")
            }
        }
    }

    /// Frames written after one another with no sync between them: any of them may be missing after a crash.
    @Test func unpromisedFramesBehindAHoleAreATornTail() throws {
        var image = LogImage()
        image.append(2)
        image.append(2, durableUpTo: 102)
        image.append(2, durableUpTo: 102)
        image.append(2, durableUpTo: 102)
        for (index, end) in zip(
            0..<4, [LogScan.End.damaged(at: 4096)] + image.offsets[1...].map { .torn(at: $0) })
        {
            var bytes = image.bytes
            let length = image.headers[index].frameLength
            for offset in image.offsets[index]..<(image.offsets[index] + length) { bytes[offset] = 0 }
            let result = try ScanResult(bytes)
            #expect(result.frames == Array(image.offsets[..<index]))
            #expect(result.end == end)
            #expect(result.behind == Array(image.offsets[(index + 1)...]))
        }
    }

    @Test func swappedFramesAreDamageAndBothAreSaved() throws {
        var image = LogImage()
        for _ in 0..<4 { image.append(2) }
        let length = image.headers[1].frameLength
        #expect(length == image.headers[2].frameLength)
        let second = Array(image.bytes[image.offsets[1]..<(image.offsets[1] + length)])
        let third = Array(image.bytes[image.offsets[2]..<(image.offsets[2] + length)])
        var bytes = image.bytes
        bytes.replaceSubrange(image.offsets[1]..<(image.offsets[1] + length), with: third)
        bytes.replaceSubrange(image.offsets[2]..<(image.offsets[2] + length), with: second)
        let result = try ScanResult(bytes)
        #expect(result.frames == [image.offsets[0]])
        #expect(result.end == .damaged(at: image.offsets[1]))
        #expect(result.behind == Array(image.offsets[1...]))
    }

    @Test func framesOfAnotherLifeOrStoreAreNeitherReadNorEvidence() throws {
        var old = LogImage(fileNumber: 6)
        var foreign = LogImage(store: Octets16(first: 1, second: 1))
        for _ in 0..<4 {
            old.append(2)
            foreign.append(2)
        }
        for stale in [old, foreign] {
            var image = LogImage()
            image.append(2)
            let result = try ScanResult(image.bytes + stale.bytes[image.bytes.count...])
            #expect(result.frames == [4096])
            #expect(result.behind.isEmpty)
            #expect(result.end == .clean(at: image.end))
            // Where the mark is gone, something was written over it.
            let unmarked = try ScanResult(Array(image.bytes[..<image.end]) + stale.bytes[image.end...])
            #expect(unmarked.frames == [4096] && unmarked.behind.isEmpty)
            #expect(unmarked.end == .torn(at: image.end))
        }
    }

    @Test func aFrameOfAnotherLogWithTheSameNumberBreaksTheChain() throws {
        var image = LogImage()
        image.append(2)
        var other = LogImage(firstSequence: 98)
        other.append(4)
        other.append(2)
        let graft = Array(other.bytes[other.offsets[1]...])
        let result = try ScanResult(Array(image.bytes[..<image.end]) + graft)
        #expect(result.frames == [4096])
        #expect(result.end == .torn(at: image.end))
    }

    /// Right in everything else: checksum, chain, sequence.
    @Test(arguments: [(16, 4 as UInt64), (48, 103), (24, 103), (24, .max)])
    func aFrameWithAWrongNumberPromiseOrSequenceIsNotRead(field: Int, value: UInt64) throws {
        var image = LogImage()
        image.append(2)
        image.append(2)
        #expect(try ScanResult(image.bytes).frames.count == 2)
        image.patchLast(value, at: field)
        let result = try ScanResult(image.bytes)
        #expect(result.frames == [4096])
        #expect(result.end == .torn(at: image.offsets[1]))
    }

    @Test func aCopyOfWhatWasReadIsNotAmongWhatCanBeSaved() throws {
        let image = LogImage.small()
        let first = image.bytes[image.offsets[0]..<image.offsets[1]]
        let result = try ScanResult(image.bytes + first)
        #expect(result.frames == image.offsets)
        #expect(result.behind.isEmpty)
        #expect(result.end == .torn(at: image.end))
    }

    /// With its header damaged, the file's name says which frames are of its present life.
    @Test func aDamagedHeaderBringsNoOlderLifeBack() throws {
        var old = LogImage(fileNumber: 6)
        for _ in 0..<6 { old.append(2) }
        var image = LogImage()
        image.append(2)
        var bytes = image.bytes + old.bytes[image.bytes.count...]
        bytes[20] ^= 1
        try bytes.withView { view in
            let scan = try LogScan(view, store: LogImage.store, fileNumber: 7)
            #expect(scan.end == .damaged(at: 0))
            #expect(scan.behind.map(\.offset) == [4096])
        }
    }

    @Test func aWholeHeaderOfAnotherStoreIsRefused() {
        let foreign = LogImage(store: Octets16(first: 1, second: 1)).bytes
        let error = #expect(throws: FormatError.self) { try ScanResult(foreign) }
        #expect(error?.kind == .unsupported)
    }

    /// Headers that are right by themselves and claim huge payloads, as densely as they can lie: a search that summed
    /// what each claims would take hours.
    @Test func hostileBytesAreReadInLinearTime() throws {
        let size = 8 << 20
        let events = UInt32((size / 2) / LogFormat.minimumRecordBytes)
        var bytes = LogImage().bytes
        var writer = ByteWriter(capacity: size)
        while writer.count < size {
            let content = LogFrameContent(
                firstSequence: 5000, eventCount: 1, recordedAt: 0, durableUpTo: 0, runs: [], records: [])
            var piece = ByteWriter()
            _ = LogFrameEncoder.encode(
                content, storeTag: LogImage.store.first, fileNumber: 7, previousChecksum: 1, into: &piece)
            piece.patch(UInt32(size / 2 - writer.count / 4), at: 4)
            piece.patch(events / 4, at: 32)
            piece.patch(Checksum.of(piece.view.trusted(0, 72)), at: 72)
            writer.bytes(piece.view.trusted(0, 80))
        }
        bytes += writer.array
        let clock = ContinuousClock()
        let time = try clock.measure { _ = try ScanResult(bytes) }
        #expect(time < .seconds(20))
    }

    @Test func randomBytesNeverTrap() throws {
        var random = Generator(state: 77)
        let image = LogImage.small()
        for _ in 0..<300 {
            var bytes = image.bytes
            for _ in 0..<(1 + random.below(40)) {
                bytes[4096 + random.below(bytes.count - 4096)] = UInt8(random.below(256))
            }
            bytes.removeLast(random.below(64))
            let result = try ScanResult(bytes)
            #expect(result.frames == Array(image.offsets[..<result.frames.count]))
        }
    }
}

/// A linear congruential generator: enough for choosing places.
private struct Generator {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
    }
}
