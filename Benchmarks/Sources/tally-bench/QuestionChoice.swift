import Foundation
import Tallyroll

/// Picks users, resources, ids, times and texts that the events hold, in one pass and bounded memory, and makes the
/// fixed set of questions of them.
struct QuestionChoice {
    private let expected: Int
    private var count = 0
    private var first = Int64.max
    private var last = Int64.min
    private var users: [String: (count: Int, place: Int)] = [:]
    private var types: [String: Int] = [:]
    private var resources: [ResourceName: Int] = [:]
    private var ids: [String] = []
    private var session: String?
    private var member: (key: String, value: String)?
    private var phrases: [String] = ["upstream timeout", "invalid cred"]

    private struct ResourceName: Hashable { var type, id: String }

    /// Beyond so many users the rarest are no longer told apart.
    private static let usersMax = 2_000_000
    private static let minute: Int64 = 60_000_000_000

    init(expected: Int) { self.expected = expected }

    mutating func see(_ event: AuditEvent) {
        let time = event.timestamp?.nanosecondsSince1970 ?? 0
        first = min(first, time)
        last = max(last, time)
        if let user = event.user, users.count < QuestionChoice.usersMax || users[user] != nil {
            users[user, default: (0, count)].count += 1
        }
        types[event.type.rawValue, default: 0] += 1
        if let type = event.resource.type, let id = event.resource.id {
            resources[ResourceName(type: type, id: id), default: 0] += 1
        }
        let step = max(1, expected / 997)
        if count % step == step / 2, let id = event.id { ids.append(id) }
        if count >= expected / 2 {
            if session == nil { session = event.sessionID }
            if member == nil { member = QuestionChoice.member(of: event) }
        }
        if count % max(1, expected / 8) == 3, let phrase = QuestionChoice.phrase(of: event) {
            phrases.append(phrase)
        }
        count += 1
    }

    /// The fixed set, with the texts to search for that fit the prepared events.
    mutating func questions(forms directory: String) throws -> [Question] {
        guard first <= last else { throw Failure("there are no events") }
        var all = questions
        for (place, phrase) in try Phrases.unambiguous(phrases, directory, events: count).enumerated() {
            var question = Question("text_\(place + 1)", "events whose text contains “\(phrase)”", .text)
            question.text = phrase
            all.append(question)
        }
        return all
    }

    private var ranked: [(key: String, value: (count: Int, place: Int))] {
        users.sorted { ($1.value.count, $0.value.place) < ($0.value.count, $1.value.place) }
    }

    /// What the questions name, for the report.
    var subjects: [String] {
        let ranked = ranked
        guard let hot = ranked.first, let cold = ranked.last else { return [] }
        return [
            "hot user: \(hot.value.count) events",
            "middle user: \(ranked[ranked.count / 2].value.count)", "cold user: \(cold.value.count)",
            "usual user: \(QuestionChoice.usual(ranked.map { ($0.key, $0.value.count) })?.count ?? 0)",
            "resource: \(resources.values.max() ?? 0)", "usual resource: \(usualResource?.count ?? 0)",
        ]
    }

    /// The fixed set but for the texts.
    var questions: [Question] {
        var all: [Question] = []
        let ranked = self.ranked
        // An hour, or the seventh part of a workload that is shorter than seven hours; a day, or half of it.
        let hour = min(60 * QuestionChoice.minute, max(1, (last - first) / 7))
        let day = min(24 * 60 * QuestionChoice.minute, max(1, (last - first) / 2))
        let from = first + (last - first) / 2
        let span = "\(hour / 1_000_000_000) s"
        let common = types.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? ""
        let kind = types["authentication"] != nil ? "authentication" : common

        if let hot = ranked.first, let cold = ranked.last {
            let middle = ranked[ranked.count / 2]
            for (name, user) in [("hot", hot), ("middle", middle), ("cold", cold)] {
                var question = Question("latest_user_\(name)", "latest 100 of a user, \(name)", .latest)
                question.user = user.key
                question.limit = 100
                all.append(question)
            }
            var inWindow = Question("user_types", "a user's events by type in \(span)", .userTypes)
            (inWindow.user, inWindow.from, inWindow.to) = (hot.key, from, from + hour)
            all.append(inWindow)
            if let usual = QuestionChoice.usual(ranked.map { ($0.key, $0.value.count) }) {
                var question = Question(
                    "usual_user_types", "a usual user's events by type in \(span)", .userTypes)
                (question.user, question.from, question.to) = (usual.key, from, from + hour)
                all.append(question)
            }
        }
        var failures = Question("failures", "failures of type \(kind) in \(span)", .failures)
        (failures.type, failures.from, failures.to) = (kind, from, from + hour)
        all.append(failures)
        if let resource = resources.max(by: { ($0.value, $1.key.id) < ($1.value, $0.key.id) }) {
            var question = Question("latest_resource", "latest 100 of a resource", .resource)
            (question.resourceType, question.resourceID) = (resource.key.type, resource.key.id)
            question.limit = 100
            all.append(question)
        }
        if let resource = usualResource {
            var question = Question("usual_resource", "latest 100 of a usual resource", .resource)
            (question.resourceType, question.resourceID) = (resource.key.type, resource.key.id)
            question.limit = 100
            all.append(question)
        }
        if !ids.isEmpty {
            var question = Question("get_id", "get by id", .id)
            question.ids = ids.shuffledBySeed()
            all.append(question)
        }
        all.append(Question("count_types", "count by type, over everything", .types))
        all.append(Question("minutes", "events a minute, over everything", .minutes))
        if let hot = ranked.first {
            var question = Question("user_type_failure", "user and type and failure, latest 50", .rare)
            (question.user, question.type, question.limit) = (hot.key, common, 50)
            all.append(question)
        }
        var top = Question("top_users", "top 10 users of \(day / 1_000_000_000) s", .top)
        (top.from, top.to, top.limit) = (first + (last - first) / 4, first + (last - first) / 4 + day, 10)
        all.append(top)
        if let session {
            var question = Question("session", "all events of a session", .session)
            question.session = session
            all.append(question)
        }
        if let member {
            var question = Question(
                "path", "count of details.\(member.key) = a value, over everything", .path)
            (question.key, question.value) = (member.key, member.value)
            all.append(question)
        }
        return all
    }

