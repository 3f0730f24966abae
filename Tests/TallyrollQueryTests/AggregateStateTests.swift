import TallyrollFormat
import TallyrollStore
import Testing

@testable import TallyrollQuery

@Suite("States of aggregates")
struct AggregateStateTests {
    @Test func numbersKeepEveryDigit() {
        let texts = [
            "0": "0", "-0": "0", "5.0": "5", "50e-1": "5", "-12.50": "-12.5",
            "1e21": "1000000000000000000000",
            "123456789012345678901234567890.5": "123456789012345678901234567890.5", "1e-7": "1e-7",
            "0.000012": "0.000012", "1.5e400": "1.5e400", "-2e-400": "-2e-400",
        ]
        for (text, plain) in texts {
            let number = text.withView { ExactNumber(json: $0) }
            #expect(number?.description == plain)
            let again = plain.withView { ExactNumber(json: $0) }
            #expect(again == number)
        }
        for text in ["", "-", "05", "1.", ".5", "1e", "+1", "0x1", "NaN", "1e5x"] {
            #expect(text.withView { ExactNumber(json: $0) } == nil, "\(text)")
            #expect(text.withView { SmallDecimal($0) } == nil, "\(text)")
        }
    }

    @Test func quotientsRoundHalfToEven() {
        func quotient(_ text: String, _ divisor: Int, _ digits: Int) -> String? {
            text.withView { ExactNumber(json: $0) }?.divided(by: divisor, significantDigits: digits)
                .description
        }
        #expect(quotient("1", 3, 5) == "0.33333")
        #expect(quotient("2", 3, 5) == "0.66667")
        #expect(quotient("25", 10, 1) == "2")
        #expect(quotient("35", 10, 1) == "4")
        #expect(quotient("-25", 10, 1) == "-2")
        #expect(quotient("2500000000000000000001", 10, 1) == "300000000000000000000")
        #expect(quotient("9999", 1, 2) == "10000")
        #expect(ExactNumber(7, exponent: 0).divided(by: 2, lowest: 0).description == "4")
        #expect(ExactNumber(1, exponent: 0).divided(by: 3, lowest: 0).description == "0")
        #expect(ExactNumber(-5, exponent: 0).divided(by: 2, lowest: 0).description == "-2")
    }

    @Test func sumsDoNotDependOnTheOrder() {
        var random = SplitMix64(seed: 4)
        var numbers: [ExactNumber] = []
        for _ in 0..<400 {
            let mantissa = Int64(bitPattern: random.next())
            numbers.append(ExactNumber(Int128(mantissa), exponent: random.below(700) - 350))
        }
        var (forward, backward, merged, other) = (ExactSum(), ExactSum(), ExactSum(), ExactSum())
        var bytes = 0
        for number in numbers { forward.add(number, &bytes) }
        for number in numbers.reversed() { backward.add(number, &bytes) }
        for (place, number) in numbers.enumerated() {
            if place % 3 == 0 { merged.add(number, &bytes) } else { other.add(number, &bytes) }
        }
        merged.merge(other, &bytes)
        #expect(forward.value == backward.value)
        #expect(forward.value == merged.value)
        for number in numbers {
            forward.add(
                ExactNumber(sign: -number.sign, digits: number.digits, exponent: number.exponent), &bytes)
        }
        #expect(forward.value == .zero)
    }

    @Test func percentilesRankWithoutRounding() {
        #expect(Percentile(percents: "99.9")?.rank(of: 1000) == 999)
        #expect(Percentile(percents: "99.9")?.rank(of: 1001) == 1000)
        #expect(Percentile(share: 0.1).rank(of: 30) == 3)
        #expect(Percentile(percents: "0")?.rank(of: 5) == 1)
        #expect(Percentile(percents: "100")?.rank(of: .max) == .max)
        #expect(Percentile(percents: "99.9")?.description == "99.9")
        #expect(Percentile(percents: "5")?.description == "5")
        #expect(Percentile(percents: "0.0000001")?.description == "0.0000001")
        for text in ["", "101", "-1", "99.", ".5", "1.12345678", "100.1", "x"] {
            #expect(Percentile(percents: text) == nil, "\(text)")
        }
    }

