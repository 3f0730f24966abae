import TallyrollFormat

/// What a leaf asks of one text value.
package enum TextTest: Sendable {
    case equal([UInt8])
    case notEqual([UInt8])
    /// The value lies on a side of the text in the order of bytes.
    case ordered(Filter.Operator, [UInt8])
    case member(ByteSet)
    case glob(Glob)
    case contains(SubstringSearch)

    init(_ operation: Filter.Operator, _ text: [UInt8]) {
        switch operation {
        case .equal: self = .equal(text)
        case .notEqual: self = .notEqual(text)
        case .less, .lessOrEqual, .greater, .greaterOrEqual: self = .ordered(operation, text)
        case .matches: self = .glob(Glob(text))
        case .contains: self = .contains(SubstringSearch(text, eitherCase: true))
        }
    }

    package func matches(_ value: ByteView) -> Bool {
        switch self {
        case .equal(let text): text.withView { $0.isEqual(to: value) }
        case .notEqual(let text): text.withView { !$0.isEqual(to: value) }
        case .ordered(let operation, let text): operation.holds(text.withView { value.compare(to: $0) })
        case .member(let set): set.contains(value)
        case .glob(let glob): glob.matches(value)
        case .contains(let search): search.find(in: value) != nil
        }
    }
}

extension Filter.Operator {
    /// Whether the operator holds for a value that compares so (negative, zero, positive) to what it is compared with.
    @inline(__always)
    package func holds(_ order: Int) -> Bool {
        switch self {
        case .equal: order == 0
        case .notEqual: order != 0
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        case .matches, .contains: false
        }
    }
}

/// What a leaf asks of one integer: a time, a sequence number, a duration.
package enum IntegerTest: Sendable {
    case range(ClosedRange<Int64>)
    case notEqual(Int64)
    /// One of these, in ascending order.
    case member([Int64])
    /// Nothing fits, such as below the least integer.
    case nothing

    init(_ operation: Filter.Operator, _ value: Int64) {
        switch operation {
        case .equal: self = .range(value...value)
        case .notEqual: self = .notEqual(value)
        case .less: self = value == Int64.min ? .nothing : .range(Int64.min...(value - 1))
        case .lessOrEqual: self = .range(Int64.min...value)
        case .greater: self = value == Int64.max ? .nothing : .range((value + 1)...Int64.max)
        case .greaterOrEqual: self = .range(value...Int64.max)
        case .matches, .contains: self = .nothing
        }
    }

    @inline(__always)
    package func matches(_ value: Int64) -> Bool {
        switch self {
        case .range(let range): return range.contains(value)
        case .notEqual(let other): return value != other
        case .member(let values):
            var low = 0
            var high = values.count
            while low < high {
                let middle = (low + high) / 2
                if values[middle] < value { low = middle + 1 } else { high = middle }
            }
            return low < values.count && values[low] == value
        case .nothing: return false
        }
    }
}
