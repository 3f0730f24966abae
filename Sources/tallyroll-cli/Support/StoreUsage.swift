import TallyrollFormat
import TallyrollStore

/// Where the bytes of a store are: every byte of every file belongs to one part.
struct StoreUsage {
    /// What the bytes are for.
    enum Group: String, CaseIterable {
        /// The events themselves.
        case columns
        /// What finds them: dictionaries, posting lists, the look-up of ids, block lists.
        case indexes
        /// What proves them: seeds, tree, heads.
        case proofs
        /// The write-ahead log: events that are in no block yet, and those whose blocks came later.
        case log
        /// Headers, directories, padding, the manifest.
        case overhead
        /// Room that was set aside in the open segment and holds nothing yet.
        case reserved
    }

    private var parts: [Group: [String: Int]] = [:]
    /// Blocks that could not be looked into.
    private(set) var problems: [String] = []

    private mutating func add(_ bytes: Int, _ group: Group, _ name: String) {
        parts[group, default: [:]][name, default: 0] += bytes
    }

    /// The parts of a group, largest first.
    func parts(of group: Group) -> [(name: String, bytes: Int)] {
        (parts[group] ?? [:]).map { ($0.key, $0.value) }.filter { $0.1 > 0 }
            .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    }

    func total(of group: Group) -> Int { (parts[group] ?? [:]).values.reduce(0, +) }

    var total: Int { Group.allCases.reduce(0) { $0 + total(of: $1) } }

    init(_ snapshot: StoreSnapshot, in storage: any Storage) throws {
        var sizes: [String: Int] = [:]
        for (name, size) in try StorePlace.sizes(in: storage) { sizes[name] = size }
        for segment in snapshot.segments {
            let name = segment.reader.name
            guard let size = sizes.removeValue(forKey: name) else { continue }
            add(segment, size: size)
        }
        for (name, size) in sizes {
            if name.hasSuffix(".log") {
                add(size, .log, "write-ahead log")
            } else if SegmentName.number(in: name) != nil {
                add(size, .overhead, "segments that cannot be read")
            } else {
                add(size, .overhead, "manifest")
            }
        }
    }

    private mutating func add(_ segment: StoreSnapshot.Segment, size: Int) {
        var counted = SegmentHeader.byteCount
        add(counted, .overhead, "segment headers")
        for (index, entry) in segment.entries.enumerated() {
            counted += entry.length
            do {
                add(try segment.reader.openBlock(entry), length: entry.length)
            } catch {
                add(entry.length, .overhead, "blocks that cannot be read")
                problems.append("segment \(segment.reader.header.number), block \(index): \(error)")
            }
        }
        guard let footer = segment.reader.footer else {
            add(max(size - counted, 0), .reserved, "open segment")
            return
        }
        for section in footer.sections {
            counted += section.length
            switch section.role {
            case .blocks: add(section.length, .indexes, "block lists")
            case .dictionary: add(section.length, .indexes, "dictionaries")
            case .postings: add(section.length, .indexes, "postings of \(IndexNames.name(section))")
            case .filter: add(section.length, .indexes, "filter of \(IndexNames.name(section))")
            case .ids: add(section.length, .indexes, "ids")
            case .terms: add(section.length, .indexes, "filter of terms")
            case .pages: add(section.length, .indexes, "page checksums")
            case .heads: add(section.length, .proofs, "heads")
            }
        }
        add(max(size - counted, 0), .overhead, "segment footers and padding")
    }

    private mutating func add(_ block: BlockReader, length: Int) {
        var counted = 0
        for section in block.directory.sections {
            counted += section.length
            switch section.role {
            case .seeds: add(section.length, .proofs, "seeds")
            case .tree: add(section.length, .proofs, "tree")
            case .newTerms: add(section.length, .columns, "new terms")
            case .column:
                let name = UInt8(exactly: section.id).flatMap { ColumnID(rawValue: $0) }
                add(section.length, .columns, name.map { StoreUsage.name($0) } ?? "\(section.id)")
            case .rawDocuments, .detailsPath: add(section.length, .columns, "details")
            case .extraPath: add(section.length, .columns, "extra")
            case .heapDirectory, .textChunk: add(section.length, .columns, "text")
            }
        }
        add(length - counted, .overhead, "block headers and padding")
    }

    private static func name(_ column: ColumnID) -> String {
        switch column {
        case .resource: return "resource"
        case .recordedAt: return "recorded_at"
        case .timeDigits: return "time_digits"
        case .timeZone: return "time_zone"
        default: break
        }
        return StringField(rawValue: column.rawValue).map { $0 == .extra ? "extra" : $0.jsonKey }
            ?? "\(column)"
    }
}
