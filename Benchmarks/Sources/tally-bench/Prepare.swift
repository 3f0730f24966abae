import ArgumentParser
import Foundation
import Tallyroll

/// Writes the events and the questions that every contestant gets.
struct Prepare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes events in the forms that the contestants read, and the questions about them.")

    @Option(help: "Events to generate, or to read of the corpus at most.") var events = 1_000_000
    @Option(help: "Seed of the generated events.") var seed: UInt64 = 1
    @Option(help: "A shape: \(Shape.allCases.map(\.rawValue).joined(separator: ", ")).") var shape: String?
    @Option(help: "A file of JSON lines, plain or gzip, instead of generated events.") var corpus: String?
    @Option(help: "Directory to write to.") var directory: String

    func validate() throws {
        if events < 1 { throw ValidationError("--events is at least 1") }
        if let shape, Shape(rawValue: shape) == nil { throw ValidationError("there is no shape \(shape)") }
        if shape != nil, corpus != nil { throw ValidationError("a corpus has the shape it has") }
    }

    func run() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let bending = shape.flatMap { Shape(rawValue: $0) }
        var source =
            try corpus.map { try EventSource(file: $0) }
            ?? EventSource(generated: events, seed: seed, shape: bending)
        var forms = try Forms(directory)
        var choice = QuestionChoice(expected: events)
        while source.count < events, let (event, line) = try source.next() {
            choice.see(event)
            try forms.append(event, line)
        }
        try forms.close()
        let corpusName = corpus.map { URL(fileURLWithPath: $0).lastPathComponent }
        let count = source.count
        let manifest = Manifest(
            workload: corpusName.map { $0.split(separator: ".").first.map(String.init) ?? $0 }
                ?? "\(shape.map { "\($0)-" } ?? "generated-")\(count)",
            title: corpusName.map { "\(count) events of \($0)" }
                ?? "\(count) generated events, seed \(seed)\(bending.map { ": \($0.title)" } ?? "")",
            events: count, jsonBytes: forms.jsonBytes,
            questions: try choice.questions(forms: directory), subjects: choice.subjects)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(manifest).write(to: URL(fileURLWithPath: "\(directory)/manifest.json"))
        print(manifest.workload)
    }
}

/// The prepared files while they are written.
private struct Forms {
    private var lines: FormFile
    private var rows: FormFile
    private var values: FormFile
    private var row = RowWriter()
    private var csv = CSVWriter()
    private var count = 0

    var jsonBytes: Int { Int(lines.position) }

    init(_ directory: String) throws {
        lines = try FormFile("\(directory)/events.jsonl")
        rows = try FormFile("\(directory)/events.rows")
        values = try FormFile("\(directory)/events.csv")
    }

    mutating func append(_ event: AuditEvent, _ line: [UInt8]) throws {
        row.removeAll()
        row.append(event, sequence: count)
        csv.removeAll()
        csv.append(event, sequence: count)
        let isMarked = count % Prepared.stride == 0
        try lines.append(line, isMarked)
        try rows.append(row.bytes, isMarked)
        try values.append(csv.bytes, isMarked)
        count += 1
    }

    mutating func close() throws {
        try lines.close()
        try rows.close()
        try values.close()
    }
}

/// One file and its offsets.
private struct FormFile {
    private let path: String
    private let file: UnsafeMutablePointer<FILE>
    private var offsets: [UInt64] = []
    private(set) var position: UInt64 = 0

    init(_ path: String) throws {
        guard let file = fopen(path, "w") else { throw Failure("cannot create \(path)") }
        setvbuf(file, nil, _IOFBF, 1 << 20)
        self.file = file
        self.path = path
    }

    mutating func append(_ bytes: [UInt8], _ isMarked: Bool) throws {
        if isMarked { offsets.append(position) }
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
            throw Failure("cannot write \(path)")
        }
        position += UInt64(bytes.count)
    }

    mutating func close() throws {
        offsets.append(position)
        guard fclose(file) == 0 else { throw Failure("cannot write \(path)") }
        let data = offsets.withUnsafeBytes { Data($0) }
        try data.write(to: URL(fileURLWithPath: "\(path).offsets"))
    }
}
