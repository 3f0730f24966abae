import TallyrollFormat
import TallyrollIntegrity
import TallyrollStore
import Testing

/// Changes by someone who knows the format and makes every checksum right.
@Suite struct VerifyTamperTests {
    private func expectOne(
        _ report: VerificationReport, _ kind: VerificationProblem.Kind, block: Int?, segment: UInt64 = 1,
        _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(report.problems.count == 1, "\(report.problems)", sourceLocation: location)
        #expect(report.problems.first?.kind == kind, "\(report.problems)", sourceLocation: location)
        #expect(report.problems.first?.block == block, "\(report.problems)", sourceLocation: location)
        #expect(report.problems.first?.segment == segment, "\(report.problems)", sourceLocation: location)
        #expect(report.verdict == kind.verdict, sourceLocation: location)
    }

    private func forge(
        _ shape: VerifyStore.Shape = .init(blockSizes: [[3, 3, 3, 3]]), file: Int = 0,
        _ change: (inout Forger) throws -> Void
    ) throws -> VerifyStore {
        var store = try VerifyStore(shape)
        var forger = try Forger(store.files[file].bytes)
        try change(&forger)
        store.files[file].bytes = forger.bytes
        return store
    }

    @Test(arguments: [0, 4, 11] as [UInt64]) func aChangedEventWithAllChecksumsRight(sequence: UInt64) throws
    {
        let store = try VerifyStore(.init(blockSizes: [[3, 3, 3, 3]], forged: [sequence]))
        expectOne(try store.verify(), .altered, block: Int(sequence / 3))
        #expect(try store.verify(isQuick: true).verdict == .intact)
    }

    @Test func aChangedEventWithTheChainOfItsBlockRight() throws {
        // The next block goes on from the chain that was never changed, or would not hash from the changed one.
        let store = try VerifyStore(.init(blockSizes: [[3, 3, 3, 3]], forged: [5], forgesChainOfBlock: true))
        let report = try store.verify()
        #expect(report.verdict == .altered)
        #expect(report.problems.first?.block == 2, "\(report.problems)")
        #expect(report.problems.count == 1, "\(report.problems)")
    }

    @Test func aChangedSeed() throws {
        let store = try forge { forger in
            let entry = try forger.entries()[1]
            let sections = try forger.sections(entry)
            let seeds = try required(sections.first { $0.role == .seeds })
            forger.bytes[entry.offset + seeds.offset + seeds.length - 1] ^= 1
            forger.sealBlock(entry, sections)
            try forger.sealRegion(try forger.entries())
        }
        expectOne(try store.verify(), .altered, block: 1)
    }

    @Test func aChangedSubtreeRoot() throws {
        let store = try forge { forger in
            var entries = try forger.entries()
            let sections = try forger.sections(entries[2])
            let tree = try required(sections.first { $0.role == .tree })
            let last = entries[2].offset + tree.offset + tree.length - 1
            forger.bytes[last] ^= 1
            let place = entries[2].roots.count - 1
            entries[2].roots[place][31] ^= 1
            forger.sealBlock(entries[2], sections)
            try forger.sealRegion(entries)
        }
        expectOne(try store.verify(), .altered, block: 2)
    }

    @Test(arguments: [72, 104]) func aChangedChainHashInABlockHeader(offset: Int) throws {
        let store = try forge { forger in
            var entries = try forger.entries()
            let sections = try forger.sections(entries[1])
            forger.bytes[entries[1].offset + offset] ^= 1
            if offset == 72 { entries[1].chainBefore[0] ^= 1 }
            forger.sealBlock(entries[1], sections)
            try forger.sealRegion(entries)
        }
        expectOne(try store.verify(), .altered, block: 1)
        #expect(try store.verify(isQuick: true).verdict == .altered)
    }

