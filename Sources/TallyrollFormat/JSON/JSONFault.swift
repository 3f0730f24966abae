/// What is wrong with a JSON text and where, in a form that costs nothing to throw: words are made from it only
/// when someone is told.
package struct JSONFault: Error, Equatable {
    /// The ways in which a text can be wrong.
    package enum Problem: UInt8, Sendable {
        case object
        case value
        case key
        case colon
        case commaOrBrace
        case commaOrBracket
        case unterminatedString
        case controlCharacter
        case escape
        case hexDigit
        case loneSurrogate
        case utf8
        case number
        case literal
        case depth
        case trailing
        case string
        case result
        case outcomeText
        case outcomeEnd
        case detailsObject
        case duplicate
        case missing
        case durationNumber
        case durationNegative
        case durationPrecision
        case durationRange
        case timeShape
        case timeYear
        case timeField
        case timeLeapSecond
        case timeFraction
        case timeZone
        case timeEnd
        case timeRange
        case idEmpty
        case idLength
        case termLength
        case eventLength
        case records
        case missingEventTime
    }

    /// Where, in bytes from the start of the text.
    package let position: Int
    package let problem: Problem
    /// The member that was being read, when one was.
    package let key: EventKey

    @inline(__always)
    package init(_ problem: Problem, at position: Int, key: EventKey = .unknown) {
        self.position = position
        self.problem = problem
        self.key = key
    }
}
