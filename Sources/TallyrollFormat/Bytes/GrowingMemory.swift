/// Memory for plain values that is used again and again, and grows when more is needed.
struct GrowingMemory<Element: BitwiseCopyable>: ~Copyable {
    private var memory: UnsafeMutablePointer<Element>?
    private var capacity = 0

    init() {}

    deinit { memory?.deallocate() }

    /// Room for `count` elements, uninitialised; what was there before is gone.
    @inline(__always)
    mutating func room(for count: Int) -> UnsafeMutablePointer<Element> {
        if let memory, count <= capacity { return memory }
        return grow(to: count)
    }

    @inline(never)
    private mutating func grow(to count: Int) -> UnsafeMutablePointer<Element> {
        memory?.deallocate()
        capacity = max(count, capacity * 2, 16)
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
        self.memory = memory
        return memory
    }
}
