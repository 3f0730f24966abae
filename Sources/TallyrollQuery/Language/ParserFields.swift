extension Parser {
    /// Reads a field's name, with its path where it has one.
    mutating func parseField() throws(QueryError) -> Field {
        let start = scanner.position
        let run = scanner.bareRun
        guard !run.isEmpty else {
            let isQuoted = scanner.current == UInt8(ascii: "\"")
            throw fail(
                .syntax, expected: "a field, such as user or time",
                found: isQuoted ? "a quoted text" : nil,
                suggestion: isQuoted ? "to search all texts, write `text contains \"…\"`" : nil)
        }
        let rootEnd = scanner.bytes[run].firstIndex(of: UInt8(ascii: ".")) ?? run.upperBound
        let root = scanner.text(run.lowerBound..<rootEnd)
        if root == "details" || root == "extra" {
            scanner.move(to: rootEnd)
            let path = FieldPath(try parsePath())
            return root == "details" ? .details(path) : .extra(path)
        }
        let name = scanner.text(run)
        if Notation.keywords.contains(name.lowercased()) {
            throw fail(.syntax, expected: "a field, such as user or time")
        }
        guard let field = Field.named(name) else {
            throw QueryError(
                .unknownField, in: scanner.bytes, at: start, expected: "a field",
                found: "`\(TimeText.shortened(name))`, which is no field",
                suggestion: Field.suggestion(for: name).map { "did you mean `\($0)`?" }
                    ?? "fields of your own are at details.<key>")
        }
        scanner.move(to: run.upperBound)
        return field
    }

    /// Reads `.key."another key"` for as long as a dot follows.
    private mutating func parsePath() throws(QueryError) -> [String] {
        var keys: [String] = []
        while scanner.take(".") {
            if scanner.current == UInt8(ascii: "\"") {
                keys.append(try scanner.takeQuoted())
                continue
            }
            let run = scanner.keyRun
            guard !run.isEmpty, scanner.bytes[run.lowerBound] != UInt8(ascii: "'") else {
                throw fail(
                    .syntax, expected: "a key after the dot",
                    suggestion: "odd keys are quoted: details.\"odd key\"")
            }
            keys.append(scanner.text(run))
            scanner.move(to: run.upperBound)
        }
        return keys
    }

    /// An error at the place that the scanner has reached.
    func fail(
        _ kind: QueryError.Kind, expected: String, found: String? = nil, suggestion: String? = nil
    ) -> QueryError {
        QueryError(
            kind, in: scanner.bytes, at: scanner.position, expected: expected, found: found ?? scanner.found,
            suggestion: suggestion)
    }

    func unclosedBracket(_ start: Int) -> QueryError {
        QueryError(
            .syntax, in: scanner.bytes, at: start, expected: "a `)` for it",
            found: "`(` that is never closed",
            suggestion: "add the missing `)`")
    }

    func missingOperator(_ field: Field) -> QueryError {
        var suggestion: String?
        let run = scanner.bareRun
        if !run.isEmpty {
            let word = scanner.text(run)
            suggestion =
                switch word.lowercased() {
                case "like", "matches": "use `~` with * and ?"
                case "is", "equals", "eq": "use `=`"
                default: "did you mean `\(field) = \(TimeText.shortened(word))`?"
                }
        }
        return fail(.syntax, expected: "\(field.operatorNames) after \(field)", suggestion: suggestion)
    }

    /// Something follows where the expression could have ended.
    func unexpectedRest() -> QueryError {
        var suggestion: String?
        switch scanner.current {
        case UInt8(ascii: "&"): suggestion = "write `and`"
        case UInt8(ascii: "|"): suggestion = "write `or`"
        case UInt8(ascii: ")"): suggestion = "there is no `(` for it"
        case UInt8(ascii: ","): suggestion = "lists follow `in`: type in (a, b)"
        case UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "~"):
            suggestion = "values that hold operators are quoted"
        default:
            if !scanner.bareRun.isEmpty || scanner.current == UInt8(ascii: "\"") {
                suggestion = "values with spaces are quoted"
            }
        }
        return fail(.syntax, expected: "and, or, `)` or the end", suggestion: suggestion)
    }
}
