import Synchronization
import TallyrollFormat
import TallyrollIntegrity
import TallyrollStore
import Testing

/// Every single bit of a sealed segment, one after the other: the verifier must see each, name the right block, and
/// every event of every other block must stay readable.
@Suite struct VerifyFlipTests {
    private static let store = Result { try VerifyStore(.init(blockSizes: [[3, 2, 3]])) }

    /// The records of each block, as they are.
    private func records(_ reader: SegmentReader) throws -> [[UInt8]?] {
        try reader.entries.map { entry in
            do {
                var rows = BlockRows()
                var out = ByteWriter()
                try rows.load(try reader.openBlock(entry))
                for row in 0..<rows.count { try rows.appendRecord(row, into: &out) }
                return out.array
            } catch is FormatError {
                return nil
            }
        }
    }

    private struct Failure: Sendable, CustomStringConvertible {
        var description: String
    }

    /// Flips each bit of `bytes` of the file, on two threads, and gives what was not as it should be.
    private func flip(_ range: Range<Int>, block: Int?) throws -> [Failure] {
        let store = try Self.store.get()
        let file = store.files[0]
        let original = try records(
            SegmentReader(file.name, in: store.storage(), cache: BlockCache(capacity: 0)))
        let failures = Mutex<[Failure]>([])
        let next = Atomic(range.lowerBound)
        DedicatedThreads.run(2) { _ in
            while true {
                let byte = next.add(1, ordering: .relaxed).oldValue
                guard byte < range.upperBound else { return }
                for bit in byte * 8..<byte * 8 + 8 {
                    do {
                        if let failure = try self.check(store, file, bit, block: block, original) {
                            failures.withLock { $0.append(failure) }
                        }
                    } catch {
                        failures.withLock {
                            $0.append(Failure(description: "bit \(bit & 7) of byte \(byte): \(error)"))
                        }
                    }
                }
            }
        }
        return failures.withLock { $0 }
    }

    private func check(
        _ store: VerifyStore, _ file: (name: String, bytes: [UInt8]), _ bit: Int, block: Int?,
        _ original: [[UInt8]?]
    ) throws -> Failure? {
        func failure(_ text: String) -> Failure {
            Failure(description: "bit \(bit & 7) of byte \(bit >> 3): \(text)")
        }
        let storage = FlippedStorage(file.name, file.bytes, flipping: bit)
        let snapshot = try store.snapshot(storage)
        let report = try Verifier(snapshot, options: VerificationOptions(threads: 1)).run()
        guard report.verdict == .damaged || report.verdict == .altered else {
            return failure("\(report.verdict)")
        }
        guard report.problems.count == 1 else { return failure("\(report.problems)") }
        guard report.problems[0].block == block, report.problems[0].segment == 1 else {
            return failure("block \(block.map(String.init) ?? "none") expected: \(report.problems)")
        }
        // Reading every event back is what takes long: once a byte, with another bit each time.
        guard bit & 7 == (bit >> 3) & 7 else { return nil }
        let readable = try records(snapshot.segments[0].reader)
        for position in original.indices where position != block {
            guard position < readable.count, readable[position] == original[position] else {
                return failure("events of block \(position) are lost")
            }
        }
        return nil
    }

    @Test(arguments: 0..<3) func everyBitOfABlock(block: Int) throws {
        let entry = try Self.store.get().entries(0)[block]
        let failures = try flip(entry.offset..<entry.offset + entry.length, block: block)
        #expect(failures.isEmpty, "\(failures.count): \(failures.prefix(5))")
    }

    @Test func everyBitOfTheIndexes() throws {
        let store = try Self.store.get()
        let last = try #require(try store.entries(0).last)
        let failures = try flip(last.offset + last.length..<store.files[0].bytes.count, block: nil)
        #expect(failures.isEmpty, "\(failures.count): \(failures.prefix(5))")
    }

    /// One checksum covers the 4 KiB of the header, most of them zeros: its fields bit by bit, the zeros with a bit each.
    @Test func everyByteOfTheHeader() throws {
        let failures = try flip(0..<160, block: nil) + flip(4080..<4096, block: nil)
        #expect(failures.isEmpty, "\(failures.count): \(failures.prefix(5))")
        let bytes = try Self.store.get().files[0].bytes
        for bit in 0..<SegmentHeader.byteCount * 8 {
            var changed = Array(bytes[..<SegmentHeader.byteCount])
            changed[bit >> 3] ^= 1 << UInt8(bit & 7)
            let isRefused = changed.withView { view in (try? SegmentHeader(view)) == nil }
            if !isRefused { Issue.record("bit \(bit & 7) of byte \(bit >> 3) is not seen") }
        }
    }
}
