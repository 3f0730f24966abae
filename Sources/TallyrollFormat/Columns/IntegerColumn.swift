/// The ways in which a column of integers is stored. Zero is never a value on disk.
enum IntegerEncoding: UInt8 {
    /// Every value is the same.
    case constant = 1
    /// `base + scale * packed[i]`: any row is read at once.
    case packed = 2
    /// Differences to the value before, with a restart every 128 values: for values that mostly rise, like times.
    case deltas = 3
}

/// Writes integers as a column. Layout, after the encoding byte:
///
/// ```
/// constant  zigzag varint value
/// packed    zigzag varint base · varint scale · u8 width · bits
/// deltas    varint scale · per group: i64 base · u32 payload offset · u8 width · u8 exceptions · payloads
///           payload: (group size - 1) differences of `width` bits, then the exceptions: u8 index each,
///           then their differences as zigzag varints
/// ```
///
/// `scale` is the greatest common divisor of all distances to the first value: times given in microseconds cost
/// nothing for the nanoseconds they do not have.
package struct IntegerColumnEncoder: ~Copyable {
    static let groupSize = 128
    static let groupHeaderBytes = 14
    private var packedValues = PlainList<UInt64>(capacity: IntegerColumnEncoder.groupSize)
    private var groupTable = ByteWriter(capacity: 512)
    private var payload = ByteWriter(capacity: 4096)
    private var exceptions = ByteWriter(capacity: 512)

    package init() {}

    package mutating func encode(_ values: UnsafeBufferPointer<Int64>, into out: inout ByteWriter) {
        guard let first = values.first, let range = values.minAndMax(), range.min != range.max else {
            out.u8(IntegerEncoding.constant.rawValue)
            out.varint(zigzag(values.first ?? 0))
            return
        }
        let distance = UInt64(bitPattern: range.max &- range.min)
        // Distances beyond 63 bits wrap around; they are right modulo 2^64 and have no scale.
        let scale = distance > UInt64(Int64.max) ? 1 : commonScale(values, first: first)
        let span = distance / scale
        let width = 64 - span.leadingZeroBitCount
        let packedBytes = BitPacking.bytes(count: values.count, width: width) + 12
        // Deltas pay only for columns long enough to have groups, and cost a little more to read at one row.
        if values.count >= 256, width > 4 {
            encodeDeltas(values, scale: Int64(scale))
            if groupTable.count + payload.count + 4 < packedBytes * 15 / 16 {
                out.u8(IntegerEncoding.deltas.rawValue)
                out.varint(scale)
                out.bytes(groupTable.view)
                out.bytes(payload.view)
                return
            }
        }
        out.u8(IntegerEncoding.packed.rawValue)
        out.varint(zigzag(range.min))
        out.varint(scale)
        out.u8(UInt8(width))
        packedValues.removeAll()
        packedValues.reserve(values.count)
        let divisor = ExactDivisor(scale)
        for value in values { packedValues.append(divisor.quotient(UInt64(bitPattern: value &- range.min))) }
        BitPacking.pack(packedValues.elements, width: width, into: &out)
    }

    private mutating func encodeDeltas(_ values: UnsafeBufferPointer<Int64>, scale: Int64) {
        groupTable.removeAll()
        payload.removeAll()
        let divisor = ExactDivisor(UInt64(scale))
        var start = 0
        while start < values.count {
            let end = min(start + IntegerColumnEncoder.groupSize, values.count)
            packedValues.removeAll()
            var widthCounts = InlineArray<65, Int>(repeating: 0)
            for index in start + 1..<max(end, start + 1) {
                // Wraps like two's complement, as the reader does.
                let delta = divisor.quotient(values[index] &- values[index - 1])
                packedValues.append(UInt64(bitPattern: delta))
                widthCounts[64 - UInt64(bitPattern: delta).leadingZeroBitCount] += 1
            }
            let width = bestWidth(widthCounts, count: end - start - 1)
            groupTable.i64(values[start])
            groupTable.u32(UInt32(payload.count))
            groupTable.u8(UInt8(width))
            writeGroup(width: width)
            start = end
        }
    }

    /// The width that makes differences and exceptions together smallest. An exception costs about five bytes.
    private func bestWidth(_ counts: InlineArray<65, Int>, count: Int) -> Int {
        var best = 64
        var bestBits = 64 * count
        var exceptions = 0
        for width in stride(from: 63, through: 0, by: -1) {
            exceptions += counts[width + 1]
            let bits = width * count + exceptions * 40
            if bits < bestBits, exceptions <= 100 {
                best = width
                bestBits = bits
            }
        }
        return best
    }

    private mutating func writeGroup(width: Int) {
        exceptions.removeAll()
        let limit: UInt64 = width == 64 ? .max : (1 << UInt64(width)) &- 1
        for index in 0..<packedValues.count where packedValues[index] > limit {
            exceptions.u8(UInt8(index))
        }
        groupTable.u8(UInt8(exceptions.count))
        for place in 0..<exceptions.count {
            let index = Int(exceptions.view[place])
            exceptions.varint(zigzag(Int64(bitPattern: packedValues[index])))
            packedValues[index] = 0
        }
        BitPacking.pack(packedValues.elements, width: width, into: &payload)
        payload.bytes(exceptions.view)
    }

    private func commonScale(_ values: UnsafeBufferPointer<Int64>, first: Int64) -> UInt64 {
        var scale: UInt64 = 0
        var divisor = ExactDivisor(1)
        for value in values {
            let distance = (value &- first).magnitude
            // Most distances are multiples of what was found so far.
            if scale > 0, divisor.divides(distance) { continue }
            scale = greatestCommonDivisor(scale, distance)
            if scale == 1 { return 1 }
            divisor = ExactDivisor(max(scale, 1))
        }
        return max(scale, 1)
    }
}

