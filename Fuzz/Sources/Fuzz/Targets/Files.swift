import TallyrollFormat
import TallyrollIntegrity
import TallyrollStore

private let storeID = [UInt8](1...16)
private let store = storeID.withView { Octets16($0) }

/// A sealed or open segment of the sample records in memory.
private func sampleSegment(rounds: Int, sealed: Bool) throws -> [UInt8] {
    let storage = MemoryStorage()
    guard let id = TallyrollIntegrity.Bytes16(storeID) else { return [] }
    var chain = ChainHasher(storeID: id)
    let genesis = chain.head.withUnsafeBytes { [UInt8]($0) }
    let header = SegmentHeader(
        storeID: storeID, number: 1, epoch: 1, firstSequence: 0, capacity: Limits.minimumSegmentBytes,
        created: 0,
        blockEvents: 64, chainBefore: genesis, frontier: [], indexes: .all)
    let builder = try SegmentBuilder.create(
        header, in: storage, encoder: BlockEncoder(codec: .deflate, level: 1))
    let records = sampleRecords()
    var sequence: UInt64 = 0
    for round in 0..<rounds {
        let seed = [UInt8](repeating: UInt8(round), count: 16)
        guard let root = TallyrollIntegrity.Bytes16(seed) else { return [] }
        var salts = SaltCursor(root: root)
        let run = EventRun(firstSequence: sequence, seed: seed, capacity: 64, bytes: 1 << 16)
        for record in records {
            let bytes = Bytes(record)
            defer { withExtendedLifetime(bytes) {} }
            let view = try RecordView(bytes.view)
            guard let salt = salts.next() else { return [] }
            let hash = chain.append(
                sequence: sequence, recordedAt: 5, envelope: view.envelope.raw, salt: salt,
                personal: view.personal.raw)
            run.append(bytes.view, recordedAt: 5, chainHash: hash)
            sequence += 1
        }
        var seeds: [UInt8] = []
        SeedSet(root: root).encode(into: &seeds)
        _ = try builder.append(run.encoded(seeds))
    }
    if sealed { try builder.seal() } else { try builder.releaseReserved() }
    let file = try storage.open(SegmentName.of(1), mode: .read)
    return try file.read(at: 0, length: file.size())
}

private func read<T: FixedWidthInteger>(_ type: T.Type, _ bytes: [UInt8], _ offset: Int) -> T {
    bytes.withView { $0.load(type, at: offset) }
}

private func put<T: FixedWidthInteger>(_ value: T, _ bytes: inout [UInt8], _ offset: Int) {
    withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
}

private func sum(_ bytes: [UInt8], _ range: Range<Int>) -> UInt64 {
    bytes.withView { Checksum.of($0.trusted(range.lowerBound, range.count)) }
}

