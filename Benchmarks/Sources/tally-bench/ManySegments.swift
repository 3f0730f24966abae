import Foundation
import Tallyroll

extension TallyrollContestant {
    /// So many segments are one too many for anybody: the question is what each of them costs.
    static let manySegments = 1500

    /// The same questions of the same events, sealed on the way into many small segments.
    func manySegments(into result: inout PeerResult) async throws {
        let path = try Workspace.fresh(directory, "segments")
        let file = try prepared.file("jsonl")
        let size = (file.events + TallyrollContestant.manySegments - 1) / TallyrollContestant.manySegments
        let log = try AuditLog.openBlocking(at: path, options: options)
        var held = 0
        for chunk in file.chunks(of: TallyrollContestant.sealedChunk) {
            var events = try LineChunk(try file.read(chunk)).events()[...]
            while !events.isEmpty {
                let part = events.prefix(size - held)
                try log.appendBlocking(contentsOf: part, durability: .os)
                events = events.dropFirst(part.count)
                held += part.count
                guard held == size else { continue }
                try await log.seal()
                held = 0
            }
        }
        try await log.seal()
        try log.closeBlocking()
        result.bytes = Workspace.files(path).reduce(0) { $0 + $1.bytes }
        result.segments = Workspace.files(path).count { $0.path.hasSuffix(".seg") }
        Workspace.warm(Workspace.files(path).map(\.path))
        let sealed = try AuditLog.openBlocking(at: path, options: options)
        for question in prepared.manifest.questions {
            result.questions[question.name] = try await DedicatedThreads.perform { try ask(question, sealed) }
        }
        try sealed.closeBlocking()
        _ = try Workspace.fresh(directory, "segments")
    }

    /// Events held as values at a time.
    private static let sealedChunk = 200_000
}
