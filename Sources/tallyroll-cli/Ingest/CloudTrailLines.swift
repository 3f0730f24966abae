import TallyrollFormat

/// Questions about CloudTrail text that spans lines.
enum CloudTrailLines {
    /// Whether a line is a complete object, rather than the beginning of one that goes on in the next line.
    static func isWhole(_ line: ByteView) -> Bool {
        var scanner = JSONScanner(line)
        scanner.skipWhitespace()
        guard scanner.byte == UInt8(ascii: "{") else { return false }
        return (try? scanner.container(depth: 0)) != nil
    }

    /// The line and column, from 1, of an offset in a text whose first line has the number `firstLine`.
    static func place(of offset: Int, in text: ByteView, firstLine: Int) -> (line: Int, column: Int) {
        var line = firstLine
        var lineStart = 0
        for position in 0..<min(offset, text.count) where text[position] == 0x0A {
            line += 1
            lineStart = position + 1
        }
        return (line, offset - lineStart + 1)
    }
}

extension EventInputError {
    /// The same error as it stands in the text around it.
    func moved(to column: Int) -> String { "column \(column): expected \(expected), found \(found)" }
}
