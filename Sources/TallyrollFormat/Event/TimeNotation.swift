/// How a timestamp was written, so that it can be written the same way again.
package struct TimeNotation: Equatable, Sendable {
    /// Digits of the fraction of a second, 0 to 9.
    package var digits: UInt8
    /// Offset from UTC in minutes, or `utc` for the letter Z.
    package var zoneMinutes: Int16

    /// The zone of a time that ends in Z.
    package static let utc = Int16.max

    package init(digits: UInt8, zoneMinutes: Int16 = TimeNotation.utc) {
        self.digits = digits
        self.zoneMinutes = zoneMinutes
    }

    /// Whether a time can be written so.
    @inline(__always)
    var isValid: Bool {
        digits <= 9 && (zoneMinutes == TimeNotation.utc || zoneMinutes.magnitude < 24 * 60)
    }

    /// The fewest digits that lose nothing of `nanoseconds`.
    @inline(__always)
    package static func shortestDigits(_ nanoseconds: Int64) -> UInt8 {
        var fraction = nanoseconds % 1_000_000_000
        if fraction == 0 { return 0 }
        if fraction % 1_000_000 == 0 {
            fraction /= 1_000_000
            return fraction % 100 == 0 ? 1 : fraction % 10 == 0 ? 2 : 3
        }
        if fraction % 1_000 == 0 {
            fraction /= 1_000
            return fraction % 100 == 0 ? 4 : fraction % 10 == 0 ? 5 : 6
        }
        return fraction % 100 == 0 ? 7 : fraction % 10 == 0 ? 8 : 9
    }
}
