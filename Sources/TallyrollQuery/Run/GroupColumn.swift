import TallyrollFormat
import TallyrollStore

/// The groups of one field: numbers its values in the blocks of one segment after the other, and in the tail.
///
/// A value is the field's text: times are RFC 3339, spans and results as expressions write them, values in details
/// the text of a string or the number, `true`, `false` or `null` as it stands. An event that has several values in
/// details belongs to the group of the first; one without a value belongs to none.
final class GroupColumn {
    let field: Field
    private var texts = GroupTexts()

    /// The text of a number.
    func text(_ number: UInt32) -> String { texts.text(number) }

    private let source: LeafSource
    private let path: JSONPath
    /// The number of each code of the current segment, once it was asked for; `unknown` before, `none` for no value.
    private var codes: [UInt32] = []
    private var scratch = ByteWriter(capacity: 256)
    private var integers: [Int64: UInt32] = [:]

    static let none = UInt32.max
    private static let unknown = UInt32.max - 1

    init(_ field: Field) throws(QueryLimitError) {
        self.field = field
        source = LeafSource(field)
        switch field {
        case .details(let path), .extra(let path): self.path = JSONPath(path)
        default: path = JSONPath([])
        }
        guard field != .text, field.isComparable else {
            throw QueryLimitError(.ungroupableField, field == .text ? "text" : "\(field) as a whole")
        }
    }

    /// The dictionary whose codes the field's values are, one to one.
    var dictionary: DictionaryID? {
        guard case .codes(_, let dictionary) = source else { return nil }
        switch field {
        case .resource, .resourceType, .resourceID: return nil
        default: return dictionary
        }
    }

    func beginSegment() { codes.removeAll(keepingCapacity: true) }

    // MARK: Blocks

