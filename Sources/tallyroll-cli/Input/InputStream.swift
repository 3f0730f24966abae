import CZlib

/// The bytes of an input as they were before gzip, if it was gzip: that is seen by its first two bytes, so that
/// `.gz` files and compressed pipes need no option.
final class InputStream {
    let file: InputFile
    private var raw = [UInt8](repeating: 0, count: InputStream.rawBytes)
    private var rawRange = 0..<0
    private var form = Form.unknown
    private var stream = z_stream()
    /// Whether a member of the gzip file has begun and not ended.
    private var isInsideMember = false
    private var rawHasEnded = false

    private enum Form {
        case unknown, plain, gzip
    }

    private static let rawBytes = 256 << 10

    init(_ file: InputFile) { self.file = file }

    deinit {
        if form == .gzip { inflateEnd(&stream) }
    }

    /// Reads at least one byte unless the input has ended.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputProblem) -> Int {
        if form == .unknown { try begin() }
        if form == .gzip { return try inflated(into: buffer) }
        guard rawRange.isEmpty else {
            let count = min(rawRange.count, buffer.count)
            raw.withUnsafeBytes { bytes in
                buffer.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[rawRange.lowerBound..<rawRange.lowerBound + count]))
            }
            rawRange = rawRange.lowerBound + count..<rawRange.upperBound
            return count
        }
        return try readFile(into: buffer)
    }

    private func readFile(into buffer: UnsafeMutableRawBufferPointer) throws(InputProblem) -> Int {
        do throws(CommandFailure) {
            return try file.read(into: buffer)
        } catch {
            throw .unreadable(error)
        }
    }

    /// Reads the first bytes and decides by them.
    private func begin() throws(InputProblem) {
        while rawRange.count < 2, !rawHasEnded { try fill() }
        guard rawRange.count >= 2, raw[0] == 0x1F, raw[1] == 0x8B else {
            form = .plain
            return
        }
        // 16 more than the window: with a gzip header.
        let status = inflateInit2_(&stream, MAX_WBITS + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw .damaged("no memory to decompress it") }
        form = .gzip
        isInsideMember = true
    }

    /// Puts more of the file behind what is left in `raw`.
    private func fill() throws(InputProblem) {
        if rawRange.isEmpty { rawRange = 0..<0 }
        let end = rawRange.upperBound
        var count = 0
        var problem: InputProblem?
        raw.withUnsafeMutableBytes { bytes in
            do throws(InputProblem) {
                count = try readFile(into: UnsafeMutableRawBufferPointer(rebasing: bytes[end...]))
            } catch {
                problem = error
            }
        }
        if let problem { throw problem }
        if count == 0 { rawHasEnded = true }
        rawRange = rawRange.lowerBound..<end + count
    }

    private func inflated(into buffer: UnsafeMutableRawBufferPointer) throws(InputProblem) -> Int {
        while true {
            if rawRange.isEmpty, !rawHasEnded { try fill() }
            if rawRange.isEmpty {
                guard isInsideMember else { return 0 }
                if Interrupts.isWanted { return 0 }
                throw .damaged("the compressed data is cut off at byte \(file.position)")
            }
            if !isInsideMember {
                // Another member may follow, or zeros that fill a tape block.
                while !rawRange.isEmpty, raw[rawRange.lowerBound] == 0 {
                    rawRange = rawRange.lowerBound + 1..<rawRange.upperBound
                }
                if rawRange.isEmpty { continue }
                inflateReset(&stream)
                isInsideMember = true
            }
            let produced = try inflateSome(into: buffer)
            if produced > 0 { return produced }
        }
    }

    private func inflateSome(into buffer: UnsafeMutableRawBufferPointer) throws(InputProblem) -> Int {
        let room = min(buffer.count, Int(UInt32.max))
        var status = Z_OK
        raw.withUnsafeMutableBufferPointer { bytes in
            stream.next_in = bytes.baseAddress.map { $0 + rawRange.lowerBound }
            stream.avail_in = UInt32(rawRange.count)
            stream.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.avail_out = UInt32(room)
            status = inflate(&stream, Z_NO_FLUSH)
        }
        rawRange = rawRange.upperBound - Int(stream.avail_in)..<rawRange.upperBound
        switch status {
        case Z_STREAM_END: isInsideMember = false
        case Z_OK, Z_BUF_ERROR: break
        default: throw .damaged("the compressed data is damaged near byte \(file.position - rawRange.count)")
        }
        return room - Int(stream.avail_out)
    }
}

/// Why no more of an input can be had.
enum InputProblem: Error {
    /// The system refused to read.
    case unreadable(CommandFailure)
    /// The content is not what it should be.
    case damaged(String)
}
