/// Takes a JSON object apart into its *shape* (the text with every scalar cut out) and the scalars.
///
/// A cut is marked with one byte, 0x01, which cannot occur in JSON text; so the object is rebuilt exactly, spaces
/// and key order included, by putting the scalars back. The text is known to be valid JSON: the scanner only has to
/// tell keys from values, and never reads outside of it.
package struct ShapeScanner: ~Copyable {
    package static let marker: UInt8 = 0x01

    /// The shape of the text scanned last.
    package private(set) var shape = ByteWriter(capacity: 1024)
    /// Where the scalars lie in the scanned text, in order.
    private var scalars = ValueColumn()
    /// One entry a nesting level: true inside an object.
    private var levels = PlainList<Bool>()

    package init() {}

    /// Where the scalars lie in the scanned text, in order, valid until the next scan.
    package var slots: ValueSpan { scalars.span }

    /// Scans `text`; false when it has no shape (too many scalars, too long a shape, or not JSON after all).
    package mutating func scan(_ text: ByteView) -> Bool {
        shape.removeAll()
        scalars.removeAll()
        levels.removeAll()
        var position = 0
        var copied = 0
        var expectKey = false
        while position < text.count {
            let byte = text.base[position]
            switch byte {
            case 0x7B, 0x5B:  // { [
                levels.append(byte == 0x7B)
                expectKey = byte == 0x7B
                position += 1
            case 0x7D, 0x5D:  // } ]
                guard levels.count > 0 else { return false }
                levels.truncate(to: levels.count - 1)
                expectKey = false
                position += 1
            case 0x2C:  // ,
                expectKey = levels.last ?? false
                position += 1
            case 0x3A, 0x20, 0x09, 0x0A, 0x0D:  // : and spaces
                if byte == 0x3A { expectKey = false }
                position += 1
            case 0x22 where expectKey:  // "
                guard let end = JSONText.endOfString(text, from: position) else { return false }
                position = end
            default:
                guard !expectKey, let end = ShapeScanner.endOfScalar(text, from: position),
                    scalars.count < Limits.shapeSlots
                else { return false }
                shape.bytes(ByteView(base: text.base + copied, count: position - copied))
                shape.u8(ShapeScanner.marker)
                scalars.append(offset: UInt32(position), length: UInt32(end - position))
                copied = end
                position = end
            }
        }
        shape.bytes(text.trusted(copied, text.count - copied))
        return levels.count == 0 && shape.count <= Limits.shapeBytes
    }

    /// The position after the scalar that begins at `start`, or nil when none does.
    @inline(__always)
    static func endOfScalar(_ text: ByteView, from start: Int) -> Int? {
        if text.base[start] == 0x22 { return JSONText.endOfString(text, from: start) }
        var end = start
        while end < text.count, isScalarByte(text.base[end]) { end &+= 1 }
        return end > start ? end : nil
    }

    /// Bytes of numbers, true, false and null.
    @inline(__always)
    private static func isScalarByte(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || byte &- 0x61 < 26 || byte == 0x2D || byte == 0x2B || byte == 0x2E || byte == 0x45
    }
}

/// A shape, parsed: the pieces of text between the scalars, and the path of each scalar.
package struct Shape: Sendable {
    /// The shape as a dictionary holds it.
    package var text: [UInt8] { bytes.withView { $0.array } }
    let bytes: Bytes
    /// Where each scalar goes: positions of the markers in `text`, ascending.
    package let markers: [Int]
    /// The path of each scalar: its keys as they stand in the text (still escaped), joined by `pathSeparator`;
    /// array elements add `arrayElement`.
    package let paths: [[UInt8]]

    package static let pathSeparator: UInt8 = 0x1F
    package static let arrayElement: UInt8 = 0x1E

    /// Parses the text of a shape, which may come from a damaged or hostile file.
    package init(_ text: [UInt8]) throws(FormatError) {
        bytes = Bytes(text)
        var markers: [Int] = []
        var paths: [[UInt8]] = []
        var path: [UInt8] = []
        /// Length of the path at each open level, and whether it is an object.
        var levels: [(pathLength: Int, isObject: Bool)] = []
        var position = 0
        var expectKey = false
        func fail(_ found: String) -> FormatError {
            FormatError(
                .invalid, "shape", offset: position, expected: "the structure of a JSON object", found: found)
        }
        guard text.count <= Limits.shapeBytes else { throw fail("\(text.count) bytes") }
        try text.withView { (view) throws(FormatError) in
            while position < view.count {
                let byte = view[position]
                switch byte {
                case 0x7B, 0x5B:
                    guard levels.count < Limits.jsonDepth else { throw fail("too deep a nesting") }
                    levels.append((path.count, byte == 0x7B))
                    if byte == 0x5B { path.append(Shape.arrayElement) }
                    expectKey = byte == 0x7B
                case 0x7D, 0x5D:
                    guard let level = levels.popLast() else { throw fail("a closing bracket") }
                    path.removeLast(path.count - level.pathLength)
                    expectKey = false
                case 0x2C:
                    guard let level = levels.last else { throw fail("a comma") }
                    if level.isObject {
                        path.removeLast(path.count - level.pathLength)
                        expectKey = true
                    }
                case 0x22:
                    guard expectKey, let level = levels.last,
                        let end = JSONText.endOfString(view, from: position), end <= view.count
                    else { throw fail("a string") }
                    path.removeLast(path.count - level.pathLength)
                    path.append(Shape.pathSeparator)
                    path.append(contentsOf: view.trusted(position + 1, end - position - 2).raw)
                    position = end - 1
                    expectKey = false
                case ShapeScanner.marker:
                    guard !levels.isEmpty, !expectKey, markers.count < Limits.shapeSlots else {
                        throw fail("a scalar")
                    }
                    markers.append(position)
                    paths.append(path)
                case 0x3A, 0x20, 0x09, 0x0A, 0x0D:
                    break
                default:
                    throw fail("byte \(byte)")
                }
                position += 1
            }
        }
        guard levels.isEmpty else { throw fail("its end") }
        self.markers = markers
        self.paths = paths
    }
}

/// The shapes of one dictionary and the paths they use, both numbered in order of first appearance: writer and
/// reader walk the shapes in code order and so agree on path numbers without storing any.
package struct ShapeTable: Sendable {
    /// Shape of code c at c - 1; nil is the empty term, which stands for raw text.
    package private(set) var shapes: [Shape?] = []
    /// Path numbers of each shape's scalars.
    package private(set) var slotPaths: [[Int]] = []
    package private(set) var paths: [[UInt8]] = []
    private var pathNumbers: [[UInt8]: Int] = [:]

    package init() {}

    /// Adds the shape of the next code.
    package mutating func append(_ text: [UInt8]) throws(FormatError) {
        guard !text.isEmpty else {
            shapes.append(nil)
            slotPaths.append([])
            return
        }
        let shape = try Shape(text)
        var numbers: [Int] = []
        for path in shape.paths {
            if let number = pathNumbers[path] {
                numbers.append(number)
            } else {
                pathNumbers[path] = paths.count
                numbers.append(paths.count)
                paths.append(path)
            }
        }
        shapes.append(shape)
        slotPaths.append(numbers)
    }

    package var count: Int { shapes.count }
}
