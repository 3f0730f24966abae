import TallyrollFormat

/// How texts are written in an expression: which stand bare, and how the others are quoted.
enum Notation {
    static let keywords: Set<String> = ["and", "or", "not", "in", "exists", "contains"]

    /// Whether an ASCII character may stand in a word without quotes: all but white space, control characters,
    /// quotes, brackets, commas and the characters of operators.
    static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, 0x7F: false
        case UInt8(ascii: "\""), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","), UInt8(ascii: "="),
            UInt8(ascii: "!"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "~"), UInt8(ascii: "&"),
            UInt8(ascii: "|"):
            false
        default: true
        }
    }

    static func isBare(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 { return isBare(UInt8(scalar.value)) }
        return scalar.value > 0x9F && !scalar.properties.isWhitespace
    }

    /// Whether a text may stand without quotes as a value.
    static func isPlainWord(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "'") else { return false }
        guard text.unicodeScalars.allSatisfy(isBare) else { return false }
        return text.utf8.count > 8 || !keywords.contains(text.lowercased())
    }

    /// Whether a key may stand without quotes in a path.
    static func isPlainKey(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "'") else { return false }
        return text.unicodeScalars.allSatisfy { $0 != "." && isBare($0) }
    }

    /// The text as a value: bare where it may be, else quoted.
    static func word(_ text: String) -> String {
        isPlainWord(text) ? text : quoted(text)
    }

    /// The text between quotes, with what must be escaped escaped.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default:
                if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
                    let digits = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}
