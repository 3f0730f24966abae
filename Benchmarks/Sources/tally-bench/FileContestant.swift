import Foundation
import TallyrollIntegrity

/// What the device allows: the events' JSON lines appended to a plain file, with a sync a commit.
struct FileContestant {
    let prepared: Prepared
    let directory: String
    /// Each line is followed by the SHA-256 of the hash before it and the line, as hexadecimal text: what people write
    /// who need a tamper-evident log without an engine.
    let isChained: Bool

    static let durability = "fdatasync after each commit"

    private static let chunk = 100_000

    func load(_ name: String, commit: Int, into result: inout PeerResult) throws {
        let path = try Workspace.fresh(directory, name)
        let descriptor = try create(path)
        defer { close(descriptor) }
        let file = try prepared.file("jsonl")
        var ingest = PeerResult.Ingest(commit: commit, events: file.events, seconds: 0, cpuSeconds: 0)
        var chain = LineChain()
        for chunk in file.chunks(of: FileContestant.chunk) {
            let lines = LineChunk(try file.read(chunk))
            let cpu = Measure.cpuSeconds()
            let start = Measure.now()
            for first in stride(from: 0, to: lines.count, by: commit) {
                try write(lines, first..<min(first + commit, lines.count), &chain, to: descriptor)
                guard fdatasync(descriptor) == 0 else { throw Failure("cannot sync \(path)") }
            }
            ingest.seconds += Double(Measure.now() - start) / 1e9
            ingest.cpuSeconds += Measure.cpuSeconds() - cpu
        }
        result.ingest.append(ingest)
        result.bytes = Workspace.bytes(ofFile: path)
    }

    /// How long each of the first lines takes to be durable when appended alone.
    func singles(count: Int) throws -> PeerResult.Single {
        let path = try Workspace.fresh(directory, "singles")
        let descriptor = try create(path)
        defer { close(descriptor) }
        let file = try prepared.file("jsonl")
        let upper = min(file.events, (count + Prepared.stride - 1) / Prepared.stride * Prepared.stride)
        let lines = LineChunk(try file.read(0..<upper))
        var chain = LineChain()
        let times = try (0..<min(count, lines.count)).map { index in
            try Measure.seconds {
                try write(lines, index..<index + 1, &chain, to: descriptor)
                guard fdatasync(descriptor) == 0 else { throw Failure("cannot sync \(path)") }
            }
        }
        _ = try Workspace.fresh(directory, "singles")
        return PeerResult.Single(times)
    }

    /// Reads a chained file and proves its chain.
    func verify(_ name: String) throws -> PeerResult.Cost {
        let path = "\(directory)/\(name)"
        let cpu = Measure.cpuSeconds()
        let seconds = try Measure.seconds {
            let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
            let lines = try data.withUnsafeBytes { try LineChain.verify($0) }
            guard lines == prepared.manifest.events else { throw Failure("\(path) holds \(lines) lines") }
        }
        return PeerResult.Cost(seconds: seconds, cpuSeconds: Measure.cpuSeconds() - cpu)
    }

    private func create(_ path: String) throws -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        guard descriptor >= 0 else { throw Failure("cannot create \(path)") }
        return descriptor
    }

    private func write(
        _ lines: LineChunk, _ range: Range<Int>, _ chain: inout LineChain, to descriptor: Int32
    ) throws {
        if isChained {
            try chain.lines(lines, range).withUnsafeBytes { try FileContestant.write($0, to: descriptor) }
        } else {
            try lines.text.withUnsafeBytes { text in
                try FileContestant.write(
                    UnsafeRawBufferPointer(
                        rebasing: text[lines.offsets[range.lowerBound]..<lines.offsets[range.upperBound]]),
                    to: descriptor)
            }
        }
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

    mutating func lines(_ chunk: LineChunk, _ range: Range<Int>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(
            chunk.offsets[range.upperBound] - chunk.offsets[range.lowerBound] + range.count * 66)
        chunk.text.withUnsafeBytes { text in
            for index in range {
                let line = text[chunk.offsets[index]..<chunk.offsets[index + 1] - 1]
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
