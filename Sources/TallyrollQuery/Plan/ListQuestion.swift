import TallyrollFormat

/// What a filter demands that one posting list answers exactly: one term, looked up in a segment's dictionary.
struct ListQuestion: Sendable {
    /// The numbers of the parts it answers: a type and an id of a resource are one term.
    let parts: [Int]
    let term: [UInt8]
    let dictionary: DictionaryID
    let column: PostingColumn
    let field: Field
    /// The question's number, where it is one.
    let leaf: Int?

    /// The questions among what must hold all together, and the numbers of the other parts.
    static func among(
        _ parts: [FilterTree], _ questions: [Filter], _ terms: [[[UInt8]]?]
    ) -> (lists: [ListQuestion], others: [Int]) {
        var lists: [ListQuestion] = []
        var others: [Int] = []
        let pair = resourcePair(parts, questions)
        if let pair { lists.append(pair) }
        for (number, part) in parts.enumerated() where pair?.parts.contains(number) != true {
            guard case .leaf(let leaf) = part, let wanted = terms[leaf], wanted.count == 1,
                let field = questions[leaf].leafField, case .codes(_, let dictionary) = LeafSource(field),
                let column = PostingColumn(dictionary)
            else {
                others.append(number)
                continue
            }
            lists.append(
                ListQuestion(
                    parts: [number], term: wanted[0], dictionary: dictionary, column: column, field: field,
                    leaf: leaf))
        }
        return (lists, others)
    }

    private static func resourcePair(_ parts: [FilterTree], _ questions: [Filter]) -> ListQuestion? {
        func value(_ part: FilterTree, _ field: Field) -> [UInt8]? {
            guard case .leaf(let leaf) = part,
                case .comparison(field, .equal, .text(let text)) = questions[leaf]
            else { return nil }
            return Array(text.string.utf8)
        }
        guard let type = parts.firstIndex(where: { value($0, .resourceType) != nil }),
            let id = parts.firstIndex(where: { value($0, .resourceID) != nil }),
            let typeText = value(parts[type], .resourceType), let idText = value(parts[id], .resourceID)
        else { return nil }
        return ListQuestion(
            parts: [type, id], term: TermVerdicts.resourceTerm(type: typeText, id: idText),
            dictionary: .resource, column: .resource, field: .resource, leaf: nil)
    }
}
