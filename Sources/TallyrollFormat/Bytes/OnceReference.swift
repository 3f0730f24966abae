import Synchronization

/// A reference that is set once, by whichever thread comes first, and then read by any without a lock. What
/// `AtomicLazyReference` is, but read without a call.
struct OnceReference<Object: AnyObject & Sendable>: ~Copyable, Sendable {
    private let address = OnceAddress()

    init() {}

    deinit { address.release() }

    @inline(__always)
    func load() -> Object? { address.load() }

    /// Calls `body` with the object, which is not counted for it; nil before there is one.
    @inline(__always)
    func read<R>(_ body: (Object) throws -> R) rethrows -> R? { try address.read(body) }

    /// Sets the reference, unless another thread was faster, and gives what it is then.
    func storeIfNil(_ object: Object) -> Object { address.storeIfNil(object) }
}

/// What a `OnceReference` holds, without its type: many are let go without asking the runtime what they are. Whoever
/// owns one calls `release` when nobody reads it any more.
struct OnceAddress: ~Copyable, Sendable {
    /// The address of the object, which is kept; 0 before there is one.
    private let address = Atomic<UInt>(0)

    init() {}

    func release() {
        guard let object = UnsafeRawPointer(bitPattern: address.load(ordering: .acquiring)) else { return }
        Unmanaged<AnyObject>.fromOpaque(object).release()
    }

    @inline(__always)
    func load<Object: AnyObject>() -> Object? {
        OnceAddress.object(at: address.load(ordering: .acquiring))?.takeUnretainedValue()
    }

    @inline(__always)
    func read<Object: AnyObject, R>(_ body: (Object) throws -> R) rethrows -> R? {
        guard let object: Unmanaged<Object> = OnceAddress.object(at: address.load(ordering: .acquiring))
        else { return nil }
        return try object._withUnsafeGuaranteedRef { try body($0) }
    }

    func storeIfNil<Object: AnyObject & Sendable>(_ object: Object) -> Object {
        let kept = Unmanaged.passRetained(object)
        let (isFirst, known) = address.compareExchange(
            expected: 0, desired: UInt(bitPattern: kept.toOpaque()), ordering: .acquiringAndReleasing)
        if isFirst { return object }
        kept.release()
        return OnceAddress.object(at: known)?.takeUnretainedValue() ?? object
    }

    @inline(__always)
    private static func object<Object: AnyObject>(at address: UInt) -> Unmanaged<Object>? {
        UnsafeRawPointer(bitPattern: address).map { Unmanaged.fromOpaque($0) }
    }
}
