import Testing
import TallyrollFormat

@Suite struct LogFormatTests {
    @Test func fileHeaderHasTheDocumentedLayoutAndComesBack() throws {
        let image = LogImage()
        #expect(image.bytes.count == 4096 + 32)
        #expect(Array(image.bytes[0..<8]) == Array("TALLYWAL".utf8))
        #expect(Array(image.bytes[8..<16]) == [1, 0, 0, 0, 0, 0x10, 0, 0])
        #expect(Array(image.bytes[16..<32]) == LogImage.store.array)
        #expect(
            image.bytes[32] == 7 && image.bytes[40] == 3 && image.bytes[48] == 100 && image.bytes[56] == 64)
        #expect(Array(image.bytes[64..<72]) == [0, 0, 0, 0, 0, 0, 0, 0])
        #expect(Array(image.bytes[72..<80]) == [0, 0, 0, 0, 0, 0, 0, 0])
        #expect(Array(image.bytes[80..<112]) == [UInt8](0..<32))
        #expect(
            image.bytes[112] == 3 && image.bytes[116] == 5 && image.bytes[211] == 5 && image.bytes[212] == 0)
        #expect(Array(image.bytes[4096..<4112]) == [2, 1, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0])
        #expect(Array(image.bytes[4112..<4120]) == Array(image.bytes[4088..<4096]))
        let decoded = try image.bytes.withView { try LogFileHeader($0) }
        #expect(decoded == image.header)
    }

    @Test func everyFlippedBitOfTheFileHeaderIsFound() {
        let image = LogImage()
        for bit in 0..<(4096 * 8) {
            var bytes = image.bytes
            bytes[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: FormatError.self) { try bytes.withView { _ = try LogFileHeader($0) } }
        }
    }

    @Test(arguments: [
        (8, FormatError.Kind.unsupported), (0, .invalid), (12, .invalid), (112, .invalid), (4000, .invalid),
    ])
    func wrongValuesUnderARightChecksumAreRefused(offset: Int, kind: FormatError.Kind) {
        var bytes = LogImage().bytes
        bytes[offset] ^= 0x42
        let checksum = bytes.withView { Checksum.of($0.trusted(0, 4088)) }
        withUnsafeBytes(of: checksum.littleEndian) { bytes.replaceSubrange(4088..<4096, with: $0) }
        let error = #expect(throws: FormatError.self) { try bytes.withView { _ = try LogFileHeader($0) } }
        #expect(error?.kind == kind)
    }

    @Test func frameHasTheDocumentedLayoutAndComesBack() throws {
        let image = LogImage.small()
        let bytes = image.bytes
        let start = image.offsets[0]
        #expect(start == 4096)
        #expect(Array(bytes[start..<start + 4]) == [1, 1, 0, 0])
        #expect(Array(bytes[start + 8..<start + 16]) == Array(LogImage.store.array[..<8]))
        #expect(bytes[start + 16] == 7 && bytes[start + 24] == 100 && bytes[start + 32] == 2)
        #expect(bytes[start + 36] == 1 && bytes[start + 48] == 100)
        #expect(image.offsets.allSatisfy { $0 % 8 == 0 })
        try bytes.withView { file in
            #expect(file.load(UInt64.self, at: start + 56) == image.header.checksum)
            let second = image.offsets[1]
            #expect(file.load(UInt64.self, at: second + 56) == file.load(UInt64.self, at: start + 72))

            let frame = try LogFrame(file, at: start)
            #expect(frame.header == image.headers[0])
            #expect(frame.header.recordedAt == 1000)
            #expect(try frame.runs() == [LogRun(firstIndex: 0, seed: Octets16(first: 1, second: 2))])
            var users: [String] = []
            var records = frame.records()
            while let record = try records.next() {
                users.append(try RecordView(record)[.user]?.string ?? "")
            }
            #expect(users == ["user 100", "user 101"])
        }
    }

    @Test func everyFlippedBitOfAFrameIsFound() throws {
        var image = LogImage()
        image.append(2, runs: [LogRun(firstIndex: 0, seed: Octets16(first: 1, second: 2))])
        let length = LogFormat.frameHeaderBytes + Int(image.headers[0].payloadLength)
        for bit in (4096 * 8)..<((4096 + length) * 8) {
            var bytes = image.bytes
            bytes[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: FormatError.self) { try bytes.withView { _ = try LogFrame($0, at: 4096) } }
        }
    }

    /// A payload whose lengths do not add up, under right checksums: the reader of records must find it.
    @Test(arguments: [0, 1, 2]) func recordsThatDoNotAddUpAreRefused(wrong: Int) throws {
        var record = LogImage.record("somebody")
        if wrong == 0 { record[3] = 0x7F }
        if wrong == 1 { record[0] &+= 1 }
        if wrong == 2 { record[0] &-= 1 }
        let content = record + LogImage.record("somebody else")
        try content.withView { view in
            let frame = LogFrameContent(
                firstSequence: 0, eventCount: 2, recordedAt: 0, durableUpTo: 0, runs: [], records: [view])
            var writer = ByteWriter()
            let header = LogFrameEncoder.encode(
                frame, storeTag: 1, fileNumber: 1, previousChecksum: 0, into: &writer)
            let bytes = LogFrameEncoder.views(frame, header, encoded: writer.view).flatMap(\.array)
            try bytes.withView { file in
                var records = try LogFrame(file, at: 0).records()
                #expect(throws: FormatError.self) { while try records.next() != nil {} }
            }
        }
    }

    @Test(arguments: [
        [LogRun(firstIndex: 2, seed: Octets16(first: 0, second: 0))],
        [
            LogRun(firstIndex: 1, seed: Octets16(first: 0, second: 0)),
            LogRun(firstIndex: 1, seed: Octets16(first: 0, second: 0)),
        ],
    ])
    func runsOutOfOrderOrRangeAreRefused(runs: [LogRun]) throws {
        var image = LogImage()
        image.append(2, runs: runs)
        try image.bytes.withView { file in
            let frame = try LogFrame(file, at: 4096)
            #expect(throws: FormatError.self) { try frame.runs() }
        }
    }
}
