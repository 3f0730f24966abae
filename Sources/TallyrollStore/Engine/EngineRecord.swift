import TallyrollFormat

/// The events the engine itself writes into the log, so that what it had to do is under the same proof as everything
/// else. Their types begin with `tallyroll.` and their origin is the engine, which no application can claim.
enum EngineRecord {
    /// Events were dropped because the queue was full.
    static let gapType = "tallyroll.gap"
    /// Recovery cut a torn tail, or found that events are lost.
    static let recoveryType = "tallyroll.recovery"

    static func gap(_ dropped: DroppedEvents, at now: Int64, into out: inout ByteWriter) {
        let details =
            #"{"dropped":\#(dropped.count),"from_ns":\#(dropped.firstTime),"#
            + #""until_ns":\#(dropped.lastTime),"reason":"queue full"}"#
        write(
            type: gapType, severity: "warning", action: "drop",
            message: "\(dropped.count) events were dropped: the queue was full", details: details, at: now,
            into: &out)
    }

    static func recovery(_ finding: RecoveryFinding, at now: Int64, into out: inout ByteWriter) {
        var details =
            #"{"kind":"\#(finding.kind.rawValue)","file":"\#(finding.file)","offset":\#(finding.offset)"#
        details += #","bytes":\#(finding.bytes)"#
        if let lost = finding.lost {
            details += #","first_lost_sequence":\#(lost.lowerBound),"lost":\#(lost.count)"#
        }
        details += "}"
        write(
            type: recoveryType, severity: finding.kind == .tornTail ? "notice" : "critical",
            action: "recover",
            message: finding.description, details: details, at: now, into: &out)
    }

    private static func write(
        type: String, severity: String, action: String, message: String, details: String, at now: Int64,
        into out: inout ByteWriter
    ) {
        var encoder = RecordEncoder()
        encoder.begin(
            timestamp: now, time: TimeNotation(digits: 9), outcome: .absent, duration: nil, origin: .engine,
            into: &out)
        type.withView { encoder.string(.type, $0, into: &out) }
        severity.withView { encoder.string(.severity, $0, into: &out) }
        action.withView { encoder.string(.action, $0, into: &out) }
        "tallyroll".withView { encoder.string(.component, $0, into: &out) }
        message.withView { encoder.string(.message, $0, into: &out) }
        details.withView { encoder.string(.details, $0, into: &out) }
        _ = encoder.end(into: &out)
    }
}

/// Something recovery found and did when a store was opened.
public struct RecoveryFinding: Sendable, Equatable, CustomStringConvertible {
    /// What was found.
    public enum Kind: String, Sendable {
        /// The end of the log was never wholly written, and nothing valid stood behind it: it was left out.
        case tornTail = "torn_tail"
        /// Bytes that had been synced are damaged: the events in them are lost.
        case damage
    }

    /// What was found.
    public let kind: Kind
    /// The file it was found in.
    public let file: String
    /// Where in the file.
    public let offset: Int
    /// How many bytes are concerned.
    public let bytes: Int
    /// The sequences of the events that are lost, if any are.
    public let lost: Range<UInt64>?

    /// One sentence with file, place and what became of it.
    public var description: String {
        switch kind {
        case .tornTail:
            "\(file): \(bytes) bytes from byte \(offset) were never wholly written and were left out"
        case .damage:
            if let lost, !lost.isEmpty {
                "\(file): damaged at byte \(offset): events \(lost.lowerBound) to \(lost.upperBound - 1) are lost"
            } else {
                "\(file): damaged at byte \(offset)"
            }
        }
    }
}
