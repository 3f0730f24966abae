import Foundation
import Tallyroll

func withDirectory<R>(_ body: (String) async throws -> R) async throws -> R {
    let path = NSTemporaryDirectory() + "tallyroll-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

func withLog<R>(
    _ options: StoreOptions = StoreOptions(), _ body: (AuditLog, String) async throws -> R
) async throws -> R {
    try await withDirectory { path in
        let log = try await AuditLog.open(at: path, options: options)
        let result = try await body(log, path)
        try await log.close()
        return result
    }
}

/// An event of one of seven users; `time` is in nanoseconds since 1970.
func event(_ number: Int, time: Int64? = nil) -> AuditEvent {
    AuditEvent(
        timestamp: time.map { Timestamp(nanosecondsSince1970: $0) }, type: .resourceAccess,
        user: "user\(number % 7)", action: "read", outcome: number % 3 == 0 ? .denied : .success,
        message: "number \(number)")
}

func collect(_ sequence: EventSequence) async throws -> [UInt64] {
    var found: [UInt64] = []
    for try await event in sequence { found.append(event.sequence) }
    return found
}

func blocks(of events: Int) -> StoreOptions {
    var options = StoreOptions()
    options.blockEvents = events
    return options
}
