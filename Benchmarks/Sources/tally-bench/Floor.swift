import Foundation
import TallyrollIntegrity

/// What the device allows: the events' JSON lines appended to a plain file, with a sync a commit.
enum FileIngest {
    /// Appends all lines, `batch` a commit. With `isChained`, each line is followed by the SHA-256 of the hash before
    /// it and the line, as hexadecimal text: what people write who need a tamper-evident log without an engine.
    static func run(_ workload: Workload, at path: String, batch: Int, isChained: Bool) throws -> IngestCost {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        guard descriptor >= 0 else { throw Failure("cannot create \(path)") }
        defer { close(descriptor) }
        var cost = IngestCost()
        var chain = LineChain()
        let cpu = Measure.cpuSeconds()
        let start = Measure.now()
        for range in workload.batches(of: batch) {
            if isChained {
                try write(chain.lines(workload, range), to: descriptor)
            } else {
                try workload.withLines(range) { try write($0, to: descriptor) }
            }
            guard fdatasync(descriptor) == 0 else { throw Failure("cannot sync \(path)") }
        }
        cost.seconds = Double(Measure.now() - start) / 1e9
        cost.secondsToClose = cost.seconds
        cost.cpuSeconds = Measure.cpuSeconds() - cpu
        return cost
    }

    /// Seconds that each of the first `count` lines takes to be durable when appended alone.
    static func singles(_ workload: Workload, count: Int, at path: String) throws -> [Double] {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        guard descriptor >= 0 else { throw Failure("cannot create \(path)") }
        defer { close(descriptor) }
        return try (0..<min(count, workload.count)).map { index in
            try Measure.seconds {
                try workload.withLines(index..<index + 1) { try write($0, to: descriptor) }
                guard fdatasync(descriptor) == 0 else { throw Failure("cannot sync \(path)") }
            }
        }
    }

    /// Seconds to read a chained file and prove its chain.
    static func verify(_ workload: Workload, at path: String) throws -> Double {
        try Measure.seconds {
            let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
            let lines = try data.withUnsafeBytes { try LineChain.verify($0) }
            guard lines == workload.count else { throw Failure("\(path) holds \(lines) lines") }
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) throws {
        try bytes.withUnsafeBytes { try write($0, to: descriptor) }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws {
        var rest = bytes
        while rest.count > 0 {
            let written = Foundation.write(descriptor, rest.baseAddress, rest.count)
            guard written > 0 else { throw Failure("cannot write") }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }
}

/// A chain of hashes over lines: `line · tab · 64 hexadecimal digits · newline`.
private struct LineChain {
    private var head = [UInt8](repeating: 0, count: 32)
    private var message: [UInt8] = []
    private static let digits = Array("0123456789abcdef".utf8)

    private mutating func advance(_ line: Slice<UnsafeRawBufferPointer>) {
        message.removeAll(keepingCapacity: true)
        message.append(contentsOf: head)
        message.append(contentsOf: UnsafeRawBufferPointer(rebasing: line))
        SHA256.hash(message).withUnsafeBytes { digest in
            head.withUnsafeMutableBytes { $0.copyMemory(from: digest) }
        }
    }

    mutating func lines(_ workload: Workload, _ range: Range<Int>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(
            workload.offsets[range.upperBound] - workload.offsets[range.lowerBound] + range.count * 66)
        workload.text.withUnsafeBytes { text in
            for index in range {
                let line = text[workload.offsets[index]..<workload.offsets[index + 1] - 1]
                advance(line)
                out.append(contentsOf: UnsafeRawBufferPointer(rebasing: line))
                out.append(UInt8(ascii: "\t"))
                for byte in head {
                    out.append(LineChain.digits[Int(byte >> 4)])
                    out.append(LineChain.digits[Int(byte & 15)])
                }
                out.append(UInt8(ascii: "\n"))
            }
        }
        return out
    }

    static func verify(_ text: UnsafeRawBufferPointer) throws -> Int {
        var chain = LineChain()
        var start = 0
        var count = 0
        while start < text.count {
            guard let end = text[start...].firstIndex(of: UInt8(ascii: "\n")), end - start > 65 else {
                throw Failure("a line of the chained file is cut off")
            }
            chain.advance(text[start..<end - 65])
            var place = end - 64
            for byte in chain.head {
                guard text[place] == digits[Int(byte >> 4)], text[place + 1] == digits[Int(byte & 15)] else {
                    throw Failure("the chained file is not intact")
                }
                place += 2
            }
            start = end + 1
            count += 1
        }
        return count
    }
}
