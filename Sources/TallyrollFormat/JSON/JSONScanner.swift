/// A string as it stands in JSON text, without its quotes.
package struct JSONStringSpan {
    /// Where the first byte after the opening quote stands.
    package var start: Int
    /// The bytes between the quotes.
    package var length: Int
    /// Whether the bytes hold escapes, and so are not the value itself.
    package var isEscaped: Bool

    @inline(__always)
    package init(start: Int, length: Int, isEscaped: Bool) {
        self.start = start
        self.length = length
        self.isEscaped = isEscaped
    }
}

/// Walks over JSON text front to back, strictly as RFC 8259 has it, and checks every byte it passes. It builds
/// nothing, allocates nothing and never recurses.
///
/// Lone surrogate escapes are passed over here: the grammar allows them, and text that is kept as it is loses
/// nothing by them.
package struct JSONScanner {
    package let view: ByteView
    package var position: Int
    private var isAtFirstMember = false

    @inline(__always)
    package init(_ view: ByteView, at position: Int = 0) {
        self.view = view
        self.position = position
    }

    /// The byte at the position, or zero behind the end.
    @inline(__always)
    package var byte: UInt8 { view.byteOrZero(position) }

    @inline(__always)
    package mutating func skipWhitespace() {
        while position < view.count {
            let byte = view[position]
            if byte > 0x20 { return }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }

    /// Passes a string, from its opening quote on.
    @inline(__always)
    package mutating func string() throws(JSONFault) -> JSONStringSpan {
        let start = position + 1
        let end = view.plainRunEnd(from: start)
        if view.byteOrZero(end) == UInt8(ascii: "\"") {
            position = end + 1
            return JSONStringSpan(start: start, length: end - start, isEscaped: false)
        }
        return try string(start: start, from: end)
    }

    /// The part of `string` for text beyond plain ASCII.
    @inline(never)
    private mutating func string(start: Int, from first: Int) throws(JSONFault) -> JSONStringSpan {
        var index = first
        var isEscaped = false
        while index < view.count {
            let byte = view[index]
            if byte >= 0x80 {
                let length = view.multiByteScalarLength(at: index)
                guard length > 0 else { throw JSONFault(.utf8, at: index) }
                index += length
                // Text in other scripts comes in runs: stay here while it lasts.
                if view.byteOrZero(index) >= 0x80 { continue }
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
                index = try escapeEnd(at: index)
            } else if byte == UInt8(ascii: "\"") {
                position = index + 1
                return JSONStringSpan(start: start, length: index - start, isEscaped: isEscaped)
            } else {
                throw JSONFault(.controlCharacter, at: index)
            }
            index = view.plainRunEnd(from: index)
        }
        throw JSONFault(.unterminatedString, at: view.count)
    }

    /// Where the escape that begins at `start` ends.
    private func escapeEnd(at start: Int) throws(JSONFault) -> Int {
        switch view.byteOrZero(start + 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "u"):
            for index in start + 2..<start + 6 where JSONText.hexValue(view.byteOrZero(index)) == nil {
                throw JSONFault(.hexDigit, at: min(index, view.count))
            }
            return start + 6
        default:
            throw JSONFault(.escape, at: min(start + 1, view.count))
        }
    }

    /// Passes a number.
    package mutating func number() throws(JSONFault) {
        var index = position
        if view.byteOrZero(index) == UInt8(ascii: "-") { index += 1 }
        if view.byteOrZero(index) == UInt8(ascii: "0") {
            index += 1
        } else {
            index = try digitsEnd(from: index)
        }
        if view.byteOrZero(index) == UInt8(ascii: ".") { index = try digitsEnd(from: index + 1) }
        if view.byteOrZero(index) | 0x20 == UInt8(ascii: "e") {
            index += 1
            let sign = view.byteOrZero(index)
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { index += 1 }
            index = try digitsEnd(from: index)
        }
        position = index
    }

    /// The end of one or more digits.
    @inline(__always)
    private func digitsEnd(from start: Int) throws(JSONFault) -> Int {
        var index = start
        while view.byteOrZero(index) &- UInt8(ascii: "0") < 10 { index += 1 }
        guard index > start else { throw JSONFault(.number, at: min(index, view.count)) }
        return index
    }

    /// Passes `true`, `false` or `null`.
    @inline(__always)
    package mutating func literal() throws(JSONFault) {
        guard view.count - position >= 4 else { throw JSONFault(.literal, at: position) }
        switch view.load(UInt32.self, at: position) {
        case 0x6C6C_756E, 0x6575_7274:  // null, true
            position += 4
        case 0x736C_6166 where view.byteOrZero(position + 4) == UInt8(ascii: "e"):  // false
            position += 5
        default:
            throw JSONFault(.literal, at: position)
        }
    }

    /// Passes one value of any kind that stands inside `depth` others.
    @inline(__always)
    package mutating func value(depth: Int) throws(JSONFault) {
        switch byte {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "{"), UInt8(ascii: "["): try container(depth: depth)
        default: try atom()
        }
    }

    /// Passes a number or a literal.
    @inline(__always)
    private mutating func atom() throws(JSONFault) {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): try literal()
        default: throw JSONFault(.value, at: position)
        }
    }

    /// Passes an object or an array that stands inside `outer` others. Which of the two each open level is, is a
    /// bit of `kinds`.
    @inline(never)
    package mutating func container(depth outer: Int) throws(JSONFault) {
        var kinds = InlineArray<8, UInt64>(repeating: 0)
        var depth = 0
        while true {
            // A value begins here.
            let opening = byte
            if opening == UInt8(ascii: "\"") {
                _ = try string()
            } else if opening == UInt8(ascii: "{") || opening == UInt8(ascii: "[") {
                guard outer + depth < Limits.jsonDepth else { throw JSONFault(.depth, at: position) }
                let bit: UInt64 = 1 << UInt64(depth & 63)
                let isObject = opening == UInt8(ascii: "{")
                kinds[depth >> 6] = isObject ? kinds[depth >> 6] | bit : kinds[depth >> 6] & ~bit
                depth += 1
                position += 1
                skipWhitespace()
                if byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    position += 1
                    depth -= 1
                } else {
                    if isObject { try memberName() }
                    continue
                }
            } else {
                try atom()
            }
            // A value has ended here.
            while true {
                if depth == 0 { return }
                skipWhitespace()
                let isObject = kinds[(depth - 1) >> 6] >> UInt64((depth - 1) & 63) & 1 != 0
                if byte == UInt8(ascii: ",") {
                    position += 1
                    skipWhitespace()
                    if isObject { try memberName() }
                    break
                }
                guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw JSONFault(isObject ? .commaOrBrace : .commaOrBracket, at: position)
                }
                position += 1
                depth -= 1
            }
        }
    }

    /// Passes a member's name and colon, up to its value.
    @inline(__always)
    private mutating func memberName() throws(JSONFault) {
        _ = try nameAndColon()
    }

    @inline(__always)
    private mutating func nameAndColon() throws(JSONFault) -> JSONStringSpan {
        guard byte == UInt8(ascii: "\"") else { throw JSONFault(.key, at: position) }
        let name = try string()
        if byte != UInt8(ascii: ":") {
            skipWhitespace()
            guard byte == UInt8(ascii: ":") else { throw JSONFault(.colon, at: position) }
        }
        position += 1
        skipWhitespace()
        return name
    }

    /// Steps into the object at the position; `nextName` then walks its members.
    @inline(__always)
    package mutating func openObject() throws(JSONFault) {
        guard byte == UInt8(ascii: "{") else { throw JSONFault(.object, at: position) }
        position += 1
        isAtFirstMember = true
    }

    /// The name of the next member, with the position at its value, which the caller passes before asking
    /// again; nil behind the object's closing brace.
    @inline(__always)
    package mutating func nextName() throws(JSONFault) -> JSONStringSpan? {
        skipWhitespace()
        let isFirst = isAtFirstMember
        isAtFirstMember = false
        if byte == UInt8(ascii: "}") {
            position += 1
            return nil
        }
        if !isFirst {
            guard byte == UInt8(ascii: ",") else { throw JSONFault(.commaOrBrace, at: position) }
            position += 1
            skipWhitespace()
        }
        return try nameAndColon()
    }

    /// Throws unless only white space follows.
    @inline(__always)
    package mutating func finish() throws(JSONFault) {
        skipWhitespace()
        guard position == view.count else { throw JSONFault(.trailing, at: position) }
    }

    /// Checks that `text` is one JSON object, white space around it allowed, and returns the object's own bytes.
    /// `depth` is how many levels it will stand inside of: details stand inside an event.
    package static func object(in text: ByteView, depth: Int) throws(JSONFault) -> ByteView {
        var scanner = JSONScanner(text)
        scanner.skipWhitespace()
        let start = scanner.position
        guard scanner.byte == UInt8(ascii: "{") else { throw JSONFault(.object, at: start) }
        try scanner.container(depth: depth)
        let end = scanner.position
        try scanner.finish()
        return text.trusted(start, end - start)
    }
}
