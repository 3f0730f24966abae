/// The text of a block's columns, one after another, cut into chunks that are compressed on their own. A value
/// never straddles two chunks, so that reading it inflates exactly one.
package struct TextHeapBuilder: ~Copyable {
    /// Raw bytes after which a chunk is closed: deflate's window, beyond which it finds nothing new, and little
    /// enough to inflate for a single row.
    package static let chunkBytes = 32 << 10

    private var raw = ByteWriter(capacity: TextHeapBuilder.chunkBytes)
    private var chunks = ByteWriter(capacity: TextHeapBuilder.chunkBytes)
    private var chunkStarts: [Int] = []
    private var rawLengths: [Int] = []
    private var closedBytes = 0
    private let compressor: ChunkCompressor

    package init(codec: Codec, level: Int) {
        compressor = ChunkCompressor(codec, level: level)
    }

    package mutating func removeAll() {
        raw.removeAll()
        chunks.removeAll()
        chunkStarts.removeAll(keepingCapacity: true)
        rawLengths.removeAll(keepingCapacity: true)
        closedBytes = 0
    }

    /// Where the next value will begin, if `length` bytes are appended: the place a column remembers.
    package mutating func position(forValueOf length: Int) -> Int {
        if raw.count > 0, raw.count + length > TextHeapBuilder.chunkBytes { closeChunk() }
        return closedBytes + raw.count
    }

    /// Appends a value and returns where it begins.
    package mutating func append(_ value: ByteView) -> Int {
        let start = position(forValueOf: value.count)
        raw.bytes(value)
        return start
    }

    private mutating func closeChunk() {
        guard raw.count > 0 else { return }
        chunkStarts.append(chunks.count)
        rawLengths.append(raw.count)
        compressor.write(raw.view, into: &chunks)
        closedBytes += raw.count
        raw.removeAll()
    }

    /// Closes the heap. Returns the number of chunks.
    package mutating func finish() -> Int {
        closeChunk()
        return chunkStarts.count
    }

    /// The stored form of a chunk: codec byte and data.
    package func chunk(_ index: Int) -> ByteView {
        let end = index + 1 < chunkStarts.count ? chunkStarts[index + 1] : chunks.count
        return chunks.view.trusted(chunkStarts[index], end - chunkStarts[index])
    }

    /// Writes the raw length of every chunk: what a reader needs to find the chunk of a position.
    package func writeDirectory(into out: inout ByteWriter) {
        for length in rawLengths { out.varint(UInt64(length)) }
    }
}

/// Where each chunk of a heap begins, in raw bytes.
package struct TextHeapDirectory {
    package let starts: [Int]

    package init(_ view: ByteView) throws(FormatError) {
        var reader = ByteReader(view, what: "text heap directory")
        var starts = [0]
        while reader.remaining > 0 {
            let length = try reader.length(atMost: Limits.eventBytes)
            starts.append((starts.last ?? 0) + length)
            guard starts.last ?? 0 <= Limits.decodedColumnBytes else {
                throw reader.invalid(
                    "length", expected: "at most \(Limits.decodedColumnBytes) bytes in all", found: "more")
            }
        }
        self.starts = starts
    }

    package var chunkCount: Int { starts.count - 1 }
    package var rawBytes: Int { starts.last ?? 0 }

    package func rawLength(_ chunk: Int) -> Int { starts[chunk + 1] - starts[chunk] }

    /// The chunk that holds the byte at `position`, or nil when there is none.
    package func chunk(at position: Int) -> Int? {
        guard position >= 0, position < rawBytes else { return nil }
        var (low, high) = (0, starts.count - 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= position { low = middle } else { high = middle }
        }
        return low
    }

    /// The raw bytes of a chunk from its stored form.
    package func inflate(_ chunk: Int, stored: ByteView) throws(FormatError) -> Bytes {
        try ChunkCompressor.read(stored, rawLength: rawLength(chunk), what: "text chunk \(chunk)")
    }
}
