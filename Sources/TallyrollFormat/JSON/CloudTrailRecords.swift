/// The records of a CloudTrail file, `{"Records":[…]}`, one after the other, without building anything of it.
///
/// Every byte that is passed is checked. What stands beside `Records` is passed over.
package struct CloudTrailRecords {
    /// One record, and where it stands in the file's text.
    package struct Element {
        package let text: ByteView
        package let offset: Int
    }

    private enum State {
        case before
        case inside(isFirst: Bool)
        case behind
    }

    private var scanner: JSONScanner
    private var state = State.before

    package init(_ text: ByteView) { scanner = JSONScanner(text) }

    /// Whether a text begins as such a file does, rather than as a record.
    package static func begins(_ text: ByteView) -> Bool {
        var scanner = JSONScanner(text)
        scanner.skipWhitespace()
        guard (try? scanner.openObject()) != nil, let name = try? scanner.nextName() else { return false }
        return isRecords(text, name) && scanner.byte == UInt8(ascii: "[")
    }

    /// The next record, or nil behind the last. After it has thrown, the text holds no further records.
    package mutating func next() throws(EventInputError) -> Element? {
        do throws(JSONFault) {
            return try advance()
        } catch {
            state = .behind
            throw EventInputError(error, in: scanner.view)
        }
    }

    private mutating func advance() throws(JSONFault) -> Element? {
        switch state {
        case .before:
            scanner.skipWhitespace()
            try scanner.openObject()
            guard try findRecords() else { throw JSONFault(.records, at: max(scanner.position - 1, 0)) }
            guard scanner.byte == UInt8(ascii: "[") else { throw JSONFault(.records, at: scanner.position) }
            scanner.position += 1
            state = .inside(isFirst: true)
            return try advance()
        case .inside(let isFirst):
            scanner.skipWhitespace()
            if scanner.byte == UInt8(ascii: "]") {
                scanner.position += 1
                return try end()
            }
            if !isFirst {
                guard scanner.byte == UInt8(ascii: ",") else {
                    throw JSONFault(.commaOrBracket, at: scanner.position)
                }
                scanner.position += 1
                scanner.skipWhitespace()
            }
            let start = scanner.position
            guard scanner.byte == UInt8(ascii: "{") else { throw JSONFault(.object, at: start) }
            try scanner.container(depth: 1)
            state = .inside(isFirst: false)
            return Element(text: scanner.view.trusted(start, scanner.position - start), offset: start)
        case .behind:
            return nil
        }
    }

    /// Passes members up to the value of `Records`.
    private mutating func findRecords() throws(JSONFault) -> Bool {
        while let name = try scanner.nextName() {
            if CloudTrailRecords.isRecords(scanner.view, name) { return true }
            try scanner.value(depth: 1)
        }
        return false
    }

    /// Passes what stands behind the array; a second one would be records unread.
    private mutating func end() throws(JSONFault) -> Element? {
        state = .behind
        if try findRecords() { throw JSONFault(.commaOrBrace, at: scanner.position) }
        try scanner.finish()
        return nil
    }

    private static func isRecords(_ text: ByteView, _ name: JSONStringSpan) -> Bool {
        text.trusted(name.start, name.length).says("Records")
    }
}

extension ByteView {
    /// Whether the bytes are this text.
    @inline(__always)
    package func says(_ text: StaticString) -> Bool {
        isEqual(to: ByteView(base: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Whether the bytes begin with this text.
    @inline(__always)
    package func begins(with text: StaticString) -> Bool {
        hasPrefix(ByteView(base: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
