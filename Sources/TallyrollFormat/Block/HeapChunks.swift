import Synchronization

/// The text heap of one block: its chunks are inflated when they are first asked for, and stay for as long as this
/// object lives. What is inflated already is found without a lock, by any thread.
final class HeapChunks: TextHeap {
    private let sections: BlockSections
    /// The address of an `Opened`, 0 before the heap's directory was read.
    private let opened = Atomic<UInt>(0)
    private let owners = Mutex(Owners())

    /// Where the chunks lie. Made once, and freed with the heap.
    private struct Opened {
        let directory: TextHeapDirectory
        let chunkCount: Int
        /// Where each chunk begins, and behind the last one where it ends.
        let starts: UnsafeMutablePointer<Int>
        /// The address of each chunk's text, 0 before it was inflated.
        let places: UnsafeMutablePointer<Atomic<UInt>>
    }

    private struct Owners {
        var chunks: [Int: Bytes] = [:]
    }

    init(_ sections: BlockSections) { self.sections = sections }

    deinit {
        guard let state = UnsafeMutablePointer<Opened>(bitPattern: opened.load(ordering: .acquiring)) else {
            return
        }
        state.pointee.places.deallocate()
        state.pointee.starts.deallocate()
        state.deinitialize(count: 1)
        state.deallocate()
    }

    func text(at position: Int, _ length: Int) throws -> ByteView {
        let state = try state()
        guard let chunk = HeapChunks.chunk(at: position, state), length >= 0,
            length <= state.pointee.starts[chunk + 1] - position
        else {
            throw FormatError(
                .invalid, "text heap", offset: position, expected: "text inside one chunk",
                found: "\(length) bytes beyond")
        }
        let text = try text(ofChunk: chunk, state)
        return text.trusted(position - state.pointee.starts[chunk], length)
    }

    func forEachPiece(
        from start: Int, to end: Int, _ body: (_ position: Int, _ text: ByteView) throws -> Void
    ) throws {
        guard start < end else { return }
        let state = try state()
        let starts = state.pointee.starts
        guard end <= starts[state.pointee.chunkCount], var chunk = HeapChunks.chunk(at: start, state) else {
            throw FormatError(
                .invalid, "text heap", offset: start, expected: "text inside the heap",
                found: "text up to \(end)")
        }
        var position = start
        while position < end {
            let pieceEnd = min(end, starts[chunk + 1])
            if pieceEnd > position {
                let text = try text(ofChunk: chunk, state)
                try body(position, text.trusted(position - starts[chunk], pieceEnd - position))
                position = pieceEnd
            }
            chunk += 1
        }
    }

    /// The chunk that holds the byte at `position`, or nil when there is none.
    @inline(__always)
    private static func chunk(at position: Int, _ state: UnsafeMutablePointer<Opened>) -> Int? {
        let starts = state.pointee.starts
        var (low, high) = (0, state.pointee.chunkCount)
        guard position >= 0, position < starts[high] else { return nil }
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= position { low = middle } else { high = middle }
        }
        return low
    }

    @inline(__always)
    private func text(ofChunk chunk: Int, _ state: UnsafeMutablePointer<Opened>) throws -> ByteView {
        let place = state.pointee.places[chunk].load(ordering: .acquiring)
        guard let base = UnsafePointer<UInt8>(bitPattern: place) else { return try inflate(chunk, state) }
        let starts = state.pointee.starts
        return ByteView(base: base, count: starts[chunk + 1] - starts[chunk])
    }

    @inline(__always)
    private func state() throws -> UnsafeMutablePointer<Opened> {
        if let known = UnsafeMutablePointer<Opened>(bitPattern: opened.load(ordering: .acquiring)) {
            return known
        }
        return try open()
    }

    @inline(never)
    private func open() throws -> UnsafeMutablePointer<Opened> {
        let bytes = try sections.read(try sections.required(.heapDirectory, 0))
        let directory = try bytes.withView { (view) throws(FormatError) in try TextHeapDirectory(view) }
        return owners.withLock { _ in
            if let known = UnsafeMutablePointer<Opened>(bitPattern: opened.load(ordering: .acquiring)) {
                return known
            }
            let places = UnsafeMutablePointer<Atomic<UInt>>.allocate(capacity: max(directory.chunkCount, 1))
            for chunk in 0..<directory.chunkCount { (places + chunk).initialize(to: Atomic(0)) }
            let starts = UnsafeMutablePointer<Int>.allocate(capacity: directory.starts.count)
            for (chunk, start) in directory.starts.enumerated() { starts[chunk] = start }
            let state = UnsafeMutablePointer<Opened>.allocate(capacity: 1)
            state.initialize(
                to: Opened(
                    directory: directory, chunkCount: directory.chunkCount, starts: starts, places: places))
            opened.store(UInt(bitPattern: state), ordering: .releasing)
            return state
        }
    }

    @inline(never)
    private func inflate(_ chunk: Int, _ state: UnsafeMutablePointer<Opened>) throws -> ByteView {
        let stored = try sections.read(try sections.required(.textChunk, chunk))
        let directory = state.pointee.directory
        let bytes = try stored.withView { (view) throws(FormatError) in
            try directory.inflate(chunk, stored: view)
        }
        let kept = owners.withLock { owners in
            if let known = owners.chunks[chunk] { return known }
            owners.chunks[chunk] = bytes
            sections.inflated(bytes.count)
            return bytes
        }
        state.pointee.places[chunk].store(UInt(bitPattern: kept.view.base), ordering: .releasing)
        return kept.view
    }
}
