/// Shapes that were met lately, by number from 1: most objects have the shape of an earlier one, and are compared
/// with it instead of being scanned.
struct KnownShapes: ~Copyable {
    /// Beyond these the shapes are forgotten and gathered anew.
    private static let shapesMax = 1 << 12
    private static let textBytesMax = 1 << 20
    /// Guesses a hint has, the latest first.
    private static let guesses = 4
    private static let hints = 1 << 10

    private var terms = TermInterner(capacity: 256)
    /// Where the markers stand in their shape's text, shape by shape.
    private var markers = PlainList<UInt32>()
    /// Where the markers of shape s end; they begin where those of s - 1 end.
    private var markerEnds = PlainList<UInt32>()
    private let guess: UnsafeMutablePointer<UInt32>

    init() {
        markerEnds.append(0)
        guess = .allocate(capacity: KnownShapes.guesses * KnownShapes.hints)
        guess.initialize(repeating: 0, count: KnownShapes.guesses * KnownShapes.hints)
    }

    deinit { guess.deallocate() }

    var count: Int { terms.count }

    func text(_ shape: UInt32) -> ByteView { terms.term(shape) }

    /// The scalars that an object of the shape has.
    func slotCount(_ shape: UInt32) -> Int {
        Int(markerEnds[Int(shape)]) - Int(markerEnds[Int(shape) - 1])
    }

    /// Forgets all shapes if they have become too many; true when it did.
    mutating func forgetIfMany() -> Bool {
        guard terms.count > KnownShapes.shapesMax || terms.textBytes > KnownShapes.textBytesMax else {
            return false
        }
        terms.removeAll()
        markers.removeAll()
        markerEnds.truncate(to: 1)
        guess.update(repeating: 0, count: KnownShapes.guesses * KnownShapes.hints)
        return true
    }

    /// The number of a shape that was scanned.
    mutating func number(of shape: ByteView) -> UInt32 {
        let number = terms.intern(shape)
        if Int(number) == markerEnds.count {
            for position in 0..<shape.count where shape.base[position] == ShapeScanner.marker {
                markers.append(UInt32(position))
            }
            markerEnds.append(UInt32(markers.count))
        }
        return number
    }

    /// The shape of `text`, if it is one of those that came with this hint last; its scalars are then appended to
    /// `slots`, as if the text lay at `offset`. What is found is what a scan would find: the scanner's state at each
    /// scalar depends on the bytes before it alone, and those are the shape's.
    @inline(__always)
    mutating func recognize(
        _ text: ByteView, hint: UInt32, at offset: UInt32, slots: inout ValueColumn
    ) -> UInt32? {
        let first = guess + (Int(hint) & (KnownShapes.hints - 1)) * KnownShapes.guesses
        for place in 0..<KnownShapes.guesses {
            let shape = first[place]
            if shape == 0 { return nil }
            if matches(shape, text, at: offset, slots: &slots) {
                remember(shape, in: first, from: place)
                return shape
            }
        }
        return nil
    }

    /// Makes a shape the first guess for a hint.
    mutating func remember(_ shape: UInt32, hint: UInt32) {
        remember(
            shape, in: guess + (Int(hint) & (KnownShapes.hints - 1)) * KnownShapes.guesses,
            from: KnownShapes.guesses - 1)
    }

    @inline(__always)
    private func remember(_ shape: UInt32, in first: UnsafeMutablePointer<UInt32>, from place: Int) {
        var place = place
        while place > 0 {
            first[place] = first[place - 1]
            place -= 1
        }
        first[0] = shape
    }

    @inline(__always)
    private func matches(
        _ shape: UInt32, _ text: ByteView, at offset: UInt32, slots: inout ValueColumn
    ) -> Bool {
        let pattern = terms.term(shape)
        let before = slots.count
        var position = 0
        var piece = 0
        let markers = markers.elements
        for index in Int(markerEnds[Int(shape) - 1])..<Int(markerEnds[Int(shape)]) {
            let marker = Int(markers[index])
            let length = marker &- piece
            // A scalar has at least one byte.
            guard text.count &- position > length,
                equalMemory(pattern.base + piece, text.base + position, length),
                let end = ShapeScanner.endOfScalar(text, from: position &+ length)
            else {
                slots.truncate(to: before)
                return false
            }
            position &+= length
            slots.append(
                offset: offset &+ UInt32(truncatingIfNeeded: position),
                length: UInt32(truncatingIfNeeded: end &- position))
            position = end
            piece = marker &+ 1
        }
        let rest = pattern.count - piece
        guard text.count - position == rest, equalMemory(pattern.base + piece, text.base + position, rest)
        else {
            slots.truncate(to: before)
            return false
        }
        return true
    }
}
