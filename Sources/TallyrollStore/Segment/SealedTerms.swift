import Synchronization
import TallyrollFormat

/// The dictionaries of a sealed segment: read from its index region when first asked for, or, where that is
/// damaged, put together from the blocks.
final class SealedTerms: SegmentTerms, Sendable {
    private let sections: SectionFile
    private let footer: SegmentFooter
    private let fallback: @Sendable () throws -> GrowingTerms
    /// By dictionary; nil for those that the segment has not.
    private let dictionaries: [IndexSlot<LoadedDictionary>?]
    private let tables: [IndexSlot<LoadedTerms>?]
    private let state = Mutex(State())

    /// A term fetched alone costs as much as so many of a dictionary that is decoded as a whole: half of a group is
    /// walked through. By the time look-ups have cost about as much as decoding, it is decoded: about twice the least
    /// that can be paid, whatever is asked, and however often memory lets the dictionary go.
    private static let lookUpCost = 8

    private struct State {
        /// How many terms were asked for one by one.
        var lookUps = InlineArray<16, Int>(repeating: 0)
        var shapes: [DictionaryID: ShapeTable] = [:]
        var rebuilt: GrowingTerms?
    }

    init(
        _ sections: SectionFile, footer: SegmentFooter,
        fallback: @escaping @Sendable () throws -> GrowingTerms
    ) {
        self.sections = sections
        self.footer = footer
        self.fallback = fallback
        let isThere = DictionaryID.allCases.map { footer.section(.dictionary, $0.rawValue) != nil }
        dictionaries = isThere.map { $0 ? IndexSlot(sections.budget) : nil }
        tables = isThere.map { $0 ? IndexSlot(sections.budget) : nil }
    }

    /// Lets go what is in memory and can be read again; whoever uses it keeps it until then.
    func release() {
        for slot in dictionaries { _ = slot?.release() }
        for slot in tables { _ = slot?.release() }
    }

    // MARK: Terms

    func append(_ code: UInt32, of dictionary: DictionaryID, into out: inout ByteWriter) throws {
        guard let table = try fetch(code, of: dictionary, into: &out) else { return }
        defer { withExtendedLifetime(table) {} }
        guard let term = table[code] else { throw unknown(code, dictionary) }
        out.bytes(term)
    }

    func fetch(
        _ code: UInt32, of dictionary: DictionaryID, into out: inout ByteWriter
    ) throws -> TermTable? {
        if let known = tables[dictionary.index]?.current { return known.table }
        if let loaded = try self.dictionary(dictionary) {
            if isWorthDecoding(loaded, dictionary, 1), let table = try table(dictionary) { return table }
            defer { withExtendedLifetime(loaded) {} }
            guard code > 0, Int(code) <= loaded.section.count else { throw unknown(code, dictionary) }
            let start = out.count
            do {
                try loaded.section.term(code, into: &out)
                return nil
            } catch {
                out.truncate(to: start)
            }
        }
        try rebuilt().append(code, of: dictionary, into: &out)
        return nil
    }

    /// The code of a term, or nil when no event of the segment holds it.
    func code(of term: [UInt8], _ dictionary: DictionaryID) throws -> UInt32? {
        guard dictionaries[dictionary.index] != nil else { return nil }
        if let loaded = try self.dictionary(dictionary) {
            defer { withExtendedLifetime(loaded) {} }
            do {
                return try term.withView { (view) throws(FormatError) in try loaded.section.code(of: view) }
            } catch {
                // A page is damaged.
            }
        }
        return try rebuilt().code(of: term, dictionary)
    }

    func count(_ dictionary: DictionaryID) throws -> Int {
        guard dictionaries[dictionary.index] != nil else { return 0 }
        if let loaded = try self.dictionary(dictionary) { return loaded.section.count }
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
        if let known = tables[dictionary.index]?.current { return known.table }
        guard let loaded = try self.dictionary(dictionary) else { return nil }
        return isWorthDecoding(loaded, dictionary, codes) ? try table(dictionary) : nil
    }

    /// Takes note that so many codes are looked up, and says whether that makes the whole dictionary worth it.
    private func isWorthDecoding(
        _ loaded: LoadedDictionary, _ dictionary: DictionaryID, _ codes: Int
    ) -> Bool {
        let asked = state.withLock { state in
            state.lookUps[dictionary.index] += codes
            return state.lookUps[dictionary.index]
        }
        return asked >= loaded.section.count / SealedTerms.lookUpCost
    }

    /// The decoded dictionary, or nil when its section is damaged.
    func table(_ dictionary: DictionaryID) throws -> TermTable? {
        guard let slot = tables[dictionary.index] else { return nil }
        if let known = slot.current { return known.table }
        guard let loaded = try self.dictionary(dictionary) else { return nil }
        defer { withExtendedLifetime(loaded) {} }
        guard let table = try? loaded.section.decodeAll() else { return nil }
        state.withLock { $0.lookUps[dictionary.index] = 0 }
        return slot.keepFirst(LoadedTerms(table, gauge: sections.budget.gauge)).table
    }

    /// The dictionary, decoded for the caller alone; nil when its section is damaged. Keeps nothing.
    func decoded(_ dictionary: DictionaryID) throws -> TermTable? {
        guard let slot = dictionaries[dictionary.index] else { return TermTable.empty }
        if let known = tables[dictionary.index]?.current { return known.table }
        let loaded = try slot.current ?? open(dictionary)
        defer { withExtendedLifetime(loaded) {} }
        return try loaded?.section.decodeAll()
    }

    /// The dictionary, nil when its section is damaged. The caller holds it for as long as it looks at it.
    private func dictionary(_ dictionary: DictionaryID) throws -> LoadedDictionary? {
        guard let slot = dictionaries[dictionary.index] else { return nil }
        if let known = slot.current { return known }
        return try open(dictionary).map { slot.keepFirst($0) }
    }

    private func open(_ dictionary: DictionaryID) throws -> LoadedDictionary? {
        guard let place = footer.section(.dictionary, dictionary.rawValue) else { return nil }
        do {
            return try LoadedDictionary(sections.open(place), origin: place.offset)
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
