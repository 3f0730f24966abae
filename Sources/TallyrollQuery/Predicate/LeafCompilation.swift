import TallyrollFormat

extension CompiledLeaf {
    /// Prepares a comparison, a membership or an existence test; times counted from now must have been bound.
    package init(_ leaf: Filter) throws(QueryError) {
        switch leaf {
        case .exists(let field):
            self.init(field, .exists)
        case .comparison(let field, let operation, let value):
            try self.init(field, operation, value, leaf)
        case .membership(let field, let values):
            try self.init(field, values, leaf)
        case .constant, .and, .or, .not:
            throw QueryError(.syntax, in: leaf, expected: "a single question", found: "a combination")
        }
    }

    private init(_ field: Field, _ test: Test) {
        self.field = field
        self.test = test
        if case .text(.contains(let search)) = test { needle = TextNeedle(search) } else { needle = nil }
        switch field {
        case .details(let path), .extra(let path): self.path = JSONPath(path)
        default: path = JSONPath([])
        }
    }

    private init(
        _ field: Field, _ operation: Filter.Operator, _ value: Filter.Value, _ leaf: Filter
    ) throws(QueryError) {
        guard field.accepts(operation), field.isComparable else {
            throw QueryError(
                .unfittingOperator, in: leaf, expected: field.isComparable ? field.operatorNames : "a key",
                found: "`\(operation.symbol)` after \(field)")
        }
        switch (field.kind, value) {
        case (.text, .text(let text)), (.severity, .text(let text)):
            guard operation != .matches || Glob.isWithinLimits(text.string) else {
                throw QueryError(.badValue, in: leaf, expected: Glob.limitText, found: "a longer one")
            }
            if field.kind == .severity, operation.isOrdering {
                guard let rank = SeverityRank.rank(of: text.string) else {
                    throw CompiledLeaf.badValue(field, leaf)
                }
                self.init(field, .severity(ranks: CompiledLeaf.ranks(operation, rank)))
            } else {
                self.init(field, .text(TextTest(operation, Array(text.string.utf8))))
            }
        case (.result, .result(let result)):
            let bit: UInt8 = 1 << result.outcome.rawValue
            self.init(field, .outcome(kinds: operation == .equal ? bit : ~bit))
        case (.json, _):
            guard let literal = JSONTest.Literal(value) else { throw CompiledLeaf.badValue(field, leaf) }
            if operation == .matches || operation == .contains, literal.isBare {
                throw CompiledLeaf.badValue(field, leaf)
            }
            if case .text(let text) = value, operation == .matches, !Glob.isWithinLimits(text.string) {
                throw QueryError(.badValue, in: leaf, expected: Glob.limitText, found: "a longer one")
            }
            self.init(field, .json(JSONTest(operation, literal)))
        default:
            guard let number = value.integer(for: field) else { throw CompiledLeaf.badValue(field, leaf) }
            self.init(field, .integer(IntegerTest(operation, number)))
        }
    }

    private init(_ field: Field, _ values: [Filter.Value], _ leaf: Filter) throws(QueryError) {
        guard field.isComparable else {
            throw QueryError(.unfittingOperator, in: leaf, expected: "a key", found: "`in` after \(field)")
        }
        switch field.kind {
        case .text, .severity:
            var texts: [[UInt8]] = []
            for value in values {
                guard case .text(let text) = value else { throw CompiledLeaf.badValue(field, leaf) }
                texts.append(Array(text.string.utf8))
            }
            self.init(field, .text(.member(ByteSet(texts))))
        case .result:
            var kinds: UInt8 = 0
            for value in values {
                guard case .result(let result) = value else { throw CompiledLeaf.badValue(field, leaf) }
                kinds |= 1 << result.outcome.rawValue
            }
            self.init(field, .outcome(kinds: kinds))
        case .json:
            var literals: [JSONTest.Literal] = []
            for value in values {
                guard let literal = JSONTest.Literal(value) else { throw CompiledLeaf.badValue(field, leaf) }
                literals.append(literal)
            }
            self.init(field, .json(JSONTest(anyOf: literals)))
        case .integer, .time, .duration:
            var numbers: [Int64] = []
            for value in values {
                guard let number = value.integer(for: field) else { throw CompiledLeaf.badValue(field, leaf) }
                numbers.append(number)
            }
            self.init(field, .integer(.member(numbers.sorted())))
        }
    }

    private static func ranks(_ operation: Filter.Operator, _ rank: Int) -> UInt8 {
        (0..<SeverityRank.names.count).reduce(0) { $0 | (operation.holds($1 - rank) ? 1 << UInt8($1) : 0) }
    }

    private static func badValue(_ field: Field, _ leaf: Filter) -> QueryError {
        QueryError(
            .badValue, in: leaf, expected: "a value that fits \(field)", found: "another kind of value")
    }
}

extension Field {
    /// Whether values can be compared with the field: details as a whole can only exist.
    package var isComparable: Bool {
        switch self {
        case .details(let path), .extra(let path): !path.components.isEmpty
        default: true
        }
    }
}

extension Filter.Value {
    /// The value as the integer that a field of that kind holds; nil for other values and for times not yet bound.
    package func integer(for field: Field) -> Int64? {
        switch (field.kind, self) {
        case (.integer, .integer(let number)): number
        case (.time, .time(.absolute(let nanoseconds))): nanoseconds
        case (.duration, .duration(let nanoseconds)): nanoseconds
        default: nil
        }
    }
}
