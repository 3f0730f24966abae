import TallyrollFormat
import TallyrollStore

/// What to do with input that cannot be taken.
enum ErrorPolicy: String, CaseIterable {
    case stop, skip
}

/// The forms of input.
enum InputFormat: String, CaseIterable {
    case auto, jsonl, cloudtrail
}

/// Reads inputs, turns them into records and sends them to a store.
struct Importer: ~Copyable {
    /// Thrown at the first bad line when the policy says so.
    struct Stopped: Error {
        let reason: String
    }

    var sender: BatchSender
    /// Events that could not be taken.
    private(set) var rejected = 0
    /// Events that were taken.
    private(set) var taken = 0
    /// Events that were left out because their ids are there already.
    private(set) var skipped = 0
    private let onDuplicate: DuplicatePolicy
    private var duplicates: DuplicateFilter?
    private let onError: ErrorPolicy
    private let eventBytesMax: Int
    private var events = EventJSONParser()
    private var cloudTrail = CloudTrailParser()
    private var progress = ProgressLine("ingest")
    private let bytesTotal: Int?
    private var bytesDone = 0

    /// `bytesTotal` is the size of all inputs, where it is known.
    init(
        _ store: AuditStore, durability: Durability, onError: ErrorPolicy, onDuplicate: DuplicatePolicy,
        bytesTotal: Int?
    ) throws {
        self.onDuplicate = onDuplicate
        duplicates = onDuplicate == .keep ? nil : try DuplicateFilter(store.snapshot())
        sender = BatchSender(store, durability: durability)
        self.onError = onError
        self.bytesTotal = bytesTotal
        eventBytesMax = store.eventBytesMax
    }

    /// Reads one input to its end, or until someone wants the program to end.
    mutating func read(_ path: String, format: InputFormat) throws {
        let file = try InputFile(path)
        let before = taken + rejected + skipped
        do {
            var lines = LineReader(InputStream(file))
            try read(&lines, of: file, format: format)
        } catch InputProblem.unreadable(let failure) {
            throw failure
        } catch InputProblem.damaged(let what) {
            try reject("\(file.name): \(what)")
        }
        bytesDone += file.position
        if taken + rejected + skipped == before, !Interrupts.isWanted { Terminal.warn("\(file.name) holds no events") }
    }

    /// Takes the progress line away.
    mutating func clearProgress() { progress.clear() }

    private mutating func read(_ lines: inout LineReader, of file: InputFile, format: InputFormat) throws {
        var format = format
        if format == .auto { format = try guess(&lines) }
        if format == .cloudtrail, let head = try lines.peek(), !CloudTrailLines.isWhole(head) {
            try readDocument(&lines, of: file)
            return
        }
        while let line = try lines.next() {
            if Interrupts.isWanted { return }
            if line.text.isBlank { continue }
            if line.isTooLong {
                try reject(
                    "\(file.name), line \(line.number): it is longer than \(LineReader.lineBytesMax >> 20) MiB")
            } else if format == .jsonl {
                try take(line.text, of: file, line: line.number)
            } else {
                try takeCloudTrail(line.text, of: file, line: line.number)
            }
        }
    }

    /// The form of an input whose name tells nothing: what its first line can be read as.
    private mutating func guess(_ lines: inout LineReader) throws -> InputFormat {
        guard let head = try lines.peek() else { return .jsonl }
        if CloudTrailRecords.begins(head) { return .cloudtrail }
        var scratch = ByteWriter()
        if (try? events.parse(head, into: &scratch)) != nil { return .jsonl }
        return (try? cloudTrail.parse(head, into: &scratch)) != nil ? .cloudtrail : .jsonl
    }

    // MARK: Events

    @inline(__always)
    private mutating func take(_ text: ByteView, of file: InputFile, line: Int) throws {
        let start = sender.batch.bytes.count
        let length: Int
        do throws(EventInputError) {
            length = try events.parse(text, into: &sender.batch.bytes)
        } catch {
            return try reject("\(file.name), line \(line), \(error)")
        }
        try accept(length, from: start, of: file, line: line)
    }

