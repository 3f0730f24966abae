import Testing

@testable import TallyrollFormat

@Suite struct EventTimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.000000001Z", 1),
            ("1969-12-31T23:59:59.999999999Z", -1),
            ("1969-12-31T23:59:59Z", -1_000_000_000), ("2000-02-29T12:30:45.5Z", 951_827_445_500_000_000),
            ("2262-04-11T23:47:16.854775807Z", Int64.max), ("1677-09-21T00:12:43.145224192Z", Int64.min),
            ("2026-01-01T01:30:00+01:30", 1_767_225_600_000_000_000),
            ("2025-12-31T23:59:00-00:01", 1_767_225_600_000_000_000),
            ("2262-04-12T23:46:16.854775807+23:59", Int64.max),
        ] as [(String, Int64)])
    func textBothWays(text: String, nanoseconds: Int64) throws {
        #expect(try Timestamp(rfc3339: text).nanosecondsSince1970 == nanoseconds)
        let notation = try text.withView { view in try RFC3339.parse(view).notation }
        #expect(Timestamp(nanosecondsSince1970: nanoseconds).text(notation) == text)
    }

    @Test func lowerCaseLettersAndMinusZeroAreNormalised() throws {
        let notation = try "2026-01-01t00:00:00.10z".withView { view in try RFC3339.parse(view).notation }
        #expect(notation == TimeNotation(digits: 2))
        let zero = try "2026-01-01T00:00:00-00:00".withView { view in try RFC3339.parse(view).notation }
        #expect(zero == TimeNotation(digits: 0, zoneMinutes: 0))
    }

    @Test func descriptionLosesNothing() {
        #expect(Timestamp(nanosecondsSince1970: 0).description == "1970-01-01T00:00:00Z")
        #expect(Timestamp(nanosecondsSince1970: 100_000_000).description == "1970-01-01T00:00:00.100Z")
        #expect(Timestamp(nanosecondsSince1970: 1_000).description == "1970-01-01T00:00:00.000001Z")
        #expect(Timestamp(nanosecondsSince1970: -1).description == "1969-12-31T23:59:59.999999999Z")
    }

    @Test func errorsNameTheColumn() {
        #expect(throws: EventInputError.self) { try Timestamp(rfc3339: "") }
        do throws(EventInputError) {
            _ = try Timestamp(rfc3339: "2026-13-01T00:00:00Z")
            Issue.record("month 13 was taken")
        } catch {
            #expect(error.column == 6)
        }
    }

    /// Every notation, at random moments and at the ends of the range.
    @Test func randomMomentsComeBack() throws {
        let seed: UInt64 = 11
        var random = SeededRandom(seed: seed)
        for round in 0..<20_000 {
            let digits = UInt8.random(in: 0...9, using: &random)
            let zone =
                Bool.random(using: &random)
                ? TimeNotation.utc : Int16.random(in: -1439...1439, using: &random)
            let notation = TimeNotation(digits: digits, zoneMinutes: zone)
            let unit = RFC3339.power(9 - digits)
            // A day from the ends: cutting digits off goes downwards.
            let any = Int64(truncatingIfNeeded: random.next()).clamped(86_400_000_000_000)
            let moment = any - ((any % unit) + unit) % unit
            let text = Timestamp(nanosecondsSince1970: moment).text(notation)
            let back = try text.withView { view in try RFC3339.parse(view) }
            #expect(
                back.nanoseconds == moment && back.notation == notation,
                "seed \(seed), round \(round): \(text)")
        }
    }

    @Test func everyDayFollowsTheOther() {
        var previous = CivilDate(days: -106_752)
        for days in -106_751...106_752 {
            let date = CivilDate(days: days)
            #expect(CivilDate.days(year: date.year, month: date.month, day: date.day) == days)
            let isNext =
                date.day == previous.day + 1 && date.month == previous.month && date.year == previous.year
                || date.day == 1
                    && previous.day == CivilDate.daysInMonth(year: previous.year, month: previous.month)
                    && (date.month == previous.month + 1 && date.year == previous.year
                        || date.month == 1 && previous.month == 12 && date.year == previous.year + 1)
            if !isNext { Issue.record("day \(days)") }
            previous = date
        }
    }
}

extension Int64 {
    fileprivate func clamped(_ margin: Int64) -> Int64 {
        Swift.min(Swift.max(self, .min + margin), .max - margin)
    }
}
