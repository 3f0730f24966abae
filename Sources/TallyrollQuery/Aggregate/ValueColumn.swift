import TallyrollFormat
import TallyrollStore

/// The values of one field, as tokens: in the blocks of one segment after the other, and in the tail.
///
/// A value is the field's text: times are RFC 3339, spans and results as expressions write them, values in details
/// the text of a string or the number, `true`, `false` or `null` as it stands. Of several values in details an event
/// has the first.
final class ValueColumn<Names: ValueNames & ~Copyable> {
    typealias Token = Names.Token

    let field: Field
    var names: Names

    private let source: LeafSource
    private let path: JSONPath
    /// The token of each code of the current segment, once it was asked for; `unknown` before, `none` for no value.
    private var codes: [Token] = []
    private var scratch = ByteWriter(capacity: 256)

    init(_ field: Field, _ names: consuming Names) throws(QueryLimitError) {
        self.field = field
        self.names = names
        source = LeafSource(field)
        switch field {
        case .details(let path), .extra(let path): self.path = JSONPath(path)
        default: path = JSONPath([])
        }
        guard field != .text, field.isComparable else {
            throw QueryLimitError(.ungroupableField, field == .text ? "text" : "\(field) as a whole")
        }
    }

    /// The column with posting lists whose codes the field's values are, one to one.
    var postingColumn: PostingColumn? {
        switch (source, field) {
        case (.codes, .resource), (.codes, .resourceType), (.codes, .resourceID): nil
        case (.codes(_, let dictionary), _): PostingColumn(dictionary)
        case (.outcome, _): .outcome
        default: nil
        }
    }

    /// The column of codes that the field's values are taken from, if there is one.
    var codeColumn: PostingColumn? {
        switch source {
        case .codes(_, let dictionary): PostingColumn(dictionary)
        case .outcome: .outcome
        default: nil
        }
    }

    func beginSegment() { codes.removeAll(keepingCapacity: true) }

    // MARK: Blocks

    /// The tokens of the rows, in their order.
    func tokens(_ rows: RowSet, _ block: BlockReader, _ scratch: inout QueryScratch) throws -> [Token] {
        var result: [Token] = []
        result.reserveCapacity(rows.count)
        switch source {
        case .codes(let column, _):
            let column = try block.codes(column)
            if rows.count * 8 < block.count {
                try rows.forEach { row in result.append(try token(ofCode: column.code(row), block.terms)) }
            } else {
                let all = column.decodeArray()
                try rows.forEach { row in result.append(try token(ofCode: all[row], block.terms)) }
            }
        case .text(let id): try textTokens(rows, id, block, into: &result)
        case .id:
            let recordedAt = try block.integers(.recordedAt)
            let column = try block.text(.id)
            let context = try block.context(.id)
            try rows.forEach { row in
                self.scratch.removeAll()
                if try column?.append(row, from: context, into: &self.scratch) != true {
                    MintedID.write(
                        recordedAt: recordedAt.value(row), sequence: block.header.firstSequence + UInt64(row),
                        storeTag: block.header.storeTag, into: &self.scratch)
                }
                result.append(names.token(of: self.scratch.view))
            }
        case .sequence:
            rows.forEach { result.append(token(of: Int64(block.header.firstSequence) + Int64($0))) }
        case .timestamp, .recordedAt:
            let column = try block.integers(field == .time ? .timestamp : .recordedAt)
            rows.forEach { result.append(token(of: column.value($0))) }
        case .duration:
            let column = try block.durations()
            rows.forEach { row in result.append(column.value(row).map { token(of: $0) } ?? Names.none)
            }
        case .outcome:
            let column = try block.integers(.outcome)
            rows.forEach { row in
                let kind = OutcomeKind(rawValue: UInt8(clamping: column.value(row))) ?? .absent
                result.append(token(of: kind))
            }
        case .document(let id): try documentTokens(rows, id, block, into: &result, &scratch)
        case .anyText: break
        }
        return result
    }