    /// A line that is one CloudTrail record or a whole file of them.
    private mutating func takeCloudTrail(_ text: ByteView, of file: InputFile, line: Int) throws {
        guard CloudTrailRecords.begins(text) else {
            return try takeRecord(text, at: 0, in: text, of: file, line: line)
        }
        try takeRecords(text, of: file, firstLine: line)
    }

    /// A CloudTrail file that is one document over many lines.
    private mutating func readDocument(_ lines: inout LineReader, of file: InputFile) throws {
        guard let text = try lines.rest() else {
            return try reject(
                "\(file.name): a CloudTrail document of more than \(LineReader.lineBytesMax >> 20) MiB: split it")
        }
        if Interrupts.isWanted { return }
        try takeRecords(text, of: file, firstLine: 1)
    }

    private mutating func takeRecords(_ text: ByteView, of file: InputFile, firstLine: Int) throws {
        var records = CloudTrailRecords(text)
        while !Interrupts.isWanted {
            let next: CloudTrailRecords.Element?
            do throws(EventInputError) {
                next = try records.next()
            } catch {
                let place = CloudTrailLines.place(of: error.column - 1, in: text, firstLine: firstLine)
                return try reject("\(file.name), line \(place.line), \(error.moved(to: place.column))")
            }
            guard let element = next else { return }
            try takeRecord(element.text, at: element.offset, in: text, of: file, line: firstLine)
        }
    }

    private mutating func takeRecord(
        _ record: ByteView, at offset: Int, in text: ByteView, of file: InputFile, line: Int
    ) throws {
        let start = sender.batch.bytes.count
        let length: Int
        do throws(EventInputError) {
            length = try cloudTrail.parse(record, into: &sender.batch.bytes)
        } catch {
            let place = CloudTrailLines.place(of: offset + error.column - 1, in: text, firstLine: line)
            return try reject("\(file.name), line \(place.line), \(error.moved(to: place.column))")
        }
        try accept(length, from: start, of: file, line: line)
    }

    // MARK: What became of them

    /// Takes the record at the end of the batch.
    @inline(__always)
    private mutating func accept(_ length: Int, from start: Int, of file: InputFile, line: Int) throws {
        if length > eventBytesMax {
            sender.batch.bytes.truncate(to: start)
            return try reject(
                "\(file.name), line \(line): \(AuditLogError.eventTooLarge(bytes: length, limit: eventBytesMax))")
        }
        if onDuplicate != .keep, try refuseDuplicate(from: start, of: file, line: line) { return }
        taken += 1
        if try sender.commit(from: start) {
            progress.update(done: bytesDone + file.position, total: bytesTotal, events: taken)
        }
    }

    /// Takes the record at the end of the batch back if its id is there already.
    @inline(never)
    private mutating func refuseDuplicate(from start: Int, of file: InputFile, line: Int) throws -> Bool {
        let record = try RecordView(sender.batch.bytes.view, at: start)
        guard try duplicates?.isDuplicate(record) ?? false else { return false }
        let id = record[.id]?.string ?? ""
        sender.batch.bytes.truncate(to: start)
        if onDuplicate == .skip {
            skipped += 1
        } else {
            try reject("\(file.name), line \(line): an event with id \(id) is there already")
        }
        return true
    }

    @inline(never)
    private mutating func reject(_ reason: String) throws {
        rejected += 1
        guard onError == .skip else { throw Stopped(reason: reason) }
        progress.clear()
        Terminal.warn(reason)
    }
}

extension ByteView {
    /// Whether there is nothing but white space.
    @inline(__always)
    fileprivate var isBlank: Bool {
        if count > 0, self[0] > 0x20 { return false }
        return raw.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
    }
}
