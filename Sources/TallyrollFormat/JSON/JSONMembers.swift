/// The members of a JSON object, one after the other, as they stand.
package struct JSONMembers {
    package struct Member {
        package let key: EventKey
        /// The name between its quotes, escapes and all.
        package let name: ByteView
        package let value: ByteView
    }

    private var scanner: JSONScanner

    /// Steps into the object that begins at the start of `text`.
    package init(_ text: ByteView) throws(JSONFault) {
        scanner = JSONScanner(text)
        scanner.skipWhitespace()
        try scanner.openObject()
    }

    /// The next member, or nil behind the last.
    package mutating func next() throws(JSONFault) -> Member? {
        guard let name = try scanner.nextName() else { return nil }
        let start = scanner.position
        try scanner.value(depth: 1)
        let view = scanner.view
        let text = view.trusted(name.start, name.length)
        var key = EventKey(text)
        if name.isEscaped {
            var plain = ByteWriter(capacity: max(name.length, 16))
            key =
                (try? JSONScanner.unescape(view, name, into: &plain)).map { EventKey(plain.view) } ?? .unknown
        }
        return Member(key: key, name: text, value: view.trusted(start, scanner.position - start))
    }
}
