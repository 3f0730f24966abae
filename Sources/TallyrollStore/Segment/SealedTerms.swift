import Synchronization
import TallyrollFormat

/// The dictionaries of a sealed segment: read from its index region when first asked for, or, where that is
/// damaged, put together from the blocks.
final class SealedTerms: SegmentTerms, Sendable {
    private let file: any StorageFile
    private let footer: SegmentFooter
    private let fallback: @Sendable () throws -> GrowingTerms
    private let budget: TermBudget
    private let state = Mutex(State())
    private let wasUsed = Atomic<Bool>(false)
    /// The bytes of dictionaries read so far.
    let bytesRead = Atomic<Int>(0)

    /// What can be read again from the file.
    struct Tables {
        fileprivate var decoded: [DictionaryID: TermTable] = [:]
        fileprivate var sections: [DictionaryID: LoadedSection] = [:]
        /// How many terms were asked for one by one.
        fileprivate var lookUps: [DictionaryID: Int] = [:]
        fileprivate var bytes = 0
    }

    /// A term fetched alone costs as much as so many of a dictionary that is decoded as a whole: half of a group is
    /// walked through. By the time look-ups have cost about as much as decoding, it is decoded: about twice the least
    /// that can be paid, whatever is asked, and however often memory lets the dictionary go.
    private static let lookUpCost = 8

    private struct State {
        var tables = Tables()
        var isInBudget = false
        var shapes: [DictionaryID: ShapeTable] = [:]
        var rebuilt: GrowingTerms?
    }

    /// A section with the bytes it reads. `@unchecked Sendable`: the bytes never change.
    fileprivate struct LoadedSection: @unchecked Sendable {
        let owner: Bytes
        let section: DictionarySection
    }

    init(
        _ file: any StorageFile, footer: SegmentFooter, budget: TermBudget,
        fallback: @escaping @Sendable () throws -> GrowingTerms
    ) {
        self.file = file
        self.footer = footer
        self.budget = budget
        self.fallback = fallback
    }

    deinit { budget.gauge.add(-state.withLock { $0.tables.bytes }) }

    // MARK: Memory

    /// Lets go what is in memory and can be read again; whoever uses it keeps it until then.
    func release() -> Tables {
        let gone = state.withLock { state in
            defer { state.tables = Tables() }
            return state.tables
        }
        budget.gauge.add(-gone.bytes)
        return gone
    }

    /// Whether a dictionary was asked for since this was called last.
    func takeUsed() -> Bool { wasUsed.exchange(false, ordering: .relaxed) }

    /// Keeps what was read, unless somebody else was faster.
    private func keep(_ bytes: Int, _ insert: (inout Tables) -> Bool) {
        let (isNew, isFirst) = state.withLock { state in
            guard insert(&state.tables) else { return (false, false) }
            state.tables.bytes += bytes
            defer { state.isInBudget = true }
            return (true, !state.isInBudget)
        }
        if isFirst { budget.add(self) }
        guard isNew else { return }
        budget.gauge.add(bytes)
        budget.makeRoom(but: self)
    }

    // MARK: Terms

    func append(_ code: UInt32, of dictionary: DictionaryID, into out: inout ByteWriter) throws {
        if let table = try table(dictionary, forReading: 1) {
            defer { withExtendedLifetime(table) {} }
            guard let term = table[code] else { throw unknown(code, dictionary) }
            return out.bytes(term)
        }
        if let loaded = try section(dictionary) {
            defer { withExtendedLifetime(loaded) {} }
            guard code > 0, Int(code) <= loaded.section.count else { throw unknown(code, dictionary) }
            let start = out.count
            do {
                return try loaded.section.term(code, into: &out)
            } catch {
                out.truncate(to: start)
            }
        }
        try rebuilt().append(code, of: dictionary, into: &out)
    }

    /// The code of a term, or nil when no event of the segment holds it.
    func code(of term: [UInt8], _ dictionary: DictionaryID) throws -> UInt32? {
        guard footer.section(.dictionary, dictionary.rawValue) != nil else { return nil }
        if let loaded = try section(dictionary) {
            defer { withExtendedLifetime(loaded) {} }
            return try term.withView { (view) throws(FormatError) in try loaded.section.code(of: view) }
        }
        return try rebuilt().code(of: term, dictionary)
    }