    @Test(arguments: [1, 2, 3]) func sketchesKeepTheirBound(_ kind: Int) {
        var random = SplitMix64(seed: UInt64(kind))
        var values: [Double] = []
        for _ in 0..<20_000 {
            let unit = Double(random.next() >> 11) / 9_007_199_254_740_992
            switch kind {
            case 1: values.append((unit * 1000).rounded())
            case 2: values.append(Double(bitPattern: random.next() & 0x7F9F_FFFF_FFFF_FFFF | 1 << 53))
            default: values.append((unit - 0.4) * 1e-3)
            }
        }
        var (whole, left, right) = (QuantileSketch(), QuantileSketch(), QuantileSketch())
        var bytes = 0
        for (place, value) in values.enumerated() {
            whole.add(value, &bytes)
            if place % 2 == 0 { left.add(value, &bytes) } else { right.add(value, &bytes) }
        }
        left.merge(right, &bytes)
        values.sort()
        for rank in stride(from: 1, through: values.count, by: 97) {
            let estimate = whole.value(rank: rank)
            #expect(abs(estimate - values[rank - 1]) <= abs(values[rank - 1]) / 512, "rank \(rank)")
            #expect(left.value(rank: rank) == estimate)
        }
    }

    @Test func estimatesOfDifferentValuesStayNear() {
        var random = SplitMix64(seed: 77)
        for count in [3_000, 20_000, 60_000, 200_000] {
            var (whole, left, right) = (DistinctCount(), DistinctCount(), DistinctCount())
            var bytes = 0
            for place in 0..<count {
                let hash = random.next()
                for _ in 0..<(1 + place % 2) { whole.add(hash, limit: 2048, &bytes) }
                if place % 3 == 0 {
                    left.add(hash, limit: 2048, &bytes)
                } else {
                    right.add(hash, limit: 2048, &bytes)
                }
            }
            left.merge(right, limit: 2048, &bytes)
            #expect(left.count == whole.count)
            #expect(!whole.isExact)
            // Four standard errors.
            #expect(abs(Double(whole.count) / Double(count) - 1) < 4 * 0.0081, "\(count): \(whole.count)")
        }
        var exact = DistinctCount()
        var bytes = 0
        for value in 0..<2048 { exact.add(UInt64(value), limit: 2048, &bytes) }
        for value in 0..<2048 { exact.add(UInt64(value), limit: 2048, &bytes) }
        // The hash 0 counts as 1.
        #expect(exact.count == 2047)
        #expect(exact.isExact)
    }

    /// One state for each part of a store comes to the same as one for all of it, in whatever order they are merged.
    @Test(arguments: 0..<8)
    func partsMergeIntoTheWhole(_ seed: Int) throws {
        var world = try QueryWorld(seed: UInt64(seed) + 700, blockEvents: 32, count: 300) {
            AggregateTests.addNumbers(&$0, &$1, AggregateTests.wild)
        }
        let snapshot = world.store.snapshot()
        let figures: [Aggregate] = [
            .count, .distinct(.user), .distinct(.details(["n"])), .sum(.details(["n"])), .average(.duration),
            .min(.details(["n"])), .max(.time), .percentile(0.5, .duration),
            .percentile(0.9, .details(["n"])),
        ]
        let shapes = [
            Aggregation(figures), Aggregation(figures).by(.type),
            Aggregation(figures).by(.type, .details(["k"])),
            Aggregation(figures).every(.seconds(20)).by(.severity), Aggregation(figures).every(.seconds(7)),
        ]
        for aggregation in shapes {
            let filter = world.generator.random.chance(50) ? .all : world.filter()
            let whole = try QueryEngine(snapshot, now: 0).aggregate(
                where: filter, aggregation.ordered(.group))
            let shared = try ParallelRun.$isEager.withValue(true) {
                try ParallelRun.$limit.withValue(3) {
                    try QueryEngine(snapshot, now: 0).aggregate(where: filter, aggregation.ordered(.group))
                }
            }
            #expect(shared.rows == whole.rows, "seed \(seed): \(aggregation) of \(filter), by threads")
            let plan = try AggregatePlan(aggregation.ordered(.group))
            let scope = QueryScope(
                snapshot, try PreparedFilter(filter, now: 0), within: 0..<snapshot.endSequence)
            let trace = scope.trace(isTimed: false)
            var parts = try scope.segments.map { place in
                var part = try AggregateState(plan, seed: snapshot.storeTag)
                try part.add(SegmentScan(scope, segment: place, trace))
                return part
            }
            var tail = try AggregateState(plan, seed: snapshot.storeTag)
            try tail.add(tail: scope, trace)
            parts.append(tail)
            for _ in 0..<2 {
                parts.shuffle(using: &world.generator.random)
                var merged = try AggregateState(plan, seed: snapshot.storeTag)
                for part in parts { try merged.merge(part) }
                #expect(merged.rows() == whole.rows, "seed \(seed): \(aggregation) of \(filter)")
            }
        }
    }
}
