import ArgumentParser
import TallyrollStore

/// `tallyroll seal`
struct SealCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal",
        abstract: "Seals the open segment: its events get their indexes and the file is never written again.",
        discussion: """
            Segments are sealed by themselves when they are full; sealing earlier makes the files smaller and
            ready to be copied.

            Examples:
              tallyroll seal --store audit
            """)

    @OptionGroup var store: StoreOption

    @Flag(help: "Report as one JSON object on standard output.")
    var json = false

    func run() throws {
        let place = try store.existing()
        let log = try WritableStore(place, options: StoreOptions())
        let outcome = Monitor<Result<Void, AuditLogError>?>(nil)
        log.store.seal { result in outcome.update { $0 = result } }
        let result = outcome.wait { $0 }
        try log.close()
        if case .failure(let error) = result { throw CommandFailure(error) }
        let snapshot = log.store.snapshot()
        let bytes = try place.bytesOnDisk()
        if json {
            try Report([
                ("segments", .count(snapshot.segments.count)), ("events", .count(Int(snapshot.endSequence))),
                ("bytes_on_disk", .count(bytes)),
            ]).print()
        } else {
            Terminal.say(
                "sealed: \(Figures.count(Int(snapshot.endSequence), "event")) in "
                    + "\(Figures.count(snapshot.segments.count, "segment")), \(Figures.bytes(bytes)) on disk")
        }
    }
}
