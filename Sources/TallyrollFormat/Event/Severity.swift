/// How much an event matters. The set is open: the members here are the levels of syslog and have a rank, any
/// other name is stored as well and has none.
public struct Severity: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    /// The name as it is stored.
    public var rawValue: String

    /// The severity of that name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The severity of that name.
    public init(stringLiteral value: String) { rawValue = value }

    /// The name as it is stored.
    public var description: String { rawValue }

    /// Of use while looking for a fault.
    public static let debug: Severity = "debug"
    /// As it should be.
    public static let info: Severity = "info"
    /// As it should be, and worth a look.
    public static let notice: Severity = "notice"
    /// Not as it should be, with no harm done yet.
    public static let warning: Severity = "warning"
    /// Something failed.
    public static let error: Severity = "error"
    /// Something that others depend on failed.
    public static let critical: Severity = "critical"
    /// Someone has to act now.
    public static let alert: Severity = "alert"
    /// Nothing works any more.
    public static let emergency: Severity = "emergency"

    /// The known severities, least first; the place is the rank.
    public static let ranked: [Severity] = [
        .debug, .info, .notice, .warning, .error, .critical, .alert, .emergency,
    ]

    /// Where a known severity stands, 0 for `debug` to 7 for `emergency`; nil for any other name.
    public var rank: Int? { Severity.ranked.firstIndex(of: self) }
}
