import TallyrollFormat

/// Bytes at any position, zero where nothing was written. Pages are shared between copies until one changes, so
/// that a clone of a whole disk costs little.
struct SparseBytes: Sendable {
    static let pageBytes = 4096
    static let sectorBytes = 512

    private var pages: [[UInt8]?] = []

    /// How far anything but zeros can lie.
    var extent: Int { pages.count * SparseBytes.pageBytes }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) {
        SparseBytes.pieces(offset, buffer.count) { page, start, position, length in
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[position..<position + length])
            guard page < pages.count, let bytes = pages[page] else {
                clearMemory(target)
                return
            }
            bytes.withUnsafeBytes { source in
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<start + length]))
            }
        }
    }

    mutating func write(at offset: Int, _ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        let last = (offset + bytes.count - 1) / SparseBytes.pageBytes
        while pages.count <= last { pages.append(nil) }
        SparseBytes.pieces(offset, bytes.count) { page, start, position, length in
            if pages[page] == nil { pages[page] = [UInt8](repeating: 0, count: SparseBytes.pageBytes) }
            pages[page]?.withUnsafeMutableBytes { target in
                UnsafeMutableRawBufferPointer(rebasing: target[start..<start + length])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[position..<position + length]))
            }
        }
    }

    func sector(_ index: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: SparseBytes.sectorBytes)
        bytes.withUnsafeMutableBytes { read(at: index * SparseBytes.sectorBytes, into: $0) }
        return bytes
    }

    mutating func setSector(_ index: Int, _ bytes: [UInt8]) {
        bytes.withUnsafeBytes { write(at: index * SparseBytes.sectorBytes, $0) }
    }

    /// The sectors from `offset` on that can hold anything but zeros.
    func sectors(from offset: Int) -> [Int] {
        let perPage = SparseBytes.pageBytes / SparseBytes.sectorBytes
        let first = offset / SparseBytes.sectorBytes
        return pages.indices.filter { pages[$0] != nil }
            .flatMap { ($0 * perPage)..<(($0 + 1) * perPage) }
            .filter { $0 >= first }
    }

    /// Makes everything from `offset` on zero.
    mutating func removeAll(from offset: Int) {
        let page = offset / SparseBytes.pageBytes
        guard page < pages.count else { return }
        pages.removeLast(pages.count - page - 1)
        guard let bytes = pages[page] else { return }
        let kept = offset % SparseBytes.pageBytes
        pages[page] = bytes[..<kept] + [UInt8](repeating: 0, count: SparseBytes.pageBytes - kept)
    }

    /// Cuts a range at page borders: page, start in the page, position in the range, length.
    private static func pieces(_ offset: Int, _ count: Int, _ body: (Int, Int, Int, Int) -> Void) {
        var position = 0
        while position < count {
            let start = (offset + position) % pageBytes
            let length = min(pageBytes - start, count - position)
            body((offset + position) / pageBytes, start, position, length)
            position += length
        }
    }
}
