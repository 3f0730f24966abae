/// Memory for texts that are put together while rows are read. What was handed out never moves, and stays until the
/// arena is emptied; the memory itself is used again and again.
package struct TextArena: ~Copyable {
    private var chunks: [UnsafeMutableRawBufferPointer] = []
    /// The chunk that is being filled, and how far.
    private var current = 0
    private var used = 0
    /// Where a text is put together before its length is known.
    package var scratch = ByteWriter(capacity: 256)

    /// Of the first chunk; each next one is twice as large, up to a limit.
    private static let chunkBytes = 4 << 10

    /// The dictionaries of one segment in which texts lie that were handed out without being copied: kept, and asked for
    /// once, for as long as rows of that segment are read.
    private var tables: [TermTable] = []
    private var known = InlineArray<15, Unmanaged<TermTable>?>(repeating: nil)
    private var source: (any TermSource)?
    private var touched: UInt32 = 0

    /// The term of each dictionary that was fetched last: of few rows of one block after the other, many have the same.
    private var fetched: [FetchedTerm] = []

    private struct FetchedTerm {
        var code: UInt32 = 0
        var text: [UInt8] = []
    }

    package init() { precondition(DictionaryID.count == 15) }

    deinit { for chunk in chunks { chunk.deallocate() } }

    /// Forgets what was handed out and keeps the memory, and the dictionaries.
    package mutating func removeAll() {
        current = 0
        used = 0
    }

    /// Lets the dictionaries go, when nothing of them is used any more.
    mutating func removeTables() {
        source = nil
        forgetTerms()
        tables.removeAll(keepingCapacity: true)
    }

    private mutating func forgetTerms() {
        known = InlineArray(repeating: nil)
        for index in fetched.indices { fetched[index].code = 0 }
    }

    /// A dictionary in memory, for a reader of so many codes; nil when terms are fetched one by one for less. It stays until
    /// the dictionaries are let go.
    @inline(__always)
    mutating func table(
        of terms: any TermSource, _ dictionary: DictionaryID, forReading codes: Int
    ) throws -> TermTable? {
        if source === terms, let table = known[dictionary.index] { return table.takeUnretainedValue() }
        return try findTable(of: terms, dictionary, forReading: codes)
    }

    @inline(never)
    private mutating func findTable(
        of terms: any TermSource, _ dictionary: DictionaryID, forReading codes: Int
    ) throws -> TermTable? {
        guard let table = try terms.table(dictionary, forReading: codes) else { return nil }
        keep(table, of: terms, dictionary)
        return table
    }

    private mutating func keep(_ table: TermTable, of terms: any TermSource, _ dictionary: DictionaryID) {
        changeSource(to: terms)
        tables.append(table)
        known[dictionary.index] = Unmanaged.passUnretained(table)
    }

    private mutating func changeSource(to terms: any TermSource) {
        guard source !== terms else { return }
        // Texts of the other segment's dictionaries may still be in use: these stay.
        forgetTerms()
        source = terms
    }

    /// The term of a code from 1 on: where it lies in a dictionary in memory, or a copy.
    mutating func term(
        _ code: UInt32, of terms: any TermSource, _ dictionary: DictionaryID
    ) throws -> ByteView {
        let index = dictionary.index
        if source === terms {
            if let table = known[index] { return try table._withUnsafeGuaranteedRef { try $0.term(code) } }
            if index < fetched.count, fetched[index].code == code {
                let text = fetched[index].text
                return text.withView { copy($0) }
            }
        } else {
            changeSource(to: terms)
        }
        scratch.removeAll()
        if let table = try terms.fetch(code, of: dictionary, into: &scratch) {
            keep(table, of: terms, dictionary)
            return try table.term(code)
        }
        while fetched.count <= index { fetched.append(FetchedTerm()) }
        fetched[index].code = code
        fetched[index].text.removeAll(keepingCapacity: true)
        fetched[index].text.append(contentsOf: scratch.view.raw)
        return copyScratch()
    }

    /// Memory for `length` bytes, uninitialised.
    @inline(__always)
    package mutating func take(_ length: Int) -> UnsafeMutablePointer<UInt8> {
        precondition(length >= 0)
        if current < chunks.count, length <= chunks[current].count - used,
            let base = chunks[current].baseAddress
        {
            defer { used += length }
            return (base + used).assumingMemoryBound(to: UInt8.self)
        }
        return takeElsewhere(length)
    }

    @inline(never)
    private mutating func takeElsewhere(_ length: Int) -> UnsafeMutablePointer<UInt8> {
        if current < chunks.count { current += 1 }
        while current < chunks.count, chunks[current].count < length {
            chunks.remove(at: current).deallocate()
        }
        if current == chunks.count {
            let size = max(length, TextArena.chunkBytes << min(current, 6))
            chunks.append(UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16))
        }
        used = length
        let base = chunks[current].bindMemory(to: UInt8.self).baseAddress
        precondition(base != nil, "a chunk is never empty")
        return base.unsafelyUnwrapped
    }

    /// Takes note of what was looked at only to have it in the processor's cache when it is needed: loads that do not wait
    /// for each other take a tenth of the time of those that come one by one.
    @inline(__always)
    mutating func touch(_ seen: UInt32) { touched ^= seen }

    /// A copy of what `scratch` holds.
    package mutating func copyScratch() -> ByteView {
        let view = scratch.view
        return copy(view)
    }

    /// A copy that stays where it is.
    package mutating func copy(_ view: ByteView) -> ByteView {
        let target = take(view.count)
        target.update(from: view.base, count: view.count)
        return ByteView(base: target, count: view.count)
    }
}

/// An array of plain values that never changes its size, for objects that are read from hot loops: no reference is
/// counted and no exclusivity checked when it is read.
///
/// `@unchecked Sendable`: it is written before it is shared.
package final class FixedArray<Element: BitwiseCopyable>: @unchecked Sendable {
    let base: UnsafeMutablePointer<Element>
    package let count: Int

    init(count: Int, repeating value: Element) {
        self.count = count
        base = .allocate(capacity: max(count, 1))
        base.initialize(repeating: value, count: count)
    }

    convenience init(_ values: [Element], padding: Element) {
        self.init(count: values.count, repeating: padding)
        for index in values.indices { base[index] = values[index] }
    }

    deinit { base.deallocate() }

    var byteCount: Int { count * MemoryLayout<Element>.stride }

    @inline(__always)
    subscript(index: Int) -> Element {
        precondition(index >= 0 && index < count)
        return base[index]
    }
}
