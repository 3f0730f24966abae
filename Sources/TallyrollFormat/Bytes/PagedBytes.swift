import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where the pages of `PagedBytes` come from.
package protocol PageSource: AnyObject, Sendable {
    /// Fills `buffer` with the bytes of some pages, which are right or not given.
    func read(_ pages: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(FormatError)
    /// Called after so many bytes were read and are kept, with no lock held.
    func didRead(_ bytes: Int)
}

/// A run of bytes that lies side by side in memory, of which each page is read when it is first needed: whoever reads
/// a view of it first asks its `PageMap` for the bytes it is going to look at. Pages that nobody asked for take room
/// in the address space and no memory.
///
/// `@unchecked Sendable`: a page is written once, under the lock, before its bit says that it is there.
package final class PagedBytes: @unchecked Sendable {
    package static let pageShift = 12
    package static let pageBytes = 1 << pageShift

    package let count: Int
    fileprivate let present: UnsafeMutablePointer<Atomic<UInt64>>?
    private let memory: UnsafeMutableRawPointer
    private let whole: Bytes?
    private let source: (any PageSource)?
    private let gauge: MemoryGauge?
    private let isMapped: Bool
    /// The bytes that were read; held while pages are.
    private let filled = Mutex(0)

    /// Bytes that are all there; `gauge` is told that they are.
    package init(_ bytes: Bytes, gauge: MemoryGauge) {
        count = bytes.count
        whole = bytes
        memory = UnsafeMutableRawPointer(mutating: bytes.view.base)
        (present, source, isMapped) = (nil, nil, false)
        self.gauge = gauge
        filled.withLock { $0 = bytes.count }
        gauge.add(bytes.count)
    }

    /// `count` bytes, more than 0, none of which was read yet. `gauge` is told of each page that is. Where there are few,
    /// room that was used before is fine, whatever it holds.
    package init(count: Int, from source: any PageSource, gauge: MemoryGauge? = nil, isSmall: Bool = false) {
        precondition(count > 0)
        self.count = count
        self.source = source
        self.gauge = gauge
        whole = nil
        (memory, isMapped) = isSmall ? PagedBytes.allocate(count) : PagedBytes.reserve(count)
        let words = PagedBytes.wordCount(count)
        let present = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: words)
        for word in 0..<words { (present + word).initialize(to: Atomic(0)) }
        self.present = present
    }

    deinit {
        gauge?.add(-bytesHeld)
        guard let present else { return }
        present.deinitialize(count: PagedBytes.wordCount(count))
        present.deallocate()
        if isMapped { munmap(memory, count) } else { free(memory) }
    }

    private static func wordCount(_ bytes: Int) -> Int { (pageCount(bytes) + 63) >> 6 }

    /// The pages that so many bytes take.
    package static func pageCount(_ bytes: Int) -> Int { (bytes + pageBytes - 1) >> pageShift }

    /// Room that takes memory only where it is written.
    private static func reserve(_ count: Int) -> (memory: UnsafeMutableRawPointer, isMapped: Bool) {
        let mapped = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
        if let mapped, mapped != UnsafeMutableRawPointer(bitPattern: -1) {
            #if os(Linux)
                // A page of 2 MiB would be there whole with its first byte.
                madvise(mapped, count, MADV_NOHUGEPAGE)
            #endif
            return (mapped, true)
        }
        guard let memory = calloc(count, 1) else { preconditionFailure("out of memory") }
        return (memory, false)
    }

    private static func allocate(_ count: Int) -> (memory: UnsafeMutableRawPointer, isMapped: Bool) {
        guard let memory = malloc(count) else { preconditionFailure("out of memory") }
        return (memory, false)
    }

    /// The bytes of memory that were read.
    package var bytesHeld: Int { filled.withLock { $0 } }

    /// A view of all bytes, valid while this object lives. Those that were not asked for may be anything.
    package var view: ByteView {
        ByteView(base: UnsafePointer(memory.assumingMemoryBound(to: UInt8.self)), count: count)
    }

    /// What has bytes read before a view is looked at; valid while this object lives.
    package var pages: PageMap {
        PageMap(
            present: present, owner: present == nil ? nil : Unmanaged.passUnretained(self), count: count)
    }

    /// Reads those of some pages that are not there.
    fileprivate func fill(_ pages: ClosedRange<Int>) throws(FormatError) {
        guard let present, let source else { return }
        let added = try filled.withLock { (filled) throws(FormatError) -> Int in
            var added = 0
            var page = pages.lowerBound
            while page <= pages.upperBound {
                var end = page
                while end <= pages.upperBound, !PagedBytes.isThere(end, present) { end += 1 }
                if end > page {
                    added += try read(page..<end, source, present)
                }
                page = end + 1
            }
            filled += added
            gauge?.add(added)
            return added
        }
        if added > 0 { source.didRead(added) }
    }

    private func read(
        _ pages: Range<Int>, _ source: any PageSource, _ present: UnsafeMutablePointer<Atomic<UInt64>>
    ) throws(FormatError) -> Int {
        let start = pages.lowerBound << PagedBytes.pageShift
        let length = min(pages.upperBound << PagedBytes.pageShift, count) - start
        try source.read(pages, into: UnsafeMutableRawBufferPointer(start: memory + start, count: length))
        for page in pages {
            present[page >> 6].bitwiseOr(1 &<< UInt64(page & 63), ordering: .releasing)
        }
        return length
    }

    @inline(__always)
    fileprivate static func isThere(_ page: Int, _ present: UnsafeMutablePointer<Atomic<UInt64>>) -> Bool {
        present[page &>> 6].load(ordering: .acquiring) &>> UInt64(page & 63) & 1 != 0
    }
}

/// Has those bytes of `PagedBytes` read that are going to be looked at. Does not keep them: valid as long as they are.
package struct PageMap {
    fileprivate let present: UnsafeMutablePointer<Atomic<UInt64>>?
    fileprivate let owner: Unmanaged<PagedBytes>?
    fileprivate let count: Int

    /// Of bytes that are all there.
    package static var complete: PageMap { PageMap(present: nil, owner: nil, count: 0) }

    /// Whether something may be left to be read.
    @inline(__always)
    var isPartial: Bool { present != nil }

    /// Has some bytes read, unless they were; what lies outside of all bytes is left out.
    @inline(__always)
    package func need(_ range: Range<Int>) throws(FormatError) {
        guard let present else { return }
        try need(range, present)
    }

    /// Has all bytes read.
    @inline(__always)
    func needAll() throws(FormatError) { try need(0..<count) }

    /// Has the bytes read that hold some bits, with those behind that are loaded together with them. `origin` is where
    /// the bits begin.
    @inline(__always)
    func need(bits: Range<Int>, from origin: Int) throws(FormatError) {
        guard let present, !bits.isEmpty else { return }
        try need((origin &+ bits.lowerBound &>> 3)..<(origin &+ bits.upperBound &>> 3 &+ 9), present)
    }

    private func need(
        _ range: Range<Int>, _ present: UnsafeMutablePointer<Atomic<UInt64>>
    ) throws(FormatError) {
        let (low, high) = (max(range.lowerBound, 0), min(range.upperBound, count))
        guard low < high else { return }
        let (first, last) = (low &>> PagedBytes.pageShift, (high &- 1) &>> PagedBytes.pageShift)
        for page in first...last where !PagedBytes.isThere(page, present) {
            try owner?.takeUnretainedValue().fill(page...last)
            return
        }
    }
}
