import Benchmark
import TallyrollFormat
import TallyrollIntegrity

// `swift package benchmark` in Benchmarks/. Most work on the events of one block; divide by their number for the cost
// of one. On a busy machine the least time (p0) is the one to compare; instructions are shown where the machine counts
// them.
let benchmarks: @Sendable () -> Void = {
    let prepared: Prepared
    do {
        prepared = try Prepared()
    } catch {
        fatalError("cannot prepare events: \(error)")
    }
    Benchmark.defaultConfiguration.metrics = [.wallClock, .instructions, .throughput]
    Benchmark.defaultConfiguration.maxDuration = .seconds(2)

    Benchmark("parse \(Prepared.count) events from JSON") { benchmark in
        var parser = EventJSONParser()
        var out = ByteWriter(capacity: prepared.recordBytes * 2)
        for _ in benchmark.scaledIterations {
            out.removeAll()
            for line in prepared.lines { _ = try line.withView { try parser.parse($0, into: &out) } }
            blackHole(out.count)
        }
    }

    Benchmark("encode \(Prepared.count) events") { benchmark in
        var out = ByteWriter(capacity: prepared.recordBytes * 2)
        let now = Timestamp(nanosecondsSince1970: 0)
        for _ in benchmark.scaledIterations {
            out.removeAll()
            for index in prepared.events.indices {
                _ = try prepared.events[index].encode(now: now, into: &out)
            }
            blackHole(out.count)
        }
    }

    Benchmark("chain \(Prepared.count) events") { benchmark in
        for _ in benchmark.scaledIterations { blackHole(try prepared.chained()) }
    }

    Benchmark("encode a block") { benchmark in
        let encoder = BlockEncoder(codec: .deflate, level: 6)
        var out = ByteWriter(capacity: 1 << 20)
        for _ in benchmark.scaledIterations {
            encoder.beginSegment()
            out.removeAll()
            try prepared.encodeBlock(with: encoder, into: &out)
            blackHole(out.count)
        }
    }

    Benchmark("encode a block, terms known") { benchmark in
        let encoder = BlockEncoder(codec: .deflate, level: 6)
        var out = ByteWriter(capacity: 1 << 20)
        encoder.beginSegment()
        try prepared.encodeBlock(with: encoder, into: &out)
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations {
            out.removeAll()
            try prepared.encodeBlock(with: encoder, into: &out)
            blackHole(out.count)
        }
    }

    Benchmark("decode a block") { benchmark in
        let source = MemoryBlockSource(prepared.block)
        let terms = GrowingTerms()
        try terms.add(try BlockReader(source: source, origin: 0, terms: terms))
        var rows = BlockRows()
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations {
            try rows.load(try BlockReader(source: source, origin: 0, terms: terms))
            blackHole(rows.count)
        }
    }

    for (name, lists) in [("sparse", prepared.sparse), ("dense", prepared.dense)] {
        Benchmark("intersect \(name) posting lists of a million ordinals") { benchmark in
            try lists.withLists { lists in
                for _ in benchmark.scaledIterations {
                    blackHole(PostingSets.intersectionCount(lists, in: 0..<EncodedLists.universe))
                }
            }
        }
    }

    Benchmark("inflate \(Prepared.chunkBytes) bytes") { benchmark in
        for _ in benchmark.scaledIterations {
            blackHole(
                try prepared.deflated.withView {
                    try Inflater.inflate($0, rawLength: Prepared.chunkBytes, what: "chunk")
                })
        }
    }
}