    /// The token of a code of the current segment's dictionary, or of an outcome's.
    func token(ofCode code: UInt32, _ terms: any SegmentTerms) throws -> Token {
        guard code > 0 else { return Names.none }
        if case .outcome = source {
            return token(of: OutcomeKind(rawValue: UInt8(clamping: code)) ?? .absent)
        }
        if Int(code) < codes.count, codes[Int(code)] != Names.unknown { return codes[Int(code)] }
        guard case .codes(_, let dictionary) = source else { return Names.none }
        scratch.removeAll()
        try terms.append(code, of: dictionary, into: &scratch)
        var token: Token
        if dictionary == .resource {
            let parts = try ResourceTerm.parse(scratch.view)
            token = resourceToken(type: parts.type?.array, id: parts.id?.array)
        } else {
            token = names.token(of: scratch.view)
        }
        if Int(code) >= codes.count {
            codes.append(contentsOf: repeatElement(Names.unknown, count: Int(code) + 1 - codes.count))
        }
        codes[Int(code)] = token
        return token
    }

    /// The same, from the segment's terms where they are at hand.
    func token(ofCode code: UInt32, in table: TermTable?, _ terms: any SegmentTerms) throws -> Token {
        guard let table, case .codes(_, let dictionary) = source, dictionary != .resource,
            let term = table[code]
        else { return try token(ofCode: code, terms) }
        return names.token(of: term)
    }

    private func resourceToken(type: [UInt8]?, id: [UInt8]?) -> Token {
        let value: [UInt8]?
        switch field {
        case .resourceType: value = type
        case .resourceID: value = id
        default:
            if let type, let id { value = type + [UInt8(ascii: "/")] + id } else { value = nil }
        }
        return value.map { $0.withView { names.token(of: $0) } } ?? Names.none
    }

    private func textTokens(
        _ rows: RowSet, _ id: ColumnID, _ block: BlockReader, into result: inout [Token]
    ) throws {
        guard let column = try block.text(id) else {
            result.append(contentsOf: repeatElement(Names.none, count: rows.count))
            return
        }
        let context = try block.context(id)
        if rows.count * 16 < block.count {
            try rows.forEach { row in
                scratch.removeAll()
                let isPresent = try column.append(row, from: context, into: &scratch)
                result.append(isPresent ? names.token(of: scratch.view) : Names.none)
            }
            return
        }
        var values = ValueList()
        scratch.removeAll()
        try column.decode(from: context, into: &values, text: &scratch)
        rows.forEach { row in
            result.append(
                values.isAbsent(row)
                    ? Names.none : names.token(of: values.value(row, in: scratch.view)))
        }
    }

    private func documentTokens(
        _ rows: RowSet, _ id: ColumnID, _ block: BlockReader, into result: inout [Token],
        _ scratch: inout QueryScratch
    ) throws {
        let documents = try block.documents(id)
        try rows.forEach { row in
            self.scratch.removeAll()
            guard try documents?.append(row, into: &self.scratch) == true else {
                result.append(Names.none)
                return
            }
            result.append(token(in: self.scratch.view, &scratch))
        }
    }

    // MARK: Values

    /// The token of the first scalar at the path.
    private func token(in document: ByteView, _ scratch: inout QueryScratch) -> Token {
        var walker = JSONPathWalker(document, path)
        while let token = walker.next(&scratch) {
            switch token.kind {
            case .object, .array: continue
            case .string:
                return names.token(of: JSONText.content(token.raw.trusted(1, token.raw.count - 2), &scratch))
            case .number, .word: return names.token(of: token.raw)
            }
        }
        return Names.none
    }

    private func token(of value: Int64) -> Token { names.token(of: value, field.kind) }

    private func token(of outcome: OutcomeKind) -> Token {
        let name =
            switch outcome {
            case .absent: ""
            case .success: "success"
            case .failure: "failure"
            case .denied: "denied"
            }
        return outcome == .absent ? Names.none : name.withView { names.token(of: $0) }
    }

    // MARK: Tail

    /// The token of an event that is in no block yet.
    func token(of record: RecordRow, _ scratch: inout QueryScratch) -> Token {
        switch source {
        case .sequence: return token(of: Int64(clamping: record.sequence))
        case .timestamp: return token(of: record.timestamp)
        case .recordedAt: return token(of: record.recordedAt)
        case .duration: return record.duration.map { token(of: $0) } ?? Names.none
        case .outcome: return token(of: record.outcome)
        case .id: return record.withID { id in id.map { names.token(of: $0) } ?? Names.none }
        case .document(let column):
            let document = record.string(column == .details ? .details : .extra)
            return document.map { token(in: $0, &scratch) } ?? Names.none
        case .codes(_, .resource):
            return resourceToken(
                type: record.string(.resourceType)?.array, id: record.string(.resourceID)?.array)
        case .codes, .text, .anyText:
            let value = field.stringField.flatMap { record.string($0) }
            return value.map { names.token(of: $0) } ?? Names.none
        }
    }
}
