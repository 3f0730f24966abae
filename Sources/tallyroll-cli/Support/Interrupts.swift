import Synchronization

/// Whether SIGINT or SIGTERM asked the program to come to an end in good order.
enum Interrupts {
    private static let wanted = Atomic<Bool>(false)

    /// From now on the first signal only raises the flag; a second one ends the program at once.
    static func watch() {
        // Made before a handler can run.
        _ = wanted.load(ordering: .relaxed)
        for signal in [SIGINT, SIGTERM] {
            var action = sigaction()
            #if canImport(Darwin)
                action.__sigaction_u.__sa_handler = { _ in Interrupts.raise() }
            #else
                action.__sigaction_handler.sa_handler = { _ in Interrupts.raise() }
            #endif
            action.sa_flags = Int32(bitPattern: UInt32(truncatingIfNeeded: SA_RESETHAND))
            sigaction(signal, &action, nil)
        }
    }

    private static func raise() { wanted.store(true, ordering: .relaxed) }

    static var isWanted: Bool { wanted.load(ordering: .relaxed) }
}
