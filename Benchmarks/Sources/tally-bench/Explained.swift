import Tallyroll
import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// How much of a question's time its explanation accounts for.
struct Explained {
    private let engine: QueryEngine

    init(store path: String, cacheBytes: Int) throws {
        let follower = try StoreFollower(PosixStorage(root: path), path: path, cacheBytes: cacheBytes)
        engine = QueryEngine(try follower.refresh(), now: SystemTimeSource().nowNanoseconds())
    }

    /// The median over some askings of the time that steps of the plan claim, over the wall time around the call; nil
    /// for questions that have no plan.
    func part(_ question: Question) throws -> Double? {
        guard question.kind != .id else { return nil }
        var parts: [Double] = []
        for _ in 0..<7 {
            let (explanation, wall) = try run(question)
            guard let total = explanation.plan.nanoseconds, let other = explanation.otherNanoseconds else {
                return nil
            }
            parts.append(Double(total - other) / Double(wall))
        }
        return Samples.percentile(0.5, parts)
    }

    /// The explanation, and the nanoseconds that answering took.
    private func run(_ question: Question) throws -> (QueryExplanation, UInt64) {
        let filter = TallyrollQuestions.filter(question)
        let start = Measure.now()
        // An explanation is put together when it is asked for: that is no part of answering.
        let nanoseconds: UInt64
        let explanation: QueryExplanation
        switch question.kind {
        case .types, .userTypes:
            let answer = try engine.count(where: filter, by: [.type], isTimed: true)
            nanoseconds = Measure.now() - start
            explanation = answer.explanation
        case .top:
            let answer = try engine.count(where: filter, by: [.user], top: question.limit, isTimed: true)
            nanoseconds = Measure.now() - start
            explanation = answer.explanation
        case .text, .path:
            let answer = try engine.count(where: filter, isTimed: true)
            nanoseconds = Measure.now() - start
            explanation = answer.explanation
        case .minutes:
            let answer = try engine.histogram(where: filter, every: 60_000_000_000, isTimed: true)
            nanoseconds = Measure.now() - start
            explanation = answer.explanation
        case .latest, .failures, .resource, .rare, .session, .id:
            let results = try engine.events(where: filter, limit: question.limit, isTimed: true)
            while try results.nextEvent() != nil {}
            nanoseconds = Measure.now() - start
            explanation = results.explanation
        }
        return (explanation, nanoseconds)
    }
}
