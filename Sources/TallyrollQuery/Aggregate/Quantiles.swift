import TallyrollFormat

/// The numbers of a group, for its percentiles: all of them while they are few, then a sketch. Which of the two
/// depends on how many they are and on nothing else. What they take beyond its own size is added to `bytes`.
struct Quantiles {
    private var values: [SmallDecimal] = []
    private var wide: [ExactNumber] = []
    private var sketch: QuantileSketch?

    private static let valueBytes = MemoryLayout<SmallDecimal>.stride

    @inline(__always)
    mutating func add(_ number: SmallDecimal, limit: Int, _ bytes: inout Int) {
        if sketch == nil {
            if values.count == values.capacity { bytes += max(values.count, 2) * Quantiles.valueBytes }
            values.append(number)
            if values.count + wide.count > limit { makeSketch(&bytes) }
        } else {
            sketch?.add(number.approximation, &bytes)
        }
    }

    mutating func add(_ number: ExactNumber, limit: Int, _ bytes: inout Int) {
        if let fitting = number.small { return add(fitting, limit: limit, &bytes) }
        if sketch == nil {
            wide.append(number)
            bytes += number.byteCount
            if values.count + wide.count > limit { makeSketch(&bytes) }
        } else {
            sketch?.add(number.doubleValue, &bytes)
        }
    }

    mutating func merge(_ other: Quantiles, limit: Int, _ bytes: inout Int) {
        if let added = other.sketch {
            if sketch == nil { makeSketch(&bytes) }
            sketch?.merge(added, &bytes)
            return
        }
        for number in other.values { add(number, limit: limit, &bytes) }
        for number in other.wide { add(number, limit: limit, &bytes) }
    }

    @inline(never)
    private mutating func makeSketch(_ bytes: inout Int) {
        var made = QuantileSketch()
        for number in values { made.add(number.approximation, &bytes) }
        for number in wide { made.add(number.doubleValue, &bytes) }
        sketch = made
        bytes -= values.capacity * Quantiles.valueBytes + wide.reduce(0) { $0 + $1.byteCount }
        (values, wide) = ([], [])
    }

    var isExact: Bool { sketch == nil }

    private static let estimateDigits = 6

    /// The values at some shares, in their order; nil when there are none.
    func values(at percentiles: [Percentile]) -> [ExactNumber]? {
        if let sketch {
            return percentiles.map {
                ExactNumber(
                    sketch.value(rank: $0.rank(of: sketch.count)),
                    significantDigits: Quantiles.estimateDigits)
            }
        }
        guard !values.isEmpty || !wide.isEmpty else { return nil }
        let sorted = values.sorted { $0.compare(to: $1) < 0 }
        if wide.isEmpty {
            return percentiles.map { ExactNumber(sorted[$0.rank(of: sorted.count) - 1]) }
        }
        let all = (sorted.map { ExactNumber($0) } + wide).sorted()
        return percentiles.map { all[$0.rank(of: all.count) - 1] }
    }
}