/// Makes the checksums of the block at an offset fit, so that inputs get behind them. Gives the block's end.
private func mendBlock(_ bytes: inout [UInt8], at offset: Int, end limit: Int) -> Int? {
    guard limit - offset >= BlockHeader.byteCount else { return nil }
    let length = min(Int(read(UInt32.self, bytes, offset + 4)), limit - offset) & ~7
    let directoryStart = offset + BlockHeader.byteCount
    let directoryEnd = directoryStart + Int(read(UInt32.self, bytes, offset + 136))
    guard length >= BlockHeader.byteCount, directoryEnd <= offset + length else { return nil }
    put(UInt32(length), &bytes, offset + 4)
    var position = directoryStart
    var section = directoryEnd
    func varint() -> Int? {
        var value = 0
        for shift in stride(from: 0, to: 35, by: 7) {
            guard position < directoryEnd else { return nil }
            let byte = Int(bytes[position])
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
    while position < directoryEnd {
        position += 1
        guard varint() != nil, let size = varint(), position + 4 <= directoryEnd,
            size <= offset + length - section
        else { break }
        put(UInt32(truncatingIfNeeded: sum(bytes, section..<section + size)), &bytes, position)
        position += 4
        section += size
    }
    put(sum(bytes, directoryStart..<directoryEnd), &bytes, offset + 144)
    put(sum(bytes, offset..<offset + 152), &bytes, offset + 152)
    return offset + length
}

/// Reads everything that there is to read of a block.
private func readAll(_ block: BlockReader) {
    var rows = BlockRows()
    let loaded = (try? rows.load(block)) != nil
    for row in stride(from: 0, to: block.count, by: max(block.count / 40, 1)) {
        var alone = ByteWriter()
        let single = (try? block.appendRecord(row, into: &alone)) != nil
        guard loaded else { continue }
        var together = ByteWriter()
        guard (try? rows.appendRecord(row, into: &together)) != nil, single else { continue }
        check(together.view.isEqual(to: alone.view), "row \(row) read alone differs")
        // A hostile block may hold what no record can, which is then refused here.
        _ = try? RecordView(alone.view)
    }
    for id in [ColumnID.details, .extra] {
        guard let documents = (try? block.documents(id)) ?? nil else { continue }
        _ = try? documents.forEachScalar(where: { _ in true }) { _, _ in }
        _ = try? documents.forEachRaw { _, _ in }
        _ = documents.presentRows()
    }
    if let seeds = try? block.seeds() { _ = try? SeedSet(decoding: seeds.view.array) }
    _ = try? block.tree()
}

extension FuzzTarget {
    /// A whole block with hostile content and right checksums.
    static let block = FuzzTarget(
        name: "block",
        seeds: {
            [1, 12].compactMap { rounds in
                guard let file = try? sampleSegment(rounds: rounds, sealed: false) else { return nil }
                return Array(file.dropFirst(SegmentHeader.byteCount))
            }
        },
        run: { view in
            var bytes = view.array
            _ = mendBlock(&bytes, at: 0, end: bytes.count)
            let terms = GrowingTerms()
            guard
                let block = try? BlockReader(source: MemoryBlockSource(Bytes(bytes)), origin: 0, terms: terms)
            else { return }
            _ = try? terms.add(block)
            readAll(block)
        })

    /// Frames behind a right header. The bits of the first byte say whether their checksums are made to fit, whether the
    /// mark of the end stands behind them, and whether the file is a recycled one.
    static let log = FuzzTarget(
        name: "log",
        seeds: {
            var frames = ByteWriter()
            var previous = logHeader().checksum
            var sequence: UInt64 = 0
            for round in 0..<3 {
                let records = sampleRecords().map { Bytes($0) }
                defer { withExtendedLifetime(records) {} }
                let content = LogFrameContent(
                    firstSequence: sequence, eventCount: UInt32(records.count), recordedAt: 5,
                    durableUpTo: sequence,
                    runs: round == 0 ? [LogRun(firstIndex: 0, seed: store)] : [],
                    records: records.map { $0.view })
                var encoded = ByteWriter()
                let header = LogFrameEncoder.encode(
                    content, storeTag: store.first, fileNumber: 1, previousChecksum: previous, into: &encoded)
                for piece in LogFrameEncoder.views(content, header, encoded: encoded.view) {
                    frames.bytes(piece)
                }
                previous = header.headerChecksum
                sequence = header.endSequence
            }
            // What an older life of the file left behind the end.
            let leftovers = [UInt8](repeating: 0, count: LogEndMark.byteCount) + frames.array
            return [[1] + frames.array, [0] + frames.array, [1]]
                + [3, 7].flatMap { options in
                    [[], leftovers].map { [options] + frames.array + $0 }
                }
        },
        run: { view in
            var choices = Choices(view)
            let options = choices.byte()
            var out = ByteWriter()
            let header = logHeader(
                reusedBytes: options & 4 == 0 ? 0 : LogFormat.fileHeaderBytes + choices.rest.count)
            var counted = header
            counted.encode(into: &out)
            out.bytes(choices.rest)
            var bytes = out.array
            let fitting = options & 1 == 0 ? nil : mendFrames(&bytes, previous: counted.checksum)
            if options & 2 != 0, let fitting { markEnd(&bytes, fitting) }
            let file = Bytes(bytes)
            defer { withExtendedLifetime(file) {} }
            guard
                let scan = try? LogScan(
                    file.view, store: store, promisedUpTo: UInt64(choices.rest.count & 15))
            else {
                return check(false, "a right header refused")
            }
            check(scan.header != nil && scan.end.offset <= file.count, "an end outside the file")
            check(
                scan.writtenEnd >= scan.end.offset && scan.writtenEnd <= file.count,
                "written up to \(scan.writtenEnd), which is not between the end and the file's")
            if case .clean(let offset) = scan.end {
                let mark = LogEndMark(
                    fileNumber: scan.header?.fileNumber ?? 0, previousChecksum: scan.lastChecksum)
                var expected = ByteWriter()
                mark.encode(into: &expected)
                check(
                    file.view.sliceIfInside(offset, LogEndMark.byteCount)?.isEqual(to: expected.view)
                        ?? false,
                    "a clean end without its mark")
            }
            var next: UInt64 = 0
            for frame in scan.frames {
                check(frame.header.firstSequence == next, "a gap between frames")
                next = frame.header.endSequence
            }
            check(scan.nextSequence == next, "another end")
            for frame in scan.frames + scan.behind {
                _ = try? frame.runs()
                var records = frame.records()
                while let record = (try? records.next()) ?? nil { _ = try? RecordView(record) }
            }
        })

    /// The structures of fixed form, each from the bytes as they come.
    static let structures = FuzzTarget(
        name: "structures",
        seeds: {
            guard let file = try? sampleSegment(rounds: 2, sealed: true) else { return [] }
            let heads = SegmentHeads(chainAfter: [UInt8](repeating: 1, count: 32), frontier: [])
            var out = ByteWriter()
            heads.write(into: &out)
            return [
                [0] + file.prefix(SegmentHeader.byteCount), [1] + file.suffix(600), [2] + out.array, [3], [4],
                [5],
            ]
        },
        run: { view in
            var choices = Choices(view)
            let kind = choices.byte() % 6
            let bytes = choices.rest.owned
            defer { withExtendedLifetime(bytes) {} }
            switch kind {
            case 0: _ = try? SegmentHeader(bytes.view)
            case 1:
                var reader = ByteReader(bytes.view, what: "entries")
                let whole = bytes.view.array
                while (try? BlockEntry(reading: &reader, of: whole, fileLength: 1 << 20)) != nil {}
            case 2: _ = try? SegmentHeads(bytes.view)
            case 3: _ = try? BlockTree(bytes.view)
            case 4: _ = try? NewTerms.read(bytes.view, dictionary: .user)
            default:
                guard let heap = try? TextHeapDirectory(bytes.view) else { return }
                for position in [0, 1, 1 << 15, heap.rawBytes] { _ = heap.chunk(at: position) }
                _ = try? LogFileHeader(bytes.view)
            }
        })

    /// A segment file behind a right header: blocks, index region, trailer. The first byte says which checksums are
    /// made to fit.
    static let segment = FuzzTarget(
        name: "segment",
        seeds: {
            [(1, true), (3, true), (2, false)].compactMap { rounds, sealed in
                guard let file = try? sampleSegment(rounds: rounds, sealed: sealed) else { return nil }
                return [3] + file.dropFirst(SegmentHeader.byteCount)
            }
        },
        run: { view in
            var choices = Choices(view)
            let mends = choices.byte()
            var out = ByteWriter()
            SegmentHeader(
                storeID: storeID, number: 1, epoch: 1, firstSequence: 0, capacity: Limits.minimumSegmentBytes,
                created: 0, blockEvents: 64, chainBefore: [UInt8](repeating: 0, count: 32), frontier: []
            ).write(into: &out)
            out.bytes(choices.rest)
            var bytes = out.array
            if mends & 1 != 0 {
                var offset = SegmentHeader.byteCount
                while offset < bytes.count, bytes[offset] == BlockHeader.kindEvents,
                    let next = mendBlock(&bytes, at: offset, end: bytes.count)
                {
                    offset = next
                }
            }
            if mends & 2 != 0 { mendTrailer(&bytes) }
            let storage = MemoryStorage()
            guard let file = try? storage.open("s", mode: .create(exclusive: true)),
                (try? bytes.withView({ try file.write(at: 0, $0) })) != nil,
                let segment = try? SegmentReader("s", in: storage, cache: BlockCache(capacity: 1 << 20))
            else { return }
            readAll(segment)
        })
}

private func readAll(_ segment: SegmentReader) {
    for entry in segment.entries {
        guard let block = try? segment.block(entry) else { continue }
        readAll(block)
    }
    for dictionary in [DictionaryID.type, .user, .resource] {
        _ = try? segment.code(of: Array("alice@example.com".utf8), dictionary)
        let terms = (try? segment.termCount(dictionary)) ?? 0
        guard let postings = (try? segment.postings(dictionary)) ?? nil else { continue }
        for code in 1..<UInt32(min(terms, 20) + 1) { _ = try? postings.postings.list(code).decode() }
    }
    for hash in [1, 1 << 40, UInt64.max] {
        for place in (try? segment.blocksHoldingID(hash: hash)) ?? [] {
            check(
                segment.entries.indices.contains(place), "an id in block \(place) of \(segment.entries.count)"
            )
        }
    }
    for kind in FilterKind.allCases {
        for key in [1, 1 << 40, UInt64.max] {
            guard let blocks = (try? segment.blocks(holdingAnyOf: [key], kind)) ?? nil else { continue }
            check(
                blocks.decode().allSatisfy { segment.entries.indices.contains(Int($0)) },
                "a filter that names a block that is not there")
        }
    }
    _ = try? segment.heads()
}

private func logHeader(reusedBytes: Int = 0) -> LogFileHeader {
    var header = LogFileHeader(
        store: store, fileNumber: 1, epoch: 3, firstSequence: 0, blocksUpTo: 0,
        chainHead: [UInt8](repeating: 7, count: 32), frontier: [])
    header.reusedBytes = UInt64(reusedBytes)
    var out = ByteWriter()
    header.encode(into: &out)
    return header
}

/// Makes the checksums of the frames fit, one after the other, as far as lengths allow. Gives where the last that fits
/// ends, and its checksum.
private func mendFrames(_ bytes: inout [UInt8], previous: UInt64) -> (end: Int, checksum: UInt64) {
    var offset = LogFormat.fileHeaderBytes
    var previous = previous
    while bytes.count - offset >= LogFormat.frameHeaderBytes {
        let payload = offset + LogFormat.frameHeaderBytes
        let length = Int(read(UInt32.self, bytes, offset + 4))
        let end = payload + length + LogFormat.padding(after: length)
        guard bytes[offset] == 1, end <= bytes.count else { break }
        put(previous, &bytes, offset + 56)
        put(sum(bytes, payload..<payload + length), &bytes, offset + 64)
        previous = sum(bytes, offset..<offset + 72)
        put(previous, &bytes, offset + 72)
        offset = end
    }
    return (offset, previous)
}

/// Writes the mark of the end over what stands there, as the writer of a recycled file does.
private func markEnd(_ bytes: inout [UInt8], _ last: (end: Int, checksum: UInt64)) {
    var mark = ByteWriter()
    LogEndMark(fileNumber: 1, previousChecksum: last.checksum).encode(into: &mark)
    guard bytes.count - last.end >= mark.count else { return bytes.append(contentsOf: mark.array) }
    bytes.replaceSubrange(last.end..<last.end + mark.count, with: mark.array)
}

/// Makes the checksums of trailer, section table and index sections fit.
private func mendTrailer(_ bytes: inout [UInt8]) {
    let trailer = bytes.count - SegmentFooter.trailerBytes
    guard trailer >= SegmentHeader.byteCount else { return }
    let table = Int(truncatingIfNeeded: read(UInt64.self, bytes, trailer + 16))
    let sections = Int(read(UInt32.self, bytes, trailer + 24))
    guard table >= SegmentHeader.byteCount, table <= trailer,
        sections * SegmentFooter.entryBytes == trailer - table
    else { return }
    for section in 0..<sections {
        let entry = table + section * SegmentFooter.entryBytes
        let offset = Int(truncatingIfNeeded: read(UInt64.self, bytes, entry + 8))
        let length = Int(truncatingIfNeeded: read(UInt64.self, bytes, entry + 16))
        guard offset >= 0, length >= 0, offset <= table, length <= table - offset else { continue }
        put(sum(bytes, offset..<offset + length), &bytes, entry + 24)
    }
    put(sum(bytes, table..<trailer), &bytes, trailer + 32)
    put(sum(bytes, trailer..<trailer + 48), &bytes, trailer + 48)
}
