/// Turns one AWS CloudTrail record into a record of ours. The record's own text is kept whole as `details`.
///
/// | field | from |
/// |---|---|
/// | id | `eventID` |
/// | timestamp | `eventTime`, which must be there |
/// | type | see `CloudTrailVocabulary` |
/// | user | `userIdentity`: the first there is of `arn`, `principalId`, `invokedBy`, `userName`, `type` |
/// | action | `eventSource` without `.amazonaws.com`, `:`, `eventName` |
/// | resource | `type` and `ARN` of the first of `resources`; else the type is the service |
/// | outcome | failure with `errorMessage`, else `errorCode`, where either is there; else success |
/// | severity | `warning` for a failure, else `info` |
/// | component | `eventSource` |
/// | message | `eventName` on `eventSource` in `awsRegion` |
/// | ip, user agent, request | `sourceIPAddress`, `userAgent`, `requestID` |
/// | session | `userIdentity.accessKeyId` |
///
/// A member of another JSON type than it should have counts as absent, empty texts too, and of two members of one name the
/// last counts: `details` holds all of them.
package struct CloudTrailParser: ~Copyable {
    private var fields = EventFields()
    private var found = Found()

    package init() {}

    /// What was found in one record.
    private struct Found {
        var source: JSONStringSpan?
        var name: JSONStringSpan?
        var region: JSONStringSpan?
        var errorCode: JSONStringSpan?
        var errorMessage: JSONStringSpan?
        var user: JSONStringSpan?
        var userRank = Int.max
        var hasTime = false
        var isServiceEvent = false
        var isDataEvent = false
        var readOnly: Bool?
    }

    /// Appends the record of the CloudTrail record in `text` to `out` and returns its length. When it throws,
    /// `out` is as it was.
    package mutating func parse(_ text: ByteView, into out: inout ByteWriter) throws(EventInputError) -> Int {
        do throws(JSONFault) {
            return try parseObject(text, into: &out)
        } catch {
            throw EventInputError(error, in: text)
        }
    }

    private mutating func parseObject(_ text: ByteView, into out: inout ByteWriter) throws(JSONFault) -> Int {
        fields.removeAll()
        found = Found()
        let object = try JSONScanner.object(in: text, depth: 1)
        let start = object.base - text.base
        var scanner = JSONScanner(text, at: start)
        try scanner.openObject()
        while let name = try scanner.nextName() {
            let valueStart = scanner.position
            try member(text.trusted(name.start, name.length), &scanner)
            scanner.position = valueStart
            try scanner.value(depth: 1)
        }
        guard found.hasTime else { throw JSONFault(.missingEventTime, at: scanner.position - 1) }
        try compose(text)
        fields.set(.details, JSONStringSpan(start: start, length: object.count, isEscaped: false))
        return try fields.write(text, into: &out)
    }

    /// Looks at the value of one member; the caller passes it.
    private mutating func member(_ name: ByteView, _ scanner: inout JSONScanner) throws(JSONFault) {
        if name.says("eventTime") {
            try time(&scanner)
        } else if name.says("userIdentity") {
            try identity(&scanner)
        } else if name.says("resources") {
            try resources(&scanner)
        } else if name.says("readOnly") {
            found.readOnly = CloudTrailParser.boolean(scanner)
        } else if let span = try CloudTrailParser.text(&scanner) {
            take(name, span, scanner.view.trusted(span.start, span.length))
        }
    }

    private mutating func take(_ name: ByteView, _ span: JSONStringSpan, _ value: ByteView) {
        if name.says("eventID") {
            fields.set(.id, span)
        } else if name.says("eventName") {
            found.name = span
        } else if name.says("eventSource") {
            found.source = span
        } else if name.says("awsRegion") {
            found.region = span
        } else if name.says("sourceIPAddress") {
            fields.set(.ip, span)
        } else if name.says("userAgent") {
            fields.set(.userAgent, span)
        } else if name.says("requestID") {
            fields.set(.requestID, span)
        } else if name.says("errorCode") {
            found.errorCode = span
        } else if name.says("errorMessage") {
            found.errorMessage = span
        } else if name.says("eventType") {
            found.isServiceEvent = value.says("AwsServiceEvent")
        } else if name.says("eventCategory") {
            found.isDataEvent = value.says("Data")
        }
    }

    private mutating func time(_ scanner: inout JSONScanner) throws(JSONFault) {
        let start = scanner.position
        guard scanner.byte == UInt8(ascii: "\"") else { throw JSONFault(.string, at: start, key: .timestamp) }
        let span = try scanner.string()
        do throws(JSONFault) {
            (fields.timestamp, fields.time) = try RFC3339.parse(try fields.plain(scanner.view, span))
        } catch {
            let offset = span.isEscaped ? 0 : error.position
            throw JSONFault(error.problem, at: span.start + offset, key: .timestamp)
        }
        found.hasTime = true
    }

    private mutating func identity(_ scanner: inout JSONScanner) throws(JSONFault) {
        guard scanner.byte == UInt8(ascii: "{") else { return }
        try scanner.openObject()
        while let name = try scanner.nextName() {
            let valueStart = scanner.position
            let key = scanner.view.trusted(name.start, name.length)
            if let span = try CloudTrailParser.text(&scanner) {
                if key.says("accessKeyId") { fields.set(.sessionID, span) }
                let rank = CloudTrailParser.userRank(key)
                if rank < found.userRank {
                    found.userRank = rank
                    found.user = span
                }
            }
            scanner.position = valueStart
            try scanner.value(depth: 2)
        }
    }

    /// Which member of an identity names the user best: the lowest.
    private static func userRank(_ key: ByteView) -> Int {
        if key.says("arn") { return 0 }
        if key.says("principalId") { return 1 }
        if key.says("invokedBy") { return 2 }
        if key.says("userName") { return 3 }
        return key.says("type") ? 4 : Int.max
    }

    private mutating func resources(_ scanner: inout JSONScanner) throws(JSONFault) {
        guard scanner.byte == UInt8(ascii: "[") else { return }
        scanner.position += 1
        scanner.skipWhitespace()
        guard scanner.byte == UInt8(ascii: "{") else { return }
        try scanner.openObject()
        while let name = try scanner.nextName() {
            let valueStart = scanner.position
            let key = scanner.view.trusted(name.start, name.length)
            if let span = try CloudTrailParser.text(&scanner) {
                if key.says("type") { fields.set(.resourceType, span) }
                if key.says("ARN") || key.says("arn") { fields.set(.resourceID, span) }
            }
            scanner.position = valueStart
            try scanner.value(depth: 3)
        }
    }

    /// The string at the position unless it is empty or something else stands there.
    private static func text(_ scanner: inout JSONScanner) throws(JSONFault) -> JSONStringSpan? {
        guard scanner.byte == UInt8(ascii: "\"") else { return nil }
        let span = try scanner.string()
        return span.length > 0 ? span : nil
    }

    private static func boolean(_ scanner: JSONScanner) -> Bool? {
        switch scanner.byte {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    /// Sets the fields that follow from several members.
    private mutating func compose(_ text: ByteView) throws(JSONFault) {
        if let user = found.user { fields.set(.user, user) }
        if let source = found.source { fields.set(.component, source) }
        let failed = found.errorMessage ?? found.errorCode
        fields.outcome = failed == nil ? .success : .failure
        if let failed { fields.set(.error, failed) }
        setBuilt(.severity, failed == nil ? "info" : "warning")

        let service = CloudTrailParser.service(text, found.source)
        let name = found.name.map { text.trusted($0.start, $0.length) } ?? .empty
        let kind = CloudTrailKind(
            service: service, eventName: name, isServiceEvent: found.isServiceEvent,
            isDataEvent: found.isDataEvent, readOnly: found.readOnly)
        setBuilt(.type, CloudTrailVocabulary.eventType(kind))
        if !fields.has(.resourceType), !service.isEmpty {
            fields.set(
                .resourceType,
                JSONStringSpan(start: service.base - text.base, length: service.count, isEscaped: false))
        }
        if !service.isEmpty, let eventName = found.name {
            let start = fields.built.count
            fields.built.bytes(service)
            fields.built.u8(UInt8(ascii: ":"))
            try append(eventName, text)
            fields.setBuilt(.action, from: start)
        } else if let eventName = found.name {
            fields.set(.action, eventName)
        }
        try composeMessage(text)
    }

    private mutating func composeMessage(_ text: ByteView) throws(JSONFault) {
        guard let name = found.name else { return }
        let start = fields.built.count
        try append(name, text)
        if let source = found.source {
            fields.built.text(" on ")
            try append(source, text)
        }
        if let region = found.region {
            fields.built.text(" in ")
            try append(region, text)
        }
        fields.setBuilt(.message, from: start)
    }

    private mutating func append(_ span: JSONStringSpan, _ text: ByteView) throws(JSONFault) {
        if span.isEscaped {
            try JSONScanner.unescape(text, span, into: &fields.built)
        } else {
            fields.built.bytes(text.trusted(span.start, span.length))
        }
    }

    private mutating func setBuilt(_ field: StringField, _ value: StaticString) {
        let start = fields.built.count
        fields.built.text(value)
        fields.setBuilt(field, from: start)
    }

    /// `eventSource` without `.amazonaws.com`; empty where the source is unknown or written with escapes, which
    /// no service's name needs.
    private static func service(_ text: ByteView, _ source: JSONStringSpan?) -> ByteView {
        guard let source, !source.isEscaped else { return .empty }
        let domain = StaticString(".amazonaws.com")
        let length = source.length - domain.utf8CodeUnitCount
        guard length > 0, text.trusted(source.start + length, domain.utf8CodeUnitCount).says(".amazonaws.com")
        else {
            return text.trusted(source.start, source.length)
        }
        return text.trusted(source.start, length)
    }
}
