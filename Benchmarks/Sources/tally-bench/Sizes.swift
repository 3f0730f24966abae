import Tallyroll
import TallyrollFormat
import TallyrollStore

/// Where the bytes of a store are.
enum Sizes {
    /// Bytes by part, over all sealed segments; `other` holds what no part accounts for.
    static func parts(ofStore path: String) throws -> [(name: String, bytes: Int)] {
        let storage = PosixStorage(root: path)
        let cache = BlockCache(capacity: 1 << 20)
        var parts: [String: Int] = [:]
        var accounted = 0
        func add(_ name: String, _ bytes: Int) {
            parts[name, default: 0] += bytes
            accounted += bytes
        }
        for name in try storage.list("").sorted() where name.hasSuffix(".seg") {
            let segment = try SegmentReader(name, in: storage, cache: cache)
            add("segment header", SegmentHeader.byteCount)
            for entry in segment.entries {
                let block = try segment.openBlock(entry)
                add("block headers and directories", BlockHeader.byteCount + block.header.directoryLength)
                for section in block.directory.sections { add(label(section), section.length) }
            }
            guard let footer = segment.footer else { continue }
            for section in footer.sections { add(label(section), section.length) }
            add("footer", SegmentFooter.byteCount(sections: footer.sections.count))
        }
        let all = Workspace.files(path).reduce(0) { $0 + $1.bytes }
        parts["other files and padding"] = all - accounted
        return parts.map { (name: $0.key, bytes: $0.value) }.sorted { $0.bytes > $1.bytes }
    }

    private static func label(_ section: BlockSection) -> String {
        switch section.role {
        case .column: "column \(ColumnID(rawValue: UInt8(section.id)).map { "\($0)" } ?? "\(section.id)")"
        case .detailsPath, .extraPath: "columns of details values"
        case .rawDocuments: "details kept as text"
        case .newTerms: "terms repeated in blocks"
        case .seeds: "seeds of salts"
        case .tree: "tree"
        case .heapDirectory: "text heap directory"
        case .textChunk: "text heap"
        }
    }

    private static func label(_ section: IndexSection) -> String {
        switch section.role {
        case .blocks: "block directory, chain and subtree roots"
        case .dictionary:
            "dictionary \(DictionaryID(rawValue: section.id).map { "\($0)" } ?? "\(section.id)")"
        case .postings: "postings \(PostingColumn(rawValue: section.id).map { "\($0)" } ?? "\(section.id)")"
        case .ids: "table of foreign ids"
        case .terms: "filter of terms"
        case .heads: "heads"
        case .pages: "page checksums"
        case .filter: "filter \(FilterKind(rawValue: section.id).map { "\($0)" } ?? "\(section.id)")"
        }
    }
}
