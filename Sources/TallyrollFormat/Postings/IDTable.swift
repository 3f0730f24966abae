/// Finds where an event with a given id may be, without storing ids: a static table of fingerprints.
///
/// The 64-bit hash of an id chooses one of as many buckets as there are entries (by its top bits) and leaves an
/// fingerprint (its low bits); an entry is the fingerprint and the payload, the number of the block or granule that
/// holds the event. A look-up never misses an id that is there, and names a block in vain about once in 256 look-ups of
/// another id, where fingerprints have 8 bits (`Fingerprints`).
///
/// | offset | size | what |
/// |---|---|---|
/// | 0 | 1 | version, 1 |
/// | 1 | 4 | entries, and buckets |
/// | 5 | 4 | payloads are below this |
/// | 9 | | bits, padded with zeros: entries up to and with each bucket (`MonotoneSequence`) · the entries by bucket, ascending within it, each the payload (as many bits as the largest possible one needs) and above it the fingerprint (`fingerprintWidth`) |
///
/// Opening is O(1); `checkInvariants` proves the rest. Wrong bits give wrong payloads below the bound, no more.
package struct IDTable {
    package let count: Int
    /// Payloads are below this.
    package let payloadBound: Int
    private let bits: BitView
    private let ends: MonotoneSequence
    private let entriesStart: Int
    private let payloadWidth: Int
    private let fingerprintWidth: Int
    private let origin: Int
    /// Has what is looked at read, where the section is not in memory as a whole.
    private let pages: PageMap

    private static let version: UInt8 = 1
    private static let headerBytes = 9
    private static let what = "id table"

    /// Where events are to be looked for.
    package enum Payload {
        /// In the granule of `2^shift` ordinals that holds theirs.
        case granules(shift: Int)
        /// In the block with this number, given for each ordinal.
        case blocks(UnsafeBufferPointer<UInt32>)
    }

    /// How many bits a fingerprint has.
    package enum Fingerprints {
        case of8Bits
        /// More than 8 where payloads take less than 4: then segments are small and many, and all of them are asked. In
        /// a segment of two blocks a look-up of another id names one in vain once in 2,048 times.
        case widened

        fileprivate func width(payloadWidth: Int) -> Int {
            switch self {
            case .of8Bits: 8
            case .widened: max(8, 12 - payloadWidth)
            }
        }
    }

    /// Opens a section; `origin` is where it begins in its file.
    package init(
        _ section: ByteView, origin: Int = 0, pages: PageMap = .complete,
        fingerprints: Fingerprints = .widened
    ) throws(FormatError) {
        try pages.need(0..<IDTable.headerBytes)
        try pages.need((section.count - BitView.paddingBytes - 1)..<section.count)
        var reader = ByteReader(section, what: IDTable.what, origin: origin)
        let version = try reader.u8()
        guard version == IDTable.version else {
            throw FormatError(
                .unsupported, IDTable.what, offset: origin, expected: "version 1", found: "\(version)")
        }
        count = Int(try reader.u32())
        payloadBound = Int(try reader.u32())
        guard payloadBound > 0 || count == 0 else {
            throw reader.invalid("payload bound", expected: "more than 0", found: "0")
        }
        payloadWidth = BitPacking.width(forMaximum: UInt64(max(payloadBound - 1, 0)))
        fingerprintWidth = fingerprints.width(payloadWidth: payloadWidth)
        entriesStart = MonotoneSequence.bitCount(count: count, upper: count)
        bits = try BitView(
            try reader.bytes(reader.remaining),
            count: entriesStart + count * (payloadWidth + fingerprintWidth), what: IDTable.what,
            origin: origin + IDTable.headerBytes)
        ends = try MonotoneSequence(bits, at: 0, count: count, upper: count, what: IDTable.what)
        self.origin = origin
        self.pages = pages
    }

    /// The payloads under which an event with an id of this hash may be, ascending, each once.
    ///
    /// - Complexity: O(1) expected.
    @inline(__always)
    package func candidates(_ hash: UInt64) -> Candidates {
        guard count > 0 else { return Candidates(table: self, range: 0..<0, fingerprint: 0) }
        let bounds = ends.bounds(IDTable.bucket(hash, of: count))
        return Candidates(
            table: self, range: bounds.lower..<bounds.upper,
            fingerprint: IDTable.fingerprint(hash, width: fingerprintWidth))
    }

    /// The same for tables that are in memory as a whole: payloads with the place of their table, ascending.
    package static func candidates(_ hash: UInt64, in tables: [IDTable?]) -> [(place: Int, payload: Int)] {
        var found: [(place: Int, payload: Int)] = []
        tables.withUnsafeBufferPointer { tables in
            for place in tables.indices {
                guard let table = tables[place] else { continue }
                for payload in table.candidates(hash) { found.append((place, Int(payload))) }
            }
        }
        return found
    }

    /// Has what `candidates` looks at read, where the section is not in memory as a whole.
    package func need(_ hash: UInt64) throws(FormatError) {
        guard pages.isPartial, count > 0 else { return }
        let bucket = IDTable.bucket(hash, of: count)
        try ends.need(max(bucket - 1, 0)..<(bucket + 1), pages, from: IDTable.headerBytes)
        let bounds = ends.bounds(bucket)
        let width = payloadWidth + fingerprintWidth
        try pages.need(
            bits: (entriesStart + bounds.lower * width)..<(entriesStart + bounds.upper * width),
            from: IDTable.headerBytes)
    }

    package struct Candidates: Sequence, IteratorProtocol {
        private let table: IDTable
        private var index: Int
        private let end: Int
        private let fingerprint: Int
        private var previous = -1

        fileprivate init(table: IDTable, range: Range<Int>, fingerprint: Int) {
            self.table = table
            index = range.lowerBound
            end = range.upperBound
            self.fingerprint = fingerprint
        }

        package mutating func next() -> UInt32? {
            while index < end {
                let entry = table.entry(index)
                let found = entry >> table.payloadWidth
                if found > fingerprint { break }
                index += 1
                let payload = entry & (1 << table.payloadWidth - 1)
                if found == fingerprint, payload != previous, payload < table.payloadBound {
                    previous = payload
                    return UInt32(truncatingIfNeeded: payload)
                }
            }
            index = end
            return nil
        }
    }

    /// Throws unless the section is what `build` writes for some hashes.
    ///
    /// - Complexity: O(`count`).
    package func checkInvariants() throws(FormatError) {
        try pages.needAll()
        try ends.checkInvariants(what: IDTable.what)
        guard count == 0 || ends.value(count - 1) == count else {
            throw wrong("buckets that hold \(count) entries", "fewer")
        }
        var iterator = ends.iterator()
        var start = 0
        while let end = iterator.next() {
            var previous = 0
            for index in start..<end {
                let entry = entry(index)
                guard entry >= previous, entry & (1 << payloadWidth - 1) < payloadBound else {
                    throw wrong("ascending entries with payloads below \(payloadBound)", "others")
                }
                previous = entry
            }
            start = end
        }
    }

    @inline(__always)
    private func entry(_ index: Int) -> Int {
        let width = payloadWidth &+ fingerprintWidth
        return bits.value(at: entriesStart &+ index &* width, width: width)
    }

    @inline(__always)
    private static func bucket(_ hash: UInt64, of count: Int) -> Int {
        Int(truncatingIfNeeded: hash.multipliedFullWidth(by: UInt64(truncatingIfNeeded: count)).high)
    }

    @inline(__always)
    private static func fingerprint(_ hash: UInt64, width: Int) -> Int {
        Int(truncatingIfNeeded: hash & (1 << UInt64(truncatingIfNeeded: width) - 1))
    }

    private func wrong(_ expected: String, _ found: String) -> FormatError {
        FormatError(.invalid, IDTable.what, offset: origin, expected: expected, found: found)
    }
}

