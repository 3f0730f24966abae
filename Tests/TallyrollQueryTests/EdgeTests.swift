import TallyrollFormat
import TallyrollQuery
import TallyrollStore
import Testing

/// Questions at the ends of what can be asked.
@Suite("Edges of questions")
struct EdgeTests {
    private func sequences(
        _ engine: QueryEngine, _ filter: Filter, _ order: QueryOrder = .oldest, limit: Int? = nil,
        after cursor: QueryCursor? = nil
    ) throws -> (sequences: [UInt64], cursor: QueryCursor?) {
        let results = try engine.events(where: filter, order: order, limit: limit, after: cursor)
        var out = ByteWriter()
        var found: [UInt64] = []
        while let row = try results.next(into: &out) { found.append(row.sequence) }
        // Whoever asks again gets nothing more.
        #expect(try results.next(into: &out) == nil)
        return (found, results.cursor)
    }

    /// A store of events with these users, sealed, open and in the tail.
    private func store(users: [String?], indexes: SegmentIndexes = .all) throws -> [QueryEngine] {
        let store = try TestStore(blockEvents: 4, indexes: indexes)
        var random = SplitMix64(seed: 1)
        for (index, user) in users.enumerated() {
            var event = PlainEvent()
            event.strings[.user] = user
            event.strings[.type] = "t"
            if let user { event.details = .object([("k", .string(user)), (user, .number("1"))]) }
            event.time = Int64(index)
            try store.append(event.record(&random), recordedAt: Int64(index))
            if index == users.count / 3 { try store.seal() }
            if index == users.count * 2 / 3 { try store.closeBlock() }
        }
        try store.closeTail()
        return [
            QueryEngine(store.snapshot(), now: 0), QueryEngine(try store.reopenedSnapshot(), now: 0),
        ]
    }

    // MARK: Texts

    private static let texts: [String?] = [
        nil, "", "\0", "a", "a\0", "a\0b", "é", "e\u{301}", "\u{C5}", "\u{212B}", "A\u{30A}", "\u{FEFF}a",
        "ß", "ss",
        "\u{FFFD}", "\u{10FFFF}", "\u{FFFF}", "\u{1F468}\u{200D}\u{1F469}", "\u{1F468}", "\r\n", "\n", " a",
        "a ",
        "A", "ǅ", "ǆ", "ﬁ", "fi", "가", "\u{1100}\u{1161}",
    ]

