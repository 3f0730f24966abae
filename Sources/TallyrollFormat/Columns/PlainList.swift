/// A growing list of plain values that is emptied and filled again block after block. Unlike an array it is never
/// shared, so that appending to one costs no check for it.
struct PlainList<Element: BitwiseCopyable>: ~Copyable {
    private var memory: UnsafeMutablePointer<Element>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 64) {
        self.capacity = max(capacity, 1)
        memory = .allocate(capacity: self.capacity)
    }

    deinit { memory.deallocate() }

    /// Forgets the elements and keeps the memory.
    @inline(__always)
    mutating func removeAll() { count = 0 }

    @inline(__always)
    mutating func reserve(_ extra: Int) {
        if capacity - count < extra { grow(extra) }
    }

    @inline(never)
    private mutating func grow(_ extra: Int) {
        let wanted = max(capacity * 2, count + extra)
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: wanted)
        larger.moveInitialize(from: memory, count: count)
        memory.deallocate()
        memory = larger
        capacity = wanted
    }

    @inline(__always)
    mutating func append(_ element: Element) {
        reserve(1)
        (memory + count).initialize(to: element)
        count &+= 1
    }

    /// Appends `extra` elements that `body` writes, every one of them.
    @inline(__always)
    mutating func append(_ extra: Int, writtenBy body: (UnsafeMutablePointer<Element>) -> Void) {
        reserve(extra)
        body(memory + count)
        count += extra
    }

    /// Forgets the elements from `length` on.
    @inline(__always)
    mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= count)
        count = length
    }

    @inline(__always)
    subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count)
            return memory[index]
        }
        set {
            precondition(index >= 0 && index < count)
            memory[index] = newValue
        }
    }

    @inline(__always)
    var last: Element? { count > 0 ? memory[count - 1] : nil }

    /// The elements, valid until the next change.
    @inline(__always)
    var elements: UnsafeBufferPointer<Element> { UnsafeBufferPointer(start: memory, count: count) }
}
