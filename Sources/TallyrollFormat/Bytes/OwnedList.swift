/// Objects that are gone through again and again, without being counted each time.
///
/// `@unchecked Sendable`: nothing changes after it is made, and the objects do not either.
final class OwnedList<Object: AnyObject & Sendable>: @unchecked Sendable {
    private let owned: [Object]
    private let places: UnsafeMutablePointer<Unmanaged<Object>>
    private let count: Int

    init(_ objects: [Object]) {
        owned = objects
        count = objects.count
        places = .allocate(capacity: max(count, 1))
        for index in 0..<count { (places + index).initialize(to: .passUnretained(objects[index])) }
    }

    deinit { places.deallocate() }

    /// Calls `body` with each object, in order.
    @inline(__always)
    func forEach(_ body: (Object) throws -> Void) rethrows {
        for index in 0..<count {
            try places[index]._withUnsafeGuaranteedRef { try body($0) }
        }
    }
}
