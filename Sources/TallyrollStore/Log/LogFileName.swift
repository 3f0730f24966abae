/// The names of write-ahead log files: `wal-` and the file number in at least ten digits, so that names sort as
/// numbers do.
package enum LogFileName {
    private static let prefix = "wal-"
    private static let suffix = ".log"
    private static let digits = 10

    package static func of(_ number: UInt64) -> String {
        let text = String(number)
        return prefix + String(repeating: "0", count: max(0, digits - text.count)) + text + suffix
    }

    /// The number in a name, or nil for any name that `of` does not make.
    package static func number(in name: String) -> UInt64? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix),
            let number = UInt64(name.dropFirst(prefix.count).dropLast(suffix.count)), of(number) == name
        else { return nil }
        return number
    }
}
