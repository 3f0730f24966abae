import TallyrollFormat

/// Numbers the distinct texts that a run meets, from 0 on: groups are counted by number, and the texts are wanted
/// only at the end.
struct GroupTexts: ~Copyable {
    private var interner = TermInterner(capacity: 64)

    var count: Int { interner.count }

    mutating func number(of text: ByteView) -> UInt32 { interner.intern(text) - 1 }

    func text(_ number: UInt32) -> String { interner.term(number + 1).string }
}

/// A query that would need more memory than it may have, or asks for what has no answer.
public struct QueryLimitError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is too much, or does not go.
    public enum Kind: String, Sendable {
        /// There are more groups than are counted at a time.
        case tooManyGroups
        /// The field has no single text by which events could be grouped.
        case ungroupableField
        /// The buckets of a histogram must be longer than nothing.
        case badBucket
        /// There are more buckets than are counted at a time.
        case tooManyBuckets
    }

    /// What is too much, or does not go.
    public let kind: Kind
    private let detail: String

    init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    /// One line that says what is wrong and what to do.
    public var description: String {
        switch kind {
        case .tooManyGroups:
            "more than \(detail) groups: narrow the filter, or group by a field with fewer values"
        case .ungroupableField: "events cannot be grouped by \(detail): choose a field with one value"
        case .badBucket: "buckets of \(detail) cannot be: choose a span above zero"
        case .tooManyBuckets: "more than \(detail) buckets: choose a longer span, or bound the time"
        }
    }
}

/// Counts of combinations of numbers, one number a field.
struct GroupTable {
    /// Groups that are counted at a time: what they take stays below some 100 MiB.
    static let groupLimit = 1 << 20

    private let width: Int
    /// With one field, by number.
    private var singles: [Int] = []
    private var combinations: [[UInt32]: Int] = [:]
    private var pairs: [UInt64: Int] = [:]

    init(width: Int) { self.width = width }

    @inline(__always)
    mutating func add(_ number: UInt32, _ count: Int) {
        if Int(number) >= singles.count {
            singles.append(contentsOf: repeatElement(0, count: Int(number) + 1 - singles.count))
        }
        singles[Int(number)] += count
    }

    @inline(__always)
    mutating func add(_ first: UInt32, _ second: UInt32) {
        pairs[UInt64(first) << 32 | UInt64(second), default: 0] += 1
    }

    mutating func add(_ numbers: [UInt32]) {
        switch width {
        case 1: add(numbers[0], 1)
        case 2: add(numbers[0], numbers[1])
        default: combinations[numbers, default: 0] += 1
        }
    }

    func checkLimit() throws(QueryLimitError) {
        guard max(singles.count, pairs.count, combinations.count) <= GroupTable.groupLimit else {
            throw QueryLimitError(.tooManyGroups, "\(GroupTable.groupLimit)")
        }
    }

    /// All groups that have events.
    var groups: [(numbers: [UInt32], count: Int)] {
        var groups: [(numbers: [UInt32], count: Int)] = []
        for (number, count) in singles.enumerated() where count > 0 {
            groups.append(([UInt32(number)], count))
        }
        for (pair, count) in pairs {
            groups.append(
                ([UInt32(truncatingIfNeeded: pair >> 32), UInt32(truncatingIfNeeded: pair)], count))
        }
        for (numbers, count) in combinations { groups.append((numbers, count)) }
        return groups
    }
}
