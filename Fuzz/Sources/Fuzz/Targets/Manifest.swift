import TallyrollFormat
import TallyrollStore

/// Where the checksums of a manifest stand, as `StoreManifest` lays it out.
private let fixedChecksum = 56

private func mend(_ bytes: inout [UInt8]) {
    guard bytes.count >= fixedChecksum + 8 else { return }
    for place in [fixedChecksum, bytes.count - 8] {
        let sum = bytes.withView { Checksum.of($0.trusted(0, place)) }
        withUnsafeBytes(of: sum.littleEndian) { bytes.replaceSubrange(place..<place + 8, with: $0) }
    }
}

private func manifestBytes(_ indexes: SegmentIndexes) -> [UInt8]? {
    let storage = MemoryStorage()
    var options = StoreOptions()
    options.indexes = indexes
    guard
        (try? StoreManifest.create(
            in: storage, options: options, time: SystemTimeSource(), entropy: SystemEntropySource())) != nil,
        let file = try? storage.open(StoreManifest.fileName, mode: .read)
    else { return nil }
    return try? file.read(at: 0, length: file.size())
}

extension FuzzTarget {
    /// The file `STORE` with hostile content and right checksums. What it is read as must survive being written.
    static let manifest = FuzzTarget(
        name: "manifest",
        seeds: {
            let chosen: [SegmentIndexes] = [
                .default, .all, .none, [.default, .details("request.status"), .details(#""a.b".c"#)],
            ]
            return chosen.compactMap { manifestBytes($0) }
        },
        run: { view in
            var bytes = view.array
            mend(&bytes)
            let storage = MemoryStorage()
            guard let file = try? storage.open(StoreManifest.fileName, mode: .create(exclusive: true)),
                (try? bytes.withView({ try file.write(at: 0, $0) })) != nil,
                let read = try? StoreManifest.load(from: storage)
            else { return }
            let other: SegmentIndexes = read.indexes == .all ? .none : .all
            guard let changed = try? read.choosing(other, in: storage),
                let again = try? changed.choosing(read.indexes, in: storage),
                let last = try? StoreManifest.load(from: storage)
            else { return check(false, "a manifest that was read cannot be written") }
            check(again == read && last == read, "a manifest differs after it was written")
        })
}