    private var usualResource: (key: ResourceName, count: Int)? {
        QuestionChoice.usual(
            resources.map { (key: $0.key, count: $0.value) }
                .sorted { ($1.count, $0.key.id, $0.key.type) < ($0.count, $1.key.id, $1.key.type) })
    }

    /// The one that half of all events reach, counted from the one with the most on: whoever asks about an event taken
    /// blindly asks about one like that.
    private static func usual<Key>(_ ranked: [(key: Key, count: Int)]) -> (key: Key, count: Int)? {
        var left = ranked.reduce(0) { $0 + $1.count } / 2
        for one in ranked {
            if left < one.count { return one }
            left -= one.count
        }
        return ranked.last
    }

    /// A member of details whose value is a short plain text.
    private static func member(of event: AuditEvent) -> (key: String, value: String)? {
        guard let text = event.details?.text,
            let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        else { return nil }
        return object.compactMap { pair in (pair.value as? String).map { (key: pair.key, value: $0) } }
            .filter { $0.key.allSatisfy { $0.isLetter || $0 == "_" } && Phrases.isPlain($0.value) }
            .min { $0.key < $1.key }
    }

    /// Two words that stand beside each other in a text of the event.
    private static func phrase(of event: AuditEvent) -> String? {
        let text = event.outcome?.text ?? event.message ?? event.details?.text ?? ""
        let words = text.split(separator: " ", maxSplits: 12)
        return zip(words, words.dropFirst()).lazy.map { "\($0) \($1)" }
            .first { $0.utf8.count >= 8 && $0.utf8.count < 30 && Phrases.isPlain($0) }
    }
}

/// Texts to search for that mean the same to everybody: found in the same events whether case counts or not.
private enum Phrases {
    static let absent = "no such text anywhere"
    private static let wanted = 2

    static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count < 40
            && text.utf8.allSatisfy {
                $0 >= UInt8(ascii: " ") && $0 < 127 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
                    && $0 != UInt8(ascii: "'") && $0 != UInt8(ascii: "%") && $0 != UInt8(ascii: "_")
            }
    }

    /// The first of `candidates` that some event holds and that lower-casing finds in no other place, and one that
    /// no event holds.
    static func unambiguous(_ candidates: [String], _ directory: String, events: Int) throws -> [String] {
        let file = try ChunkedFile("\(directory)/events.jsonl", events: events)
        var exact = [Int](repeating: 0, count: candidates.count)
        var folded = exact
        // Enough to tell; the answers of all contestants are compared over everything afterwards.
        for chunk in file.chunks(of: 10_000).prefix(4) {
            let text = try file.read(chunk)
            let lower = text.map { $0 >= 65 && $0 <= 90 ? $0 | 32 : $0 }
            for (place, candidate) in candidates.enumerated() {
                exact[place] += occurrences(of: Array(candidate.utf8), in: text)
                folded[place] += occurrences(of: Array(candidate.lowercased().utf8), in: lower)
            }
        }
        let fit = candidates.indices.filter { exact[$0] > 0 && exact[$0] == folded[$0] }
        var chosen: [String] = []
        for place in fit where !chosen.contains(candidates[place]) { chosen.append(candidates[place]) }
        return Array(chosen.prefix(wanted)) + [absent]
    }

    private static func occurrences(of needle: [UInt8], in text: [UInt8]) -> Int {
        text.withUnsafeBufferPointer { text in
            needle.withUnsafeBufferPointer { needle in
                guard let first = needle.first, text.count >= needle.count else { return 0 }
                return (0...text.count - needle.count).count { place in
                    text[place] == first
                        && text[place..<place + needle.count].elementsEqual(needle)
                }
            }
        }
    }
}

extension Array {
    /// In an order that looks random and is always the same.
    func shuffledBySeed() -> [Element] {
        enumerated().sorted { ($0.offset &* 0x9E37_79B9) & 0xFFFF < ($1.offset &* 0x9E37_79B9) & 0xFFFF }
            .map(\.element)
    }
}
