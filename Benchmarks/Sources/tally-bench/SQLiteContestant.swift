import Foundation

/// SQLite, loaded from prepared rows and asked the fixed set.
struct SQLiteContestant {
    let prepared: Prepared
    let directory: String
    let limit: TimeLimit

    static let durability = "WAL, synchronous=FULL: fsync of the log at each commit"
    static let policy =
        "\(SQLitePeer.policy); indexes on id, (user, time), (type, time), (resource, time), (session, time); one connection; "
        + "each column of each row is read, none is made a value"

    private static let chunk = 100_000

    /// Loads events, `commit` a transaction; the database stays where `name` says. Gives whether all were loaded.
    func load(_ name: String, commit: Int, into result: inout PeerResult) throws -> Bool {
        let peer = try SQLitePeer(try Workspace.fresh(directory, name))
        try peer.createTable()
        let file = try prepared.file("rows")
        var ingest = PeerResult.Ingest(commit: commit, events: 0, seconds: 0, cpuSeconds: 0)
        for chunk in file.chunks(of: SQLiteContestant.chunk) {
            let rows = try file.read(chunk)
            let cpu = Measure.cpuSeconds()
            let start = Measure.now()
            try rows.withUnsafeBytes { rows in
                var place = 0
                while place < rows.count { place = try peer.insert(rows, from: place, count: commit) }
            }
            ingest.seconds += Double(Measure.now() - start) / 1e9
            ingest.cpuSeconds += Measure.cpuSeconds() - cpu
            ingest.events += chunk.count
            if limit.isOver(ingest.seconds) { break }
        }
        result.ingest.append(ingest)
        return ingest.events == file.events
    }

    func singles(count: Int) throws -> PeerResult.Single {
        let peer = try SQLitePeer(try Workspace.fresh(directory, "singles.db"))
        try peer.createTable()
        let file = try prepared.file("rows")
        let upper = min(file.events, (count + Prepared.stride - 1) / Prepared.stride * Prepared.stride)
        let rows = try file.read(0..<upper)
        var times: [Double] = []
        try rows.withUnsafeBytes { rows in
            var place = 0
            while times.count < count, place < rows.count {
                times.append(try Measure.seconds { place = try peer.insert(rows, from: place, count: 1) })
            }
        }
        return PeerResult.Single(times)
    }

    /// Measures size, opening and questions of the database that was loaded as `name`.
    func stored(_ name: String, into result: inout PeerResult) throws {
        let path = "\(directory)/\(name)"
        do { try SQLitePeer(path).settle() }
        result.bytes = Workspace.bytes(ofFile: path)
        guard let first = prepared.manifest.questions.first else { return }
        Workspace.evict([path])
        let start = Measure.now()
        let peer = try SQLitePeer(path)
        let (sql, values) = SQLiteContestant.query(first, turn: 0)
        _ = try peer.ask(sql, values)
        result.openMilliseconds = Double(Measure.now() - start) / 1e6

        Workspace.warm([path])
        for question in prepared.manifest.questions {
            let answer = try answer(question, peer)
            var asking = Asking()
            while asking.goesOn {
                let (sql, values) = SQLiteContestant.query(question, turn: asking.turn)
                asking.add(try Measure.seconds { _ = try peer.ask(sql, values) })
            }
            result.questions[question.name] = asking.result(answer)
        }
    }

    private func answer(_ question: Question, _ peer: SQLitePeer) throws -> Answer {
        let (sql, values) = SQLiteContestant.query(question, turn: 0)
        switch question.kind {
        case .text, .path: return Answer(rows: try peer.ask(sql, values))
        case .types, .userTypes, .top, .minutes:
            let (rows, check) = try peer.pair("SELECT count(*), coalesce(sum(n*n), 0) FROM (\(sql))", values)
            return Answer(rows: Int(rows), check: check)
        case .latest, .failures, .resource, .id, .rare, .session:
            let (rows, check) = try peer.pair(
                "SELECT count(*), coalesce(sum(time % \(Answer.modulus)), 0) FROM (\(sql))", values)
            return Answer(rows: Int(rows), check: check)
        }
    }

    static func query(_ question: Question, turn: Int) -> (String, [SQLitePeer.Value]) {
        let user = SQLitePeer.Value.text(question.user ?? "")
        let type = SQLitePeer.Value.text(question.type ?? "")
        let from = SQLitePeer.Value.integer(question.from ?? 0)
        let to = SQLitePeer.Value.integer(question.to ?? 0)
        let limit = question.limit ?? -1
        switch question.kind {
        case .latest:
            return ("SELECT * FROM event WHERE user_id=? ORDER BY time DESC LIMIT \(limit)", [user])
        case .userTypes:
            return (
                "SELECT type, count(*) AS n FROM event WHERE user_id=? AND time>=? AND time<? GROUP BY type",
                [user, from, to]
            )
        case .failures:
            return (
                "SELECT * FROM event WHERE type=? AND result=2 AND time>=? AND time<? ORDER BY time DESC",
                [type, from, to]
            )
        case .resource:
            return (
                "SELECT * FROM event WHERE resource_type=? AND resource_id=? ORDER BY time DESC LIMIT \(limit)",
                [.text(question.resourceType ?? ""), .text(question.resourceID ?? "")]
            )
        case .id:
            let ids = question.ids ?? []
            return (
                "SELECT * FROM event WHERE id=?", [.text(ids.isEmpty ? "" : ids[turn % ids.count])]
            )
        case .types: return ("SELECT type, count(*) AS n FROM event GROUP BY type", [])
        case .minutes: return ("SELECT time/60000000000, count(*) AS n FROM event GROUP BY 1", [])
        case .text:
            return (
                "SELECT count(*) FROM event WHERE instr(message, ?1) OR instr(error, ?1) OR instr(details, ?1)",
                [.text(question.text ?? "")]
            )
        case .rare:
            return (
                "SELECT * FROM event WHERE user_id=? AND type=? AND result=2 ORDER BY time DESC LIMIT \(limit)",
                [user, type]
            )
        case .top:
            return (
                "SELECT user_id, count(*) AS n FROM event WHERE user_id IS NOT NULL AND time>=? AND time<? "
                    + "GROUP BY user_id ORDER BY n DESC LIMIT \(limit)", [from, to]
            )
        case .session:
            return (
                "SELECT * FROM event WHERE session=? ORDER BY time DESC", [.text(question.session ?? "")]
            )
        case .path:
            return (
                "SELECT count(*) FROM event WHERE json_extract(details, '$.\(question.key ?? "")')=?",
                [.text(question.value ?? "")]
            )
        }
    }
}
