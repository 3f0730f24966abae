import TallyrollFormat
import TallyrollStore

/// Asks a segment's block filters where the events may be for which a question holds.
struct BlockFilters {
    private let prepared: PreparedFilter
    private let segment: StoreSnapshot.Segment
    private var reader: SegmentReader { segment.reader }

    /// What the filters are asked for a question.
    private enum Inquiry {
        /// One of these values, by their keys.
        case values([UInt64], FilterKind)
        case details([UInt64], path: UInt64)
        /// One of these, each a list of pieces that all stand in one text.
        case texts([[[UInt8]]])
    }

    init(_ prepared: PreparedFilter, _ segment: StoreSnapshot.Segment) {
        self.prepared = prepared
        self.segment = segment
    }

    /// The blocks, by place, in which the question may hold for an event; nil when no filter can say.
    func blocks(leaf: Int) throws -> OrdinalBitmap? {
        guard let inquiry = inquiry(prepared.questions[leaf]) else { return nil }
        let blocks: OrdinalBitmap?
        switch inquiry {
        case .values(let keys, let kind): blocks = try reader.blocks(holdingAnyOf: keys, kind)
        case .details(let keys, let path): blocks = try reader.blocks(holdingAnyOf: keys, atPath: path)
        case .texts(let alternatives): blocks = try self.blocks(alternatives)
        }
        // Filters count the blocks of the file.
        return blocks?.range.upperBound == segment.outline.blocks.count ? blocks : nil
    }

    /// The filter that would be asked about a question; nil when there is none.
    func kind(leaf: Int) -> FilterKind? {
        let kind: FilterKind? =
            switch inquiry(prepared.questions[leaf]) {
            case .values(_, let kind): kind
            case .details: .details
            case .texts: .text
            case nil: nil
            }
        return kind.flatMap { reader.hasFilter($0) ? $0 : nil }
    }

    private func blocks(_ alternatives: [[[UInt8]]]) throws -> OrdinalBitmap? {
        var any: OrdinalBitmap?
        for pieces in alternatives {
            guard let blocks = try reader.blocks(mayContain: pieces) else { return nil }
            if any == nil { any = blocks } else { any?.formUnion(blocks) }
        }
        return any
    }

    // MARK: Questions

    private func inquiry(_ question: Filter) -> Inquiry? {
        if let equality = question.equality {
            guard equality.values.count <= TermVerdicts.lookupLimit else { return nil }
            return inquiry(equality.field, equalTo: equality.values)
        }
        guard case .comparison(let field, let operation, .text(let text)) = question,
            operation == .contains || operation == .matches
        else { return nil }
        let bytes = Array(text.string.utf8)
        let pieces = operation == .contains ? [bytes] : BlockFilters.literals(bytes)
        switch field {
        case .text, .message, .error: return .texts([pieces])
        case .details:
            // Numbers are looked into as well, and are not in the filter.
            let isWord = pieces.contains { $0.count >= 3 && !$0.allSatisfy(BlockFilters.isNumeric) }
            return isWord ? .texts([pieces]) : nil
        default: return nil
        }
    }

    private func inquiry(_ field: Field, equalTo values: [Filter.Value]) -> Inquiry? {
        switch field {
        case .ip: return inquiry(.ip, values)
        case .request: return inquiry(.request, values)
        case .session: return inquiry(.session, values)
        case .correlation: return inquiry(.correlation, values)
        case .details(let path):
            guard !path.components.isEmpty else { return nil }
            let hash = FilterKey.path(path.components)
            if reader.hasFilter(.details) {
                return .details(values.flatMap { BlockFilters.keys($0, at: hash) }, path: hash)
            }
            return inquiry(strings: values)
        case .text, .message, .error: return inquiry(strings: values)
        default: return nil
        }
    }

    private func inquiry(_ kind: FilterKind, _ values: [Filter.Value]) -> Inquiry? {
        var keys: [UInt64] = []
        for value in values {
            guard case .text(let text) = value else { return nil }
            keys.append(text.string.withView { FilterKey.of($0) })
        }
        return .values(keys, kind)
    }

    /// Only where nothing but a string can be meant: filters of text know of no numbers and words.
    private func inquiry(strings values: [Filter.Value]) -> Inquiry? {
        var texts: [[[UInt8]]] = []
        for value in values {
            switch value {
            case .text(let text): texts.append([Array(text.string.utf8)])
            case .word(let word):
                let bytes = Array(word.text.string.utf8)
                let isNumber = bytes.withView { ExactDecimal($0) } != nil
                guard !isNumber, !["true", "false", "null"].contains(word.text.string) else { return nil }
                texts.append([bytes])
            default: return nil
            }
        }
        return .texts(texts)
    }

    /// The keys of what equals a value: a bare one may be a string, a number or a word.
    private static func keys(_ value: Filter.Value, at path: UInt64) -> [UInt64] {
        switch value {
        case .text(let text): return [text.string.withView { FilterKey.string($0, at: path) }]
        case .word(let word):
            return word.text.string.withView { text in
                [FilterKey.string(text, at: path), FilterKey.word(text, at: path)]
                    + (FilterKey.number(text, at: path).map { [$0] } ?? [])
            }
        default: return []
        }
    }

    /// The runs of a glob that stand for themselves.
    private static func literals(_ pattern: [UInt8]) -> [[UInt8]] {
        pattern.split { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }.map { Array($0) }
    }

    /// Whether a byte can stand in a number.
    private static func isNumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
            UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }
}