    @Test func changedTimesInABlockHeader() throws {
        let store = try forge { forger in
            var entries = try forger.entries()
            let sections = try forger.sections(entries[1])
            let times = (entries[1].times.lowerBound - 5)...entries[1].times.upperBound
            forger.put(times.lowerBound, at: entries[1].offset + 40)
            entries[1].times = times
            forger.sealBlock(entries[1], sections)
            try forger.sealRegion(entries)
        }
        expectOne(try store.verify(), .index, block: 1)
    }

    // MARK: Places

    @Test func swappedAndCopiedBlocks() throws {
        let shape = VerifyStore.Shape(blockSizes: [Array(repeating: 3, count: 12)], codec: .none)
        let original = try Forger(try VerifyStore(shape).files[0].bytes)
        let entries = try original.entries()
        var pair: (Int, Int)?
        for left in 1..<entries.count where pair == nil {
            for right in left + 1..<entries.count
            where entries[left].length == entries[right].length && pair == nil {
                pair = (left, right)
            }
        }
        let (left, right) = try #require(pair)
        func block(_ index: Int) -> ArraySlice<UInt8> {
            original.bytes[entries[index].offset..<entries[index].offset + entries[index].length]
        }
        let copied = try forge(shape) { forger in
            forger.bytes.replaceSubrange(
                entries[left].offset..<entries[left].offset + entries[left].length, with: block(right))
        }
        expectOne(try copied.verify(), .order, block: left)
        let swapped = try forge(shape) { forger in
            forger.bytes.replaceSubrange(
                entries[left].offset..<entries[left].offset + entries[left].length, with: block(right))
            forger.bytes.replaceSubrange(
                entries[right].offset..<entries[right].offset + entries[right].length, with: block(left))
        }
        let report = try swapped.verify()
        #expect(report.problems.map(\.kind) == [.order, .order])
        #expect(report.problems.map(\.block) == [left, right])
    }

    @Test func aBlockOfAnotherStoreOrSegment() throws {
        let own = VerifyStore.Shape(blockSizes: [[3, 3], [3, 3]])
        var other = own
        other.storeByte = 99
        let strange = try VerifyStore(other).files[0].bytes
        let entries = try Forger(strange).entries()
        let range = entries[1].offset..<entries[1].offset + entries[1].length
        let store = try forge(own) { $0.bytes.replaceSubrange(range, with: strange[range]) }
        expectOne(try store.verify(), .order, block: 1)

        var whole = try VerifyStore(own)
        whole.files[0].bytes = strange
        let report = try whole.verify()
        #expect(report.problems.map(\.kind) == [.order])
        #expect(report.problems.first?.segment == 1)
    }

