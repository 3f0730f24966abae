/// What block filters may be asked for: the values of a column, the values in `details`, or pieces of text. A raw
/// value is the id of the section: that of the column, or 64 for text. Part of the format.
package enum FilterKind: UInt8, CaseIterable, Sendable {
    case ip = 10
    case request = 12
    case session = 13
    case correlation = 14
    /// Strings, numbers and words at paths of `details`.
    case details = 15
    /// Runs of three bytes of message, error and the strings of `details`.
    case text = 64

    /// The field whose values the filter holds; nil where they come from inside of several.
    package var field: StringField? {
        switch self {
        case .ip: .ip
        case .request: .requestID
        case .session: .sessionID
        case .correlation: .correlationID
        case .details, .text: nil
        }
    }

    /// The fields that are read to make the filter.
    package var sources: [StringField] {
        switch self {
        case .details: [.details]
        case .text: [.message, .error, .details]
        default: field.map { [$0] } ?? []
        }
    }
}
