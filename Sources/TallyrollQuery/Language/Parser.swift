extension Filter {
    /// Reads an expression such as `user = alice@example.com and time >= now-24h`.
    ///
    /// The language is described in `docs/query.md`. An empty expression means all events. Expressions of up to
    /// 1 MiB and 200 levels of brackets and `not` are read.
    ///
    /// - Throws: what is wrong, at which character, and what would have fitted.
    /// - Complexity: linear in the length of the expression.
    public init(_ expression: String) throws(QueryError) {
        var parser = Parser(expression)
        self = try parser.parse()
    }
}

/// Reads an expression: one function for each level of precedence, `or` weakest, then `and`, then `not`.
struct Parser {
    var scanner: Scanner
    private var depth = 0

    init(_ expression: String) {
        scanner = Scanner(expression)
    }

    mutating func parse() throws(QueryError) -> Filter {
        guard scanner.bytes.count <= QueryLimits.expressionBytes else {
            throw QueryError(
                .tooLong, in: scanner.bytes, at: 0, expected: "at most \(QueryLimits.expressionBytes) bytes",
                found: "an expression of \(scanner.bytes.count) bytes",
                suggestion: "split it into several queries")
        }
        scanner.skipSpace()
        guard scanner.current != nil else { return .constant(true) }
        let filter = try parseOr()
        guard scanner.current == nil else { throw unexpectedRest() }
        return filter
    }

    private mutating func parseOr() throws(QueryError) -> Filter {
        let first = try parseAnd()
        var list = [first]
        while scanner.takeKeyword("or") || scanner.take("||") {
            list.append(try parseAnd())
        }
        return list.count == 1 ? first : .or(list)
    }

    private mutating func parseAnd() throws(QueryError) -> Filter {
        let first = try parseNot()
        var list = [first]
        while scanner.takeKeyword("and") || scanner.take("&&") {
            list.append(try parseNot())
        }
        return list.count == 1 ? first : .and(list)
    }

    /// Leaves the scanner behind the space that follows what it read.
    private mutating func parseNot() throws(QueryError) -> Filter {
        scanner.skipSpace()
        let start = scanner.position
        if scanner.takeKeyword("not") || scanner.take("!") {
            try enter(start)
            let inner = try parseNot()
            depth -= 1
            return .not(inner)
        }
        if scanner.take("(") {
            try enter(start)
            let inner = try parseOr()
            depth -= 1
            guard scanner.take(")") else {
                throw scanner.current == nil ? unclosedBracket(start) : unexpectedRest()
            }
            scanner.skipSpace()
            return inner
        }
        let filter = try parseComparison()
        scanner.skipSpace()
        return filter
    }

    private mutating func enter(_ start: Int) throws(QueryError) {
        depth += 1
        guard depth <= QueryLimits.depth else {
            throw QueryError(
                .tooDeep, in: scanner.bytes, at: start, expected: "at most \(QueryLimits.depth) levels",
                found: "a deeper level of brackets and `not`", suggestion: "`a and b and c` needs no brackets"
            )
        }
    }

    private mutating func parseComparison() throws(QueryError) -> Filter {
        let start = scanner.position
        let run = scanner.bareRun
        if scanner.isKeyword("true", at: run) || scanner.isKeyword("false", at: run) {
            scanner.move(to: run.upperBound)
            return .constant(run.count == 4)
        }
        let field = try parseField()
        scanner.skipSpace()
        let operatorStart = scanner.position
        if scanner.takeKeyword("exists") { return .exists(field) }
        if scanner.takeKeyword("not") {
            scanner.skipSpace()
            if scanner.takeKeyword("exists") { return .not(.exists(field)) }
            if scanner.takeKeyword("in") { return .not(.membership(field, try parseList(of: field, start))) }
            if scanner.takeKeyword("contains") {
                return .not(try comparison(field, .contains, start, at: operatorStart))
            }
            throw fail(.syntax, expected: "in (…), contains or exists after `not`")
        }
        if scanner.takeKeyword("in") { return .membership(field, try parseList(of: field, start)) }
        guard let operation = takeOperator() else { throw missingOperator(field) }
        return try comparison(field, operation, start, at: operatorStart)
    }

    private mutating func comparison(
        _ field: Field, _ operation: Filter.Operator, _ start: Int, at operatorStart: Int
    ) throws(QueryError) -> Filter {
        guard field.accepts(operation) else {
            throw QueryError(
                .unfittingOperator, in: scanner.bytes, at: operatorStart, expected: field.operatorNames,
                found: "`\(operation.symbol)` after \(field)")
        }
        try requirePath(field, start)
        scanner.skipSpace()
        return .comparison(field, operation, try parseValue(for: field, operation))
    }

    private mutating func takeOperator() -> Filter.Operator? {
        if scanner.take("==") || scanner.take("=") { return .equal }
        if scanner.take("!=") || scanner.take("<>") { return .notEqual }
        if scanner.take("<=") { return .lessOrEqual }
        if scanner.take("<") { return .less }
        if scanner.take(">=") { return .greaterOrEqual }
        if scanner.take(">") { return .greater }
        if scanner.take("~") { return .matches }
        return scanner.takeKeyword("contains") ? .contains : nil
    }

    private mutating func parseList(of field: Field, _ start: Int) throws(QueryError) -> [Filter.Value] {
        try requirePath(field, start)
        scanner.skipSpace()
        let bracket = scanner.position
        guard scanner.take("(") else { throw fail(.syntax, expected: "`(` and a list of values after `in`") }
        scanner.skipSpace()
        if scanner.take(")") { return [] }
        var values: [Filter.Value] = []
        while true {
            scanner.skipSpace()
            values.append(try parseValue(for: field, .equal))
            scanner.skipSpace()
            if scanner.take(")") { return values }
            guard scanner.take(",") else {
                throw scanner.current == nil
                    ? unclosedBracket(bracket) : fail(.syntax, expected: "`,` or `)`")
            }
        }
    }

    /// Only `exists` can ask about details as a whole.
    private func requirePath(_ field: Field, _ start: Int) throws(QueryError) {
        switch field {
        case .details(let path), .extra(let path):
            guard path.components.isEmpty else { return }
            throw QueryError(
                .unknownField, in: scanner.bytes, at: start, expected: "a key, as in \(field).<key>",
                found: "`\(field)` as a whole", suggestion: "to search all strings inside, use `text`")
        default: return
        }
    }
}
