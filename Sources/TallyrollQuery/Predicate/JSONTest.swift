import TallyrollFormat

/// What a leaf asks of one JSON value.
package struct JSONTest: Sendable {
    /// One value of the expression, taken apart.
    struct Literal: Sendable {
        let bytes: [UInt8]
        /// Written without quotes: may be a number or a word as well as a text.
        let isBare: Bool
        /// The number that a bare value is.
        let number: ExactDecimal?

        init?(_ value: Filter.Value) {
            switch value {
            case .text(let text):
                bytes = Array(text.string.utf8)
                isBare = false
                number = nil
            case .word(let word):
                bytes = Array(word.text.string.utf8)
                isBare = true
                number = bytes.withView { ExactDecimal($0) }
            default: return nil
            }
        }
    }

    private enum Question: Sendable {
        case compare(Filter.Operator, Literal)
        /// Texts for strings, bare texts for words, and numbers in ascending order.
        case member(texts: ByteSet, words: ByteSet, numbers: [Literal])
        case pattern(TextTest)
    }

    private let question: Question

    init(_ operation: Filter.Operator, _ literal: Literal) {
        switch operation {
        case .matches, .contains: question = .pattern(TextTest(operation, literal.bytes))
        default: question = .compare(operation, literal)
        }
    }

    init(anyOf literals: [Literal]) {
        let numbers = literals.filter { $0.number != nil }
        question = .member(
            texts: ByteSet(literals.map(\.bytes)), words: ByteSet(literals.filter(\.isBare).map(\.bytes)),
            numbers: numbers.sorted { JSONTest.order($0, $1) < 0 })
    }

    /// Whether a scalar fits; objects and arrays never do. `raw` is its JSON text.
    package func matches(_ raw: ByteView, _ scratch: inout QueryScratch) -> Bool {
        guard raw.count > 0 else { return false }
        switch JSONToken.kind(raw[0]) {
        case .string:
            guard raw.count >= 2 else { return false }
            return matchesString(JSONText.content(raw.trusted(1, raw.count - 2), &scratch))
        case .number: return matchesNumber(raw)
        case .word: return matchesWord(raw)
        case .object, .array: return false
        }
    }

    private func matchesString(_ value: ByteView) -> Bool {
        switch question {
        case .compare(let operation, let literal):
            if operation.isOrdering, literal.number != nil { return false }
            return operation.holds(literal.bytes.withView { value.compare(to: $0) })
        case .member(let texts, _, _): return texts.contains(value)
        case .pattern(let test): return test.matches(value)
        }
    }

    private func matchesNumber(_ raw: ByteView) -> Bool {
        switch question {
        case .compare(let operation, let literal):
            guard let number = literal.number, let value = ExactDecimal(raw) else {
                return operation == .notEqual
            }
            return operation.holds(literal.bytes.withView { value.compare(raw, to: number, $0) })
        case .member(_, _, let numbers):
            guard let value = ExactDecimal(raw) else { return false }
            var low = 0
            var high = numbers.count
            while low < high {
                let middle = (low + high) / 2
                let order = JSONTest.order(numbers[middle], raw, value)
                if order == 0 { return true }
                if order < 0 { low = middle + 1 } else { high = middle }
            }
            return false
        case .pattern(let test): return test.matches(raw)
        }
    }

    private func matchesWord(_ raw: ByteView) -> Bool {
        switch question {
        case .compare(let operation, let literal):
            let isEqual = literal.isBare && literal.bytes.withView { $0.isEqual(to: raw) }
            return operation == .equal ? isEqual : operation == .notEqual && !isEqual
        case .member(_, let words, _): return words.contains(raw)
        case .pattern: return false
        }
    }

    private static func order(_ literal: Literal, _ raw: ByteView, _ value: ExactDecimal) -> Int {
        guard let number = literal.number else { return -1 }
        return literal.bytes.withView { number.compare($0, to: value, raw) }
    }

    private static func order(_ a: Literal, _ b: Literal) -> Int {
        b.bytes.withView { bytes in b.number.map { order(a, bytes, $0) } ?? 1 }
    }
}
