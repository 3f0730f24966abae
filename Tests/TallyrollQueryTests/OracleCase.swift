import TallyrollFormat
import TallyrollQuery

/// One question, and a way to ask it.
struct OracleCase: CustomStringConvertible {
    var filter: Filter
    var order: QueryOrder
    var limit: Int?
    /// Events a page, when the results are read page by page.
    var pageSize: Int
    var way: QueryWay
    /// Which of the views of the store is asked first; pages take turns.
    var firstView: Int

    init(_ world: inout QueryWorld) {
        filter = world.filter()
        order = world.generator.random.pick(QueryOrder.allCases)
        limit = world.generator.random.chance(50) ? nil : world.generator.random.below(20)
        pageSize = 1 + world.generator.random.below(40)
        way = QueryWay.random(&world.generator.random)
        firstView = world.generator.random.below(2)
    }

    var description: String {
        let count = limit.map { "limit \($0)" } ?? "no limit"
        return "\(order), \(count), pages of \(pageSize), \(way), view \(firstView): \(filter)"
    }

    /// What the engine says that the oracle does not; nil when they agree.
    func disagreement(_ world: QueryWorld, _ views: [QueryEngine]) -> String? {
        do {
            return try way { try differences(world, views) }
        } catch {
            return "threw \(error)"
        }
    }

    private func differences(_ world: QueryWorld, _ views: [QueryEngine]) throws -> String? {
        let expected = world.expected(filter, order)
        let engine = views[firstView % views.count]
        let page = try Page(engine, self, limit: limit, after: nil)
        let wanted = limit.map { Array(expected.prefix($0)) } ?? expected
        let sequences = wanted.map { UInt64(world.events[$0].sequence) }
        if let text = difference("rows", page.rows.map(\.sequence), sequences) { return text }
        if page.records != wanted.map({ world.records[$0] }) { return "the records are not those appended" }
        if page.rows.map(\.recordedAt) != wanted.map({ world.events[$0].recorded }) {
            return "the times of recording are not those of the events"
        }
        if !page.problems.isEmpty { return "problems where nothing is damaged: \(page.problems)" }
        let count = try engine.count(where: filter).count
        if count != expected.count { return "counted \(count) instead of \(expected.count)" }
        return try pagesDiffer(world, views, expected)
    }

    private func pagesDiffer(
        _ world: QueryWorld, _ views: [QueryEngine], _ expected: [Int]
    ) throws -> String? {
        var sequences: [UInt64] = []
        var cursor: QueryCursor?
        var view = firstView
        repeat {
            let page = try Page(views[view % views.count], self, limit: pageSize, after: cursor)
            sequences += page.rows.map(\.sequence)
            cursor = page.rows.count < pageSize ? nil : page.cursor
            if let text = cursor?.description { cursor = try QueryCursor(text) }
            view += 1
        } while cursor != nil && sequences.count < 300
        // All of them, unless there were too many.
        let wanted = cursor == nil ? expected[...] : expected.prefix(sequences.count)
        return difference("pages", sequences, wanted.map { UInt64(world.events[$0].sequence) })
    }

    private func difference(_ what: String, _ found: [UInt64], _ wanted: [UInt64]) -> String? {
        guard found != wanted else { return nil }
        let missing = Set(wanted).subtracting(found).sorted()
        let extra = Set(found).subtracting(wanted).sorted()
        let place = zip(found, wanted).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        return "\(what): \(found.count) instead of \(wanted.count), missing \(missing.prefix(5)), "
            + "not meant \(extra.prefix(5)), first difference at \(place ?? min(found.count, wanted.count))"
    }
}

/// What one run of a query gave.
private struct Page {
    var rows: [QueryRow] = []
    var records: [[UInt8]] = []
    var cursor: QueryCursor?
    var problems: [QueryProblem]

    init(_ engine: QueryEngine, _ question: OracleCase, limit: Int?, after cursor: QueryCursor?) throws {
        let results = try engine.events(
            where: question.filter, order: question.order, limit: limit, after: cursor)
        var out = ByteWriter()
        while let row = try results.next(into: &out) {
            rows.append(row)
            records.append(out.array)
            out.removeAll()
        }
        self.cursor = results.cursor
        problems = results.problems
    }
}
