import TallyrollFormat
import TallyrollStore

/// The plan for a segment of which posting lists leave so few events over that nothing has to be weighed up: most
/// questions about a user, a resource or a type with something else are of this kind.
struct ListPlan {
    /// What the lists leave over.
    let candidates: Candidates
    /// The questions that lists were asked about, and how many events each list has.
    let asked: [(question: Int, count: Int)]
    /// How many events they are expected to leave over.
    let events: Int

    enum Outcome {
        case found(ListPlan)
        /// A term that the segment's dictionary does not hold.
        case absent(Field)
        /// The lists are long, or not there.
        case undecided
    }

    /// Events that are looked up one by one in the other lists, at most.
    private static let looksMax = 1_024
    /// Events of the shortest list, at most.
    private static let eventsMax = Candidates.fewLimit

    /// Of more events, columns are not asked about what an index may know as well.
    private static let eventsForColumns = 16

    /// Asks the lists of a segment of so many blocks.
    static func make(
        _ scope: QueryScope, _ reader: SegmentReader, place: Int, blocks: Int
    ) throws -> Outcome {
        let prepared = scope.prepared
        let questions = prepared.lists
        guard questions.count <= codesMax else { return .undecided }
        var codes = InlineArray<4, UInt32>(repeating: 0)
        for index in questions.indices {
            let known = questions[index].leaf.flatMap { scope.sieve.code(leaf: $0, place) }
            guard
                let code = try known
                    ?? reader.code(of: questions[index].term, questions[index].dictionary)
            else { return .absent(questions[index].field) }
            codes[index] = code
        }
        guard let asked = try lists(questions, codes, reader, isSmall: blocks <= smallBlocks),
            let shortest = asked.min(by: { $0.list.count < $1.list.count })
        else { return .undecided }
        let isAll = prepared.othersAreNumbers && asked.count == questions.count
        var most = isAll ? eventsMax : eventsForColumns
        // Of rows that lie in nearly every block, only the last are wanted.
        if isAll, blocks > smallBlocks, case .rows(let limit) = scope.purpose, limit < shortest.list.count {
            most = min(most, blocks * eventsPerBlock)
        }
        var few: [UInt32]?
        if shortest.list.count <= most, shortest.list.count * (asked.count - 1) <= looksMax {
            few = intersection(shortest, asked)
        } else {
            // Long lists are looked into block by block, as far as rows are wanted.
            guard isAll, blocks > smallBlocks, case .rows = scope.purpose else { return .undecided }
        }
        return .found(ListPlan(asked, few, isAll ? prepared.listNames : nil, questions))
    }

    /// A question, its list, and what the list borrows from.
    private typealias Asked = (
        question: Int, list: PostingList, owner: LoadedPostings
    )

    private init(_ asked: [Asked], _ few: [UInt32]?, _ name: String?, _ questions: [ListQuestion]) {
        let sets = asked.map { IndexSet.lists([$0.list], isDisjoint: true) }
        let all = sets.count == 1 ? sets[0] : IndexSet.all(sets)
        candidates = Candidates(
            all, few: few,
            name: name ?? asked.map { questions[$0.question].field.description }.joined(separator: " + "),
            owners: asked.map(\.owner))
        self.asked = asked.map { ($0.question, $0.list.count) }
        let universe = asked[0].list.universe
        events = few?.count ?? Int(all.fraction(universe) * Double(universe))
    }

    /// The lists of the questions, but for those that are not in memory and not worth reading beside others that are;
    /// nil where one is damaged, or there is none.
    private static func lists(
        _ questions: [ListQuestion], _ codes: InlineArray<4, UInt32>, _ reader: SegmentReader, isSmall: Bool
    ) throws -> [Asked]? {
        var asked: [Asked] = []
        asked.reserveCapacity(questions.count)
        for index in questions.indices {
            let column = questions[index].column
            if let loaded = reader.postingsAtHand(column) {
                asked.append((index, try loaded.postings.list(codes[index]), loaded))
                continue
            }
            guard reader.hasPostings(column) else { return nil }
            if let bytes = reader.unreadBytes(column), !isSmall || bytes > smallBytes {
                let isFirst = try index == first(questions, reader)
                if isSmall, isFirst { return nil }
                if isSmall || !isFirst { continue }
            }
            guard let loaded = try reader.postings(column) else { return nil }
            asked.append((index, try loaded.postings.list(codes[index]), loaded))
        }
        return asked.isEmpty ? nil : asked
    }

    private static func intersection(_ shortest: Asked, _ asked: [Asked]) -> [UInt32] {
        var ordinals = shortest.list.decode()
        for other in asked where other.question != shortest.question {
            ordinals.removeAll { !other.list.contains(Int($0)) }
        }
        return ordinals
    }

    private static let codesMax = 4
    /// Of segments with no more blocks, a column is read sooner than a long index.
    private static let smallBlocks = 4
    /// With more events a block, nearly every block holds one.
    private static let eventsPerBlock = 4
    /// Lists of a column that are read as soon as they are asked about: reading a column of a block takes as long.
    private static let smallBytes = 4_096

    /// The question whose list is likely to be the shortest: with the most terms, each has the fewest events.
    private static func first(_ questions: [ListQuestion], _ reader: SegmentReader) throws -> Int {
        var (best, most) = (0, -1)
        if questions.count == 1 { return best }
        for index in questions.indices {
            let terms = try reader.termCount(questions[index].dictionary)
            if terms > most { (best, most) = (index, terms) }
        }
        return best
    }
}
