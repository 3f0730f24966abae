import TallyrollFormat
import TallyrollIntegrity

/// A segment that is being sealed, and what there is to know of its end.
final class SegmentSealing: Sendable {
    let number: UInt64
    /// The sequence after its last event, and chain and tree there.
    let end: UInt64
    let chainHead: Digest
    let frontier: Frontier
    private let result = Monitor<Result<SegmentReader, AuditLogError>?>(nil)

    /// Begins to seal a segment on a thread of its own; nobody else may use `builder` any more. `onDone` is called there.
    init(_ builder: SegmentBuilder, context: StoreContext, onDone: @escaping @Sendable () -> Void) {
        (number, end) = (builder.header.number, builder.nextSequence)
        (chainHead, frontier) = (builder.chainHead, builder.frontier)
        let builder = UncheckedTransfer(builder)
        DedicatedThreads.start { [result] in
            let sealed = SegmentSealing.seal(builder.value, context)
            result.update { $0 = sealed }
            onDone()
        }
    }

    /// Seals a segment on the calling thread.
    init(sealed builder: SegmentBuilder, context: StoreContext) {
        let sealed = SegmentSealing.seal(builder, context)
        (number, end) = (builder.header.number, builder.nextSequence)
        (chainHead, frontier) = (builder.chainHead, builder.frontier)
        result.update { $0 = sealed }
    }

    var isDone: Bool { result.withLock { $0 != nil } }

    /// Waits for the end; gives the sealed segment, opened for reading, or throws what kept it from being sealed.
    func wait() throws(AuditLogError) -> SegmentReader { try result.wait { $0 }.get() }

    private static func seal(
        _ builder: SegmentBuilder, _ context: StoreContext
    ) -> Result<SegmentReader, AuditLogError> {
        do {
            try builder.seal()
            return .success(
                try SegmentReader(
                    builder.path, in: context.storage, cache: context.cache, mustBeSealed: true))
        } catch {
            return .failure(AuditLogError.wrapping(error))
        }
    }
}
