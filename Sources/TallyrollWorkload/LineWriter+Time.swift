extension LineWriter {
    /// A time in microseconds since 1970 as `2026-01-01T00:00:00.002090Z`.
    ///
    /// Seconds and microseconds are the quotient and remainder towards zero, as the reference takes them: before
    /// 1970 the microseconds carry a minus sign.
    @inline(__always)
    mutating func timestamp(_ microseconds: Int64) {
        let seconds = microseconds / 1_000_000
        let day = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let second = seconds - day * 86_400
        let date = CivilDate(daysSince1970: day)
        decimal(date.year, width: 4)
        byte(UInt8(ascii: "-"))
        decimal(date.month, width: 2)
        byte(UInt8(ascii: "-"))
        decimal(date.day, width: 2)
        byte(UInt8(ascii: "T"))
        decimal(second / 3600, width: 2)
        byte(UInt8(ascii: ":"))
        decimal(second / 60 % 60, width: 2)
        byte(UInt8(ascii: ":"))
        decimal(second % 60, width: 2)
        byte(UInt8(ascii: "."))
        decimal(microseconds % 1_000_000, width: 6)
        byte(UInt8(ascii: "Z"))
    }
}

/// A day of the Gregorian calendar, extended to all years.
struct CivilDate: Equatable {
    let year: Int64
    let month: Int64
    let day: Int64

    init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// Counts in years that begin with March, so that the leap day is the last of its year and the lengths of the
    /// months follow one line: 153 days in every five from March on.
    init(daysSince1970: Int64) {
        /// Days from 1 March of year 0 to 1 January 1970.
        let epoch: Int64 = 719_468
        /// Days in 400 years, after which the calendar repeats.
        let cycleDays: Int64 = 146_097
        let days = daysSince1970 + epoch
        let cycle = days >= 0 ? days / cycleDays : (days - cycleDays + 1) / cycleDays
        let dayOfCycle = days - cycle * cycleDays
        // Leap days before this one: one in 1,461 days, less one in 36,524, and the last day of the cycle is one.
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0)
    }
}
