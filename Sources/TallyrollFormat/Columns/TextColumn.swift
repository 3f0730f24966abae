import Synchronization

/// Reads a column of optional texts, whole or at one row. Checked when it is opened; text is fetched from the heap
/// when it is asked for.
package final class TextColumn: Sendable {
    package let count: Int
    private let owner: any AnyObject & Sendable
    let body: Body
    private let exceptionPlaces = OnceReference<ExceptionPlaces>()
    /// How many rows were read by themselves before the places of exceptions were known.
    private let looks = Atomic<Int>(0)

    /// `@unchecked Sendable`: views into `owner`, which never changes.
    struct Body: @unchecked Sendable {
        var encoding: TextEncoding
        var constant = ByteView.empty
        var prefix = ByteView.empty
        var suffix = ByteView.empty
        var presence: PresenceMap?
        var packed = ByteView.empty
        /// What has bytes of `packed` read that were not, and where it begins among all.
        var pages = PageMap.complete
        var packedStart = 0
        var width = 0
        var shift: UInt32 = 0
        var distinct = 0
        var heapStart = 0
        /// The distinct texts where they lie in the column, and not in the heap.
        var ownTexts: ByteView?
        var integers: IntegerColumn?
        var codes: CodeColumn?
        var positions: [Int] = []
        /// The same positions where they lie side by side, unless they are scattered.
        var runs: [HexRun] = []
        var uppercase = false
        var fractionDigits = 0
        var exceptions: [Int] = []
        var followed: TextColumn?
    }

    /// Opens the column in `owner`. `leader` is needed by columns that follow it.
    package convenience init(
        _ owner: Bytes, from start: Int = 0, count: Int, leaders: LeaderRanks?
    ) throws(FormatError) {
        var reader = ByteReader(owner.view, what: "text column")
        try reader.skip(start)
        try self.init(
            owner, view: try reader.bytes(reader.remaining), count: count, leaders: leaders, nested: false)
    }

    /// Opens a column that is read by the page, as far as its encoding allows.
    convenience init(_ pages: PagedBytes, count: Int, leaders: LeaderRanks?) throws(FormatError) {
        let view = pages.view
        try pages.pages.need(0..<1)
        if view.raw.first != TextEncoding.hexTemplate.rawValue { try pages.pages.needAll() }
        try self.init(pages, view: view, count: count, leaders: leaders, nested: false, pages: pages.pages)
    }

    private init(
        _ owner: any AnyObject & Sendable, view: ByteView, count: Int, leaders: LeaderRanks?, nested: Bool,
        pages: PageMap = .complete
    ) throws(FormatError) {
        self.owner = owner
        self.count = count
        var reader = ByteReader(view, what: "text column")
        let tag = try reader.u8()
        guard let encoding = TextEncoding(rawValue: tag), !(nested && encoding == .follow) else {
            throw reader.invalid("encoding", expected: "1 to 9", found: "\(tag)")
        }
        var body = Body(encoding: encoding)
        switch encoding {
        case .absent:
            try reader.finish()
        case .constant:
            body.constant = try reader.lengthPrefixed()
            try reader.finish()
        case .localCodes:
            try TextColumn.readLocalCodes(&reader, count: count, into: &body)
        case .hexTemplate:
            try TextColumn.readTemplate(&reader, count: count, into: &body)
            (body.pages, body.packedStart) = (pages, view.count - body.packed.count)
        case .number:
            let flags = try TextColumn.readFlags(&reader, allowed: TextColumnEncoder.presenceFlag)
            body.prefix = try reader.lengthPrefixed()
            body.suffix = try reader.lengthPrefixed()
            body.fractionDigits = Int(try reader.u8())
            guard body.fractionDigits <= NumberPattern.digitsMax else {
                throw reader.invalid(
                    "fraction digits", expected: "at most 18", found: "\(body.fractionDigits)")
            }
            body.presence = try PresenceMap(&reader, count: count, stored: flags != 0)
            body.integers = try IntegerColumn(
                try reader.bytes(reader.remaining), count: body.presence?.present ?? count)
        case .address:
            let flags = try TextColumn.readFlags(&reader, allowed: TextColumnEncoder.presenceFlag)
            body.presence = try PresenceMap(&reader, count: count, stored: flags != 0)
            body.integers = try IntegerColumn(
                try reader.bytes(reader.remaining), count: body.presence?.present ?? count)
        case .text:
            let flags = try TextColumn.readFlags(&reader, allowed: TextColumnEncoder.presenceFlag)
            body.heapStart = try reader.length(atMost: Int(Int32.max))
            body.presence = try PresenceMap(&reader, count: count, stored: flags != 0)
            body.integers = try IntegerColumn(
                try reader.bytes(reader.remaining), count: body.presence?.present ?? count)
        case .sharedCodes:
            body.codes = try CodeColumn(try reader.bytes(reader.remaining), count: count)
        case .follow:
            guard let leaders, leaders.count == count else {
                throw reader.invalid("follow", expected: "a column to follow", found: "none")
            }
            try TextColumn.readFollow(&reader, owner: owner, count: count, leaders: leaders, into: &body)
        }
        self.body = body
    }

    private static func readFlags(_ reader: inout ByteReader, allowed: UInt8) throws(FormatError) -> UInt8 {
        let flags = try reader.u8()
        guard flags & ~allowed == 0 else {
            throw reader.invalid("flags", expected: "only \(allowed)", found: "\(flags)")
        }
        return flags
    }

    private static func readLocalCodes(
        _ reader: inout ByteReader, count: Int, into body: inout Body
    ) throws(FormatError) {
        let flags = try readFlags(
            &reader, allowed: TextColumnEncoder.presenceFlag | TextColumnEncoder.ownTextsFlag)
        body.shift = flags & TextColumnEncoder.presenceFlag == 0 ? 1 : 0
        body.distinct = try reader.length(atMost: count)
        guard body.distinct > 0 else { throw reader.invalid("distinct", expected: "at least 1", found: "0") }
        if flags & TextColumnEncoder.ownTextsFlag != 0 {
            body.ownTexts = try reader.lengthPrefixed()
        } else {
            body.heapStart = try reader.length(atMost: Int(Int32.max))
        }
        body.integers = try IntegerColumn(try reader.lengthPrefixed(), count: body.distinct)
        body.width = bitWidth(body.distinct - Int(body.shift))
        body.packed = try reader.bytes(BitPacking.bytes(count: count, width: body.width))
        try reader.finish()
    }

    private static func readTemplate(
        _ reader: inout ByteReader, count: Int, into body: inout Body
    ) throws(FormatError) {
        let flags = try readFlags(
            &reader, allowed: TextColumnEncoder.presenceFlag | TextColumnEncoder.uppercaseFlag)
        body.uppercase = flags & TextColumnEncoder.uppercaseFlag != 0
        body.constant = try reader.lengthPrefixed(atMost: HexTemplate.lengthMax)
        let mask = try reader.bytes((body.constant.count + 7) / 8)
        body.positions.reserveCapacity(body.constant.count)
        for position in 0..<body.constant.count where mask[position >> 3] >> UInt8(position & 7) & 1 != 0 {
            guard body.constant[position] == 0 else {
                throw reader.invalid("literal", expected: "zero where digits vary", found: "another byte")
            }
            body.positions.append(position)
        }
        body.runs = HexRun.runs(of: body.positions)
        body.presence = try PresenceMap(
            &reader, count: count, stored: flags & TextColumnEncoder.presenceFlag != 0)
        let nibbles = (body.presence?.present ?? count) * body.positions.count
        body.packed = try reader.bytes((nibbles + 1) / 2)
        try reader.finish()
    }

    private static func readFollow(
        _ reader: inout ByteReader, owner: any AnyObject & Sendable, count: Int, leaders: LeaderRanks,
        into body: inout Body
    ) throws(FormatError) {
        let exceptions = try reader.length(atMost: count)
        var previous = -1
        body.exceptions.reserveCapacity(exceptions)
        for _ in 0..<exceptions {
            let row = Int(try reader.u16())
            guard row > previous, row < count else {
                throw reader.invalid("exception", expected: "ascending rows below \(count)", found: "\(row)")
            }
            previous = row
            body.exceptions.append(row)
        }
        body.followed = try TextColumn(
            owner, view: try reader.bytes(reader.remaining), count: leaders.distinct + exceptions,
            leaders: nil,
            nested: true)
    }

    // MARK: Reading

    /// True when no entry has a value.
    package var isAbsent: Bool { body.encoding == .absent }

    /// True when every value is the text of a number.
    package var isNumeric: Bool { body.encoding == .number && body.prefix.isEmpty && body.suffix.isEmpty }

    /// True when no value begins with this byte, as far as the fixed part of the values tells. The byte is no digit.
    func neverBegins(with byte: UInt8) -> Bool {
        switch body.encoding {
        case .absent, .address: true
        case .constant: body.constant.raw.first != byte
        case .hexTemplate: body.positions.first == 0 || body.constant.raw.first != byte
        case .number: body.prefix.isEmpty || body.prefix.raw.first != byte
        case .localCodes, .text, .sharedCodes, .follow: false
        }
    }

    /// Appends the text of one entry to `out`; false, and nothing appended, when it is absent.
    package func append(
        _ index: Int, from context: ColumnContext, into out: inout ByteWriter
    ) throws -> Bool {
        precondition(index >= 0 && index < count)
        switch body.encoding {
        case .absent:
            return false
        case .constant:
            out.bytes(body.constant)
            return true
        case .localCodes:
            let code = localCode(index)
            guard code > 0 else { return false }
            try appendHeap(entry: code - 1, context, into: &out)
            return true
        case .hexTemplate:
            guard let place = place(index) else { return false }
            try needDigits(of: place..<place + 1)
            appendTemplate(place, into: &out)
            return true
        case .number:
            guard let place = place(index), let integers = body.integers else { return false }
            appendNumber(integers.value(place), into: &out)
            return true
        case .address:
            guard let place = place(index), let integers = body.integers else { return false }
            AddressPattern.write(integers.value(place), into: &out)
            return true
        case .text:
            guard let place = place(index) else { return false }
            try appendHeap(entry: place, context, into: &out)
            return true
        case .sharedCodes:
            guard let code = body.codes?.code(index), code > 0 else { return false }
            try context.appendTerm(code, into: &out)
            return true
        case .follow:
            guard let followed = body.followed, let leaders = context.leaders else { return false }
            return try followed.append(followedEntry(index, leaders), from: context, into: &out)
        }
    }

    @inline(__always)
    func localCode(_ index: Int) -> Int {
        guard body.width > 0 else { return Int(body.shift) }
        return Int(BitPacking.value(body.packed, index: index, width: body.width)) + Int(body.shift)
    }

    /// The place of an entry among the present ones, or nil when it is absent.
    func place(_ index: Int) -> Int? {
        guard let presence = body.presence else { return index }
        return presence.rank(index)
    }

    private func appendHeap(
        entry: Int, _ context: ColumnContext, into out: inout ByteWriter
    ) throws {
        guard let ends = body.integers, entry < ends.count else {
            throw FormatError(
                .invalid, "text column: code", offset: 0, expected: "at most \(body.distinct)",
                found: "\(entry + 1)")
        }
        let start = entry == 0 ? 0 : Int(clamping: ends.value(entry - 1))
        out.bytes(try text(start, Int(clamping: ends.value(entry)), context))
    }

    /// The text from `start` to `end` of those that the column has in the heap or in itself.
    @inline(__always)
    func text(_ start: Int, _ end: Int, _ context: ColumnContext) throws -> ByteView {
        guard let own = body.ownTexts else { return try context.text(from: body.heapStart, start, end) }
        guard start <= end, let text = own.sliceIfInside(start, end - start) else {
            throw TextColumn.beyond(own, start, end)
        }
        return text
    }

    @inline(never)
    private static func beyond(_ own: ByteView, _ start: Int, _ end: Int) -> FormatError {
        FormatError(
            .invalid, "text column: ends", offset: 0, expected: "texts inside \(own.count) bytes",
            found: "\(start) to \(end)")
    }

    /// Has the digits of some values read, unless they were.
    @inline(__always)
    func needDigits(of places: Range<Int>) throws(FormatError) {
        guard body.pages.isPartial else { return }
        let digits = body.positions.count
        let first = (places.lowerBound * digits) >> 1
        // They are read in whole words.
        let end = (places.upperBound * digits + 1) >> 1 + 8
        try body.pages.need(body.packedStart + first..<body.packedStart + end)
    }

    private func appendTemplate(_ place: Int, into out: inout ByteWriter) {
        out.bytes(body.constant) { target in
            if let text = target.baseAddress { writeDigits(of: place, into: text) }
        }
    }

    /// Writes the digits of the value at `place` over a copy of the template.
    @inline(__always)
    func writeDigits(of place: Int, into text: UnsafeMutablePointer<UInt8>) {
        if body.runs.isEmpty {
            body.positions.withUnsafeBufferPointer { positions in
                TextColumn.write(place, of: body.packed, at: positions, into: text, uppercase: body.uppercase)
            }
        } else {
            body.runs.withUnsafeBufferPointer { runs in
                HexRun.write(
                    place &* body.positions.count, body.positions.count, of: body.packed, at: runs,
                    into: text, uppercase: body.uppercase)
            }
        }
    }

    /// Writes the digits of the value at `place` over a copy of the template.
    @inline(__always)
    private static func write(
        _ place: Int, of packed: ByteView, at positions: UnsafeBufferPointer<Int>,
        into text: UnsafeMutablePointer<UInt8>, uppercase: Bool
    ) {
        var nibble = place &* positions.count
        precondition(place >= 0 && nibble + positions.count <= packed.count &* 2)
        // A table, not a comparison: random digits would mispredict every second branch.
        let alphabet = (uppercase ? HexTemplate.uppercaseDigits : HexTemplate.lowercaseDigits).utf8Start
        let digits = packed.base
        var index = 0
        if nibble & 1 == 0 {
            // Two digits a byte.
            var byte = nibble &>> 1
            while index &+ 1 < positions.count {
                let pair = digits[byte]
                text[positions[index]] = alphabet[Int(pair & 0x0F)]
                text[positions[index &+ 1]] = alphabet[Int(pair &>> 4)]
                index &+= 2
                byte &+= 1
            }
            nibble &+= index
        }
        while index < positions.count {
            let value = digits[nibble &>> 1] &>> UInt8(truncatingIfNeeded: (nibble & 1) &<< 2) & 0x0F
            text[positions[index]] = alphabet[Int(value)]
            nibble &+= 1
            index &+= 1
        }
    }

    /// Appends every entry of a column of templates.
    private func decodeTemplates(into values: inout ValueList, text: inout ByteWriter) throws(FormatError) {
        let (template, presence) = (body.constant, body.presence)
        try body.pages.needAll()
        try checkDecoded(text.count + count * template.count)
        var place = 0
        for index in 0..<count {
            if let presence, !presence.contains(index) {
                values.appendAbsent()
                continue
            }
            values.append(offset: UInt32(text.count), length: UInt32(template.count))
            appendTemplate(place, into: &text)
            place += 1
        }
    }

    func checkDecoded(_ bytes: Int) throws(FormatError) {
        guard bytes <= Limits.decodedColumnBytes else {
            throw FormatError(
                .limit, "text column", offset: 0,
                expected: "at most \(Limits.decodedColumnBytes) bytes of text",
                found: "more")
        }
    }

    private func appendNumber(_ number: Int64, into out: inout ByteWriter) {
        out.bytes(body.prefix)
        NumberPattern.write(number, fractionDigits: body.fractionDigits, into: &out)
        out.bytes(body.suffix)
    }

    /// Where the value of a row is stored: at the latest exception of the same leader, else at its first event.
    @inline(__always)
    func followedEntry(_ row: Int, _ leaders: LeaderRanks) -> Int {
        if let source = exceptionPlaces.read({ $0.source(of: row, leaders) }) { return source }
        return firstFollowedEntry(row, leaders)
    }

    /// The first rows that are read by themselves are looked for among all exceptions, which costs less than sorting these:
    /// of most blocks no more are read.
    @inline(never)
    private func firstFollowedEntry(_ row: Int, _ leaders: LeaderRanks) -> Int {
        guard looks.wrappingAdd(1, ordering: .relaxed).newValue <= TextColumn.looksAlone else {
            return exceptionPlaces(leaders).source(of: row, leaders)
        }
        let code = leaders.code(row)
        return body.exceptions.withUnsafeBufferPointer { exceptions in
            var (low, high) = (0, exceptions.count)
            while low < high {
                let middle = (low + high) / 2
                if exceptions[middle] <= row { low = middle + 1 } else { high = middle }
            }
            while low > 0 {
                low -= 1
                if leaders.code(exceptions[low]) == code { return leaders.distinct + low }
            }
            return leaders.rank(row)
        }
    }

    private static let looksAlone = 2

    /// Which exceptions each leader has; made when a row is first read by itself.
    func exceptionPlaces(_ leaders: LeaderRanks) -> ExceptionPlaces {
        exceptionPlaces.load() ?? exceptionPlaces.storeIfNil(ExceptionPlaces(body.exceptions, leaders))
    }

    // MARK: Whole columns

    /// Appends every entry to `values`, with its text in `text`: distinct texts once where the encoding knows them.
    package func decode(
        from context: ColumnContext, into values: inout ValueList, text: inout ByteWriter
    ) throws {
        values.reserve(values.count + count)
        switch body.encoding {
        case .absent:
            for _ in 0..<count { values.appendAbsent() }
        case .constant:
            let start = UInt32(text.count)
            text.bytes(body.constant)
            for _ in 0..<count { values.append(offset: start, length: UInt32(body.constant.count)) }
        case .localCodes:
            try decodeLocalCodes(context, into: &values, text: &text)
        case .sharedCodes:
            try decodeSharedCodes(context, into: &values, text: &text)
        case .follow:
            try decodeFollow(context, into: &values, text: &text)
        case .hexTemplate:
            try decodeTemplates(into: &values, text: &text)
        case .number, .address, .text:
            try decodeEach(context, into: &values, text: &text)
        }
    }

    private func decodeEach(
        _ context: ColumnContext, into values: inout ValueList, text: inout ByteWriter
    ) throws {
        let integers = body.integers?.decodeArray() ?? []
        var place = 0
        var previousEnd = 0
        for index in 0..<count {
            if let presence = body.presence, !presence.contains(index) {
                values.appendAbsent()
                continue
            }
            let start = text.count
            switch body.encoding {
            case .number: appendNumber(integers[place], into: &text)
            case .address: AddressPattern.write(integers[place], into: &text)
            default:
                let end = Int(clamping: integers[place])
                text.bytes(try self.text(previousEnd, end, context))
                previousEnd = end
            }
            try checkDecoded(text.count)
            values.append(offset: UInt32(start), length: UInt32(text.count - start))
            place += 1
        }
    }

    private func decodeLocalCodes(
        _ context: ColumnContext, into values: inout ValueList, text: inout ByteWriter
    ) throws {
        guard let ends = body.integers?.decodeArray() else { return }
        var starts: [UInt32] = []
        var previousEnd = 0
        for end in ends {
            starts.append(UInt32(text.count))
            text.bytes(try self.text(previousEnd, Int(clamping: end), context))
            previousEnd = Int(clamping: end)
        }
        starts.append(UInt32(text.count))
        for index in 0..<count {
            let code = localCode(index)
            if code == 0 {
                values.appendAbsent()
            } else {
                guard code <= body.distinct else {
                    throw FormatError(
                        .invalid, "text column: code", offset: 0, expected: "at most \(body.distinct)",
                        found: "\(code)")
                }
                values.append(offset: starts[code - 1], length: starts[code] - starts[code - 1])
            }
        }
    }

    private func decodeSharedCodes(
        _ context: ColumnContext, into values: inout ValueList, text: inout ByteWriter
    ) throws {
        guard let codes = body.codes else { return }
        var known = TermPlaces()
        for code in codes.decodeArray() {
            if code == 0 {
                values.appendAbsent()
            } else {
                let place = try known.place(of: code, in: context, text: &text)
                values.append(offset: place.offset, length: place.length)
            }
        }
    }

    private func decodeFollow(
        _ context: ColumnContext, into values: inout ValueList, text: inout ByteWriter
    ) throws {
        guard let followed = body.followed, let leaders = context.leaders else { return }
        var nested = ValueList()
        try followed.decode(from: context, into: &nested, text: &text)
        // The entry that each leader, by rank, has at the moment.
        var current = Array(0..<leaders.distinct)
        let ranks = leaders.ranks()
        var nextException = 0
        for row in 0..<count {
            let rank = Int(ranks[row])
            if nextException < body.exceptions.count, body.exceptions[nextException] == row {
                current[rank] = leaders.distinct + nextException
                nextException += 1
            }
            let entry = current[rank]
            if nested.isAbsent(entry) {
                values.appendAbsent()
            } else {
                values.append(offset: nested.offsets[entry], length: nested.lengths[entry])
            }
        }
    }
}
