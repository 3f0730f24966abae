import TallyrollFormat

/// One question about one field, ready to be asked of values: patterns taken apart, lists hashed, times fixed.
///
/// Holds no state: one leaf serves any number of threads. An executor that has the values of a column at hand asks
/// the method for the field's kind; `matches(_:_:)` asks a whole row.
package struct CompiledLeaf: Sendable {
    /// What the leaf asks of a value.
    package enum Test: Sendable {
        case exists
        case text(TextTest)
        /// Severities of these ranks, one bit each.
        case severity(ranks: UInt8)
        case integer(IntegerTest)
        /// Outcomes of these kinds, the bit of each by its raw value.
        case outcome(kinds: UInt8)
        case json(JSONTest)
    }

    package let field: Field
    package let test: Test
    /// The path of a field in details or extra.
    package let path: JSONPath

    /// The text that a value must hold, where that is what the leaf asks.
    package let needle: TextNeedle?

    /// A text value, or nil when the event lacks the field. For fields of text and severity.
    package func matches(text value: ByteView?) -> Bool {
        guard let value else { return false }
        switch test {
        case .exists: return true
        case .text(let test): return test.matches(value)
        case .severity(let ranks):
            guard let rank = SeverityRank.rank(of: value) else { return false }
            return ranks >> UInt8(rank) & 1 != 0
        case .integer, .outcome, .json: return false
        }
    }

    /// An integer, or nil when the event lacks the field. For sequence, times and duration (nanoseconds).
    @inline(__always)
    package func matches(integer value: Int64?) -> Bool {
        guard let value else { return false }
        switch test {
        case .exists: return true
        case .integer(let test): return test.matches(value)
        case .text, .severity, .outcome, .json: return false
        }
    }

    /// An outcome; `.absent` when the event lacks one.
    package func matches(outcome: OutcomeKind) -> Bool {
        guard outcome != .absent else { return false }
        switch test {
        case .exists: return true
        case .outcome(let kinds): return kinds >> outcome.rawValue & 1 != 0
        case .text, .severity, .integer, .json: return false
        }
    }

    /// One value at the leaf's path as JSON text without space around it. Any value at all satisfies `exists`.
    package func matches(jsonScalar raw: ByteView, _ scratch: inout QueryScratch) -> Bool {
        switch test {
        case .exists: return true
        case .json(let test): return test.matches(raw, &scratch)
        case .text, .severity, .integer, .outcome: return false
        }
    }

    /// The whole text of `details` or `extra`, or nil when the event has none: any value at the path will do.
    package func matches(json text: ByteView?, _ scratch: inout QueryScratch) -> Bool {
        guard let text else { return false }
        var walker = JSONPathWalker(text, path)
        while let token = walker.next(&scratch) {
            if matches(jsonScalar: token.raw, &scratch) { return true }
        }
        return false
    }

    /// The strings inside `details`, for the field `text`.
    package func matches(stringsOf details: ByteView?, _ scratch: inout QueryScratch) -> Bool {
        guard let details else { return false }
        var walker = JSONStringWalker(details)
        while let raw = walker.next() {
            if matches(text: JSONText.content(raw, &scratch)) { return true }
        }
        return false
    }

    /// A type and an id of a resource, nil where the event lacks one: for the field `resource`.
    package func matches(resourceType: ByteView?, id: ByteView?, _ scratch: inout QueryScratch) -> Bool {
        guard let resourceType, let id else { return false }
        scratch.bytes.removeAll()
        scratch.bytes.bytes(resourceType)
        scratch.bytes.u8(UInt8(ascii: "/"))
        scratch.bytes.bytes(id)
        return matches(text: scratch.bytes.view)
    }

    /// A whole event.
    package func matches<Row: EventRow & ~Copyable>(_ row: borrowing Row, _ scratch: inout QueryScratch)
        -> Bool
    {
        switch field {
        case .id: return row.withID { matches(text: $0) }
        case .sequence: return matches(integer: Int64(clamping: row.sequence))
        case .time: return matches(integer: row.timestamp)
        case .recorded: return matches(integer: row.recordedAt)
        case .duration: return matches(integer: row.duration)
        case .result: return matches(outcome: row.outcome)
        case .resource:
            return matches(resourceType: row.string(.resourceType), id: row.string(.resourceID), &scratch)
        case .details: return matches(json: row.string(.details), &scratch)
        case .extra: return matches(json: row.string(.extra), &scratch)
        case .text:
            return matches(text: row.string(.message)) || matches(text: row.string(.error))
                || matches(stringsOf: row.string(.details), &scratch)
        case .user, .type, .severity, .action, .resourceType, .resourceID, .error, .component, .message, .ip,
            .agent,
            .request, .session, .correlation:
            guard let stringField = field.stringField else { return false }
            return matches(text: row.string(stringField))
        }
    }
}