    /// The numbers of the rows, in their order.
    func numbers(_ rows: RowSet, _ block: BlockReader, _ scratch: inout QueryScratch) throws -> [UInt32] {
        var result: [UInt32] = []
        result.reserveCapacity(rows.count)
        switch source {
        case .codes(let column, _):
            let column = try block.codes(column)
            if rows.count * 8 < block.count {
                try rows.forEach { row in result.append(try number(ofCode: column.code(row), block.terms)) }
            } else {
                let all = column.decodeArray()
                try rows.forEach { row in result.append(try number(ofCode: all[row], block.terms)) }
            }
        case .text(let id): try textNumbers(rows, id, block, into: &result)
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
                result.append(texts.number(of: self.scratch.view))
            }
        case .sequence:
            rows.forEach { result.append(number(of: Int64(block.header.firstSequence) + Int64($0))) }
        case .timestamp, .recordedAt:
            let column = try block.integers(field == .time ? .timestamp : .recordedAt)
            rows.forEach { result.append(number(of: column.value($0))) }
        case .duration:
            let column = try block.durations()
            rows.forEach { row in result.append(column.value(row).map { number(of: $0) } ?? GroupColumn.none)
            }
        case .outcome:
            let column = try block.integers(.outcome)
            rows.forEach { row in
                let kind = OutcomeKind(rawValue: UInt8(clamping: column.value(row))) ?? .absent
                result.append(number(of: kind))
            }
        case .document(let id): try documentNumbers(rows, id, block, into: &result, &scratch)
        case .anyText: break
        }
        return result
    }

    /// The number of a code of the current segment's dictionary.
    func number(ofCode code: UInt32, _ terms: any SegmentTerms) throws -> UInt32 {
        guard code > 0 else { return GroupColumn.none }
        if Int(code) < codes.count, codes[Int(code)] != GroupColumn.unknown { return codes[Int(code)] }
        guard case .codes(_, let dictionary) = source else { return GroupColumn.none }
        scratch.removeAll()
        try terms.append(code, of: dictionary, into: &scratch)
        var number: UInt32
        if dictionary == .resource {
            let parts = try ResourceTerm.parse(scratch.view)
            number = resourceNumber(type: parts.type?.array, id: parts.id?.array)
        } else {
            number = texts.number(of: scratch.view)
        }
        if Int(code) >= codes.count {
            codes.append(contentsOf: repeatElement(GroupColumn.unknown, count: Int(code) + 1 - codes.count))
        }
        codes[Int(code)] = number
        return number
    }

    private func resourceNumber(type: [UInt8]?, id: [UInt8]?) -> UInt32 {
        let value: [UInt8]?
        switch field {
        case .resourceType: value = type
        case .resourceID: value = id
        default:
            if let type, let id { value = type + [UInt8(ascii: "/")] + id } else { value = nil }
        }
        return value.map { $0.withView { texts.number(of: $0) } } ?? GroupColumn.none
    }

    private func textNumbers(
        _ rows: RowSet, _ id: ColumnID, _ block: BlockReader, into result: inout [UInt32]
    ) throws {
        guard let column = try block.text(id) else {
            result.append(contentsOf: repeatElement(GroupColumn.none, count: rows.count))
            return
        }
        let context = try block.context(id)
        if rows.count * 16 < block.count {
            try rows.forEach { row in
                scratch.removeAll()
                let isPresent = try column.append(row, from: context, into: &scratch)
                result.append(isPresent ? texts.number(of: scratch.view) : GroupColumn.none)
            }
            return
        }
        var values = ValueList()
        scratch.removeAll()
        try column.decode(from: context, into: &values, text: &scratch)
        rows.forEach { row in
            result.append(
                values.isAbsent(row)
                    ? GroupColumn.none : texts.number(of: values.value(row, in: scratch.view)))
        }
    }

    private func documentNumbers(
        _ rows: RowSet, _ id: ColumnID, _ block: BlockReader, into result: inout [UInt32],
        _ scratch: inout QueryScratch
    ) throws {
        let documents = try block.documents(id)
        try rows.forEach { row in
            self.scratch.removeAll()
            guard try documents?.append(row, into: &self.scratch) == true else {
                result.append(GroupColumn.none)
                return
            }
            result.append(number(in: self.scratch.view, &scratch))
        }
    }

    // MARK: Values

    /// The number of the first scalar at the path.
    private func number(in document: ByteView, _ scratch: inout QueryScratch) -> UInt32 {
        var walker = JSONPathWalker(document, path)
        while let token = walker.next(&scratch) {
            switch token.kind {
            case .object, .array: continue
            case .string:
                return texts.number(of: JSONText.content(token.raw.trusted(1, token.raw.count - 2), &scratch))
            case .number, .word: return texts.number(of: token.raw)
            }
        }
        return GroupColumn.none
    }

    private func number(of value: Int64) -> UInt32 {
        if let known = integers[value] { return known }
        let text =
            switch field.kind {
            case .time: Timestamp(nanosecondsSince1970: value).description
            case .duration: DurationText.format(value)
            default: "\(value)"
            }
        let number = text.withView { texts.number(of: $0) }
        integers[value] = number
        return number
    }

    private func number(of outcome: OutcomeKind) -> UInt32 {
        let name =
            switch outcome {
            case .absent: ""
            case .success: "success"
            case .failure: "failure"
            case .denied: "denied"
            }
        return outcome == .absent ? GroupColumn.none : name.withView { texts.number(of: $0) }
    }

    // MARK: Tail

    /// The number of an event that is in no block yet.
    func number(of record: RecordRow, _ scratch: inout QueryScratch) -> UInt32 {
        switch source {
        case .sequence: return number(of: Int64(clamping: record.sequence))
        case .timestamp: return number(of: record.timestamp)
        case .recordedAt: return number(of: record.recordedAt)
        case .duration: return record.duration.map { number(of: $0) } ?? GroupColumn.none
        case .outcome: return number(of: record.outcome)
        case .id: return record.withID { id in id.map { texts.number(of: $0) } ?? GroupColumn.none }
        case .document(let column):
            let document = record.string(column == .details ? .details : .extra)
            return document.map { number(in: $0, &scratch) } ?? GroupColumn.none
        case .codes(_, .resource):
            return resourceNumber(
                type: record.string(.resourceType)?.array, id: record.string(.resourceID)?.array)
        case .codes, .text, .anyText:
            let value = field.stringField.flatMap { record.string($0) }
            return value.map { texts.number(of: $0) } ?? GroupColumn.none
        }
    }
}
