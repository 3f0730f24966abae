import TallyrollFormat
import TallyrollStore

/// Events counted by spans of event time.
package struct Histogram: Sendable {
    package struct Bucket: Sendable, Equatable {
        /// When the span begins: a multiple of its length, counted from 1970.
        package let start: Timestamp
        package let count: Int
    }

    /// The spans that have events, in the order of time.
    package let buckets: [Bucket]
    /// What could not be read, so that events may be missing from the counts.
    package let problems: [QueryProblem]
    package var explanation: QueryExplanation { account.explanation }
    let account: RunAccount
}

extension QueryEngine {
    /// Counts the events that a filter means by spans of event time. Blocks that lie inside one span are not read, if
    /// the filter allows it.
    ///
    /// - Throws: `QueryError` for a filter that is not well-formed; `QueryLimitError` for a span of no length and for
    ///   too many spans; `CancellationError`.
    package func histogram(
        where filter: Filter = .all, every nanoseconds: Int64, isTimed: Bool = false
    ) throws -> Histogram {
        guard nanoseconds > 0 else { throw QueryLimitError(.badBucket, "\(nanoseconds) ns") }
        let (scope, trace) = try begin(filter, isTimed: isTimed)
        trace.kind = .histogram
        let counting = try trace.timed(.gather) {
            var counting = try scope.fold(trace) {
                BucketCounting(width: nanoseconds)
            } body: { scan, counting in
                for index in scan.blocks { try counting.add(scan, block: index) }
            } merge: {
                try $0.add($1)
            }
            scope.forEachInTail(trace) { _, _, record in counting.add(record.timestamp, 1) }
            return counting
        }
        return Histogram(
            buckets: trace.timed(.build) { counting.buckets }, problems: trace.problems,
            account: RunAccount(scope.prepared.filter, trace))
    }
}

private struct BucketCounting {
    private let width: Int64
    private var counts: [Int64: Int] = [:]
    /// The span met last, of which events are still to be noted down.
    private var current: ClosedRange<Int64> = 0...0
    private var currentNumber: Int64 = 0
    private var currentCount = 0

    static let bucketLimit = 1 << 20

    init(width: Int64) { self.width = width }

    /// The number of the span a time falls in.
    @inline(__always)
    func bucket(_ time: Int64) -> Int64 {
        let quotient = time / width
        return time % width < 0 ? quotient - 1 : quotient
    }

    mutating func add(_ scan: SegmentScan, block index: Int) throws {
        guard let matches = try scan.matches(index) else { return }
        let times = scan.entry(index).times
        if bucket(times.lowerBound) == bucket(times.upperBound) {
            add(times.lowerBound, matches.rows.count)
        } else {
            scan.gather(index) { add(try $0.integers(.timestamp), matches.rows) }
        }
        try checkLimit()
    }

    mutating func add(_ other: BucketCounting) throws {
        counts.merge(other.counts, uniquingKeysWith: +)
        try checkLimit()
    }

    mutating func add(_ time: Int64, _ count: Int) { counts[bucket(time), default: 0] += count }

    mutating func add(_ column: IntegerColumn, _ rows: RowSet) {
        let times = column.decodeArray()
        if rows.isFull {
            for time in times { addOne(time) }
        } else {
            rows.forEach { addOne(times[$0]) }
        }
        flush()
    }

    /// Neighbours mostly fall in the same span, so that one comparison decides.
    @inline(__always)
    private mutating func addOne(_ time: Int64) {
        if currentCount == 0 || time < current.lowerBound || time > current.upperBound { change(time) }
        currentCount += 1
    }

    @inline(never)
    private mutating func change(_ time: Int64) {
        flush()
        currentNumber = bucket(time)
        let (start, overflow) = currentNumber.multipliedReportingOverflow(by: width)
        let low = overflow ? Int64.min : start
        let (end, beyond) = start.addingReportingOverflow(width - 1)
        // Only the first span of all can begin before what 64 bits can say; it ends where the next begins.
        current = low...(overflow ? (currentNumber + 1) * width - 1 : beyond ? Int64.max : end)
    }

    private mutating func flush() {
        if currentCount > 0 { counts[currentNumber, default: 0] += currentCount }
        currentCount = 0
    }

    func checkLimit() throws(QueryLimitError) {
        guard counts.count <= BucketCounting.bucketLimit else {
            throw QueryLimitError(.tooManyBuckets, "\(BucketCounting.bucketLimit)")
        }
    }

    var buckets: [Histogram.Bucket] {
        counts.sorted { $0.key < $1.key }.map { number, count in
            let (start, overflow) = number.multipliedReportingOverflow(by: width)
            return Histogram.Bucket(
                start: Timestamp(nanosecondsSince1970: overflow ? Int64.min : start), count: count)
        }
    }
}