@inline(__always)
func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: value << 1 ^ value >> 63) }

@inline(__always)
func unzigzag(_ value: UInt64) -> Int64 { Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }

private func greatestCommonDivisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
}

extension UnsafeBufferPointer where Element == Int64 {
    /// The smallest and largest value, or nil when there is none.
    func minAndMax() -> (min: Int64, max: Int64)? {
        guard var low = first else { return nil }
        var high = low
        for value in self {
            low = Swift.min(low, value)
            high = Swift.max(high, value)
        }
        return (low, high)
    }
}

/// Reads a column of integers, whole or at one row.
package struct IntegerColumn {
    package let count: Int
    private let encoding: IntegerEncoding
    private let base: Int64
    private let scale: UInt64
    private let width: Int
    private let table: ByteView
    let body: ByteView

    /// Checks everything that reading relies on. `view` must stay valid while the column is used.
    package init(_ view: ByteView, count: Int) throws(FormatError) {
        var reader = ByteReader(view, what: "integer column")
        let tag = try reader.u8()
        guard let encoding = IntegerEncoding(rawValue: tag) else {
            throw reader.invalid("encoding", expected: "1 to 3", found: "\(tag)")
        }
        self.count = count
        self.encoding = encoding
        switch encoding {
        case .constant:
            base = unzigzag(try reader.varint())
            (scale, width, table, body) = (1, 0, .empty, .empty)
        case .packed:
            base = unzigzag(try reader.varint())
            scale = try reader.varint()
            width = Int(try reader.u8())
            guard width <= 64, scale > 0 else {
                throw reader.invalid("width", expected: "at most 64", found: "\(width)")
            }
            table = .empty
            body = try reader.bytes(BitPacking.bytes(count: count, width: width))
        case .deltas:
            base = 0
            width = 0
            scale = try reader.varint()
            let groups = (count + IntegerColumnEncoder.groupSize - 1) / IntegerColumnEncoder.groupSize
            table = try reader.bytes(groups * IntegerColumnEncoder.groupHeaderBytes)
            body = try reader.bytes(reader.remaining)
            try checkGroups(groups)
        }
        try reader.finish()
    }

    private func checkGroups(_ groups: Int) throws(FormatError) {
        var expectedStart = 0
        for group in 0..<groups {
            let header = header(group)
            let differences = groupCount(group) - 1
            var reader = ByteReader(body, what: "integer group")
            guard header.offset == expectedStart, header.width <= 64 else {
                throw reader.invalid("group", expected: "offset \(expectedStart)", found: "\(header.offset)")
            }
            try reader.skip(header.offset)
            try reader.skip(BitPacking.bytes(count: differences, width: header.width))
            var previous = -1
            for _ in 0..<header.exceptions {
                let index = Int(try reader.u8())
                guard index > previous, index < differences else {
                    throw reader.invalid(
                        "exception", expected: "ascending indices below \(differences)", found: "\(index)")
                }
                previous = index
            }
            for _ in 0..<header.exceptions { _ = try reader.varint() }
            expectedStart = reader.offset
        }
        guard expectedStart == body.count else {
            throw FormatError(
                .invalid, "integer column", offset: expectedStart, expected: "no more bytes",
                found: "\(body.count - expectedStart)")
        }
    }

    private func header(_ group: Int) -> (base: Int64, offset: Int, width: Int, exceptions: Int) {
        let at = group * IntegerColumnEncoder.groupHeaderBytes
        return (
            table.load(Int64.self, at: at), Int(table.load(UInt32.self, at: at + 8)), Int(table[at + 12]),
            Int(table[at + 13])
        )
    }

    private func groupCount(_ group: Int) -> Int {
        min(IntegerColumnEncoder.groupSize, count - group * IntegerColumnEncoder.groupSize)
    }

    /// The value every row has, when the column is stored as a constant.
    package var constant: Int64? { encoding == .constant ? base : nil }

    /// The value at one index below `count`. O(1), or O(128) for differences.
    package func value(_ index: Int) -> Int64 {
        precondition(index >= 0 && index < count)
        switch encoding {
        case .constant: return base
        case .packed:
            return base &+ Int64(bitPattern: BitPacking.value(body, index: index, width: width) &* scale)
        case .deltas:
            return sum(
                ofGroup: index / IntegerColumnEncoder.groupSize,
                through: index % IntegerColumnEncoder.groupSize)
        }
    }

    /// The value at one index below `count`, and behind which one it comes: 0 at the first.
    func bounds(_ index: Int) -> (start: Int64, end: Int64) {
        precondition(index >= 0 && index < count)
        let place = index % IntegerColumnEncoder.groupSize
        guard encoding == .deltas, place > 0 else {
            return (index == 0 ? 0 : value(index - 1), value(index))
        }
        let group = index / IntegerColumnEncoder.groupSize
        let end = sum(ofGroup: group, through: place)
        return (end &- Int64(bitPattern: difference(ofGroup: group, at: place - 1) &* scale), end)
    }

    /// The values at some indices below `count`: fastest where they ascend.
    package func read(_ indices: UnsafeBufferPointer<UInt32>, into out: UnsafeMutablePointer<Int64>) {
        switch encoding {
        case .constant:
            out.update(repeating: base, count: indices.count)
        case .packed:
            for place in indices.indices { out[place] = value(Int(indices[place])) }
        case .deltas: readDeltas(indices, into: out)
        }
    }

    private func readDeltas(
        _ indices: UnsafeBufferPointer<UInt32>, into out: UnsafeMutablePointer<Int64>
    ) {
        let size = IntegerColumnEncoder.groupSize
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: size) { values in
            guard let known = values.baseAddress else { return }
            var place = 0
            while place < indices.count {
                let group = Int(indices[place]) / size
                var last = Int(indices[place]) % size
                // Those of one group are read together.
                var end = place + 1
                while end < indices.count, Int(indices[end]) / size == group {
                    last = max(last, Int(indices[end]) % size)
                    end += 1
                }
                precondition(group * size + last < count)
                if end - place <= IntegerColumn.fewOfGroup {
                    for index in place..<end {
                        out[index] = sum(ofGroup: group, through: Int(indices[index]) % size)
                    }
                } else {
                    forEachInGroup(group, through: last) { known[$0] = $1 }
                    for index in place..<end { out[index] = known[Int(indices[index]) % size] }
                }
                place = end
            }
        }
    }

    /// So many values of a group cost less when each is summed up by itself than when all before the last are put down.
    private static let fewOfGroup = 2

    /// The values at some indices below `count`.
    package func values(_ indices: [UInt32]) -> [Int64] {
        [Int64](unsafeUninitializedCapacity: indices.count) { values, filled in
            guard let first = values.baseAddress, !indices.isEmpty else { return }
            indices.withUnsafeBufferPointer { read($0, into: first) }
            filled = indices.count
        }
    }

    /// All values in order.
    package func decode(into out: UnsafeMutableBufferPointer<Int64>) {
        precondition(out.count >= count)
        switch encoding {
        case .constant:
            for index in 0..<count { out[index] = base }
        case .packed:
            out.withMemoryRebound(to: UInt64.self) { target in
                BitPacking.unpack(
                    body, width: width, from: 0, into: UnsafeMutableBufferPointer(rebasing: target[..<count]))
                for index in 0..<count {
                    target[index] = UInt64(bitPattern: base) &+ target[index] &* scale
                }
            }
        case .deltas:
            let groups = (count + IntegerColumnEncoder.groupSize - 1) / IntegerColumnEncoder.groupSize
            for group in 0..<groups {
                let start = group * IntegerColumnEncoder.groupSize
                forEachInGroup(group, through: groupCount(group) - 1) { out[start + $0] = $1 }
            }
        }
    }

    package func decodeArray() -> [Int64] {
        [Int64](unsafeUninitializedCapacity: count) { buffer, initialized in
            buffer.initialize(repeating: 0)
            decode(into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            initialized = count
        }
    }

    @inline(__always)
    private func forEachInGroup(_ group: Int, through last: Int, _ body: (Int, Int64) -> Void) {
        let header = header(group)
        let differences = groupCount(group) - 1
        let packedBytes = BitPacking.bytes(count: differences, width: header.width)
        let packed = self.body.trusted(header.offset, packedBytes)
        var value = header.base
        body(0, value)
        if differences == 0 { return }
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: IntegerColumnEncoder.groupSize) { deltas in
            let needed = min(last, differences)
            BitPacking.unpack(
                packed, width: header.width, from: 0,
                into: UnsafeMutableBufferPointer(rebasing: deltas[..<needed]))
            patch(deltas, at: header.offset + packedBytes, exceptions: header.exceptions)
            for index in 0..<needed {
                value = value &+ Int64(bitPattern: deltas[index] &* scale)
                body(index + 1, value)
            }
        }
    }

    /// The value at a place of a group: its base and all differences up to there, which need not be put down.
    private func sum(ofGroup group: Int, through last: Int) -> Int64 {
        let header = header(group)
        let packedBytes = BitPacking.bytes(count: groupCount(group) - 1, width: header.width)
        let packed = body.trusted(header.offset, packedBytes)
        var total = BitPacking.sum(packed, width: header.width, count: last)
        var position = header.offset + packedBytes + header.exceptions
        for exception in 0..<header.exceptions {
            let index = Int(body[header.offset + packedBytes + exception])
            let difference = exceptionValue(&position)
            if index >= last { break }
            total = total &- BitPacking.value(packed, index: index, width: header.width) &+ difference
        }
        return header.base &+ Int64(bitPattern: total &* scale)
    }

    /// A difference of a group.
    private func difference(ofGroup group: Int, at place: Int) -> UInt64 {
        let header = header(group)
        let packedBytes = BitPacking.bytes(count: groupCount(group) - 1, width: header.width)
        var position = header.offset + packedBytes + header.exceptions
        for exception in 0..<header.exceptions {
            let index = Int(body[header.offset + packedBytes + exception])
            let difference = exceptionValue(&position)
            if index == place { return difference }
            if index > place { break }
        }
        return BitPacking.value(body.trusted(header.offset, packedBytes), index: place, width: header.width)
    }

    /// The difference that is stored at `position`, which is moved behind it.
    @inline(__always)
    private func exceptionValue(_ position: inout Int) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while body[position] & 0x80 != 0 {
            value |= UInt64(body[position] & 0x7F) << shift
            shift += 7
            position += 1
        }
        value |= UInt64(body[position]) << shift
        position += 1
        return UInt64(bitPattern: unzigzag(value))
    }

    private func patch(_ deltas: UnsafeMutableBufferPointer<UInt64>, at offset: Int, exceptions: Int) {
        var position = offset + exceptions
        for exception in 0..<exceptions {
            deltas[Int(body[offset + exception])] = exceptionValue(&position)
        }
    }
}
