import TallyrollStore

/// The pieces of one large append that are on their way to the disk, in order, and the receipts of those before them.
struct SubmittedPieces {
    /// What becomes of a piece: set by the writer's thread, waited for by the caller's.
    final class Outcome: Sendable {
        private let result = Monitor<Result<AppendReceipt, AuditLogError>?>(nil)

        func set(_ result: Result<AppendReceipt, AuditLogError>) { self.result.update { $0 = result } }

        func wait() throws(AuditLogError) -> AppendReceipt { try result.wait { $0 }.get() }
    }

    /// One is being written, one waits: more would only take memory.
    private static let underWayMax = 2

    private var underWay: [Outcome] = []
    private var receipts: [AppendReceipt] = []

    /// Adds a piece that was handed over, and waits while too many are under way.
    mutating func add(_ piece: Outcome) throws(AuditLogError) {
        underWay.append(piece)
        while underWay.count > SubmittedPieces.underWayMax { try takeOldest() }
    }

    /// Waits for all of them and gives their receipts.
    mutating func finish() throws(AuditLogError) -> [AppendReceipt] {
        while !underWay.isEmpty { try takeOldest() }
        return receipts
    }

    private mutating func takeOldest() throws(AuditLogError) {
        receipts.append(try underWay.removeFirst().wait())
    }
}
