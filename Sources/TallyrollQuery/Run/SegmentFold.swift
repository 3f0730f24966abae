import Synchronization
import TallyrollFormat
import TallyrollStore

extension QueryScope {
    /// Puts together what `body` makes of every segment that may hold events that are meant.
    ///
    /// `body` is given scans that together cover all blocks once; a segment may come in several scans of a part of
    /// its blocks each. When the whole is expected to take long, several threads of the engine's own work at once,
    /// each on a partial result of its own from `initial`, which `merge` then adds up in no particular order; so
    /// nothing may depend on the order of segments. Memory is that of one partial result a processor.
    ///
    /// `costPerEvent` is how many nanoseconds `body` is expected to take for each event, beyond finding it; nothing
    /// where `decidedIsFree` and all events of a segment are meant.
    func fold<Partial>(
        _ trace: QueryTrace, costPerEvent: Double = 0, decidedIsFree: Bool = false,
        _ initial: @Sendable () throws -> Partial,
        body: @Sendable (SegmentScan, inout Partial) throws -> Void,
        merge: (inout Partial, Partial) throws -> Void
    ) throws -> Partial {
        let places = trace.timed(.prepare) { segments }
        if areManySmall(places) { return try foldEach(places, trace, initial, body, merge) }
        let (plans, cost) = try trace.timed(.plan) {
            var plans = try self.plans(places, trace)
            for index in plans.indices where !(decidedIsFree && plans[index].isDecided) {
                plans[index].addCost(costPerEvent)
            }
            return (plans, plans.reduce(0) { $0 + $1.cost + ParallelRun.scanCost })
        }
        let threads = ParallelRun.threads(for: cost)
        guard threads > 1 else {
            var result = try initial()
            for plan in plans {
                try trace.timed(.gather) { try body(SegmentScan(self, plan, trace), &result) }
            }
            return result
        }
        let pieces = ParallelRun.pieces(plans, cost: cost, threads: threads)
        var parts = try ParallelRun.run(threads, pieces.count, trace, initial) { number, trace, partial in
            let piece = pieces[number]
            let plan = plans[piece.plan]
            try trace.timed(.gather) {
                try body(SegmentScan(self, plan, trace, blocks: plan.blocks[piece.blocks]), &partial)
            }
        }
        var result = parts.removeFirst()
        for part in parts { try trace.timed(.gather) { try merge(&result, part) } }
        return result
    }

    /// Whether these are many segments of a few blocks each: then each is work for one thread.
    private func areManySmall(_ places: [Int]) -> Bool {
        places.count >= ParallelRun.manySegments
            && places.allSatisfy {
                snapshot.segments[$0].outline.blocks.count <= ParallelRun.smallSegmentBlocks
            }
    }

    /// Plans each segment and looks at it at once: no plan waits for another, nor is taken from thread to thread.
    private func foldEach<Partial>(
        _ places: [Int], _ trace: QueryTrace, _ initial: @Sendable () throws -> Partial,
        _ body: @Sendable (SegmentScan, inout Partial) throws -> Void,
        _ merge: (inout Partial, Partial) throws -> Void
    ) throws -> Partial {
        let threads = ParallelRun.threads(for: Double(places.count) * ParallelRun.smallSegmentCost)
        let size = threads > 1 ? ParallelRun.segmentsAtOnce : places.count
        var parts = try ParallelRun.run(threads, (places.count + size - 1) / size, trace, initial) {
            number, trace, partial in
            for place in places[number * size..<min((number + 1) * size, places.count)] {
                try trace.checkCancellation()
                let plan = SegmentPlanner.plan(self, segment: place, trace)
                if plan.blocks.isEmpty { continue }
                try trace.timed(.gather) { try body(SegmentScan(self, plan, trace), &partial) }
            }
        }
        var result = parts.removeFirst()
        for part in parts { try trace.timed(.gather) { try merge(&result, part) } }
        return result
    }

    /// Plans for the segments that may hold events that are meant, in their order.
    private func plans(_ places: [Int], _ trace: QueryTrace) throws -> [SegmentPlan] {
        let threads = ParallelRun.threads(for: Double(places.count) * ParallelRun.planCost)
        guard threads > 1 else {
            var plans: [SegmentPlan] = []
            for place in places {
                let plan = SegmentPlanner.plan(self, segment: place, trace)
                if !plan.blocks.isEmpty { plans.append(plan) }
            }
            return plans
        }
        let size = 32
        let parts = try ParallelRun.run(threads, (places.count + size - 1) / size, trace, { [SegmentPlan]() })
        {
            number, trace, plans in
            for place in places[number * size..<min((number + 1) * size, places.count)] {
                let plan = SegmentPlanner.plan(self, segment: place, trace)
                if !plan.blocks.isEmpty { plans.append(plan) }
            }
        }
        return parts.flatMap { $0 }.sorted { $0.place < $1.place }
    }
}

extension SegmentPlan {
    /// Adds what is to be done with each event of its blocks.
    fileprivate mutating func addCost(_ perEvent: Double) {
        guard perEvent > 0 else { return }
        let events = segment.outline.events(ofBlocks: blocks)
        cost += perEvent * Double(min(candidates?.few?.count ?? events, events))
    }
}

