import Foundation
import Synchronization
import Tallyroll

/// Opening a store whose writer was killed.
enum KilledWriter {
    /// Starts this program again as a writer, kills it once it has acknowledged `events` events, and gives the seconds
    /// that opening its store takes.
    static func openSeconds(after events: Int, at path: String, options: StoreOptions) throws -> Double {
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = ["write-until-killed", "--directory", path, "--events", "\(min(events, 100_000))"]
        let pipe = Pipe()
        child.standardOutput = pipe
        try child.run()
        var acknowledged = 0
        var text: [UInt8] = []
        while acknowledged < events {
            let data = pipe.fileHandleForReading.availableData
            guard !data.isEmpty else { throw Failure("the writer ended by itself") }
            text += data
            let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            for line in lines.dropLast() { acknowledged += Int(String(decoding: line, as: UTF8.self)) ?? 0 }
            text = Array(lines.last ?? [])
        }
        kill(child.processIdentifier, SIGKILL)
        child.waitUntilExit()
        let start = Measure.now()
        let log = try AuditLog.openBlocking(at: path, options: options)
        let seconds = Double(Measure.now() - start) / 1e9
        let next = try log.appendBlocking(AuditEvent(type: .systemEvent)).firstSequence
        try log.closeBlocking()
        guard next >= UInt64(acknowledged) else {
            throw Failure("\(acknowledged) events were acknowledged, \(next) are there after the kill")
        }
        return seconds
    }

    /// What the child does: appends with two producers, without end, and says how many events were acknowledged.
    static func write(count: Int, at path: String, options: StoreOptions) throws {
        var source = EventSource(generated: count, seed: 1)
        var prepared: [AuditEvent] = []
        while let (event, _) = try source.next() { prepared.append(event) }
        let events = prepared
        let log = try AuditLog.openBlocking(at: path, options: options)
        let batches = stride(from: 0, to: count, by: 1000).map { $0..<min($0 + 1000, count) }
        let output = Mutex(FileHandle.standardOutput)
        let threads = (0..<2).map { producer in
            Thread {
                var index = producer
                while (try? log.appendBlocking(contentsOf: events[batches[index % batches.count]]))
                    != nil
                {
                    let count = batches[index % batches.count].count
                    output.withLock { $0.write(Data("\(count)\n".utf8)) }
                    index += 2
                }
            }
        }
        for thread in threads { thread.start() }
        while true { sleep(1000) }
    }
}
