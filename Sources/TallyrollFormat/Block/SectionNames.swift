/// Names of a block's sections and of the ways they are stored, for people.
package enum SectionNames {
    package static func name(_ role: SectionRole, _ id: Int) -> String {
        let column = UInt8(exactly: id).flatMap { ColumnID(rawValue: $0) }
        switch role {
        case .seeds: return "seeds"
        case .tree: return "tree"
        case .newTerms:
            return
                "new terms of \(UInt8(exactly: id).flatMap { DictionaryID(rawValue: $0) }.map { "\($0)" } ?? "\(id)")"
        case .column: return column.map { "\($0)" } ?? "column \(id)"
        case .rawDocuments: return "\(column.map { "\($0)" } ?? "\(id)") as text"
        case .detailsPath: return "details path \(id)"
        case .extraPath: return "extra path \(id)"
        case .heapDirectory: return "text heap directory"
        case .textChunk: return "text chunk \(id)"
        }
    }

    /// How the bytes of a section are stored, from their first ones; "?" where they say nothing that is known.
    package static func encoding(_ section: BlockSection, _ bytes: ByteView) -> String {
        let column = UInt8(exactly: section.id).flatMap { ColumnID(rawValue: $0) }
        switch section.role {
        case .seeds, .tree, .heapDirectory: return "plain"
        case .newTerms: return newTerms(bytes)
        case .rawDocuments: return text(bytes, at: 0)
        case .detailsPath, .extraPath: return text(bytes, at: 1)
        case .textChunk: return codec(bytes, at: 0)
        case .column: return column.map { self.column($0, bytes) } ?? "?"
        }
    }

    private static func column(_ column: ColumnID, _ bytes: ByteView) -> String {
        switch column {
        case .type, .severity, .action, .resource, .component, .user, .details, .extra:
            return CodeColumn.isDetermined(bytes) ? "determined by action" : "codes"
        case .timestamp, .recordedAt, .timeZone, .outcome, .origin: return integer(bytes, at: 0)
        case .timeDigits:
            return first(bytes, at: 0) == TimeDigits.shortest ? "shortest" : integer(bytes, at: 1)
        case .duration: return ["none", "all", "some"][checked: Int(first(bytes, at: 0) ?? 0) - 1] ?? "?"
        default: return text(bytes, at: 0)
        }
    }

    private static func first(_ bytes: ByteView, at offset: Int) -> UInt8? {
        bytes.sliceIfInside(offset, 1)?[0]
    }

    private static func text(_ bytes: ByteView, at offset: Int) -> String {
        first(bytes, at: offset).flatMap { TextEncoding(rawValue: $0) }.map { "\($0)" } ?? "?"
    }

    private static func integer(_ bytes: ByteView, at offset: Int) -> String {
        first(bytes, at: offset).flatMap { IntegerEncoding(rawValue: $0) }.map { "\($0)" } ?? "?"
    }

    private static func codec(_ bytes: ByteView, at offset: Int) -> String {
        first(bytes, at: offset).flatMap { Codec(rawValue: $0) }.map { "\($0)" } ?? "?"
    }

    private static func newTerms(_ bytes: ByteView) -> String {
        var reader = ByteReader(bytes, what: "new terms")
        guard (try? reader.varint()) != nil, (try? reader.varint()) != nil else { return "?" }
        return codec(bytes, at: reader.offset)
    }
}

extension Array {
    /// The element, or nil where there is none.
    fileprivate subscript(checked index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
