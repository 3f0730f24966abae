/// A text for a JSON number: texts are equal where the numbers are, and their bytes are in the numbers' order.
///
/// So a database that knows no exact decimals still compares them exactly.
struct DecimalKey {
    let text: String

    /// `number` by JSON's grammar, with an exponent of at most four digits.
    init(_ number: String) {
        var mantissa = Substring(number)
        var exponent = 0
        if let mark = mantissa.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            exponent = Int(mantissa[mantissa.index(after: mark)...]) ?? 0
            mantissa = mantissa[..<mark]
        }
        let isNegative = mantissa.hasPrefix("-")
        if isNegative { mantissa.removeFirst() }
        let parts = mantissa.split(separator: ".", omittingEmptySubsequences: false)
        var digits = Array(parts.joined().utf8)
        var point = (parts.first?.count ?? 0) + exponent
        while digits.first == UInt8(ascii: "0") {
            digits.removeFirst()
            point -= 1
        }
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        guard !digits.isEmpty else {
            text = "1"
            return
        }
        // The value is 0.digits times ten to the power of `point`.
        let biased = Array(String(point + 50_000).utf8)
        let magnitude = biased + digits
        if isNegative {
            // The larger the magnitude, the earlier; the last character puts what has more digits first.
            let mirrored = magnitude.map { UInt8(ascii: "0") + UInt8(ascii: "9") - $0 }
            text = "0" + String(decoding: mirrored, as: UTF8.self) + "~"
        } else {
            text = "2" + String(decoding: magnitude, as: UTF8.self)
        }
    }
}
