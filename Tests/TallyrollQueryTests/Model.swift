import Foundation
import TallyrollFormat
import TallyrollQuery

/// A JSON value as a test made it; the text that records hold is written from it, never read back into it.
indirect enum Model {
    case string(String)
    case number(String)
    case word(String)
    case object([(String, Model)])
    case array([Model])

    /// As JSON text, with some characters escaped that need not be, and odd spacing.
    func text(_ random: inout SplitMix64) -> String {
        let space = random.chance(20) ? " " : ""
        switch self {
        case .string(let text): return Model.quoted(text, &random)
        case .number(let text), .word(let text): return text
        case .object(let members):
            let parts = members.map { Model.quoted($0.0, &random) + space + ":" + space + $0.1.text(&random) }
            return "{" + space + parts.joined(separator: "," + space) + space + "}"
        case .array(let elements):
            return "[" + space + elements.map { $0.text(&random) }.joined(separator: space + ",") + space
                + "]"
        }
    }

    private static func quoted(_ text: String, _ random: inout SplitMix64) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            // Quotes and backslashes are escaped as they mostly are; other controls can only be written as `\u`.
            if random.chance(15) || scalar.value < 0x20 && scalar != "\n" {
                for unit in String(Character(scalar)).utf16 { result += String(format: "\\u%04x", Int(unit)) }
            } else if scalar == "\"" || scalar == "\\" {
                result += "\\\(scalar)"
            } else if scalar == "\n" {
                result += "\\n"
            } else if scalar == "/", random.chance(50) {
                result += "\\/"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// All values at a path; arrays are looked through.
    func values(at path: ArraySlice<String>) -> [Model] {
        switch self {
        case .array(let elements):
            return (path.isEmpty ? [self] : []) + elements.flatMap { $0.values(at: path) }
        case .object(let members):
            guard let key = path.first else { return [self] }
            return members.filter { Array($0.0.utf8) == Array(key.utf8) }.flatMap {
                $0.1.values(at: path.dropFirst())
            }
        default: return path.isEmpty ? [self] : []
        }
    }

    var strings: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let elements): elements.flatMap(\.strings)
        case .object(let members): members.flatMap { $0.1.strings }
        case .number, .word: []
        }
    }
}

/// An event in plain values.
struct PlainEvent {
    var strings: [StringField: String] = [:]
    var details: Model?
    var extra: Model?
    var sequence: Int64 = 0
    var time: Int64 = 0
    var recorded: Int64 = 0
    var duration: Int64?
    var result: ResultKind?
    static let standardMinted = "0192f0c1-0000-7000-8000-000000000000"
    var minted = standardMinted

    func row(_ random: inout SplitMix64) -> TestRow {
        let row = TestRow(sequence: UInt64(sequence))
        var all = [[UInt8]?](repeating: nil, count: StringField.count)
        for (field, text) in strings { all[field.index] = Array(text.utf8) }
        all[StringField.details.index] = details.map { Array($0.text(&random).utf8) }
        all[StringField.extra.index] = extra.map { Array($0.text(&random).utf8) }
        row.strings = all
        (row.timestamp, row.recordedAt, row.duration) = (time, recorded, duration)
        row.outcome =
            switch result {
            case nil: .absent
            case .success: .success
            case .failure: .failure
            case .denied: .denied
            }
        return row
    }
}

/// The meaning of filters, said as plainly as possible; slow, and obviously right.
struct Oracle {
    let event: PlainEvent

    func holds(_ filter: Filter) -> Bool {
        switch filter {
        case .constant(let value): value
        case .and(let list): list.allSatisfy(holds)
        case .or(let list): list.contains(where: holds)
        case .not(let inner): !holds(inner)
        case .exists(let field): !values(field).isEmpty
        case .membership(let field, let wanted):
            values(field).contains { value in wanted.contains { compare(field, value, .equal, $0) } }
        case .comparison(let field, let operation, let wanted):
            values(field).contains { compare(field, $0, operation, wanted) }
        }
    }

