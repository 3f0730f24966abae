import ArgumentParser
import TallyrollFormat
import TallyrollStore

/// How a store that is created is laid out. Segment size and block size are fixed then; codec and level may
/// differ from one import to the next.
struct LayoutOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Bytes of a segment file: a power of two, 1M to 1G.", valueName: "size"))
    var segmentSize: ByteSize?

    @Option(help: ArgumentHelp("Events in a block at most, 16 to 16384.", valueName: "count"))
    var blockEvents: Int?

    @Option(help: "How text is compressed: deflate or none.")
    var codec = Codec.deflate

    @Option(help: "libdeflate's level, 1 (fast) to 9 (small).")
    var level = 6

    @Option(
        name: .customLong("index"), parsing: .singleValue,
        help: ArgumentHelp(
            "An index that segments get when they are sealed; give it again for more. Each makes questions about its "
                + "field quicker and costs bytes: \(SegmentIndexes.names.joined(separator: ", ")), or "
                + "details.<path> for the values at one path. Every segment has those of type, user, "
                + "resource and id. Left out: \(SegmentIndexes.default). Changes segments to come only.",
            valueName: "name"))
    var indexes: [IndexName] = []

    /// The options for opening or creating the store at `place`.
    func options(for place: StorePlace) throws(CommandFailure) -> StoreOptions {
        var options = StoreOptions()
        options.codec = codec
        options.compressionLevel = level
        if !indexes.isEmpty {
            options.indexes = indexes.reduce(SegmentIndexes.none) { $0.union($1.indexes) }
        }
        if try place.exists() { try checkFixed(place) }
        if let segmentSize { options.segmentBytes = segmentSize.bytes }
        if let blockEvents { options.blockEvents = blockEvents }
        return options
    }

    private func checkFixed(_ place: StorePlace) throws(CommandFailure) {
        guard segmentSize != nil || blockEvents != nil else { return }
        let manifest: StoreManifest
        do {
            manifest = try StoreManifest.load(from: place.storage)
        } catch {
            throw CommandFailure.wrapping(error)
        }
        if let segmentSize, segmentSize.bytes != manifest.segmentBytes {
            throw CommandFailure(
                .usage,
                "--segment-size \(segmentSize.bytes): store \(place.path) was created with \(manifest.segmentBytes); leave the option out"
            )
        }
        if let blockEvents, blockEvents != manifest.blockEvents {
            throw CommandFailure(
                .usage,
                "--block-events \(blockEvents): store \(place.path) was created with \(manifest.blockEvents); leave the option out"
            )
        }
    }
}

/// One or more indexes by name, with commas between them.
struct IndexName: ExpressibleByArgument {
    let indexes: SegmentIndexes

    init?(argument: String) {
        var indexes = SegmentIndexes.none
        for name in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let known = SegmentIndexes(named: String(name)) else { return nil }
            indexes = indexes.union(known)
        }
        self.indexes = indexes
    }
}

/// A number of bytes, with K, M or G for powers of 1024.
struct ByteSize: ExpressibleByArgument {
    let bytes: Int

    init?(argument: String) {
        var digits = Substring(argument)
        var unit = 1
        if let letter = digits.last, let place = "kmg".firstIndex(of: Character(letter.lowercased())) {
            unit = 1 << (10 * ("kmg".distance(from: "kmg".startIndex, to: place) + 1))
            digits = digits.dropLast()
        }
        guard let number = Int(digits), number > 0 else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        self.bytes = bytes
    }
}

extension Codec: ExpressibleByArgument {
    /// The value that an argument names.
    public init?(argument: String) {
        switch argument {
        case "none": self = .none
        case "deflate": self = .deflate
        case "zstd": self = .zstd
        default: return nil
        }
    }

    /// What the help lists.
    public static var allValueStrings: [String] { Codec.allCases.filter(\.isAvailable).map { "\($0)" } }

    /// How the help names a default.
    public var defaultValueDescription: String { "\(self)" }
}
