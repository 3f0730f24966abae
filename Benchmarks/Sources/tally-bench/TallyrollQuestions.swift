import Tallyroll

/// The fixed set, asked through the public face; every event of an answer is read as a whole. Peers answer on the
/// calling thread; so does Tallyroll here, and what a task costs on top is measured beside it.
enum TallyrollQuestions {
    /// Asked and answered on the calling thread, which must not be one of Swift's own.
    static func ask(_ question: Question, _ log: AuditLog, turn: Int) throws -> Answer {
        let filter = filter(question)
        var answer = Answer()
        switch question.kind {
        case .id:
            guard let id = id(question, turn) else { break }
            for found in try log.eventsBlocking(withID: id) { add(found, to: &answer) }
        case .types, .userTypes: return groups(try log.countBlocking(where: filter, by: .type))
        case .top: return groups(try log.countBlocking(where: filter, by: .user, top: question.limit))
        case .text, .path: return Answer(rows: try log.countBlocking(where: filter))
        case .minutes:
            for bucket in try log.histogramBlocking(where: filter, every: .seconds(60)) {
                answer.add(group: bucket.count)
            }
        case .latest, .failures, .resource, .rare, .session:
            let events = try log.eventsBlocking(where: filter, limit: question.limit)
            while let found = try events.next() { add(found, to: &answer) }
        }
        return answer
    }

    /// The same through a task; nil for questions that are not asked so.
    static func askFromTask(_ question: Question, _ log: AuditLog, turn: Int) async throws -> Answer? {
        var answer = Answer()
        switch question.kind {
        case .id:
            guard let id = id(question, turn) else { break }
            for found in try await log.events(withID: id) { add(found, to: &answer) }
        case .latest, .failures, .resource, .rare, .session:
            for try await found in log.events(where: filter(question), limit: question.limit) {
                add(found, to: &answer)
            }
        case .types, .userTypes, .top, .text, .path, .minutes: return nil
        }
        return answer
    }

    private static func id(_ question: Question, _ turn: Int) -> String? {
        guard let ids = question.ids, !ids.isEmpty else { return nil }
        return ids[turn % ids.count]
    }

    static func filter(_ question: Question) -> Filter {
        var parts: [Filter] = []
        if let user = question.user { parts.append(.user(user)) }
        if let type = question.type { parts.append(.type(type)) }
        if let type = question.resourceType, let id = question.resourceID {
            parts.append(.resource(type: type, id: id))
        }
        if let session = question.session { parts.append(.session(session)) }
        if let text = question.text { parts.append(.text(contains: text)) }
        if let key = question.key, let value = question.value {
            parts.append(.details(FieldPath([key]), equals: value))
        }
        if question.kind == .failures || question.kind == .rare { parts.append(.result(.failure)) }
        if let from = question.from { parts.append(.since(.absolute(nanoseconds: from))) }
        if let to = question.to { parts.append(.before(.absolute(nanoseconds: to))) }
        guard var whole = parts.first else { return .all }
        for part in parts.dropFirst() { whole = whole && part }
        return whole
    }

    private static func add(_ found: RecordedEvent, to answer: inout Answer) {
        answer.add(time: found.event.timestamp?.nanosecondsSince1970 ?? 0)
    }

    private static func groups(_ groups: [EventGroup]) -> Answer {
        var answer = Answer()
        for group in groups { answer.add(group: group.count) }
        return answer
    }
}
