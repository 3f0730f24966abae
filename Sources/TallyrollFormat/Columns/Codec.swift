import CDeflate
import Synchronization

/// How the bytes of a chunk are stored. Zero is never a value on disk.
public enum Codec: UInt8, CaseIterable, Sendable {
    /// As they are.
    case none = 1
    /// A raw deflate stream (RFC 1951), by libdeflate.
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

/// Compresses chunks one after another with one state, so that its memory is allocated once.
package final class Deflater {
    private let state: OpaquePointer
    private var output: [UInt8] = []

    /// `level` is libdeflate's, 1 (fast) to 9 (small).
    package init(level: Int) {
        guard let state = libdeflate_alloc_compressor(Int32(min(max(level, 1), 9))) else {
            preconditionFailure("libdeflate could not allocate its state")
        }
        self.state = state
    }

    deinit { libdeflate_free_compressor(state) }

    /// Appends the compressed form of `view` to `out` if it is smaller, and says whether it did.
    package func compress(_ view: ByteView, into out: inout ByteWriter) -> Bool {
        guard view.count > 16 else { return false }
        if output.count < view.count { output = [UInt8](repeating: 0, count: view.count) }
        // One byte less than the input: what does not fit is not worth storing compressed, and gives 0.
        let produced = output.withUnsafeMutableBytes {
            libdeflate_deflate_compress(state, view.base, view.count, $0.baseAddress, view.count - 1)
        }
        guard produced > 0 else { return false }
        output.withView { out.bytes($0.trusted(0, produced)) }
        return true
    }
}

/// Undoes `Deflater`, for bytes that may be hostile: never writes more than the expected length.
package enum Inflater {
    /// The `rawLength` bytes that `view` decompresses to.
    package static func inflate(_ view: ByteView, rawLength: Int, what: String) throws(FormatError) -> Bytes {
        try Bytes(count: rawLength) { (target) throws(FormatError) in
            guard let state = take() else {
                throw FormatError(
                    .invalid, what, offset: 0, expected: "memory for libdeflate", found: "none")
            }
            defer { putBack(state) }
            var consumed = 0
            // Without a place to say how much it produced, anything but exactly `rawLength` bytes is an error.
            let status = libdeflate_deflate_decompress_ex(
                state, view.base, view.count, target.baseAddress, rawLength, &consumed, nil)
            guard status == LIBDEFLATE_SUCCESS, consumed == view.count else {
                throw FormatError(
                    .invalid, what, offset: consumed, expected: "a deflate stream of \(rawLength) bytes",
                    found: "status \(status.rawValue) after \(consumed) of \(view.count) bytes")
            }
        }
    }

    /// The address of a state that waits to be used again; 0 while there is none.
    private static let waiting = Atomic<UInt>(0)

    /// A state for one chunk, which nobody else has meanwhile.
    private static func take() -> OpaquePointer? {
        let known = waiting.exchange(0, ordering: .acquiringAndReleasing)
        return OpaquePointer(bitPattern: known) ?? libdeflate_alloc_decompressor()
    }

    private static func putBack(_ state: OpaquePointer) {
        let own = UInt(bitPattern: state)
        let (isKept, _) = waiting.compareExchange(
            expected: 0, desired: own, ordering: .acquiringAndReleasing)
        if !isKept { libdeflate_free_decompressor(state) }
    }
}
