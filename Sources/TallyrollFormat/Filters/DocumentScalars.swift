/// Walks the scalars of JSON objects with the path of each as a hash. Arrays are looked through: their elements have
/// the path of the array.
struct DocumentScalars: ~Copyable {
    /// The containers around the position.
    private var levels: [Level] = []
    private var unescaped = ByteWriter(capacity: 256)

    private struct Level {
        var isObject: Bool
        var path: UInt64
    }

    /// Calls `body` with each scalar as it stands. False where the text is no JSON object, or a key has half a
    /// surrogate pair in it: then not all were given.
    @inline(__always)
    mutating func walk(_ text: ByteView, _ body: (_ path: UInt64, _ scalar: ByteView) -> Void) -> Bool {
        levels.removeAll(keepingCapacity: true)
        var scanner = JSONScanner(text)
        var path = FilterKey.root
        var expectsKey = false
        do {
            while true {
                scanner.skipWhitespace()
                let start = scanner.position
                guard start < text.count else { return levels.isEmpty }
                switch text[start] {
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    expectsKey = text[start] == UInt8(ascii: "{")
                    levels.append(Level(isObject: expectsKey, path: path))
                    scanner.position += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    guard let closed = levels.popLast() else { return false }
                    path = closed.path
                    expectsKey = false
                    scanner.position += 1
                case UInt8(ascii: ","):
                    guard let level = levels.last else { return false }
                    path = level.path
                    expectsKey = level.isObject
                    scanner.position += 1
                case UInt8(ascii: ":"):
                    scanner.position += 1
                case UInt8(ascii: "\""):
                    let span = try scanner.string()
                    guard expectsKey else {
                        body(path, text.trusted(start, scanner.position - start))
                        continue
                    }
                    guard let level = levels.last else { return false }
                    path = FilterKey.path(level.path, try key(text, span))
                    expectsKey = false
                case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
                    try scanner.literal()
                    body(path, text.trusted(start, scanner.position - start))
                default:
                    try scanner.number()
                    body(path, text.trusted(start, scanner.position - start))
                }
            }
        } catch {
            return false
        }
    }

    @inline(__always)
    private mutating func key(_ text: ByteView, _ span: JSONStringSpan) throws(JSONFault) -> ByteView {
        guard span.isEscaped else { return text.trusted(span.start, span.length) }
        unescaped.removeAll()
        try JSONScanner.unescape(text, span, into: &unescaped)
        return unescaped.view
    }
}
