/// The names of write-ahead log files: `wal-` and the file number in at least ten digits, so that names sort as
/// numbers do; and of spare ones, which end in `.spare` and hold nothing.
package enum LogFileName {
    private static let prefix = "wal-"
    private static let suffix = ".log"
    private static let spareSuffix = ".spare"
    private static let digits = 10

    package static func of(_ number: UInt64) -> String { stem(number) + suffix }

    /// The name of a file that was once log `number` and waits to be used again.
    package static func ofSpare(_ number: UInt64) -> String { stem(number) + spareSuffix }

    package static func isSpare(_ name: String) -> Bool {
        name.hasPrefix(prefix) && name.hasSuffix(spareSuffix)
    }

    private static func stem(_ number: UInt64) -> String {
        let text = String(number)
        return prefix + String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// The number in a name, or nil for any name that `of` does not make.
    package static func number(in name: String) -> UInt64? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix),
            let number = UInt64(name.dropFirst(prefix.count).dropLast(suffix.count)), of(number) == name
        else { return nil }
        return number
    }
}