extension IDTable {
    /// Appends the section for the events whose ids have these hashes, by ordinal. `present` has a bit an ordinal
    /// (least significant first), set where the event has an id to be found; nil when all have. Every event is
    /// entered, also when ids repeat.
    ///
    /// - Complexity: O(ordinals); 16 bytes an entry while it runs.
    package static func build(
        hashes: UnsafeBufferPointer<UInt64>, present: UnsafeBufferPointer<UInt64>? = nil, payload: Payload,
        fingerprints: Fingerprints = .widened, into writer: inout ByteWriter
    ) {
        precondition(hashes.count <= PostingList.universeMax)
        if let present { precondition(present.count >= (hashes.count + 63) >> 6, "a bit an ordinal") }
        let ordinals = Ordinals(total: hashes.count, present: present)
        let count = ordinals.count
        let bound = payloadBound(payload, ordinals: hashes.count)
        let payloadWidth = BitPacking.width(forMaximum: UInt64(max(bound - 1, 0)))
        let fingerprintWidth = fingerprints.width(payloadWidth: payloadWidth)

        // As in a counting sort: ends[b + 1] counts bucket b, then ends[b] is where b's next entry goes.
        var ends = [UInt32](repeating: 0, count: count + 1)
        let entries = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: count)
        defer { entries.deallocate() }
        ends.withUnsafeMutableBufferPointer { ends in
            ordinals.forEach { ordinal in ends[bucket(hashes[ordinal], of: count) + 1] += 1 }
            for index in 1..<(count + 1) { ends[index] += ends[index - 1] }
            ordinals.forEach { ordinal in
                let hash = hashes[ordinal]
                let number: Int =
                    switch payload {
                    case .granules(let shift): ordinal >> shift
                    case .blocks(let blocks): Int(blocks[ordinal])
                    }
                let bucket = bucket(hash, of: count)
                entries[Int(ends[bucket])] = UInt64(
                    fingerprint(hash, width: fingerprintWidth) << payloadWidth | number)
                ends[bucket] += 1
            }
        }