    func count(_ dictionary: DictionaryID) throws -> Int {
        guard footer.section(.dictionary, dictionary.rawValue) != nil else { return 0 }
        if let loaded = try section(dictionary) { return loaded.section.count }
        return try rebuilt().count(dictionary)
    }

    func shapes(_ dictionary: DictionaryID, upTo code: UInt32) throws -> ShapeTable {
        if let known = state.withLock({ $0.shapes[dictionary] }) { return known }
        guard let table = try table(dictionary) else { return try rebuilt().shapes(dictionary, upTo: code) }
        defer { withExtendedLifetime(table) {} }
        var shapes = ShapeTable()
        for code in 0..<UInt32(table.count) {
            guard let term = table[code + 1] else { throw unknown(code + 1, dictionary) }
            try shapes.append(term.array)
        }
        state.withLock { $0.shapes[dictionary] = shapes }
        return shapes
    }

    private func unknown(_ code: UInt32, _ dictionary: DictionaryID) -> FormatError {
        FormatError(
            .invalid, "dictionary \(dictionary)", offset: 0, expected: "a known code", found: "\(code)")
    }

    func table(_ dictionary: DictionaryID, forReading codes: Int) throws -> TermTable? {
        if let known = state.withLock({ $0.tables.decoded[dictionary] }) {
            wasUsed.store(true, ordering: .relaxed)
            return known
        }
        guard let loaded = try section(dictionary) else { return nil }
        let asked = state.withLock { state in
            state.tables.lookUps[dictionary, default: 0] += codes
            return state.tables.lookUps[dictionary, default: 0]
        }
        return asked >= loaded.section.count / SealedTerms.lookUpCost ? try table(dictionary) : nil
    }

    /// The decoded dictionary, or nil when its section is damaged.
    func table(_ dictionary: DictionaryID) throws -> TermTable? {
        wasUsed.store(true, ordering: .relaxed)
        if let known = state.withLock({ $0.tables.decoded[dictionary] }) { return known }
        guard let loaded = try section(dictionary) else { return nil }
        defer { withExtendedLifetime(loaded) {} }
        guard let table = try? loaded.section.decodeAll() else { return nil }
        keep(table.byteCount) { tables in
            defer { tables.decoded[dictionary] = table }
            return tables.decoded[dictionary] == nil
        }
        return table
    }

    /// The dictionary, decoded for the caller alone; nil when its section is damaged.
    func decoded(_ dictionary: DictionaryID) throws -> TermTable? {
        if let known = state.withLock({ $0.tables.decoded[dictionary] }) { return known }
        guard footer.section(.dictionary, dictionary.rawValue) != nil else { return TermTable.empty }
        let loaded = try section(dictionary)
        defer { withExtendedLifetime(loaded) {} }
        return try loaded?.section.decodeAll()
    }

    private func section(_ dictionary: DictionaryID) throws -> LoadedSection? {
        wasUsed.store(true, ordering: .relaxed)
        if let known = state.withLock({ $0.tables.sections[dictionary] }) { return known }
        guard let place = footer.section(.dictionary, dictionary.rawValue) else { return nil }
        do {
            let bytes = try file.section(place)
            bytesRead.wrappingAdd(place.length, ordering: .relaxed)
            let loaded = LoadedSection(
                owner: bytes, section: try DictionarySection(bytes.view, origin: place.offset))
            keep(place.length) { tables in
                defer { tables.sections[dictionary] = loaded }
                return tables.sections[dictionary] == nil
            }
            return loaded
        } catch is FormatError {
            return nil
        }
    }

    private func rebuilt() throws -> GrowingTerms {
        if let known = state.withLock({ $0.rebuilt }) { return known }
        let terms = try fallback()
        state.withLock { $0.rebuilt = terms }
        return terms
    }
}

extension StorageFile {
    /// The bytes of an index section, checked against the section table.
    func section(_ section: IndexSection) throws -> Bytes {
        let bytes = try bytes(at: section.offset, section.length, what: "index section \(section.role)")
        let computed = Checksum.of(bytes.view)
        guard computed == section.checksum else {
            throw FormatError(
                .checksum, "index section \(section.role) \(section.id)", offset: section.offset,
                expected: hex(section.checksum), found: hex(computed))
        }
        return bytes
    }
}
