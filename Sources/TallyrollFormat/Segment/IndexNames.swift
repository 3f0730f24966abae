/// What sections of the index region are called where people read of them.
package enum IndexNames {
    /// The dictionary, column or kind of values that a section is about; empty where there is one of its role.
    package static func name(_ section: IndexSection) -> String {
        let id = section.id
        switch section.role {
        case .dictionary: return DictionaryID(rawValue: id).map { "\($0)" } ?? "\(id)"
        case .postings: return PostingColumn(rawValue: id).map { "\($0)" } ?? "\(id)"
        case .filter: return FilterKind(rawValue: id).map { "\($0)" } ?? "\(id)"
        case .blocks, .ids, .heads, .pages, .terms: return id == 0 ? "" : "\(id)"
        }
    }
}
