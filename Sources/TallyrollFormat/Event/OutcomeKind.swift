/// What came of an action, without its text. Zero is never a value on disk.
package enum OutcomeKind: UInt8, CaseIterable, Sendable {
    case absent = 1
    case success = 2
    case failure = 3
    case denied = 4
}

/// Who wrote an event: the application, or the engine itself (gap and recovery records).
package enum EventOrigin: UInt8, Sendable {
    case application = 1
    case engine = 2
}
