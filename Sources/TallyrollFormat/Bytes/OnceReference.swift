import Synchronization

/// A reference that is set once, by whichever thread comes first, and then read by any without a lock. What
/// `AtomicLazyReference` is, but read without a call.
struct OnceReference<Object: AnyObject & Sendable>: ~Copyable, Sendable {
    /// The address of the object, which is kept; 0 before there is one.
    private let address = Atomic<UInt>(0)

    init() {}

    deinit { OnceReference.object(at: address.load(ordering: .acquiring))?.release() }

    @inline(__always)
    func load() -> Object? {
        OnceReference.object(at: address.load(ordering: .acquiring))?.takeUnretainedValue()
    }

    /// Calls `body` with the object, which is not counted for it; nil before there is one.
    @inline(__always)
    func read<R>(_ body: (Object) throws -> R) rethrows -> R? {
        guard let object = OnceReference.object(at: address.load(ordering: .acquiring)) else { return nil }
        return try object._withUnsafeGuaranteedRef { try body($0) }
    }

    /// Sets the reference, unless another thread was faster, and gives what it is then.
    func storeIfNil(_ object: Object) -> Object {
        let kept = Unmanaged.passRetained(object)
        let (isFirst, known) = address.compareExchange(
            expected: 0, desired: UInt(bitPattern: kept.toOpaque()), ordering: .acquiringAndReleasing)
        if isFirst { return object }
        kept.release()
        return OnceReference.object(at: known)?.takeUnretainedValue() ?? object
    }

    @inline(__always)
    private static func object(at address: UInt) -> Unmanaged<Object>? {
        UnsafeRawPointer(bitPattern: address).map { Unmanaged.fromOpaque($0) }
    }
}
