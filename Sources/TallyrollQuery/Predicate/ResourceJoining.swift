import TallyrollFormat

extension Filter {
    /// The filter with a type and an id of a resource that both must hold asked for together, as the one term that they are
    /// in a segment. A slash in either could also be the one between them: then they stay apart.
    func joiningResources() -> Filter {
        let parts = conjuncts
        guard parts.count > 1, let type = Filter.place(of: .resourceType, in: parts),
            let id = Filter.place(of: .resourceID, in: parts)
        else { return self }
        let value = Value.text(type.text + "/" + id.text)
        var joined: [Filter] = []
        for place in parts.indices where place != max(type.place, id.place) {
            let isFirst = place == min(type.place, id.place)
            joined.append(isFirst ? .comparison(.resource, .equal, value) : parts[place])
        }
        return .all(of: joined)
    }

    /// Where a text without a slash is demanded of a field, and that text.
    private static func place(of field: Field, in parts: [Filter]) -> (place: Int, text: String)? {
        for place in parts.indices {
            guard case .comparison(field, .equal, .text(let text)) = parts[place],
                !text.string.utf8.contains(UInt8(ascii: "/"))
            else { continue }
            return (place, text.string)
        }
        return nil
    }
}
