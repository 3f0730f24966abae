import TallyrollFormat

extension Parser {
    /// Reads a value as the field needs it.
    mutating func parseValue(for field: Field, _ operation: Filter.Operator) throws(QueryError)
        -> Filter.Value
    {
        let start = scanner.position
        let isQuoted = scanner.current == UInt8(ascii: "\"")
        let text = try takeText(field)
        switch field.kind {
        case .text:
            try checkGlob(text, operation, start)
            return .text(text)
        case .severity:
            try checkGlob(text, operation, start)
            guard !operation.isOrdering || SeverityRank.rank(of: text) != nil else {
                throw bad(
                    start, expected: "one of \(SeverityRank.allNames)", text,
                    SeverityRank.suggestion(for: text))
            }
            return .text(text)
        case .json:
            try checkGlob(text, operation, start)
            guard !isQuoted, operation != .matches, operation != .contains, let word = BareWord(text) else {
                return .text(text)
            }
            return .word(word)
        case .integer:
            guard let number = Int64(text), text.first != "+" else {
                throw bad(start, expected: "a whole number of at most 64 bits", text, nil)
            }
            return .integer(number)
        case .duration:
            guard let span = DurationText.parse(text, bareUnit: 1_000_000) else {
                throw bad(
                    start, expected: "a duration such as 150ms, 2s or 5m, or a number of milliseconds", text,
                    nil)
            }
            return .duration(nanoseconds: span)
        case .result:
            guard let result = ResultKind(rawValue: text) else {
                let isKnown = ResultKind(rawValue: text.lowercased()) != nil
                throw bad(
                    start, expected: "success, failure or denied", text,
                    isKnown ? "write it in small letters" : "its text is in `error`")
            }
            return .result(result)
        case .time:
            return .time(try timePoint(text, start))
        }
    }

    private mutating func takeText(_ field: Field) throws(QueryError) -> String {
        if scanner.current == UInt8(ascii: "\"") {
            let text = try scanner.takeQuoted()
            return text
        }
        let run = scanner.bareRun
        let expected = "a value for \(field)"
        guard !run.isEmpty else {
            throw fail(.syntax, expected: expected, suggestion: "a value with odd characters is quoted")
        }
        guard scanner.bytes[run.lowerBound] != UInt8(ascii: "'") else {
            throw fail(
                .syntax, expected: expected, found: "a single quote", suggestion: "quote with \" instead")
        }
        let text = scanner.text(run)
        guard run.count > 8 || !Notation.keywords.contains(text.lowercased()) else {
            throw fail(
                .syntax, expected: expected, found: "the keyword `\(text)`",
                suggestion: "quote it to mean the word: \"\(text)\"")
        }
        scanner.move(to: run.upperBound)
        return text
    }

    private func bad(
        _ start: Int, expected: String, _ text: String, _ suggestion: String?, found: String? = nil
    ) -> QueryError {
        QueryError(
            .badValue, in: scanner.bytes, at: start, expected: expected,
            found: found ?? "`\(TimeText.shortened(text))`", suggestion: suggestion)
    }

    private func checkGlob(_ text: String, _ operation: Filter.Operator, _ start: Int) throws(QueryError) {
        guard operation == .matches, !Glob.isWithinLimits(text) else { return }
        throw bad(start, expected: Glob.limitText, text, nil, found: "a longer one")
    }

    private mutating func timePoint(_ text: String, _ start: Int) throws(QueryError) -> TimePoint {
        let expected = "a time such as 2026-01-02T03:04:05Z, a date, now or now-24h"
        if text.count >= 3, text.prefix(3).lowercased() == "now" {
            let rest = text.dropFirst(3)
            if rest.isEmpty { return .relative(nanoseconds: 0) }
            let span = rest.first == "+" ? rest.dropFirst() : rest
            if rest.first == "+" && span.first != "-" || rest.first == "-",
                let offset = DurationText.parse(span)
            {
                return .relative(nanoseconds: offset)
            }
            throw bad(start, expected: "now-24h, now+5m or the like (units: ms s m h d w)", text, nil)
        }
        do throws(TimeText.Problem) {
            return .absolute(nanoseconds: try TimeText.parse(text))
        } catch {
            throw bad(
                start, expected: expected, text, error.suggestion ?? hint(for: text), found: error.found)
        }
    }

    private func hint(for text: String) -> String? {
        if DurationText.parse(text) != nil { return "for that long ago, write `now-\(text)`" }
        if Int64(text) != nil { return "write the time as text, not as a number of seconds" }
        switch text.lowercased() {
        case "today": return "for the last 24 hours, write `now-24h`"
        case "yesterday": return "for a day ago, write `now-1d`"
        default: return nil
        }
    }
}

/// The ranks of the severities that are known by name.
package enum SeverityRank {
    /// The names from least to most serious; the rank is the position.
    static let names: [StaticString] = [
        "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency",
    ]

    static var allNames: String { names.map(\.description).joined(separator: ", ") }
}

extension SeverityRank {
    /// The rank of a name, or nil when it is none of the known ones.
    package static func rank(of text: ByteView) -> Int? {
        for (rank, name) in names.enumerated() where name.utf8CodeUnitCount == text.count {
            if ByteView(base: name.utf8Start, count: text.count).isEqual(to: text) { return rank }
        }
        return nil
    }

    package static func rank(of text: String) -> Int? { text.withView { rank(of: $0) } }

    static func suggestion(for text: String) -> String? {
        let lowered = text.lowercased()
        let wanted = Array(lowered.unicodeScalars.prefix(40))
        let near = names.map(\.description).min {
            editDistance(wanted, Array($0.unicodeScalars)) < editDistance(wanted, Array($1.unicodeScalars))
        }
        guard let near, editDistance(wanted, Array(near.unicodeScalars)) <= 3 else { return nil }
        return "did you mean `\(near)`?"
    }
}
