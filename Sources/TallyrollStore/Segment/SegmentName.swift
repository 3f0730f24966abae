/// Names of segment files: `segment-0000000001.seg`, by number.
package enum SegmentName {
    private static let prefix = "segment-"
    private static let suffix = ".seg"
    private static let digits = 10

    package static func of(_ number: UInt64) -> String {
        let text = String(number)
        return prefix + String(repeating: "0", count: max(0, digits - text.count)) + text + suffix
    }

    /// The number in a name, or nil when the name is not of a segment.
    package static func number(in name: String) -> UInt64? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
        let text = name.dropFirst(prefix.count).dropLast(suffix.count)
        guard text.count >= digits, let number = UInt64(text), of(number) == name else { return nil }
        return number
    }
}
