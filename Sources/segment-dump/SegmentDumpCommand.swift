import ArgumentParser
import TallyrollDump
import TallyrollFormat
import TallyrollStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@main
struct SegmentDumpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment-dump",
        abstract: "Shows what one segment file of a Tallyroll store holds.",
        discussion: """
            The file is read alone, without the rest of its store: sealed, still open, or damaged. Every checksum is \
            checked and every event is hashed on the way. Damage is shown where it is, and the rest is still printed.

            Without options: header, blocks, indexes and footer. With any of --blocks, --index, --columns or --hex: \
            only those.

            EXAMPLES
              segment-dump store/segment-0000000001.seg
                  the whole segment at a glance
              segment-dump --columns FILE
                  what costs disk: bytes by column, and how each is stored
              segment-dump --events --block 3 FILE
                  the events of one block as JSON lines
              segment-dump --hex --block 0 FILE
                  a block's header and directory, byte by byte, with what each means
              segment-dump --json FILE
                  one JSON object, for scripts

            EXIT CODES
              0  the segment is in order          65  the file is no segment
              1  there is damage; it is shown     66  there is no such file
              64  wrong usage                     74  the file cannot be read
            """)

    @Argument(help: "A segment file (segment-….seg).")
    var file: String

    @Flag(help: "The blocks: where they lie, what they span, whether they hold.")
    var blocks = false

    @Flag(help: "Dictionaries and posting lists with their sizes.")
    var index = false

    @Flag(help: "Bytes by column, and how each is stored.")
    var columns = false

    @Flag(help: "The events as JSON lines, and nothing else on stdout.")
    var events = false

    @Flag(help: "Header, first block and trailer byte by byte, with what each byte means.")
    var hex = false

    @Flag(help: "One JSON object instead of tables.")
    var json = false

    @Option(help: ArgumentHelp("Only the block at this place, counted from 0.", valueName: "N"))
    var block: Int?

    func validate() throws {
        if let block, block < 0 { throw ValidationError("--block counts from 0; \(block) is no block.") }
        if events, blocks || index || columns || hex || json {
            throw ValidationError("--events prints JSON lines alone; ask for the rest in a second call.")
        }
        if hex, json { throw ValidationError("--hex is text; leave out --json.") }
    }

    func run() throws {
        let inspection = try inspect()
        if let block, block >= inspection.blocks.count {
            complain("--block \(block): the segment has blocks 0 to \(inspection.blocks.count - 1)")
            throw ExitCode(64)
        }
        let dump = SegmentDump(inspection, parts: parts, block: block, colours: Terminal.hasColours)
        if events {
            try EventDump(inspection, block: block).forEachBlock { try Terminal.write($0) }
            for problem in dump.problems { complain(problem.description) }
        } else {
            try (json ? dump.json() : dump.text()).withView { try Terminal.write($0) }
        }
        if !dump.problems.isEmpty { throw ExitCode(1) }
    }

    private var parts: SegmentDump.Parts {
        var parts: SegmentDump.Parts = []
        if blocks { parts.insert(.blocks) }
        if index { parts.insert(.index) }
        if columns { parts.insert(.columns) }
        if hex { parts.insert(.hex) }
        return parts.isEmpty ? .summary : parts
    }

    private func inspect() throws -> SegmentInspection {
        // The storage's root is the file's directory.
        let slash = file.lastIndex(of: "/")
        let directory = slash.map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? "."
        let name = slash.map { String(file[file.index(after: $0)...]) } ?? file
        do {
            return try SegmentInspection(name, in: PosixStorage(root: directory))
        } catch let problem as StorageError {
            complain("\(file): \(problem)")
            throw ExitCode(problem.code == .noSuchFile ? 66 : 74)
        } catch let problem as FormatError {
            complain("\(file): no segment, or its header and first block are both lost: \(problem)")
            throw ExitCode(65)
        }
    }

    private func complain(_ message: String) {
        Terminal.writeError("segment-dump: \(message)\n")
    }
}

/// The process's own streams.
enum Terminal {
    static var hasColours: Bool { isatty(1) == 1 && getenv("NO_COLOR") == nil }

    static func write(_ view: ByteView) throws { try write(view, to: 1) }

    static func writeError(_ text: String) { try? text.withView { try write($0, to: 2) } }

    private static func write(_ view: ByteView, to descriptor: Int32) throws {
        var done = 0
        while done < view.count {
            let count = systemWrite(descriptor, view.base + done, view.count - done)
            if count < 0, errno == EINTR { continue }
            // Whoever reads our output may stop early; that is no error of ours to talk about.
            guard count > 0 else { throw ExitCode(74) }
            done += count
        }
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
