import Synchronization
import Testing

@testable import TallyrollFormat

/// Reading some fields of events reads the columns of those fields, and of no other.
@Suite struct RecordFieldsTests {
    /// Remembers where it was read.
    private final class NotingSource: BlockSource {
        private let source: MemoryBlockSource
        private let noted = Mutex<Set<Int>>([])

        init(_ bytes: Bytes) { source = MemoryBlockSource(bytes) }

        var offsets: Set<Int> { noted.withLock { $0 } }

        func read(_ offset: Int, _ length: Int) throws -> Bytes {
            _ = noted.withLock { $0.insert(offset) }
            return try source.read(offset, length)
        }
    }

    private static func event(_ number: Int) -> AuditEvent {
        AuditEvent(
            id: "event-\(number * 7919)",
            timestamp: Timestamp(nanosecondsSince1970: Int64(number) * 1_000_003),
            type: EventType(rawValue: "type\(number % 3)"), severity: Severity(rawValue: "info"),
            user: "user\(number % 7)@example.com", action: "action\(number % 5)",
            resource: Resource(type: "file", id: "resource \(number % 11) of them"),
            outcome: number % 3 == 0 ? .failure("error number \(number)") : .success,
            component: "component\(number % 2)", message: "this is message \(number)",
            ip: "10.0.0.\(number % 200)", userAgent: "agent of length \(number % 4)",
            requestID: "request-\(number * 31)", sessionID: "session-\(number % 20)",
            correlationID: "correlation-\(number)", duration: .nanoseconds(number),
            details: JSONObject(trusted: #"{"a":\#(number),"b":"text \#(number)"}"#),
            extra: JSONObject(trusted: #"{"other":\#(number)}"#))
    }

    private let count = 200
    private let block: Bytes
    private let terms = GrowingTerms()
    private let records: [[UInt8]]

    init() throws {
        let stored = try TestBlock(
            (0..<count).map { RecordFieldsTests.event($0) }, recordedAt: (0..<count).map { Int64($0) })
        records = stored.records
        block = stored.bytes
        try terms.add(try BlockReader(source: MemoryBlockSource(block), origin: 0, terms: terms))
    }

    /// The columns of a field; those of texts that follow the user need the user's codes.
    private func columns(of field: StringField) -> Set<UInt8> {
        let own: UInt8 = field == .resourceID ? ColumnID.resource.rawValue : field.rawValue
        let isFollower = BlockEncoder.followsUser(field)
        return isFollower ? [own, ColumnID.user.rawValue] : [own]
    }

    private func check(_ wanted: [StringField], outcome: Bool = false, duration: Bool = false) throws {
        var fields = RecordFields()
        for field in wanted { fields.insert(field) }
        if outcome { fields.hasOutcome = true }
        fields.hasDuration = duration

        let source = NotingSource(block)
        let reader = try BlockReader(source: source, origin: 0, terms: terms)
        var rows = BlockRows()
        try rows.load(reader, [3, 50, 51, 199], fields)
        for (place, row) in [3, 50, 51, 199].enumerated() {
            let expected = try records[row].withView { record in
                RecordedEvent(
                    try RecordView(record),
                    RecordPlace(sequence: UInt64(row), recordedAt: Int64(row), storeTag: 7), fields)
            }
            let event = try rows.event(place, sequence: UInt64(row), storeTag: 7)
            #expect(event == expected)
            #expect(event.id == (wanted.contains(.id) ? event.event.id : ""))
        }

        let touched = reader.directory.sections.filter { source.offsets.contains($0.offset) }
        var allowed: Set<UInt8> = [
            ColumnID.type.rawValue, ColumnID.timestamp.rawValue, ColumnID.recordedAt.rawValue,
            ColumnID.timeDigits.rawValue, ColumnID.timeZone.rawValue, ColumnID.origin.rawValue,
        ]
        for field in wanted { allowed.formUnion(columns(of: field)) }
        if fields.hasOutcome { allowed.insert(ColumnID.outcome.rawValue) }
        if duration { allowed.insert(ColumnID.duration.rawValue) }
        let read = Set(touched.filter { $0.role == .column }.map { UInt8($0.id) })
        #expect(read.isSubset(of: allowed), "\(wanted): read \(read.subtracting(allowed))")
        #expect(touched.contains(where: { $0.role == .detailsPath }) == wanted.contains(.details))
        #expect(touched.contains(where: { $0.role == .extraPath }) == wanted.contains(.extra))
        let length = touched.reduce(0) { $0 + $1.length }
        #expect(reader.bytesRead <= length, "sections are read once")
    }

    @Test func nothingButWhatEveryEventHas() throws { try check([]) }

    @Test(arguments: StringField.allCases)
    func oneField(_ field: StringField) throws { try check([field]) }

    @Test func severalFields() throws {
        try check([.user, .type, .details])
        try check([.user, .resourceType, .resourceID, .sessionID], outcome: true, duration: true)
        try check(StringField.allCases, duration: true)
    }

    /// One reader serves questions about different fields, one after the other.
    @Test func columnsThatWereOpenedBeforeAreNotGiven() throws {
        let source = NotingSource(block)
        let reader = try BlockReader(source: source, origin: 0, terms: terms)
        var rows = BlockRows()
        var fields = RecordFields()
        fields.insert(.user)
        try rows.load(reader, fields)
        let few = source.offsets.count
        try rows.load(reader, RecordFields.all)
        let whole = try rows.event(5, sequence: 5, storeTag: 7)
        #expect(whole.event == RecordFieldsTests.event(5))
        #expect(source.offsets.count > few)
        let all = source.offsets.count
        try rows.load(reader, fields)
        #expect(source.offsets.count == all)
        let event = try rows.event(5, sequence: 5, storeTag: 7).event
        #expect(event.user == whole.event.user)
        #expect(event.action == nil && event.details == nil && event.duration == nil && event.outcome == nil)
    }
}
