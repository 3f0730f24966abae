import TallyrollFormat
import TallyrollStore

/// The plan for a segment of which posting lists leave so few events over that nothing has to be weighed up: most
/// questions about a user, a resource or a type with something else are of this kind.
struct ListPlan {
    /// What the lists leave over.
    let candidates: Candidates
    /// The questions that lists were asked about, and how many events each list has.
    let asked: [(question: Int, count: Int)]

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
        var lists: [PostingList] = []
        var asked: [Int] = []
        var owners: [SegmentReader.LoadedPostings] = []
        // Lists that are not in memory are not worth reading beside others that are.
        let first = try first(questions, reader)
        let isSmall = blocks <= 4
        if isSmall, let bytes = reader.unreadBytes(questions[first].column), bytes > smallBytes {
            return .undecided
        }
        for index in questions.indices {
            let column = questions[index].column
            guard reader.hasPostings(column) else { return .undecided }
            if index != first, let bytes = reader.unreadBytes(column), bytes > (isSmall ? smallBytes : 0) {
                continue
            }
            guard let loaded = try reader.postings(column) else { return .undecided }
            owners.append(loaded)
            lists.append(try loaded.postings.list(codes[index]))
            asked.append(index)
        }
        guard let shortest = lists.indices.min(by: { lists[$0].count < lists[$1].count }) else {
            return .undecided
        }
        let limit = prepared.othersAreNumbers && asked.count == questions.count ? eventsMax : eventsForColumns
        guard lists[shortest].count <= limit, lists[shortest].count * (lists.count - 1) <= looksMax else {
            return .undecided
        }
        var few = lists[shortest].decode()
        for index in lists.indices where index != shortest {
            few.removeAll { !lists[index].contains(Int($0)) }
        }
        let sets = lists.map { IndexSet.lists([$0], isDisjoint: true) }
        let name =
            asked.count == questions.count
            ? prepared.listNames : asked.map { questions[$0].field.description }.joined(separator: " + ")
        return .found(
            ListPlan(
                candidates: Candidates(
                    sets.count == 1 ? sets[0] : .all(sets), few: few, name: name, owners: owners),
                asked: zip(asked, lists).map { (question: $0, count: $1.count) }))
    }

    private static let codesMax = 4
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
