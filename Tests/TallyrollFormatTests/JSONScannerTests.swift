import Foundation
import Testing

@testable import TallyrollFormat

/// The scanner against Foundation's parser: both take the same texts, except those with a comma behind the last
/// element, which Foundation lets pass and RFC 8259 does not.
@Suite struct JSONScannerTests {
    private func takes(_ text: String) -> Bool {
        text.withView { view in (try? JSONScanner.object(in: view, depth: 0)) != nil }
    }

    @Test func agreesWithFoundation() {
        let values = [
            "0", "-0", "01", "1.", ".1", "-", "+1", "1e5", "1E+5", "1e", "1e-", "0x1", "1.5.5", "--1", "true",
            "True",
            "truee", "tru", "null", "nul", "nulll", "false", "\"\"", "\"a\"b\"", "\"\\q\"", "\"\\u00\"",
            "\"\\u00e9\"", "[]",
            "[,]", "[1,]", "[1,,2]", "[1 2]", "[1,[2,{}]]", "{}", "{\"a\":1}", "{\"a\":1,}", "{,}", "{\"a\"}",
            "{\"a\":}", "{a:1}",
            "{\"a\":1 \"b\":2}", "]", "}", "", " ", "\"\t\"", "[}", "{]", "\u{A0}1", "1 2", "\"é\"",
            "Infinity",
        ]
        for value in values {
            for text in ["{\"k\":\(value)}", "{\"k\" : \(value) , \"l\":[\(value)]}", "{\"k\":[1,\(value)]}"]
            {
                let foundation = (try? JSONSerialization.jsonObject(with: Data(text.utf8))) != nil
                let hasExtraComma = text.contains(/,\s*[\]}]/)
                #expect(takes(text) == (foundation && !hasExtraComma), "\(text)")
            }
        }
    }

    /// The eight-bytes-at-a-time search finds each special byte at each place, whatever stands behind it.
    @Test func runsEndAtTheFirstSpecialByte() {
        for length in 0..<20 {
            for place in 0..<length {
                for byte in UInt8.min...UInt8.max {
                    for filler in [UInt8(ascii: "a"), 0x21, 0x7F, 0x23] {
                        var bytes = [UInt8](repeating: filler, count: length)
                        bytes[place] = byte
                        if place + 1 < length { bytes[place + 1] = byte &+ 1 }
                        let end = bytes.firstIndex { JSONText.isSpecial($0) } ?? length
                        let escape = bytes.firstIndex { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C } ?? length
                        if bytes.withView({ $0.plainRunEnd(from: 0) }) != end { Issue.record("\(bytes)") }
                        if bytes.withView({ $0.firstToEscape(from: 0) }) != escape {
                            Issue.record("\(bytes)")
                        }
                    }
                }
            }
        }
    }
}
