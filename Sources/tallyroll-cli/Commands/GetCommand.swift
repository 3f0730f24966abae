import ArgumentParser
import TallyrollFormat
import TallyrollQuery
import TallyrollStore

/// `tallyroll get`
struct GetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Prints one event, by its id or its sequence, with its chain hashes.",
        discussion: """
            The exit code is 1 when there is no such event. When several events came with the same id, the latest
            is printed.

            Examples:
              tallyroll get --store audit e099ec6c-d736-4ca5-a179-bb0f12278575
              tallyroll get --store audit --sequence 4711
            """)

    @OptionGroup var store: StoreOption

    @Argument(help: "The event's id.")
    var id: String?

    @Option(help: ArgumentHelp("The event's sequence, instead of an id.", valueName: "number"))
    var sequence: UInt64?

    @Flag(help: "Accepted for uniformity: an event is one JSON object anyway.")
    var json = false

    func validate() throws {
        guard (id == nil) != (sequence == nil) else {
            throw ValidationError("name the event by its id or by --sequence, one of them")
        }
    }

    func run() throws { try answering(answer) }

    private func answer() throws {
        let store = try ReadableStore(store)
        let engine = try store.engine()
        let filter: Filter
        if let sequence {
            guard let value = Int64(exactly: sequence) else { throw notFound() }
            filter = .comparison(.sequence, .equal, .integer(value))
        } else {
            filter = .id(id ?? "")
        }
        let results = try engine.events(where: filter, limit: 2)
        var bytes = ByteWriter(capacity: 4096)
        guard let row = try results.next(into: &bytes) else {
            store.warn(results.problems)
            throw notFound()
        }
        let length = bytes.count
        if try results.next(into: &bytes) != nil {
            Terminal.say("other events have the same id: tallyroll query 'id = \"…\"' prints all of them")
        }
        store.warn(results.problems)
        try print(RecordView(bytes.view.trusted(0, length)), row, in: engine.snapshot, store)
        try store.finish()
    }

    private func notFound() -> CommandFailure {
        let what = sequence.map { "sequence \($0)" } ?? "id \(id ?? "")"
        return CommandFailure(.badNews, "no event with \(what): check it, and the store's name")
    }

    private func print(
        _ record: RecordView, _ row: QueryRow, in snapshot: StoreSnapshot, _ store: ReadableStore
    ) throws {
        var place = RecordPlace(sequence: row.sequence, recordedAt: row.recordedAt, storeTag: snapshot.storeTag)
        var hashes: (previous: [UInt8], own: [UInt8])?
        do {
            hashes = try ChainHashes.around(row.sequence, in: snapshot)
        } catch {
            store.warn("the chain hashes of event \(row.sequence) cannot be computed: \(error)")
        }
        var out = StandardOutput()
        try (hashes?.previous ?? []).withView { previous in
            try (hashes?.own ?? []).withView { own in
                if hashes != nil {
                    place.previousHash = previous
                    place.eventHash = own
                }
                try EventJSONWriter(.full).write(record, place, into: &out.bytes)
            }
        }
        out.bytes.u8(UInt8(ascii: "\n"))
        try out.flush()
    }
}
