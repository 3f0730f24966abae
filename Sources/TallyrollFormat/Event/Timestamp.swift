/// A moment: nanoseconds since 1970-01-01T00:00:00 UTC, from 1677 to 2262.
///
/// There is no "now" here: time comes from a clock that the caller chooses.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Nanoseconds since the beginning of 1970 in UTC; negative before it.
    public var nanosecondsSince1970: Int64

    /// The moment that many nanoseconds after the beginning of 1970 in UTC.
    public init(nanosecondsSince1970: Int64) {
        self.nanosecondsSince1970 = nanosecondsSince1970
    }

    /// The moment that `text` says: RFC 3339 with up to nine digits after the point.
    ///
    /// Throws where the text is not such a time, says a leap second, or lies outside 1677 to 2262.
    public init(rfc3339 text: String) throws(EventInputError) {
        let result = text.withView { view -> Result<Int64, EventInputError> in
            do throws(JSONFault) {
                return .success(try RFC3339.parse(view).nanoseconds)
            } catch {
                return .failure(EventInputError(error, in: view))
            }
        }
        nanosecondsSince1970 = try result.get()
    }

    /// The moment as RFC 3339 text in UTC, with 0, 3, 6 or 9 digits after the point: as few as lose nothing.
    public var description: String {
        let needed = TimeNotation.shortestDigits(nanosecondsSince1970)
        return text(TimeNotation(digits: (needed + 2) / 3 * 3))
    }

    /// The moment as RFC 3339 text in the given notation.
    package func text(_ notation: TimeNotation) -> String {
        var out = ByteWriter(capacity: RFC3339.longestText)
        RFC3339.write(nanosecondsSince1970, notation, into: &out)
        return out.view.string
    }

    /// Earlier moments come first.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.nanosecondsSince1970 < right.nanosecondsSince1970
    }
}

extension TimeNotation {
    /// How the time of an event that was not read from text is written: in UTC with 3, 6 or 9 digits, as few as
    /// lose nothing.
    @inline(__always)
    package static func standard(for nanoseconds: Int64) -> TimeNotation {
        let needed = shortestDigits(nanoseconds)
        return TimeNotation(digits: needed <= 3 ? 3 : needed <= 6 ? 6 : 9)
    }
}
