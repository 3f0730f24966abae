/// What several threads may open at once is kept by the first of them, and that is what all are given. Views of bytes are
/// handed out without their owner where something keeps it: whatever is kept so must never be replaced, or the
/// views of whoever came first would outlive their bytes.
extension Dictionary {
    /// Keeps a value, unless there is one already, and gives the one that is kept.
    @inlinable
    package mutating func keepFirst(_ value: Value, at key: Key) -> Value {
        if let known = self[key] { return known }
        self[key] = value
        return value
    }
}

extension Optional {
    /// Keeps a value, unless there is one already, and gives the one that is kept.
    @inlinable
    package mutating func keepFirst(_ value: Wrapped) -> Wrapped {
        if let known = self { return known }
        self = value
        return value
    }
}
