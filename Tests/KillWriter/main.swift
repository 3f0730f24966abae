import Synchronization
import TallyrollFormat
import TallyrollStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

// A writer that is made to be killed: appends to the store in the directory of the first argument, from the number in
// the second on, and writes to standard output what was acknowledged to it: first sequence, first number, count and
// time of recording, as four little-endian 64-bit integers. Ends by itself only when something fails.

private func append(_ number: Int, to batch: inout RecordBatch) {
    batch.offsets.append(UInt32(batch.bytes.count))
    var encoder = RecordEncoder()
    encoder.begin(
        timestamp: Int64(number), time: TimeNotation(digits: 9), outcome: .success, duration: nil,
        into: &batch.bytes)
    "t\(number % 3)".withView { encoder.string(.type, $0, into: &batch.bytes) }
    "u\(number % 7)".withView { encoder.string(.user, $0, into: &batch.bytes) }
    let text = "\(number):" + String(repeating: "x", count: number % 37 == 0 ? 3000 : number % 61)
    text.withView { encoder.string(.message, $0, into: &batch.bytes) }
    _ = encoder.end(into: &batch.bytes)
}

private func produce(into store: AuditStore, from first: Int) {
    var number = first
    var random = SystemRandomNumberGenerator()
    while true {
        let count = Int.random(in: 1...20, using: &random)
        let start = number
        var batch = RecordBatch()
        for _ in 0..<count {
            append(number, to: &batch)
            number += 1
        }
        let isDone = Monitor(false)
        let request = AppendRequest(batch, durability: Bool.random() ? .disk : .os) { result in
            guard case .success(let receipt) = result else { exit(3) }
            let words = [
                receipt.firstSequence, UInt64(start), UInt64(receipt.count),
                UInt64(bitPattern: receipt.recordedAt),
            ].map(\.littleEndian)
            _ = words.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            isDone.update { $0 = true }
        }
        guard store.enqueue(request, whenFull: .wait) == .accepted else { exit(4) }
        isDone.wait { $0 ? () : nil }
        if Int.random(in: 0..<60, using: &random) == 0 { store.seal { _ in } }
    }
}

guard CommandLine.arguments.count == 3, let first = Int(CommandLine.arguments[2]) else {
    print("usage: kill-writer DIRECTORY FIRST")
    exit(1)
}
var options = StoreOptions()
options.segmentBytes = 1 << 20
options.blockEvents = 32
options.compressionLevel = 1
do {
    let store = try AuditStore.open(
        PosixStorage(root: CommandLine.arguments[1]), path: CommandLine.arguments[1], options: options)
    let other = try WorkerThread("producer") { produce(into: store, from: first + 500_000_000) }
    produce(into: store, from: first)
    other.join()
} catch {
    print("\(error)")
    exit(2)
}