    @Test func aRemovedBlock() throws {
        let store = try forge { forger in
            let entries = try forger.entries()
            let gone = entries[1]
            // The directory loses the entry, the file the block; everything behind moves up.
            let footer = try forger.footer()
            let region = try required(footer.sections.map(\.offset).min())
            var directory = ByteWriter()
            directory.varint(UInt64(entries.count - 1))
            for var entry in entries where entry.offset != gone.offset {
                if entry.offset > gone.offset { entry.offset -= gone.length }
                entry.write(into: &directory)
            }
            var bytes = Array(forger.bytes[..<gone.offset])
            bytes += forger.bytes[(gone.offset + gone.length)..<region]
            var sections: [IndexSection] = []
            func add(_ role: IndexRole, _ id: UInt8, _ content: [UInt8]) {
                sections.append(
                    IndexSection(
                        role: role, id: id, offset: bytes.count, length: content.count,
                        checksum: content.withView { Checksum.of($0) }))
                bytes += content
                while bytes.count % 8 != 0 { bytes.append(0) }
            }
            add(.blocks, 0, directory.array)
            for old in footer.sections where old.role != .blocks {
                add(old.role, old.id, Array(forger.bytes[old.offset..<old.offset + old.length]))
            }
            var end = ByteWriter()
            SegmentFooter(
                storeTag: footer.storeTag, segmentNumber: footer.segmentNumber,
                endSequence: footer.endSequence,
                tableOffset: bytes.count, sections: sections
            ).write(into: &end)
            forger.bytes = bytes + end.array
        }
        let report = try store.verify()
        #expect(report.verdict >= .missing)
        #expect(
            report.problems.contains { $0.kind == .missing && $0.sequences == 3..<6 }, "\(report.problems)")
        #expect(
            report.problems.filter { $0.kind != .missing && $0.kind != .index }.isEmpty, "\(report.problems)")
    }

    @Test(arguments: 0..<3) func aMissingSegment(number: Int) throws {
        var store = try VerifyStore(.init(blockSizes: [[3, 3], [2, 2], [4]], tailEvents: 3))
        let first = [0, 6, 10][number]
        let end = [6, 10, 14][number]
        store.files.remove(at: number)
        let report = try store.verify()
        #expect(report.problems.map(\.kind) == [.missing], "\(report.problems)")
        #expect(report.problems.first?.sequences == UInt64(first)..<UInt64(end))
    }

    // MARK: Indexes

    /// Page checksums are only there in larger segments: `PagedIndexTests` has them.
    @Test(arguments: IndexRole.allCases.filter { $0 != .pages })
    func aChangedIndexWithAllChecksumsRight(role: IndexRole) throws {
        // Each bit of each section of the kind: what is not seen must be a bit that says nothing.
        let original = try VerifyStore(.init(blockSizes: [[3, 3]]))
        let footer = try Forger(original.files[0].bytes).footer()
        var checked = 0
        for section in footer.sections where section.role == role {
            for offset in section.offset..<section.offset + section.length {
                let store = try forge(.init(blockSizes: [[3, 3]])) { forger in
                    forger.bytes[offset] ^= 1 << UInt8(offset % 8)
                    try forger.sealSections()
                }
                let report = try store.verify()
                checked += 1
                if report.verdict == .intact {
                    Issue.record(
                        "\(role) \(section.id): bit \(offset % 8) of byte \(offset - section.offset) is not seen"
                    )
                }
            }
        }
        #expect(checked > 0)
    }

    @Test func aSwappedTermInADictionary() throws {
        // Every block would look changed with it; the dictionary alone is to blame.
        let store = try forge { forger in
            let section = try required(forger.footer().section(.dictionary, DictionaryID.user.rawValue))
            let range = section.offset..<section.offset + section.length
            let place = try required(forger.bytes[range].firstIndex(of: UInt8(ascii: "b")))
            forger.bytes[place] = UInt8(ascii: "c")
            try forger.sealSections()
        }
        let report = try store.verify()
        #expect(report.problems.map(\.kind) == [.index], "\(report.problems)")
    }

    // MARK: Ends

    @Test func truncations() throws {
        let whole = try VerifyStore(.init(blockSizes: [[3, 3, 3]]))
        let bytes = whole.files[0].bytes
        let entries = try whole.entries(0)
        for length in stride(from: 0, to: bytes.count, by: 37) {
            var store = whole
            store.files[0].bytes = Array(bytes[..<length])
            guard let report = try? store.verify() else {
                // Nothing to go by: no header and no first block.
                #expect(length < entries[0].offset + entries[0].length)
                continue
            }
            #expect(report.verdict != .intact, "cut at \(length)")
            let readable = try store.entries(0).count
            #expect(readable == entries.count { $0.offset + $0.length <= length }, "cut at \(length)")
        }
    }

    @Test func aChangedTail() throws {
        var store = try VerifyStore(.init(blockSizes: [[3]], tailEvents: 4, forged: [5]))
        let report = try store.verify()
        #expect(report.problems.map(\.kind) == [.altered])
        #expect(report.problems.first?.sequences == 5..<6)
        store.endSequence += 2
        #expect(try store.verify().problems.last?.kind == .missing)
    }
}
