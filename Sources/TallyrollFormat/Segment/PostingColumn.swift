/// The columns that may have posting lists. A raw value is the id of the section: that of the column's dictionary, or
/// of the column itself where it has none. Part of the format.
package enum PostingColumn: UInt8, CaseIterable, Sendable {
    case type = 1
    case severity = 2
    case action = 3
    case component = 4
    case user = 5
    case resource = 6
    /// The code of an outcome is its value in the record.
    case outcome = 37

    /// Every segment has the lists of these.
    package static let standard: [PostingColumn] = [.type, .user, .resource]

    /// A place for each column: below `placeCount`.
    package var place: Int { self == .outcome ? 0 : Int(rawValue) }
    package static let placeCount = 7

    /// Where the terms of the codes stand; outcomes have none.
    package var dictionary: DictionaryID? { self == .outcome ? nil : DictionaryID(rawValue: rawValue) }

    package var column: ColumnID {
        switch self {
        case .type: .type
        case .severity: .severity
        case .action: .action
        case .component: .component
        case .user: .user
        case .resource: .resource
        case .outcome: .outcome
        }
    }

    /// The number of lists when the dictionary holds `terms`.
    package func listCount(terms: Int) -> Int {
        self == .outcome ? OutcomeKind.allCases.count : terms
    }

    package init?(_ dictionary: DictionaryID) { self.init(rawValue: dictionary.rawValue) }
}