/// Work of one run on several threads at once.
package enum ParallelRun {
    /// Nanoseconds of expected work below which a thread costs more than it brings.
    private static let worthwhile = 2_000_000.0
    /// Nanoseconds that planning a segment is expected to take.
    static let planCost = 3_000.0
    /// Nanoseconds that a scan of a segment takes, whatever it finds.
    static let scanCost = 3_000.0
    /// Many segments, each of few blocks; what planning and scanning one of these is expected to take; and how many a thread
    /// takes at once.
    static let manySegments = 64
    static let smallSegmentBlocks = 8
    static let smallSegmentCost = 20_000.0
    static let segmentsAtOnce = 16

    /// Threads to use at most; for tests.
    @TaskLocal package static var limit: Int?
    /// Whether even the smallest work is shared out; for tests.
    @TaskLocal package static var isEager = false

    /// How many threads to use for work of so many nanoseconds.
    static func threads(for cost: Double) -> Int {
        guard isEager || cost >= worthwhile else { return 1 }
        let processors = limit ?? DedicatedThreads.processorCount
        return isEager ? processors : min(processors, Int(cost / worthwhile) + 1)
    }

    /// Blocks looked at ahead at most: their answers wait in memory.
    private static let batchLimit = 64

    /// How many of some blocks to look at together, and on how many threads; nil when that does not pay.
    static func batch(_ count: Int, cost: Double) -> (count: Int, threads: Int)? {
        let wanted = isEager ? 5 : Int(worthwhile * 1.1 / max(cost, 1)) + 1
        let count = min(count, wanted, batchLimit)
        let threads = min(threads(for: cost * Double(count)), count)
        return threads > 1 ? (count, threads) : nil
    }

    /// Blocks of one plan that are looked at by one thread.
    struct Piece: Sendable {
        var plan: Int
        /// Places in the plan's list of blocks.
        var blocks: Range<Int>
    }

    /// Cuts plans into pieces, small enough that threads end at about the same time.
    static func pieces(_ plans: [SegmentPlan], cost: Double, threads: Int) -> [Piece] {
        let target = max(cost / Double(threads * 8), 1)
        var pieces: [Piece] = []
        for (number, plan) in plans.enumerated() {
            let count = min(plan.blocks.count, max(1, Int(plan.cost / target) + 1))
            let size = (plan.blocks.count + count - 1) / count
            for start in stride(from: 0, to: plan.blocks.count, by: size) {
                pieces.append(Piece(plan: number, blocks: start..<min(start + size, plan.blocks.count)))
            }
        }
        return pieces
    }

    /// What one thread works on. `@unchecked Sendable`: only that thread touches it, and the caller once all ended.
    private final class Worker<Partial>: @unchecked Sendable {
        var partial: Partial
        let trace: QueryTrace
        var failure: (any Error)?

        init(_ partial: Partial, _ trace: QueryTrace) {
            self.partial = partial
            self.trace = trace
        }
    }

    /// What the threads of a run share.
    private final class Progress: Sendable {
        let next = Atomic<Int>(0)
        let isStopped = Atomic<Bool>(false)
    }

    /// Runs `body` for each number below `count`, each once, and gives the partial results of the threads. The first
    /// error ends the run. Cancelling the caller's task does too, on every thread.
    static func run<Partial>(
        _ threads: Int, _ count: Int, _ trace: QueryTrace, _ initial: () throws -> Partial,
        _ body: @Sendable (Int, QueryTrace, inout Partial) throws -> Void
    ) throws -> [Partial] {
        // The task waits here for all threads, so that they may ask it.
        try withUnsafeCurrentTask { try run(threads, count, trace, caller: $0, initial, body) }
    }

    private static func run<Partial>(
        _ threads: Int, _ count: Int, _ trace: QueryTrace, caller: UnsafeCurrentTask?,
        _ initial: () throws -> Partial, _ body: @Sendable (Int, QueryTrace, inout Partial) throws -> Void
    ) throws -> [Partial] {
        let threads = max(1, min(threads, count))
        let workers = try (0..<threads).map {
            Worker(try initial(), $0 == 0 ? trace : trace.forHelper(of: caller))
        }
        trace.threads = max(trace.threads, threads)
        let progress = Progress()
        withoutActuallyEscaping(body) { body in
            let outer = trace.isTimed ? trace.enter(.other) : nil
            DedicatedThreads.run(threads) { thread in
                let worker = workers[thread]
                if thread > 0 { _ = worker.trace.enter(.other) }
                while !progress.isStopped.load(ordering: .relaxed) {
                    let number = progress.next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard number < count else { break }
                    do {
                        try worker.trace.checkCancellation()
                        try body(number, worker.trace, &worker.partial)
                    } catch {
                        worker.failure = error
                        progress.isStopped.store(true, ordering: .relaxed)
                    }
                }
                // The caller's thread waits for the others from here on.
                _ = worker.trace.enter(thread > 0 ? nil : .wait)
            }
            if trace.isTimed { _ = trace.enter(outer) }
        }
        for worker in workers.dropFirst() { trace.add(worker.trace) }
        if let failure = workers.lazy.compactMap(\.failure).first { throw failure }
        return workers.map(\.partial)
    }
}
