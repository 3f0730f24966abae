import TallyrollFormat

/// Gives the lines of an input one by one, as views into a large buffer: nothing is allocated or copied per line.
struct LineReader: ~Copyable {
    /// One line without its end.
    struct Line {
        /// Valid until the next line is asked for.
        let text: ByteView
        /// From 1.
        let number: Int
        /// More bytes than a line may have; `text` is only the beginning.
        let isTooLong: Bool
    }

    /// The longest line that is taken: four times the largest event.
    static let lineBytesMax = 64 << 20

    private let stream: InputStream
    private var memory: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private var hasEnded = false
    private var number = 0
    private let longest: Int

    init(_ stream: InputStream, bufferBytes: Int = 256 << 10, longest: Int = LineReader.lineBytesMax) {
        self.stream = stream
        self.longest = longest
        memory = .allocate(byteCount: bufferBytes, alignment: 16)
    }

    deinit { memory.deallocate() }

    /// The next line, or nil behind the last one. The last may lack its line end; a carriage return before a line
    /// end belongs to the line end.
    @inline(__always)
    mutating func next() throws(InputProblem) -> Line? {
        if let length = lineLength(from: start) {
            return take(length, lineEnd: 1)
        }
        return try nextFromMore()
    }

    /// Everything from here on, in one piece, or nil when it is longer than a line may be.
    mutating func rest() throws(InputProblem) -> ByteView? {
        while !hasEnded {
            guard end - start <= longest else { return nil }
            try readMore()
        }
        defer { start = end }
        return view(start, end - start)
    }

    /// The bytes up to the next line end, without taking them; nil at the end of the input.
    mutating func peek() throws(InputProblem) -> ByteView? {
        while lineLength(from: start) == nil, !hasEnded, end - start <= longest { try readMore() }
        let length = lineLength(from: start) ?? end - start
        return length == 0 && start == end ? nil : view(start, length)
    }

    /// The beginning of the input, a few KiB of it where there are as many, without taking it.
    mutating func peekMore() throws(InputProblem) -> ByteView? {
        while end - start < 4096, !hasEnded { try readMore() }
        return start == end ? nil : view(start, end - start)
    }

    @inline(__always)
    private func lineLength(from position: Int) -> Int? {
        guard position < end, let base = memory.baseAddress,
            let found = memchr(base + position, 0x0A, end - position)
        else { return nil }
        return UnsafeRawPointer(found) - UnsafeRawPointer(base) - position
    }

    @inline(__always)
    private mutating func take(_ length: Int, lineEnd: Int) -> Line {
        number += 1
        var text = view(start, length)
        start += length + lineEnd
        if text.count > 0, text[text.count - 1] == 0x0D { text = text.trusted(0, text.count - 1) }
        return Line(text: text, number: number, isTooLong: length > longest)
    }

    @inline(__always)
    private func view(_ offset: Int, _ length: Int) -> ByteView {
        ByteView(UnsafeRawBufferPointer(rebasing: memory[offset..<offset + length]))
    }

    @inline(never)
    private mutating func nextFromMore() throws(InputProblem) -> Line? {
        var scanned = start
        while true {
            if let length = lineLength(from: scanned) { return take(scanned - start + length, lineEnd: 1) }
            if hasEnded { return start == end ? nil : take(end - start, lineEnd: 0) }
            if end - start > longest { return try passLongLine() }
            scanned = end - start
            try readMore()
            scanned += start
        }
    }

    /// Makes room if there is none and reads at least a byte, or notes that there are no more.
    private mutating func readMore() throws(InputProblem) {
        if start > 0, let base = memory.baseAddress {
            memmove(base, base + start, end - start)
            end -= start
            start = 0
        }
        if end == memory.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: memory.count * 2, alignment: 16)
            larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<end]))
            memory.deallocate()
            memory = larger
        }
        let count = try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[end...]))
        if count == 0 { hasEnded = true }
        end += count
    }

    /// Gives the beginning of a line that is too long, and passes the rest of it.
    private mutating func passLongLine() throws(InputProblem) -> Line {
        let beginning = 256
        end = start + beginning
        // The beginning stays where it is; what follows it is read and forgotten.
        while !hasEnded {
            let count = try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[end...]))
            if count == 0 { hasEnded = true }
            let piece = view(end, count)
            if let found = memchr(piece.base, 0x0A, piece.count) {
                let lineEnd = end + (UnsafeRawPointer(found) - UnsafeRawPointer(piece.base)) + 1
                number += 1
                let text = view(start, beginning)
                start = lineEnd
                end += count
                return Line(text: text, number: number, isTooLong: true)
            }
        }
        number += 1
        let text = view(start, beginning)
        start = end
        return Line(text: text, number: number, isTooLong: true)
    }
}