    /// Texts are bytes: what looks alike, or is the same by Unicode's rules, is not the same here, and what is there and
    /// empty is not missing.
    @Test(arguments: [SegmentIndexes.all, .none]) func textsAreBytes(_ indexes: SegmentIndexes) throws {
        // Three of each, so that each is in the sealed segment, in the open one and in the tail.
        let users = EdgeTests.texts + EdgeTests.texts + EdgeTests.texts
        for engine in try store(users: users, indexes: indexes) {
            #expect(try engine.count(where: .exists(.user)).count == users.count - 3)
            #expect(try engine.count(where: .not(.exists(.user))).count == 3)
            for case let text? in EdgeTests.texts {
                for policy in PlanPolicy.allCases {
                    try PlanPolicy.$current.withValue(policy) { () throws in
                        let what: Comment = "\(text.debugDescription) \(policy)"
                        #expect(try engine.count(where: .user(text)).count == 3, what)
                        #expect(try engine.count(where: .oneOf(.user, [text, text])).count == 3, what)
                        let other = Filter.comparison(.user, .notEqual, .text(ExactText(text)))
                        #expect(try engine.count(where: other).count == users.count - 6, what)
                        #expect(try engine.count(where: .not(.user(text))).count == users.count - 3, what)
                        #expect(try engine.count(where: .details(["k"], equals: text)).count == 3, what)
                        #expect(
                            try engine.count(where: .exists(.details([text]))).count == (text == "k" ? 0 : 3),
                            what)
                        let expected = EdgeTests.texts.count { other in
                            other.map { $0.utf8.lexicographicallyPrecedes(text.utf8) } ?? false
                        }
                        let below = Filter.comparison(.user, .less, .text(ExactText(text)))
                        #expect(try engine.count(where: below).count == expected * 3, what)
                    }
                }
                let filter = Filter.user(text)
                #expect(try Filter(filter.description) == filter, "\(text.debugDescription)")
                let path = Filter.exists(.details([text]))
                #expect(try Filter(path.description) == path, "\(text.debugDescription)")
            }
            let groups = try engine.count(by: [.user])
            #expect(groups.groupCount == EdgeTests.texts.count - 1)
            #expect(groups.groups.allSatisfy { $0.count == 3 })
            let distinct = try engine.aggregate(Aggregation(.distinct(.user), .distinct(.details(["k"]))))
            #expect(
                distinct.rows[0].figures.map(\.value) == [
                    .count(EdgeTests.texts.count - 1), .count(EdgeTests.texts.count - 1),
                ])
        }
    }

    /// What an escape is written with is no text: only what it stands for is.
    @Test(arguments: [2, 64]) func piecesOfEscapesAreNotText(_ blockEvents: Int) throws {
        let written = [
            #"\u005aebra"#, "other", #"a\\u0035"#, #"\\\u0041u12"#, #"\ud83d\ude00"#, #"x\/y \u002f"#,
            #"5\u0085"#, "u005a", "",
        ]
        let meant = ["Zebra", "other", #"a\u0035"#, #"\Au12"#, "😀", "x/y /", "5\u{85}", "u005a", ""]
        let store = try TestStore(blockEvents: blockEvents, indexes: blockEvents == 2 ? .all : .none)
        for round in 0..<3 {
            for text in written {
                var out = ByteWriter(capacity: 256)
                var encoder = RecordEncoder()
                encoder.begin(
                    timestamp: 0, time: TimeNotation(digits: 0), outcome: .absent, duration: nil, into: &out)
                let details = Bytes(Array(#"{"k":"\#(text)"}"#.utf8))
                Array("t".utf8).withView { encoder.string(.type, $0, into: &out) }
                details.withView { encoder.string(.details, $0, into: &out) }
                _ = encoder.end(into: &out)
                try store.append(out.array, recordedAt: 0)
            }
            if round == 0 { try store.seal() }
            if round == 1 { try store.closeBlock() }
        }
        try store.closeTail()
        let engine = QueryEngine(store.snapshot(), now: 0)
        for needle in [
            "5", "00", "005a", "u005a", "z", "Z", "ebra", "u0041", "u", "d83d", "de", "\\", "\\u", "\\a", "/",
            "y /", "2f", "85", "a", "1", "35",
        ] {
            let count = meant.count { $0.lowercased().contains(needle.lowercased()) }
            #expect(try engine.count(where: .text(contains: needle)).count == count * 3, "\(needle)")
            let found = Filter.contains(.details(["k"]), needle)
            #expect(try engine.count(where: found).count == count * 3, "\(needle)")
        }
    }

    @Test func longListsWithRepeats() throws {
        let users = (0..<90).map { "u\($0 % 30)" }
        for engine in try store(users: users) {
            for policy in PlanPolicy.allCases {
                try PlanPolicy.$current.withValue(policy) { () throws in
                    let list = (0..<6_000).map { "u\($0 % 2_000 + 15)" }
                    #expect(try engine.count(where: .oneOf(.user, list)).count == 45)
                    #expect(try engine.count(where: .not(.oneOf(.user, list))).count == 45)
                    let same = Array(repeating: "u3", count: 5_000)
                    #expect(try engine.count(where: .oneOf(.user, same)).count == 3)
                    #expect(try engine.count(where: .oneOf(.user, [])).count == 0)
                    #expect(try engine.count(where: .not(.oneOf(.user, []))).count == 90)
                    let sequences = Filter.membership(
                        .sequence, (0..<4_000).map { .integer(Int64($0 % 50) * 3) })
                    #expect(try engine.count(where: sequences).count == 30)
                }
            }
        }
    }

    // MARK: Limits and cursors

    @Test func limitsOfNothingAndLess() throws {
        for engine in try store(users: (0..<30).map { "u\($0)" }) {
            for order in QueryOrder.allCases {
                for limit in [0, -1, Int.min] {
                    let none = try sequences(engine, .all, order, limit: limit)
                    #expect(none.sequences.isEmpty && none.cursor == nil)
                }
                #expect(try sequences(engine, .all, order, limit: Int.max).sequences.count == 30)
            }
            let top = try engine.count(by: [.user], top: 0)
            #expect(top.groups.isEmpty && top.groupCount == 30)
            let table = try engine.aggregate(Aggregation(.count).by(.user).top(0))
            #expect(table.rows.isEmpty && table.groupCount == 30)
        }
    }

    @Test func cursorsAtTheEnds() throws {
        for engine in try store(users: (0..<30).map { "u\($0 % 3)" }) {
            for order in QueryOrder.allCases {
                let all = try sequences(engine, .all, order)
                // Behind the last there is nothing, also with a limit; from the first on all others.
                #expect(try sequences(engine, .all, order, after: all.cursor).sequences.isEmpty)
                #expect(try sequences(engine, .all, order, limit: 5, after: all.cursor).sequences.isEmpty)
                let first = try sequences(engine, .all, order, limit: 1)
                #expect(first.sequences == [all.sequences[0]])
                let rest = try sequences(engine, .all, order, after: first.cursor)
                #expect(rest.sequences == Array(all.sequences.dropFirst()))
                // A cursor does not fit another filter, nor the other order.
                let other: QueryOrder = order == .newest ? .oldest : .newest
                #expect(throws: QueryCursorError.self) {
                    _ = try engine.events(where: .user("u1"), order: order, after: first.cursor)
                }
                #expect(throws: QueryCursorError.self) {
                    _ = try engine.events(order: other, after: first.cursor)
                }
                // The same means, written in another way, is another filter; one that names the same in other bytes too.
                let composed = try sequences(engine, .not(.user("é")), order, limit: 1)
                #expect(throws: QueryCursorError.self) {
                    _ = try engine.events(
                        where: .not(.user("e\u{301}")), order: order, after: composed.cursor)
                }
            }
        }
        // A store that never had so many events.
        let long = try store(users: (0..<30).map { "u\($0)" })[0]
        let short = try store(users: ["u0"])[0]
        let cursor = try sequences(long, .all, .newest, limit: 1).cursor
        #expect(throws: QueryCursorError.self) { _ = try short.events(after: cursor) }
    }

    @Test func cursorsOfNoText() {
        let long = String(repeating: "A", count: 10_000)
        for text in ["", "A", "====", "é", "\0", long, "AAAA\n", " AAAA"] {
            #expect(throws: QueryCursorError.self) { try QueryCursor(text) }
        }
    }

    /// Every event at the same moment, over segments, open blocks and tail: the sequence decides.
    @Test(arguments: [1, 3, 7]) func tiesAcrossSegments(_ pageSize: Int) throws {
        let store = try TestStore(blockEvents: 4, indexes: .default)
        var random = SplitMix64(seed: 3)
        for index in 0..<60 {
            var event = PlainEvent()
            event.time = index % 20 == 19 ? 6 : 5
            event.strings[.type] = "t"
            try store.append(event.record(&random), recordedAt: 1)
            if index % 13 == 12, index < 45 { try store.seal() }
            if index == 49 { try store.closeBlock() }
            if index == 55 { try store.closeTail() }
        }
        try store.closeTail()
        let late: [UInt64] = [19, 39, 59]
        for engine in [
            QueryEngine(store.snapshot(), now: 0), QueryEngine(try store.reopenedSnapshot(), now: 0),
        ] {
            let newest = late.reversed() + (0..<60).reversed().filter { !late.contains($0) }
            for (order, expected) in [(QueryOrder.newest, newest), (.oldest, Array(0..<60))] {
                var found: [UInt64] = []
                var cursor: QueryCursor?
                repeat {
                    let page = try sequences(engine, .all, order, limit: pageSize, after: cursor)
                    found += page.sequences
                    cursor = page.cursor
                } while cursor != nil
                #expect(found == expected, "\(order)")
            }
        }
    }

    // MARK: Times

    /// Leap days, the ends of days, offsets, fractions, and moments before 1970: as text and as the number they stand for.
    @Test(
        arguments: [
            ("1970-01-01", 0), ("1969-12-31T23:59:59.999999999Z", -1), ("1970-01-01T00:00:00.000000001Z", 1),
            ("2024-02-29", 1_709_164_800_000_000_000),  // A leap second is the second after it.
            ("2024-02-29T23:59:60Z", 1_709_251_200_000_000_000), ("2023-02-29", nil),
            ("2000-02-29T00:00:00Z", 951_782_400_000_000_000), ("1900-02-29", nil),
            // The hour that clocks skip or repeat is an hour like any other.
            ("2026-03-29T02:30:00+01:00", 1_774_747_800_000_000_000),
            ("2026-03-29T01:30:00Z", 1_774_747_800_000_000_000),
            ("2026-10-25T02:30:00+02:00", 1_792_888_200_000_000_000),
            ("2026-10-25T02:30:00+01:00", 1_792_891_800_000_000_000),
            ("1970-01-01T23:59:00+23:59", 0), ("1969-12-31T00:01:00-23:59", 0),
            ("1970-01-01T00:00:00-00:00", 0),
            ("1970-01-01T24:00:00Z", nil), ("1970-01-01T00:60:00Z", nil), ("1970-13-01", nil),
            ("1970-00-10", nil),
            ("1970-01-00", nil), ("2262-04-11T23:47:16.854775807Z", Int64.max),
            ("2262-04-11T23:47:16.854775808Z", nil), ("1677-09-21T00:12:43.145224192Z", Int64.min),
            ("1677-09-21T00:12:43.145224191Z", nil), ("9999-12-31", nil),
        ] as [(String, Int64?)])
    func timesAtTheEdge(_ text: String, _ nanoseconds: Int64?) throws {
        guard let nanoseconds else {
            #expect(throws: QueryError.self, "\(text)") { try Filter("time >= \(text)") }
            return
        }
        #expect(
            try Filter("time >= \(text)")
                == .comparison(.time, .greaterOrEqual, .time(.absolute(nanoseconds: nanoseconds))), "\(text)")
    }

    @Test func theFirstAndTheLastMomentThereCanBe() throws {
        let store = try TestStore(blockEvents: 2, indexes: .all)
        var random = SplitMix64(seed: 3)
        let times: [Int64] = [.min, .min + 1, -1, 0, 1, .max - 1, .max, .min, .max]
        for (index, time) in times.enumerated() {
            var event = PlainEvent()
            event.time = time
            event.strings[.type] = "t"
            try store.append(event.record(&random), recordedAt: 1)
            if index == 3 { try store.seal() }
            if index == 5 { try store.closeBlock() }
        }
        try store.closeTail()
        let engine = QueryEngine(store.snapshot(), now: 0)
        for bound in times {
            for operation in [
                Filter.Operator.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual,
            ] {
                let filter = Filter.comparison(.time, operation, .time(.absolute(nanoseconds: bound)))
                let expected = times.indices.filter {
                    switch operation {
                    case .equal: times[$0] == bound
                    case .notEqual: times[$0] != bound
                    case .less: times[$0] < bound
                    case .lessOrEqual: times[$0] <= bound
                    case .greater: times[$0] > bound
                    default: times[$0] >= bound
                    }
                }
                #expect(try sequences(engine, filter).sequences == expected.map { UInt64($0) }, "\(filter)")
                #expect(try engine.count(where: filter).count == expected.count, "\(filter)")
                #expect(
                    try engine.count(where: .not(filter)).count == times.count - expected.count, "\(filter)")
            }
        }
        #expect(try sequences(engine, .all, .newest).sequences == [8, 6, 5, 4, 3, 2, 1, 7, 0])
        let histogram = try engine.histogram(every: 1)
        #expect(
            histogram.buckets.map(\.start.nanosecondsSince1970) == [.min, .min + 1, -1, 0, 1, .max - 1, .max])
    }
}
