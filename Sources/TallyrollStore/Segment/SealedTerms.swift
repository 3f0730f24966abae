import Synchronization
import TallyrollFormat

/// The dictionaries of a sealed segment: read from its index region when first asked for, or, where that is
/// damaged, put together from the blocks.
final class SealedTerms: SegmentTerms, Sendable {
    private let file: any StorageFile
    private let footer: SegmentFooter
    private let fallback: @Sendable () throws -> GrowingTerms
    private let state = Mutex(State())
    /// The bytes of dictionaries read so far.
    let bytesRead = Atomic<Int>(0)

    private struct State {
        var decoded: [DictionaryID: TermTable] = [:]
        var sections: [DictionaryID: LoadedSection] = [:]
        var shapes: [DictionaryID: ShapeTable] = [:]
        var rebuilt: GrowingTerms?
    }

    /// A section with the bytes it reads. `@unchecked Sendable`: the bytes never change.
    private struct LoadedSection: @unchecked Sendable {
        let owner: Bytes
        let section: DictionarySection
    }

    init(
        _ file: any StorageFile, footer: SegmentFooter,
        fallback: @escaping @Sendable () throws -> GrowingTerms
    ) {
        self.file = file
        self.footer = footer
        self.fallback = fallback
    }

    func append(_ code: UInt32, of dictionary: DictionaryID, into out: inout ByteWriter) throws {
        if let table = try table(dictionary) {
            guard let term = table[code] else { throw unknown(code, dictionary) }
            out.bytes(term)
        } else {
            try rebuilt().append(code, of: dictionary, into: &out)
        }
    }

    /// The code of a term, or nil when no event of the segment holds it.
    func code(of term: [UInt8], _ dictionary: DictionaryID) throws -> UInt32? {
        guard footer.section(.dictionary, dictionary.rawValue) != nil else { return nil }
        if let loaded = try section(dictionary) {
            return try term.withView { (view) throws(FormatError) in try loaded.section.code(of: view) }
        }
        return try rebuilt().code(of: term, dictionary)
    }

    func count(_ dictionary: DictionaryID) throws -> Int {
        guard footer.section(.dictionary, dictionary.rawValue) != nil else { return 0 }
        if let table = try table(dictionary) { return table.count }
        return try rebuilt().count(dictionary)
    }

    func shapes(_ dictionary: DictionaryID, upTo code: UInt32) throws -> ShapeTable {
        if let known = state.withLock({ $0.shapes[dictionary] }) { return known }
        guard let table = try table(dictionary) else { return try rebuilt().shapes(dictionary, upTo: code) }
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

    /// The decoded dictionary, or nil when its section is damaged.
    func table(_ dictionary: DictionaryID) throws -> TermTable? {
        if let known = state.withLock({ $0.decoded[dictionary] }) { return known }
        guard let loaded = try section(dictionary), let table = try? loaded.section.decodeAll() else {
            return nil
        }
        state.withLock { $0.decoded[dictionary] = table }
        return table
    }

    /// The dictionary, decoded for the caller alone; nil when its section is damaged.
    func decoded(_ dictionary: DictionaryID) throws -> TermTable? {
        if let known = state.withLock({ $0.decoded[dictionary] }) { return known }
        guard footer.section(.dictionary, dictionary.rawValue) != nil else { return TermTable.empty }
        return try section(dictionary)?.section.decodeAll()
    }

    private func section(_ dictionary: DictionaryID) throws -> LoadedSection? {
        if let known = state.withLock({ $0.sections[dictionary] }) { return known }
        guard let place = footer.section(.dictionary, dictionary.rawValue) else { return nil }
        do {
            let bytes = try file.section(place)
            bytesRead.wrappingAdd(place.length, ordering: .relaxed)
            let loaded = LoadedSection(
                owner: bytes, section: try DictionarySection(bytes.view, origin: place.offset))
            state.withLock { $0.sections[dictionary] = loaded }
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
