/// References that are made when they are first asked for, by whichever thread comes first.
///
/// `@unchecked Sendable`: the places stay where they are, and each is set once, atomically.
final class LazyReferences<Object: AnyObject & Sendable>: @unchecked Sendable {
    private let places: UnsafeMutablePointer<OnceAddress>
    private let count: Int

    init(count: Int) {
        self.count = count
        places = .allocate(capacity: max(count, 1))
        for index in 0..<count { (places + index).initialize(to: OnceAddress()) }
    }

    deinit {
        for index in 0..<count { places[index].release() }
        places.deallocate()
    }

    @inline(__always)
    subscript(index: Int) -> Object? {
        precondition(index >= 0 && index < count)
        return places[index].load()
    }

    /// Calls `body` with a reference, which is not counted for it; nil before it is made.
    @inline(__always)
    func read<R>(_ index: Int, _ body: (Object) throws -> R) rethrows -> R? {
        precondition(index >= 0 && index < count)
        return try places[index].read(body)
    }

    func store(_ object: Object, at index: Int) -> Object {
        precondition(index >= 0 && index < count)
        return places[index].storeIfNil(object)
    }
}
