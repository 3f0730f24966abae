import Synchronization
import TallyrollFormat

/// The dictionaries of a segment as the verifier has checked them: from the index region where that holds, else from
/// the blocks, with holes where a block that added terms could not be read.
final class CheckedTerms: SegmentTerms, Sendable {
    /// By `DictionaryID.index`; nil is a dictionary that has to come from the blocks.
    let tables: [TermTable?]
    /// The same terms side by side in the order of their codes: the blocks of a walk ask for codes that lie near each
    /// other, and the sorted table would cost a cache miss for each.
    private let ordered: [TermTable?]
    let collected: [CollectedTerms]
    private let shapeTables: Mutex<[ShapeTable?]>

    /// What is collected where the index region holds.
    static var nothing: [CollectedTerms] { Array(repeating: CollectedTerms(), count: DictionaryID.count) }

    init(tables: [TermTable?], collected: [CollectedTerms]) {
        self.tables = tables
        ordered = tables.map { $0?.orderedByCode() }
        self.collected = collected
        shapeTables = Mutex(Array(repeating: nil, count: DictionaryID.count))
    }

    func append(_ code: UInt32, of dictionary: DictionaryID, into out: inout ByteWriter) throws {
        if let terms = ordered[dictionary.index] {
            guard let term = terms[code] else { throw unknown(code, dictionary) }
            out.bytes(term)
        } else {
            out.bytes(try collectedTerm(code, dictionary))
        }
    }

    func table(_ dictionary: DictionaryID, forReading codes: Int) throws -> TermTable? {
        ordered[dictionary.index]
    }

    private func collectedTerm(_ code: UInt32, _ dictionary: DictionaryID) throws(FormatError) -> [UInt8] {
        let terms = collected[dictionary.index].terms
        guard code > 0, Int(code) <= terms.count, let term = terms[Int(code) - 1] else {
            throw unknown(code, dictionary)
        }
        return term
    }

    func count(_ dictionary: DictionaryID) -> Int {
        tables[dictionary.index]?.count ?? collected[dictionary.index].terms.count
    }

    func shapes(_ dictionary: DictionaryID, upTo code: UInt32) throws -> ShapeTable {
        try shapeTables.withLock { known in
            var shapes = known[dictionary.index] ?? ShapeTable()
            while shapes.count < count(dictionary) {
                let next = UInt32(shapes.count + 1)
                if let table = tables[dictionary.index] {
                    guard let term = table[next] else { throw unknown(next, dictionary) }
                    try shapes.append(term.array)
                } else {
                    // A hole stops here: path numbers behind it cannot be known.
                    guard let term = try? collectedTerm(next, dictionary) else { break }
                    try shapes.append(term)
                }
            }
            guard shapes.count >= Int(code) else { throw unknown(code, dictionary) }
            known[dictionary.index] = shapes
            return shapes
        }
    }

    private func unknown(_ code: UInt32, _ dictionary: DictionaryID) -> FormatError {
        FormatError(
            .invalid, "dictionary \(dictionary)", offset: 0, expected: "a known code", found: "\(code)")
    }
}

/// The terms of one dictionary as the blocks bring them.
struct CollectedTerms: Sendable {
    private(set) var terms: [[UInt8]?] = []
    /// The most terms that blocks which could not be read may have brought since the last that could.
    private var room = 0

    /// Adds the new terms of the next block that could be read; what lies between is left as a hole.
    mutating func add(_ new: BlockTerms) throws(FormatError) {
        let firstCode = new.firstCode
        guard firstCode > terms.count, firstCode <= terms.count + 1 + room else {
            throw FormatError(
                .invalid, "new terms", offset: 0, expected: "a first code of \(terms.count + 1)",
                found: "\(firstCode)")
        }
        room -= firstCode - 1 - terms.count
        while terms.count < firstCode - 1 { terms.append(nil) }
        new.forEach { _, term in
            terms.append(term.array)
            return true
        }
    }

    /// Makes room for the terms of blocks that could not be read: one an event, and one a block for raw objects.
    mutating func passUnreadable(events: UInt64) { room += Int(min(events, 1 << 20)) * 2 + 1 }
}
