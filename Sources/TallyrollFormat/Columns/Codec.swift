import CZlib

/// How the bytes of a chunk are stored. Zero is never a value on disk.
public enum Codec: UInt8, CaseIterable, Sendable {
    /// As they are.
    case none = 1
    /// A raw deflate stream (RFC 1951), by zlib.
    case deflate = 2
    /// A zstd frame (RFC 8878). Only in builds with the package trait `Zstd`.
    case zstd = 3

    /// Whether this build can compress and decompress with the codec.
    public var isAvailable: Bool {
        #if Zstd
            true
        #else
            self != .zstd
        #endif
    }
}

/// Compresses the chunks of a segment, one after another. Holds scratch memory; one thread uses it at a time.
package final class ChunkCompressor {
    private let deflater: Deflater?
    #if Zstd
        private let zstd: ZstdCompressor?
    #endif

    /// A compressor for a codec that is available; `level` is 1 (fast) to 9 (small), which zstd takes as they are.
    package init(_ codec: Codec, level: Int) {
        precondition(codec.isAvailable, "options are validated before a compressor is made")
        deflater = codec == .deflate ? Deflater(level: level) : nil
        #if Zstd
            zstd = codec == .zstd ? ZstdCompressor(level: level) : nil
        #endif
    }

    /// Appends `view` to `out` behind the byte of the codec it was stored with: as it is, where compression would
    /// not make it smaller.
    package func write(_ view: ByteView, into out: inout ByteWriter) {
        let start = out.count
        out.u8(Codec.none.rawValue)
        if let deflater, deflater.compress(view, into: &out) {
            out.patch(Codec.deflate.rawValue, at: start)
            return
        }
        #if Zstd
            if let zstd, zstd.compress(view, into: &out) {
                out.patch(Codec.zstd.rawValue, at: start)
                return
            }
        #endif
        out.bytes(view)
    }

    /// The `rawLength` bytes that were written by `write`; never more, whatever the bytes are.
    package static func read(_ stored: ByteView, rawLength: Int, what: String) throws(FormatError) -> Bytes {
        var reader = ByteReader(stored, what: what)
        let tag = try reader.u8()
        guard let codec = Codec(rawValue: tag) else {
            throw FormatError(
                .unsupported, "\(what): codec", offset: 0, expected: "1 (none), 2 (deflate) or 3 (zstd)",
                found: "\(tag)")
        }
        let data = try reader.bytes(reader.remaining)
        switch codec {
        case .none:
            guard data.count == rawLength else {
                throw reader.invalid("length", expected: "\(rawLength)", found: "\(data.count)")
            }
            return Bytes(copying: data)
        case .deflate:
            return try Inflater.inflate(data, rawLength: rawLength, what: what)
        case .zstd:
            #if Zstd
                return try ZstdDecompressor.decompress(data, rawLength: rawLength, what: what)
            #else
                throw FormatError(
                    .unsupported, "\(what): codec", offset: 0, expected: "a build with the trait Zstd",
                    found: "a build without it")
            #endif
        }
    }
}

/// Compresses chunks one after another with one zlib stream, so that its memory is allocated once.
package final class Deflater {
    private var stream = z_stream()
    private var output: [UInt8] = []

    /// `level` is zlib's, 1 (fast) to 9 (small).
    package init(level: Int) {
        let status = deflateInit2_(
            &stream, Int32(min(max(level, 1), 9)), Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib could not allocate its state")
    }

    deinit { deflateEnd(&stream) }

    /// Appends the compressed form of `view` to `out` if it is smaller, and says whether it did.
    package func compress(_ view: ByteView, into out: inout ByteWriter) -> Bool {
        guard view.count > 16 else { return false }
        deflateReset(&stream)
        if output.count < view.count { output = [UInt8](repeating: 0, count: view.count) }
        let produced = output.withUnsafeMutableBufferPointer { target -> Int? in
            stream.next_in = UnsafeMutablePointer(mutating: view.base)
            stream.avail_in = UInt32(view.count)
            stream.next_out = target.baseAddress
            // One byte less than the input: what does not fit is not worth storing compressed.
            stream.avail_out = UInt32(view.count - 1)
            guard deflate(&stream, Z_FINISH) == Z_STREAM_END else { return nil }
            return view.count - 1 - Int(stream.avail_out)
        }
        guard let produced else { return false }
        output.withView { out.bytes($0.trusted(0, produced)) }
        return true
    }
}

/// Undoes `Deflater`, for bytes that may be hostile: never writes more than the expected length.
package enum Inflater {
    /// The `rawLength` bytes that `view` decompresses to.
    package static func inflate(_ view: ByteView, rawLength: Int, what: String) throws(FormatError) -> Bytes {
        try Bytes(count: rawLength) { (target) throws(FormatError) in
            var stream = z_stream()
            guard
                inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
            else {
                throw FormatError(.invalid, what, offset: 0, expected: "memory for zlib", found: "none")
            }
            defer { inflateEnd(&stream) }
            stream.next_in = UnsafeMutablePointer(mutating: view.base)
            stream.avail_in = UInt32(view.count)
            stream.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.avail_out = UInt32(rawLength)
            let status = CZlib.inflate(&stream, Z_FINISH)
            guard status == Z_STREAM_END, stream.avail_out == 0, stream.avail_in == 0 else {
                throw FormatError(
                    .invalid, what, offset: Int(stream.total_in),
                    expected: "a deflate stream of \(rawLength) bytes",
                    found: "status \(status) after \(stream.total_out)")
            }
        }
    }
}
