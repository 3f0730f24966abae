/// The generated workload: a deterministic stream of audit events, one JSON object a line, in time order.
///
/// The same arguments give the same bytes on every machine, those of the reference program that published figures
/// name. Users, resources, addresses and agents come from skewed populations that grow with the count, types,
/// actions and results from fixed shares; times rise with jitter, and one event in 64 is up to two seconds late.
/// The order of the draws is part of the format: each draw below stands where the reference makes it.
package struct WorkloadGenerator: Sendable {
    /// Seconds since 1970 that `startUnixSeconds` may name: the years 1 to 9999.
    package static let startUnixSecondsRange: ClosedRange<Int64> = -62_135_596_800...253_402_300_799
    /// Mean gaps between events that can be asked for, in microseconds: up to eleven days.
    package static let meanGapMicrosecondsRange = 0.0...1e12

    private var remaining: Int
    private var random: WorkloadRandom
    /// The time that the next gap is added to, in microseconds since 1970.
    private var clock: Int64
    private let meanGap: Double
    private let users: SkewedPopulation
    private let resources: SkewedPopulation
    /// Where a line is put together before it is appended in one piece.
    private var line = [UInt8](repeating: 0, count: LineWriter.bytesMax)

    /// A stream of `count` events; the defaults are those of the reference program.
    package init(
        count: Int, seed: UInt64 = 1, startUnixSeconds: Int64 = 1_767_225_600,
        meanGapMicroseconds: Double = 2500
    ) {
        precondition(count >= 0, "a count is not negative")
        precondition(
            Self.startUnixSecondsRange.contains(startUnixSeconds), "the start lies in the years 1 to 9999")
        precondition(Self.meanGapMicrosecondsRange.contains(meanGapMicroseconds), "the gap lies in 0 to 1e12")
        remaining = count
        random = WorkloadRandom(seed: seed)
        clock = startUnixSeconds * 1_000_000
        meanGap = meanGapMicroseconds
        users = SkewedPopulation(size: 1000 + UInt64(count) / 500)
        resources = SkewedPopulation(size: 5000 + UInt64(count) / 50)
    }

    /// Appends the next event and a newline. Gives false, and appends nothing, after the last.
    package mutating func next(into bytes: inout [UInt8]) -> Bool {
        guard remaining > 0 else { return false }
        remaining -= 1
        let event = draw()
        line.withUnsafeMutableBytes { buffer in
            var writer = LineWriter(buffer)
            event.write(to: &writer, drawing: &random)
            bytes.append(contentsOf: writer.written)
        }
        return true
    }

    /// The draws that every event makes, in order.
    private mutating func draw() -> WorkloadEvent {
        clock &+= Int64(-naturalLogarithm(1 - random.uniform()) * meanGap)
        var time = clock
        if random.next() % 64 == 0 { time &-= Int64(random.uniform() * 2e6) }
        let kind = WorkloadKind.pick(share: Int(random.next() % 1000))
        let user = users.pick(random.uniform())
        let resource = resources.pick(random.uniform())
        let choices = random.next()
        let idHigh = random.next()
        let idLow = random.next()
        let isFailed = Int(random.next() % 1000) < kind.failures
        return WorkloadEvent(
            kind: kind, time: time, user: user, resource: resource, choices: choices, idHigh: idHigh,
            idLow: idLow,
            isFailed: isFailed)
    }
}
