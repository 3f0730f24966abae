/// Walks over the bytes of an expression. What a run of characters means depends on where it stands, so there are
/// no tokens: the parser asks for what may come next.
struct Scanner {
    let bytes: [UInt8]
    private(set) var position = 0

    init(_ expression: String) {
        bytes = Array(expression.utf8)
    }

    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func move(to offset: Int) { position = offset }

    mutating func skipSpace() {
        while let byte = current {
            if byte < 0x80 {
                guard byte == 0x20 || (9...13).contains(byte) else { return }
                position += 1
            } else {
                let (scalar, length) = scalar(at: position)
                guard scalar.properties.isWhitespace else { return }
                position += length
            }
        }
    }

    /// Takes the symbol if it stands here.
    mutating func take(_ symbol: StaticString) -> Bool {
        let length = symbol.utf8CodeUnitCount
        guard bytes.count - position >= length else { return false }
        for index in 0..<length where bytes[position + index] != symbol.utf8Start[index] { return false }
        position += length
        return true
    }

    /// The bytes of the bare word that begins here; empty when none does.
    var bareRun: Range<Int> { run(upToDot: false) }

    /// The bytes of the key of a path that begins here, up to the next dot.
    var keyRun: Range<Int> { run(upToDot: true) }

    private func run(upToDot: Bool) -> Range<Int> {
        var end = position
        while end < bytes.count {
            let byte = bytes[end]
            if upToDot, byte == UInt8(ascii: ".") { break }
            if byte < 0x80 {
                guard Notation.isBare(byte) else { break }
                end += 1
            } else {
                let (scalar, length) = scalar(at: end)
                guard Notation.isBare(scalar) else { break }
                end += length
            }
        }
        return position..<end
    }

    /// Takes the word if it stands here as a whole, in either case.
    mutating func takeKeyword(_ word: StaticString) -> Bool {
        let run = bareRun
        guard isKeyword(word, at: run) else { return false }
        position = run.upperBound
        return true
    }

    func isKeyword(_ word: StaticString, at run: Range<Int>) -> Bool {
        guard run.count == word.utf8CodeUnitCount else { return false }
        for index in 0..<run.count where bytes[run.lowerBound + index] | 0x20 != word.utf8Start[index] {
            return false
        }
        return true
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// The scalar that begins at `offset` and its length in bytes. The bytes come from a String, so they are valid.
    private func scalar(at offset: Int) -> (Unicode.Scalar, Int) {
        let lead = bytes[offset]
        let length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
        var value = length == 1 ? UInt32(lead) : UInt32(lead) & (0x7F >> UInt32(length))
        for byte in bytes[(offset + 1)..<min(offset + length, bytes.count)] {
            value = value << 6 | UInt32(byte & 0x3F)
        }
        return (Unicode.Scalar(value) ?? "\u{FFFD}", length)
    }

    /// What stands here, for an error message.
    var found: String {
        guard current != nil else { return "the end of the expression" }
        let run = bareRun
        if !run.isEmpty { return "`\(TimeText.shortened(text(run)))`" }
        let (_, length) = scalar(at: position)
        return "`\(text(position..<min(position + length, bytes.count)))`"
    }
}
