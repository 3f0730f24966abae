import TallyrollFormat
import TallyrollQuery

/// A row over a record.
private struct RecordRow: EventRow {
    let record: RecordView

    func string(_ field: StringField) -> ByteView? { record[field] }
    var sequence: UInt64 { 7 }
    var timestamp: Int64 { record.timestamp }
    var recordedAt: Int64 { 0 }
    var duration: Int64? { record.duration }
    var outcome: OutcomeKind { record.outcome }
    func withID<R>(_ body: (ByteView?) -> R) -> R { body(record[.id]) }
}

private let rows = sampleRecords().map { Bytes($0) }

extension FuzzTarget {
    static let query = FuzzTarget(
        name: "query",
        seeds: {
            [
                #"user = alice@example.com and type in (authentication, authorization) and result = failure"#,
                #"time >= 2026-01-01T00:00:00Z and time < 2026-01-02 or not (severity >= error)"#,
                #"details.a.b = 5 and details."x.y" ~ "a*b?" and text contains "rate limit""#,
                #"duration > 1.5s and error exists and id != "q\"uote" and recorded >= now-24h"#,
            ].map { Array($0.utf8) }
        },
        run: { view in
            let expression = String(decoding: view.raw, as: UTF8.self)
            guard let filter = try? Filter(expression) else { return }
            let printed = filter.description
            guard let again = try? Filter(printed) else {
                return check(false, "a filter prints what does not parse: \(printed)")
            }
            check(
                again.description == printed, "a filter prints differently: \(printed) | \(again.description)"
            )
            guard let compiled = try? CompiledFilter(filter, now: 1_767_323_045_000_000_000) else { return }
            guard let second = try? CompiledFilter(again, now: 1_767_323_045_000_000_000) else {
                return check(false, "a printed filter does not compile: \(printed)")
            }
            for row in rows {
                guard let record = try? RecordView(row.view) else { continue }
                check(
                    compiled.matches(RecordRow(record: record)) == second.matches(RecordRow(record: record)),
                    "a printed filter matches other events: \(printed)")
            }
        })
}
