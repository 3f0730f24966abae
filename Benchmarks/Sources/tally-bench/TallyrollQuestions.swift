import Tallyroll

/// The fixed set, asked through the public face; every event of an answer is read as a whole.
enum TallyrollQuestions {
    static func ask(_ question: Question, _ log: AuditLog, turn: Int) async throws -> Answer {
        if question.kind == .id {
            let ids = question.ids ?? []
            guard !ids.isEmpty else { return Answer() }
            var answer = Answer()
            for found in try await log.events(withID: ids[turn % ids.count]) { add(found, to: &answer) }
            return answer
        }
        let filter = filter(question)
        switch question.kind {
        case .types, .userTypes: return groups(try await log.count(where: filter, by: .type))
        case .top: return groups(try await log.count(where: filter, by: .user, top: question.limit))
        case .text, .path: return Answer(rows: try await log.count(where: filter))
        case .minutes:
            var answer = Answer()
            for bucket in try await log.histogram(where: filter, every: .seconds(60)) {
                answer.add(group: bucket.count)
            }
            return answer
        case .latest, .failures, .resource, .rare, .session, .id:
            var answer = Answer()
            for try await found in log.events(where: filter, limit: question.limit) {
                add(found, to: &answer)
            }
            return answer
        }
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