        let endsBits = MonotoneSequence.bitCount(count: count, upper: count)
        let width = payloadWidth + fingerprintWidth
        var bits = BitBuffer(count: endsBits + count * width)
        ends.withUnsafeBufferPointer { ends in
            let filled = UnsafeBufferPointer(rebasing: ends[..<count])
            _ = MonotoneSequence.write(filled, upper: count, into: &bits, at: 0)
            var start = 0
            for end in filled {
                sort(entries, start, Int(end))
                start = Int(end)
            }
        }
        var at = endsBits
        for entry in entries {
            bits.write(Int(truncatingIfNeeded: entry), width: width, at: at)
            at += width
        }
        writer.u8(version)
        writer.u32(UInt32(count))
        writer.u32(UInt32(count == 0 ? 0 : bound))
        bits.append(to: &writer)
    }

    /// The bytes of the section for so many entries whose payloads are blocks, of which there are so many.
    package static func bytes(entries: Int, blocks: Int) -> Int {
        let payloadWidth = BitPacking.width(forMaximum: UInt64(max(blocks - 1, 0)))
        let bits =
            MonotoneSequence.bitCount(count: entries, upper: entries)
            + entries * (payloadWidth + Fingerprints.widened.width(payloadWidth: payloadWidth))
        return headerBytes + BitView.bytes(forBits: bits)
    }

    private static func payloadBound(_ payload: Payload, ordinals: Int) -> Int {
        switch payload {
        case .granules(let shift):
            precondition(shift >= 0 && shift < 32)
            return ordinals == 0 ? 0 : (ordinals - 1) >> shift + 1
        case .blocks(let blocks):
            precondition(blocks.count == ordinals, "a block for each ordinal")
            let largest = blocks.max() ?? 0
            precondition(largest < UInt32.max)
            return Int(largest) + 1
        }
    }

    /// Sorts the entries of one bucket: nearly always a handful.
    @inline(__always)
    private static func sort(_ entries: UnsafeMutableBufferPointer<UInt64>, _ start: Int, _ end: Int) {
        if end - start > 16 {
            var bucket = UnsafeMutableBufferPointer(rebasing: entries[start..<end])
            bucket.sort()
            return
        }
        var index = start + 1
        while index < end {
            let entry = entries[index]
            var hole = index
            while hole > start, entries[hole - 1] > entry {
                entries[hole] = entries[hole - 1]
                hole -= 1
            }
            entries[hole] = entry
            index += 1
        }
    }

    /// The ordinals that are to be entered.
    private struct Ordinals {
        let total: Int
        let present: UnsafeBufferPointer<UInt64>?

        var count: Int {
            guard present != nil else { return total }
            var count = 0
            forEach { _ in count += 1 }
            return count
        }

        @inline(__always)
        func forEach(_ body: (Int) -> Void) {
            guard let present else {
                for ordinal in 0..<total { body(ordinal) }
                return
            }
            for ordinal in 0..<total where present[ordinal >> 6] >> UInt64(ordinal & 63) & 1 != 0 {
                body(ordinal)
            }
        }
    }
}
