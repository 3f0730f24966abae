/// The dictionaries of a segment. Raw values are part of the format.
package enum DictionaryID: UInt8, CaseIterable, Sendable {
    case type = 1
    case severity = 2
    case action = 3
    case component = 4
    case user = 5
    /// Resource type and id together, as `ResourceTerm` writes them.
    case resource = 6
    case error = 7
    case message = 8
    case ip = 9
    case userAgent = 10
    case requestID = 11
    case sessionID = 12
    case correlationID = 13
    /// The shapes of `details` objects; the empty term means "kept as raw text".
    case detailsShape = 14
    case extraShape = 15

    package static let count = 15
    package var index: Int { Int(rawValue) - 1 }

    /// The dictionary that holds the values of a field, if one may.
    package init?(field: StringField) {
        switch field {
        case .type: self = .type
        case .severity: self = .severity
        case .action: self = .action
        case .component: self = .component
        case .user: self = .user
        case .resourceType, .resourceID: self = .resource
        case .error: self = .error
        case .message: self = .message
        case .ip: self = .ip
        case .userAgent: self = .userAgent
        case .requestID: self = .requestID
        case .sessionID: self = .sessionID
        case .correlationID: self = .correlationID
        case .details: self = .detailsShape
        case .extra: self = .extraShape
        case .id: return nil
        }
    }
}

/// A resource as one term: `u8 presence (bit 0 type, bit 1 id) · varint type length · type · id`.
package enum ResourceTerm {
    package static func write(type: ByteView?, id: ByteView?, into out: inout ByteWriter) {
        out.u8((type == nil ? 0 : 1) | (id == nil ? 0 : 2))
        if let type { out.lengthPrefixed(type) }
        if let id { out.bytes(id) }
    }

    package static func parse(_ term: ByteView) throws(FormatError) -> (type: ByteView?, id: ByteView?) {
        var reader = ByteReader(term, what: "resource term")
        let presence = try reader.u8()
        guard presence & 0xFC == 0, presence != 0 else {
            throw reader.invalid("presence", expected: "1 to 3", found: "\(presence)")
        }
        let type = presence & 1 != 0 ? try reader.lengthPrefixed() : nil
        let id = presence & 2 != 0 ? try reader.bytes(reader.remaining) : nil
        try reader.finish()
        return (type, id)
    }
}

/// Where a block reader finds the text of dictionary codes.
package protocol TermSource: AnyObject, Sendable {
    /// Appends the term of a code from 1 on, or throws when there is none.
    func append(_ code: UInt32, of dictionary: DictionaryID, into out: inout ByteWriter) throws
    /// All terms of a dictionary in memory, for a reader of at most `codes` of them; nil when they still grow, or
    /// when so few are fetched one by one for less.
    func table(_ dictionary: DictionaryID, forReading codes: Int) throws -> TermTable?
    /// Appends the term of a code from 1 on, unless all terms are in memory, or worth it by now: then gives these and
    /// appends nothing.
    func fetch(_ code: UInt32, of dictionary: DictionaryID, into out: inout ByteWriter) throws -> TermTable?
}

extension TermSource {
    package func table(_ dictionary: DictionaryID, forReading codes: Int) throws -> TermTable? { nil }

    package func fetch(
        _ code: UInt32, of dictionary: DictionaryID, into out: inout ByteWriter
    ) throws -> TermTable? {
        if let table = try table(dictionary, forReading: 1) { return table }
        try append(code, of: dictionary, into: &out)
        return nil
    }
}
