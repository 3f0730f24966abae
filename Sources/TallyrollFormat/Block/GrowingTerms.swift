import Synchronization

/// The dictionaries of a segment as its blocks reveal them: each block adds its new terms. Readers in any thread;
/// a code once known stays known.
package final class GrowingTerms: SegmentTerms, Sendable {
    private struct Dictionary {
        var text: [UInt8] = []
        var ends: [Int] = [0]
        var codes: [[UInt8]: UInt32]?
        var shapes = ShapeTable()

        var count: Int { ends.count - 1 }

        mutating func append(_ new: BlockTerms, from start: Int) {
            let known = count
            new.append(from: start, to: &text, &ends)
            guard codes != nil, count > known else { return }
            for code in UInt32(known + 1)...UInt32(count) {
                let bytes = Array(term(code))
                codes?[bytes] = code
            }
        }

        /// Appends a term; false when the code is not known.
        func append(_ code: UInt32, to target: Target) -> Bool {
            guard code > 0, Int(code) <= count else { return false }
            let range = ends[Int(code) - 1]..<ends[Int(code)]
            text.withUnsafeBufferPointer { text in
                guard let base = text.baseAddress else { return }
                target.append(ByteView(base: base + range.lowerBound, count: range.count))
            }
            return true
        }

        func term(_ code: UInt32) -> ArraySlice<UInt8> { text[ends[Int(code) - 1]..<ends[Int(code)]] }
    }

    private let dictionaries = Mutex([Dictionary](repeating: Dictionary(), count: DictionaryID.count))

    package init() {}

    /// Adds the terms that a block brings. Terms that are known already are passed over, so that a block may be
    /// added again; a gap between what is known and the first new code is an error.
    private func add(_ dictionary: DictionaryID, _ new: BlockTerms) throws(FormatError) {
        let gap = dictionaries.withLock { all -> Int? in
            let known = all[dictionary.index].count
            guard new.firstCode <= known + 1 else { return known }
            all[dictionary.index].append(new, from: known + 1 - new.firstCode)
            return nil
        }
        if let gap {
            throw FormatError(
                .invalid, "new terms of \(dictionary)", offset: 0, expected: "first code \(gap + 1)",
                found: "\(new.firstCode)")
        }
    }

    /// Adds the new terms of a block that was just encoded.
    package func add(_ new: [AddedTerms]) throws(FormatError) {
        for terms in new { try add(terms.dictionary, terms.terms) }
    }

    /// Adds all new terms of a block.
    package func add(_ block: BlockReader) throws {
        for dictionary in DictionaryID.allCases {
            guard let new = try block.newTerms(dictionary) else { continue }
            try add(dictionary, new)
        }
    }

    package func count(_ dictionary: DictionaryID) -> Int {
        dictionaries.withLock { $0[dictionary.index].count }
    }

    package func append(_ code: UInt32, of dictionary: DictionaryID, into out: inout ByteWriter) throws {
        let isKnown = withUnsafeMutablePointer(to: &out) { writer in
            let target = Target(writer: writer)
            return dictionaries.withLock { all in
                all.withUnsafeBufferPointer { $0[dictionary.index].append(code, to: target) }
            }
        }
        guard isKnown else { throw GrowingTerms.unknown(code, dictionary) }
    }

    /// Where a term goes while the lock is held.
    ///
    /// `@unchecked Sendable`: used by the thread that made it, during one call.
    private struct Target: @unchecked Sendable {
        let writer: UnsafeMutablePointer<ByteWriter>

        func append(_ term: ByteView) { writer.pointee.bytes(term) }
    }

    static func unknown(_ code: UInt32, _ dictionary: DictionaryID) -> FormatError {
        FormatError(
            .invalid, "dictionary \(dictionary)", offset: 0, expected: "a known code", found: "\(code)")
    }

    /// The code of a term, or nil when no block so far holds it.
    package func code(of term: [UInt8], _ dictionary: DictionaryID) -> UInt32? {
        dictionaries.withLock { all in
            if all[dictionary.index].codes == nil {
                var codes: [[UInt8]: UInt32] = [:]
                for code in 1..<UInt32(all[dictionary.index].count + 1) {
                    codes[Array(all[dictionary.index].term(code))] = code
                }
                all[dictionary.index].codes = codes
            }
            return all[dictionary.index].codes?[term]
        }
    }

    /// All terms of a dictionary in code order.
    package func terms(_ dictionary: DictionaryID) -> [[UInt8]] {
        dictionaries.withLock { all in
            (1..<UInt32(all[dictionary.index].count + 1)).map { Array(all[dictionary.index].term($0)) }
        }
    }

    package func shapes(_ dictionary: DictionaryID, upTo code: UInt32) throws -> ShapeTable {
        try dictionaries.withLock { all in
            while all[dictionary.index].shapes.count < all[dictionary.index].count {
                let next = UInt32(all[dictionary.index].shapes.count + 1)
                let text = Array(all[dictionary.index].term(next))
                try all[dictionary.index].shapes.append(text)
            }
            guard all[dictionary.index].shapes.count >= Int(code) else {
                throw GrowingTerms.unknown(code, dictionary)
            }
            return all[dictionary.index].shapes
        }
    }
}

/// The terms that a block adds to one dictionary.
package struct AddedTerms: Sendable {
    let dictionary: DictionaryID
    let terms: BlockTerms
}

/// A block in memory.
package final class MemoryBlockSource: BlockSource {
    private let bytes: Bytes

    package init(_ bytes: Bytes) { self.bytes = bytes }

    package var isInMemory: Bool { true }

    package func read(_ offset: Int, _ length: Int) throws -> Bytes {
        guard let part = Bytes(part: offset, length, of: bytes) else {
            throw FormatError(
                .truncated, "block", offset: offset, expected: "\(length) bytes",
                found: "\(bytes.count - offset)")
        }
        return part
    }
}
