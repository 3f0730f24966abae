import TallyrollFormat

/// The keys of a path, as bytes back to back.
package struct JSONPath: Sendable {
    private let bytes: [UInt8]
    private let ends: [Int]

    package init(_ path: FieldPath) {
        var bytes: [UInt8] = []
        ends = path.components.map {
            bytes.append(contentsOf: $0.utf8)
            return bytes.count
        }
        self.bytes = bytes
    }

    package var count: Int { ends.count }

    @inline(__always)
    func isKey(_ index: Int, _ key: ByteView) -> Bool {
        let start = index == 0 ? 0 : ends[index - 1]
        return bytes.withView { $0.trusted(start, ends[index] - start).isEqual(to: key) }
    }
}

/// Finds the values at a path in JSON text, one after the other, in place and without recursion.
///
/// Keys lead into objects; arrays are looked through, element by element, wherever they stand, also at the end of
/// the path. What the path does not lead into is skipped by counting brackets. A key that an object holds twice gives
/// both values. Text that is no JSON ends the walk.
package struct JSONPathWalker {
    private enum State {
        case value, firstKey, key, firstElement, afterValue, done
    }

    private let text: ByteView
    private let path: JSONPath
    private var position = 0
    private var state = State.value
    /// Objects that the walk is inside of: as many keys of the path have led here.
    private var objects = 0
    /// Containers that the walk is inside of, and for each a bit that says whether it is an array.
    private var level = 0
    private var arrays = InlineArray<8, UInt64>(repeating: 0)

    /// Containers that the walk enters at most, as deep as JSON input may be.
    private static let levelLimit = 512

    package init(_ text: ByteView, _ path: JSONPath) {
        self.text = text
        self.path = path
    }

    /// The next value at the path. An array comes first as itself, then its elements one by one.
    package mutating func next(_ scratch: inout QueryScratch) -> JSONToken? {
        while true {
            position = JSONText.skipSpace(text, position)
            guard position < text.count else { return nil }
            let byte = text.base[position]
            switch state {
            case .value:
                if let token = value(byte) { return token }
            case .firstElement:
                state = .value
                if byte == UInt8(ascii: "]") { close(byte) }
            case .firstKey:
                state = .key
                if byte == UInt8(ascii: "}") { close(byte) }
            case .key:
                key(byte, &scratch)
            case .afterValue:
                if byte == UInt8(ascii: ","), level > 0 {
                    position += 1
                    state = isInArray ? .value : .key
                } else {
                    close(byte)
                }
            case .done:
                return nil
            }
        }
    }

    private mutating func value(_ byte: UInt8) -> JSONToken? {
        let start = position
        let isAtPath = objects == path.count
        if byte == UInt8(ascii: "[") {
            guard level < JSONPathWalker.levelLimit else { return end() }
            arrays[level >> 6] |= 1 << UInt64(level & 63)
            level += 1
            position += 1
            state = .firstElement
            return isAtPath ? JSONToken(kind: .array, raw: text.trusted(start, 1)) : nil
        }
        if byte == UInt8(ascii: "{"), !isAtPath {
            guard level < JSONPathWalker.levelLimit else { return end() }
            arrays[level >> 6] &= ~(1 << UInt64(level & 63))
            level += 1
            objects += 1
            position += 1
            state = .firstKey
            return nil
        }
        guard let valueEnd = JSONText.valueEnd(text, start), byte != UInt8(ascii: "}"),
            byte != UInt8(ascii: "]")
        else {
            return end()
        }
        position = valueEnd
        state = .afterValue
        guard isAtPath else { return nil }
        let kind = JSONToken.kind(byte)
        return JSONToken(kind: kind, raw: text.trusted(start, kind == .object ? 1 : valueEnd - start))
    }

    private mutating func key(_ byte: UInt8, _ scratch: inout QueryScratch) {
        guard byte == UInt8(ascii: "\""), let quote = JSONText.closingQuote(text, position + 1) else {
            state = .done
            return
        }
        let raw = text.trusted(position + 1, quote - position - 1)
        position = JSONText.skipSpace(text, quote + 1)
        guard position < text.count, text.base[position] == UInt8(ascii: ":") else {
            state = .done
            return
        }
        position = JSONText.skipSpace(text, position + 1)
        if path.isKey(objects - 1, JSONText.content(raw, &scratch)) {
            state = .value
        } else if let valueEnd = JSONText.valueEnd(text, position) {
            position = valueEnd
            state = .afterValue
        } else {
            state = .done
        }
    }

    private var isInArray: Bool {
        let top = level - 1
        return arrays[top >> 6] >> UInt64(top & 63) & 1 != 0
    }

    private mutating func close(_ byte: UInt8) {
        guard level > 0, byte == (isInArray ? UInt8(ascii: "]") : UInt8(ascii: "}")) else {
            state = .done
            return
        }
        if !isInArray { objects -= 1 }
        level -= 1
        position += 1
        state = .afterValue
    }

    private mutating func end() -> JSONToken? {
        state = .done
        return nil
    }
}

/// Finds all string values in JSON text, however deep; keys are passed over.
package struct JSONStringWalker {
    private let text: ByteView
    private var position = 0

    package init(_ text: ByteView) {
        self.text = text
    }

    /// The content of the next string value, without quotes, still escaped.
    @inline(__always)
    package mutating func next() -> ByteView? {
        while position < text.count {
            guard text.base[position] == UInt8(ascii: "\"") else {
                position += 1
                continue
            }
            let start = position + 1
            guard let quote = JSONText.closingQuote(text, start) else {
                position = text.count
                return nil
            }
            position = JSONText.skipSpace(text, quote + 1)
            if position >= text.count || text.base[position] != UInt8(ascii: ":") {
                return text.trusted(start, quote - start)
            }
        }
        return nil
    }
}
