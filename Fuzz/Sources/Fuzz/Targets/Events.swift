import TallyrollFormat

/// Lines that hold every field, none, and the odd forms of each.
let sampleLines: [String] = [
    #"{"timestamp":"2026-01-02T03:04:05Z","event_type":"authentication"}"#,
    #"{"id":"e-1","timestamp":"2026-01-02T03:04:05.123456789+02:00","event_type":"authentication","severity":"warning","#
        + #""user_id":"alice@example.com","action":"login","resource_type":"session","resource_id":"s-1","#
        + #""result":{"failure":"bad password"},"component":"gateway","message":"a \"quoted\" line\n","#
        + #""ip_address":"10.0.0.1","user_agent":"curl/8","request_id":"req_6be5c4f48625","session_id":"s","#
        + #""correlation_id":"c","duration_ms":12.5,"details":{"a":[1,2.5e3,{"b":null}],"c":"\u00e9","d":true},"x":1}"#,
    #"{"event_type":"","timestamp":"1969-12-31T23:59:59.9-23:59","result":{"denied":"no"},"duration_ms":0,"details":{}}"#,
    #"{"timestamp":"2026-01-02T03:04:05Z","event_type":"a","details":{"k":"v","k":"w"},"id":"","user_id":null}"#,
]

private var place: RecordPlace {
    RecordPlace(sequence: 7, recordedAt: 1_700_000_000_000_000_000, storeTag: 42)
}

/// Records, written by the parser.
func sampleRecords() -> [[UInt8]] {
    sampleLines.compactMap { line in
        var parser = EventJSONParser()
        var out = ByteWriter()
        guard (try? line.withView({ try parser.parse($0, into: &out) })) != nil else { return nil }
        return out.array
    }
}

/// What holds for every record that a parser wrote: it reads, it can be written as JSON, and that line says the same
/// again. `line` is what was parsed.
private func checkParsed(_ record: ByteView) {
    guard let view = try? RecordView(record) else { return check(false, "a parsed record does not read") }
    check(view.bytes.count == record.count, "a record with bytes behind it")
    var line = ByteWriter()
    guard (try? EventJSONWriter().write(view, place, into: &line)) != nil else {
        return check(false, "a parsed record cannot be written")
    }
    check(!line.view.raw.contains(0x0A), "a line end inside a line")
    var parser = EventJSONParser()
    var again = ByteWriter()
    let bytes = line.view.owned
    defer { withExtendedLifetime(bytes) {} }
    guard (try? parser.parse(bytes.view, into: &again)) != nil, let second = try? RecordView(again.view)
    else {
        return check(false, "a written line does not parse: \(bytes.view.string)")
    }
    var secondLine = ByteWriter()
    guard (try? EventJSONWriter().write(second, place, into: &secondLine)) != nil else {
        return check(false, "a line that was read again cannot be written")
    }
    check(secondLine.view.isEqual(to: bytes.view), "a line changed when it was read and written")
    _ = AuditEvent(view)
}

extension FuzzTarget {
    static let eventJSON = FuzzTarget(
        name: "event-json",
        seeds: { sampleLines.map { Array($0.utf8) } },
        run: { view in
            var parser = EventJSONParser()
            var out = ByteWriter()
            let text = view.owned
            defer { withExtendedLifetime(text) {} }
            do throws(EventInputError) {
                let length = try parser.parse(text.view, into: &out)
                check(length == out.count, "a length that is not the record's")
                out.view.owned.withView { checkParsed($0) }
            } catch {
                check(out.count == 0, "an error left bytes behind")
                check(error.column >= 1 && error.column <= view.count + 1, "column \(error.column)")
            }
        })

    static let cloudTrail = FuzzTarget(
        name: "cloudtrail",
        seeds: {
            let record =
                #"{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::1:user/a","accessKeyId":"AK"},"#
                + #""eventTime":"2026-01-02T03:04:05Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","#
                + #""awsRegion":"eu-west-1","sourceIPAddress":"10.0.0.1","userAgent":"x","errorCode":"AccessDenied","#
                + #""requestID":"r","eventID":"e","readOnly":true,"resources":[{"type":"AWS::S3::Object","ARN":"arn:b"}]}"#
            return [Array(record.utf8), Array("{\"Records\":[\(record),\(record)]}".utf8)]
        },
        run: { view in
            let text = view.owned
            defer { withExtendedLifetime(text) {} }
            func parse(_ record: ByteView) {
                var parser = CloudTrailParser()
                var out = ByteWriter()
                guard (try? parser.parse(record, into: &out)) != nil else {
                    return check(out.count == 0, "an error left bytes behind")
                }
                out.view.owned.withView { checkParsed($0) }
            }
            parse(text.view)
            _ = CloudTrailRecords.begins(text.view)
            var records = CloudTrailRecords(text.view)
            while let element = (try? records.next()) ?? nil { parse(element.text) }
        })

    static let record = FuzzTarget(
        name: "record",
        seeds: { sampleRecords() },
        run: { view in
            let bytes = view.owned
            defer { withExtendedLifetime(bytes) {} }
            guard let record = try? RecordView(bytes.view) else { return }
            // A record has one encoding: written again it is the same.
            var out = ByteWriter()
            var encoder = RecordEncoder()
            encoder.begin(
                timestamp: record.timestamp, time: record.time, outcome: record.outcome,
                duration: record.duration,
                origin: record.origin, into: &out)
            for field in StringField.allCases {
                if let value = record[field] { encoder.string(field, value, into: &out) }
            }
            _ = encoder.end(into: &out)
            check(out.view.isEqual(to: record.bytes), "a record that has two encodings")
            let event = AuditEvent(record)
            _ = RecordedEvent(record, place)
            check(event.timestamp?.nanosecondsSince1970 == record.timestamp, "another time")
            var line = ByteWriter()
            _ = try? EventJSONWriter(.full).write(record, place, into: &line)
        })
}
