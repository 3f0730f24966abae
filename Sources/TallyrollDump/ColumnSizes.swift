import TallyrollFormat
import TallyrollStore

/// How many bytes each kind of section takes in all blocks together, and how it is stored.
struct ColumnSizes {
    struct Row {
        var name: String
        var bytes = 0
        var blocks = 0
        var encodings: [String] = []
    }

    private(set) var rows: [Row] = []
    private(set) var events = 0
    /// Of all blocks, headers and directories included.
    private(set) var bytes = 0

    init(_ blocks: [SegmentInspection.Block], terms inspection: SegmentInspection) throws {
        var byName: [String: Row] = [:]
        func add(_ name: String, _ length: Int, _ encoding: String) {
            var row = byName[name] ?? Row(name: name)
            row.bytes += length
            row.blocks += 1
            if !row.encodings.contains(encoding) { row.encodings.append(encoding) }
            byName[name] = row
        }
        for block in blocks {
            bytes += block.entry.length
            guard let reader = block.reader else {
                add("(damaged)", block.entry.length, "?")
                continue
            }
            events += block.entry.count
            add("header and directory", BlockHeader.byteCount + reader.header.directoryLength, "plain")
            for section in reader.directory.sections {
                let encoding =
                    (try? reader.read(section))?.withView { SectionNames.encoding(section, $0) } ?? "?"
                add(ColumnSizes.name(of: section, in: reader), section.length, encoding)
            }
        }
        rows = byName.values.sorted { ($1.bytes, $0.name) < ($0.bytes, $1.name) }
    }

    private static func name(of section: BlockSection, in block: BlockReader) -> String {
        switch section.role {
        case .textChunk: return "text chunks"
        case .detailsPath, .extraPath:
            let dictionary: DictionaryID = section.role == .detailsPath ? .detailsShape : .extraShape
            guard let shapes = try? block.terms.shapes(dictionary, upTo: 0), section.id < shapes.paths.count
            else { break }
            return "\(dictionary == .detailsShape ? "details" : "extra")" + pathText(shapes.paths[section.id])
        default: break
        }
        return SectionNames.name(section.role, section.id)
    }

    /// A path as people write it: keys behind dots, elements of arrays as `[]`.
    private static func pathText(_ path: [UInt8]) -> String {
        var text: [UInt8] = []
        for byte in path {
            switch byte {
            case Shape.pathSeparator: text.append(UInt8(ascii: "."))
            case Shape.arrayElement: text += Array("[]".utf8)
            default: text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