    private enum Plain {
        case text(String)
        case integer(Int64)
        case result(ResultKind)
        case json(Model)
    }

    private func values(_ field: Field) -> [Plain] {
        switch field {
        case .id: [.text(event.strings[.id] ?? event.minted)]
        case .sequence: [.integer(event.sequence)]
        case .time: [.integer(event.time)]
        case .recorded: [.integer(event.recorded)]
        case .duration: event.duration.map { [.integer($0)] } ?? []
        case .result: event.result.map { [.result($0)] } ?? []
        case .details(let path): event.details?.values(at: path.components[...]).map(Plain.json) ?? []
        case .extra(let path): event.extra?.values(at: path.components[...]).map(Plain.json) ?? []
        case .text:
            ([event.strings[.message], event.strings[.error]].compactMap { $0 }
                + (event.details?.strings ?? []))
                .map(Plain.text)
        case .resource:
            if let type = event.strings[.resourceType], let id = event.strings[.resourceID] {
                [.text(type + "/" + id)]
            } else {
                []
            }
        default: field.stringField.flatMap { event.strings[$0] }.map { [.text($0)] } ?? []
        }
    }

    private func compare(_ field: Field, _ value: Plain, _ operation: Filter.Operator, _ wanted: Filter.Value)
        -> Bool
    {
        switch (value, wanted) {
        case (.text(let text), .text(let other)):
            if field == .severity, operation.isOrdering {
                let names = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]
                guard let a = names.firstIndex(of: text), let b = names.firstIndex(of: other.string) else {
                    return false
                }
                return operation.holds(a - b)
            }
            return texts(text, operation, other.string)
        case (.integer(let number), .integer(let other)), (.integer(let number), .duration(let other)),
            (.integer(let number), .time(.absolute(let other))):
            return operation.holds(number < other ? -1 : number == other ? 0 : 1)
        case (.result(let result), .result(let other)): return (result == other) == (operation == .equal)
        case (.json(let model), .text(let text)): return json(model, operation, text.string, bare: false)
        case (.json(let model), .word(let word)): return json(model, operation, word.text.string, bare: true)
        default: return false
        }
    }

    private func texts(_ text: String, _ operation: Filter.Operator, _ other: String) -> Bool {
        let (a, b) = (Array(text.utf8), Array(other.utf8))
        switch operation {
        case .matches: return glob(Array(other.unicodeScalars)[...], Array(text.unicodeScalars)[...])
        case .contains:
            let (low, needle) = (a.map(lowered), b.map(lowered))
            return low.count >= needle.count
                && (0...(low.count - needle.count)).contains {
                    Array(low[$0..<($0 + needle.count)]) == needle
                }
        default: return operation.holds(a == b ? 0 : a.lexicographicallyPrecedes(b) ? -1 : 1)
        }
    }

    private func lowered(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte + 32 : byte }

    private func glob(_ pattern: ArraySlice<Unicode.Scalar>, _ text: ArraySlice<Unicode.Scalar>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" {
            return glob(pattern.dropFirst(), text) || !text.isEmpty && glob(pattern, text.dropFirst())
        }
        guard let next = text.first, first == "?" || first == next else { return false }
        return glob(pattern.dropFirst(), text.dropFirst())
    }

    private func json(_ model: Model, _ operation: Filter.Operator, _ other: String, bare: Bool) -> Bool {
        let isNumber = bare && Self.isNumber(other)
        switch model {
        case .string(let text): return !(isNumber && operation.isOrdering) && texts(text, operation, other)
        case .number(let text):
            if operation == .matches || operation == .contains { return texts(text, operation, other) }
            guard isNumber, let a = Decimal(string: text), let b = Decimal(string: other) else {
                return operation == .notEqual
            }
            return operation.holds(a < b ? -1 : a == b ? 0 : 1)
        case .word(let word):
            return operation == .equal
                ? bare && word == other : operation == .notEqual && !(bare && word == other)
        case .object, .array: return false
        }
    }

    private static func isNumber(_ text: String) -> Bool {
        text.range(of: #"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"#, options: .regularExpression)
            != nil
    }
}
