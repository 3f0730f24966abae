import TallyrollFormat
import TallyrollQuery

/// The data a command prints: gathered in a large buffer and written to stdout in pieces.
///
/// When whoever reads stdout has gone (`| head`), writing throws `OutputClosed`, which ends the program quietly.
struct StandardOutput: ~Copyable {
    var bytes = ByteWriter(capacity: StandardOutput.pieceBytes + (64 << 10))

    private static let pieceBytes = 256 << 10

    /// Writes out what has gathered, if it is a piece.
    @inline(__always)
    mutating func flushIfFull() throws {
        if bytes.count >= StandardOutput.pieceBytes { try flush() }
    }

    mutating func line(_ text: String) throws {
        text.withView { bytes.bytes($0) }
        bytes.u8(UInt8(ascii: "\n"))
        try flushIfFull()
    }

    /// Writes out everything.
    mutating func flush() throws {
        defer { bytes.removeAll() }
        try StandardOutput.write(bytes.view)
    }

    /// Writes bytes to stdout at once.
    static func write(_ view: ByteView) throws {
        var written = 0
        while written < view.count {
            let count = systemWrite(STDOUT_FILENO, view.trusted(written, view.count - written).raw)
            if count >= 0 {
                written += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EPIPE: throw OutputClosed()
            default:
                throw CommandFailure(
                    .inputOutput,
                    "cannot write to standard output: \(systemReason(errno)): give it room, then repeat the command"
                )
            }
        }
    }
}

extension StandardOutput {
    /// Prints what a query did and cost, of each segment too if asked.
    static func print(_ explanation: QueryExplanation, json: Bool, segments: Bool = false) throws {
        var out = StandardOutput()
        if json {
            try out.line(segments ? explanation.detailedJSON : explanation.json)
        } else {
            try out.line(segments ? explanation.detailedDescription : "\(explanation)")
        }
        try out.flush()
    }
}

/// Nobody reads stdout any more.
struct OutputClosed: Error {}
