import TallyrollFormat

/// Stretches of event time of one length, numbered from 0 on as they are met. A stretch begins at a multiple of the
/// length, counted from 1970.
struct TimeBuckets {
    private let width: Int64
    private var numbers: [Int64: UInt32] = [:]
    private var buckets: [Int64] = []
    /// The stretch met last: neighbours mostly fall in the same.
    private var current: ClosedRange<Int64> = 0...0
    private var currentNumber = UInt32.max

    init(width: Int64) { self.width = width }

    /// Which multiple of the length the stretch of a time is.
    @inline(__always)
    func bucket(_ time: Int64) -> Int64 {
        let quotient = time / width
        return time % width < 0 ? quotient - 1 : quotient
    }

    /// A time that stands for all of a range, when the range lies in one stretch.
    func common(ofAll times: ClosedRange<Int64>) -> Int64? {
        bucket(times.lowerBound) == bucket(times.upperBound) ? times.lowerBound : nil
    }

    /// The number of the stretch of a time.
    @inline(__always)
    mutating func number(_ time: Int64) -> UInt32 {
        if currentNumber != UInt32.max, time >= current.lowerBound, time <= current.upperBound {
            return currentNumber
        }
        return change(time)
    }

    @inline(never)
    private mutating func change(_ time: Int64) -> UInt32 {
        let bucket = bucket(time)
        let (start, overflow) = bucket.multipliedReportingOverflow(by: width)
        let low = overflow ? Int64.min : start
        let (end, beyond) = start.addingReportingOverflow(width - 1)
        // Only the first stretch of all can begin before what 64 bits can say; it ends where the next begins.
        current = low...(overflow ? (bucket + 1) * width - 1 : beyond ? Int64.max : end)
        currentNumber = number(ofBucket: bucket)
        return currentNumber
    }

    private mutating func number(ofBucket bucket: Int64) -> UInt32 {
        if let known = numbers[bucket] { return known }
        let number = UInt32(buckets.count)
        numbers[bucket] = number
        buckets.append(bucket)
        return number
    }

    /// The numbers that other stretches have here, in the order of their numbers there.
    mutating func numbers(of other: TimeBuckets) -> [UInt32] { other.buckets.map { number(ofBucket: $0) } }

    /// Where a stretch begins, in nanoseconds since 1970.
    func start(_ number: UInt32) -> Int64 {
        let (start, overflow) = buckets[Int(number)].multipliedReportingOverflow(by: width)
        return overflow ? Int64.min : start
    }

    var count: Int { buckets.count }
    var byteCount: Int { buckets.count * 40 }
}
