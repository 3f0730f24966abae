/// Puts the terms of a dictionary together, one after the other in sorted order. Owns the memory it does so in.
struct DictionaryWalker: ~Copyable {
    private let dictionary: DictionarySection
    /// The rank of `term`.
    private(set) var rank: Int
    private var reader: ByteReader
    /// Room for the longest term, and after it for a tail.
    private let memory: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    private var length = 0
    private var tailLength = 0

    /// Stands on the first term of `group`, whose bytes `reader` is at the start of.
    fileprivate init(_ dictionary: DictionarySection, group: Int, _ reader: ByteReader) throws(FormatError) {
        self.dictionary = dictionary
        self.reader = reader
        rank = group << DictionarySection.groupShift
        capacity = dictionary.termBytesMax
        memory = UnsafeMutablePointer<UInt8>.allocate(capacity: max(capacity * 2, 1))
        try readFirst()
    }

    deinit { memory.deallocate() }

    /// The bytes of the current term, until the walker moves or ends.
    var term: ByteView { ByteView(base: UnsafePointer(memory), count: length) }

    /// Goes on to the next term, which there must be.
    mutating func advance() throws(FormatError) {
        precondition(rank + 1 < dictionary.count)
        rank += 1
        let inGroup = rank & (1 << DictionarySection.groupShift - 1)
        if inGroup == 0 {
            try reader.finish()
            reader = try dictionary.group(rank >> DictionarySection.groupShift)
            try readFirst()
        } else {
            if inGroup == 1 { try readTail() }
            try readNext()
        }
    }

    /// Throws unless the current group ends with the current term.
    func finish() throws(FormatError) { try reader.finish() }

    private mutating func readFirst() throws(FormatError) {
        let group = rank >> DictionarySection.groupShift
        let head = try DictionaryHead(dictionary, group: group, &reader)
        guard head.count <= capacity else { throw tooLong(head.count) }
        length = 0
        append(head.beginning)
        append(head.middle)
        append(head.end)
    }

    private mutating func readTail() throws(FormatError) {
        tailLength = try reader.length(atMost: length)
        (memory + capacity).update(from: memory + (length - tailLength), count: tailLength)
    }

    private mutating func readNext() throws(FormatError) {
        let control = Int(try reader.u8())
        var dropped = control >> 4
        var added = control & 15
        if dropped == 15 { dropped += try reader.length(atMost: capacity) }
        if added == 15 { added += try reader.length(atMost: capacity) }
        let stem = length - tailLength
        guard dropped <= stem else {
            throw reader.invalid("bytes to drop", expected: "at most \(stem)", found: "\(dropped)")
        }
        let kept = stem - dropped
        guard kept + added + tailLength <= capacity else { throw tooLong(kept + added + tailLength) }
        length = kept
        append(try reader.bytes(added))
        append(ByteView(base: UnsafePointer(memory + capacity), count: tailLength))
    }

    /// Appends bytes for which there is room.
    private mutating func append(_ view: ByteView) {
        precondition(view.count <= capacity - length)
        (memory + length).update(from: view.base, count: view.count)
        length += view.count
    }

    private func tooLong(_ count: Int) -> FormatError {
        reader.invalid("term", expected: "at most \(capacity) bytes", found: "\(count)")
    }
}

extension DictionarySection {
    /// A walker that stands on the first term of a group that there is.
    func walker(atGroup number: Int) throws(FormatError) -> DictionaryWalker {
        precondition(number >= 0 && number < groupCount)
        return try DictionaryWalker(self, group: number, try group(number))
    }
}

/// The first term of a group, as the pieces it is stored in.
struct DictionaryHead {
    let beginning: ByteView
    let middle: ByteView
    let end: ByteView

    /// Reads the first term of `group`, whose bytes `reader` is at the start of.
    init(_ dictionary: DictionarySection, group: Int, _ reader: inout ByteReader) throws(FormatError) {
        guard group & (1 << DictionarySection.anchorShift - 1) != 0 else {
            self.init(
                beginning: .empty, middle: try reader.lengthPrefixed(atMost: dictionary.termBytesMax),
                end: .empty)
            return
        }
        let anchor = try dictionary.anchor(DictionarySection.anchorGroup(group))
        try self.init(dictionary, &reader, anchor: anchor)
    }

    /// Reads the first term of a group that refers to an anchor.
    private init(
        _ dictionary: DictionarySection, _ reader: inout ByteReader, anchor: ByteView
    ) throws(FormatError) {
        let shared = try reader.length(atMost: anchor.count)
        let ending = try reader.length(atMost: anchor.count - shared)
        beginning = anchor.trusted(0, shared)
        end = anchor.trusted(anchor.count - ending, ending)
        middle = try reader.lengthPrefixed(atMost: dictionary.termBytesMax)
    }

    private init(beginning: ByteView, middle: ByteView, end: ByteView) {
        self.beginning = beginning
        self.middle = middle
        self.end = end
    }

    /// Reads the first term of a group whose anchor is another.
    init(_ dictionary: DictionarySection, group: Int, anchor: ByteView) throws(FormatError) {
        var reader = try dictionary.group(group)
        try self.init(dictionary, &reader, anchor: anchor)
    }

    var count: Int { beginning.count + middle.count + end.count }

    /// How the term stands to `wanted`.
    func order(to wanted: ByteView) -> TermOrder {
        var matched = 0
        if let order = order(of: beginning, to: wanted, &matched) { return order }
        if let order = order(of: middle, to: wanted, &matched) { return order }
        if let order = order(of: end, to: wanted, &matched) { return order }
        return matched < wanted.count ? .before : .equal
    }

    /// Compares one piece with what follows the bytes that matched; nil where all of it matches.
    @inline(__always)
    private func order(of piece: ByteView, to wanted: ByteView, _ matched: inout Int) -> TermOrder? {
        let common = min(piece.count, wanted.count - matched)
        let difference = compareMemory(piece.base, wanted.base + matched, common)
        if difference != 0 { return difference < 0 ? .before : .after }
        matched += common
        return common < piece.count ? .prefixed : nil
    }
}

/// How a term stands to wanted bytes in sorted order.
enum TermOrder {
    case before
    case equal
    /// After them, and beginning with them.
    case prefixed
    case after

    init(_ term: ByteView, to wanted: ByteView) {
        let difference = term.compare(to: wanted)
        if difference == 0 {
            self = .equal
        } else if difference < 0 {
            self = .before
        } else {
            self = term.hasPrefix(wanted) ? .prefixed : .after
        }
    }
}
