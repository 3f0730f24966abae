#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A list of plain values that grows to millions. It grows through `realloc`, which moves pages of large memory instead
/// of copying what is in them, where an array would copy it into fresh pages that the system has to clear.
final class GrowingList<Element: BitwiseCopyable> {
    private var memory: UnsafeMutableRawPointer?
    private var capacity = 0
    private(set) var count = 0

    deinit { free(memory) }

    /// The elements, valid until the next change.
    var elements: UnsafeBufferPointer<Element> {
        UnsafeBufferPointer(start: memory?.assumingMemoryBound(to: Element.self), count: count)
    }

    func append(contentsOf more: UnsafeBufferPointer<Element>) {
        guard let source = more.baseAddress, more.count > 0 else { return }
        room(for: more.count).initialize(from: source, count: more.count)
        count += more.count
    }

    func append(contentsOf more: [Element]) {
        more.withUnsafeBufferPointer { append(contentsOf: $0) }
    }

    func append(repeating element: Element, count more: Int) {
        guard more > 0 else { return }
        room(for: more).initialize(repeating: element, count: more)
        count += more
    }

    /// Forgets all elements but the first `rest`.
    func truncate(to rest: Int) { count = min(count, rest) }

    /// Memory for so many elements behind the last.
    private func room(for more: Int) -> UnsafeMutablePointer<Element> {
        if capacity - count < more { grow(to: count + more) }
        guard let memory else { preconditionFailure("a list that grew has memory") }
        return memory.assumingMemoryBound(to: Element.self) + count
    }

    private func grow(to needed: Int) {
        let wanted = max(needed, capacity * 2, 1024)
        guard let larger = realloc(memory, wanted * MemoryLayout<Element>.stride) else {
            preconditionFailure("out of memory")
        }
        memory = larger
        capacity = wanted
    }
}
