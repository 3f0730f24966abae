import TallyrollFormat
import TallyrollQuery

extension RowColumn {
    /// Appends the value of the column as text, and says whether the event has one.
    func append(_ record: RecordView, _ place: RecordPlace, into out: inout ByteWriter) -> Bool {
        switch field {
        case .id:
            if let id = record[.id] {
                out.bytes(id)
            } else {
                MintedID.write(
                    recordedAt: place.recordedAt, sequence: place.sequence, storeTag: place.storeTag, into: &out)
            }
            return true
        case .sequence:
            out.decimal(place.sequence)
            return true
        case .time:
            RFC3339.write(record.timestamp, record.time, into: &out)
            return true
        case .recorded:
            RFC3339.write(place.recordedAt, TimeNotation(digits: 6), into: &out)
            return true
        case .result:
            out.text(record.outcome.word)
            return record.outcome != .absent
        case .duration:
            guard let duration = record.duration else { return false }
            MillisecondNumber.write(duration, into: &out)
            return true
        case .resource:
            guard record[.resourceType] != nil || record[.resourceID] != nil else { return false }
            out.bytes(record[.resourceType] ?? .empty)
            out.u8(UInt8(ascii: "/"))
            out.bytes(record[.resourceID] ?? .empty)
            return true
        case .text: return append(record[.message], into: &out)
        case .details(let path): return append(RowColumn.value(at: path, in: record[.details]), into: &out)
        case .extra(let path): return append(RowColumn.value(at: path, in: record[.extra]), into: &out)
        default: return append(field.stringField.flatMap { record[$0] }, into: &out)
        }
    }

    private func append(_ value: ByteView?, into out: inout ByteWriter) -> Bool {
        guard let value else { return false }
        let isJSON: Bool =
            switch field {
            case .details(let path), .extra(let path): !path.components.isEmpty
            default: false
            }
        guard isJSON, value.count >= 2, value[0] == UInt8(ascii: "\"") else {
            out.bytes(value)
            return true
        }
        let span = JSONStringSpan(start: 1, length: value.count - 2, isEscaped: true)
        if (try? JSONScanner.unescape(value, span, into: &out)) == nil { out.bytes(value) }
        return true
    }

    /// The JSON text of the value at a path in an object; the object itself at an empty path.
    static func value(at path: FieldPath, in object: ByteView?) -> ByteView? {
        var value = object
        for key in path.components {
            guard let object = value, object.count > 0, object[0] == UInt8(ascii: "{") else { return nil }
            value = key.withView { member(named: $0, in: object) }
        }
        return value
    }

    private static func member(named name: ByteView, in object: ByteView) -> ByteView? {
        guard var members = try? JSONMembers(object) else { return nil }
        while let member = try? members.next() {
            if member.name.isEqual(to: name) { return member.value }
            guard member.name.raw.contains(UInt8(ascii: "\\")) else { continue }
            var plain = ByteWriter(capacity: 64)
            let span = JSONStringSpan(start: 0, length: member.name.count, isEscaped: true)
            if (try? JSONScanner.unescape(member.name, span, into: &plain)) != nil, plain.view.isEqual(to: name) {
                return member.value
            }
        }
        return nil
    }
}
