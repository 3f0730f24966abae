import TallyrollFormat

/// Has the system read what opening a segment takes, its first and its last bytes, a few segments ahead: reads that wait
/// for the disk then do so side by side instead of one after the other.
struct SegmentPrefetch {
    private let storage: any Storage
    private let numbers: [UInt64]
    /// The first of `numbers` that nothing was done for.
    private var next = 0
    private var given = 0

    /// As many as a disk reads side by side, about.
    private static let ahead = 32
    /// Block list, heads and section table take less than this part of a segment of the usual events, and less than
    /// these bytes of the largest.
    private static let part = 512
    private static let tailBytesMax = 256 << 10
    private static let pageBytes = 4096

    /// Segments in the order in which they will be opened.
    init(_ storage: any Storage, _ numbers: [UInt64]) {
        self.storage = storage
        self.numbers = numbers
    }

    /// To be called before each of the segments is opened.
    mutating func advance() {
        given += 1
        // One alone is not read sooner for being asked for twice.
        guard numbers.count > 1 else { return }
        while next < numbers.count, next < given + SegmentPrefetch.ahead {
            prefetch(numbers[next])
            next += 1
        }
    }

    /// What cannot be opened or read says so when it is: here it is passed over.
    private func prefetch(_ number: UInt64) {
        guard let file = try? storage.open(SegmentName.of(number), mode: .read),
            let size = try? file.size()
        else { return }
        let tail = min(
            max(size / SegmentPrefetch.part, SegmentPrefetch.pageBytes), SegmentPrefetch.tailBytesMax)
        file.prefetch(at: 0, length: SegmentHeader.byteCount)
        file.prefetch(at: max(size - tail, 0), length: tail)
    }
}
