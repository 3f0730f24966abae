#if Zstd
    import CZstd

    /// Compresses chunks one after another with one zstd context, so that its memory is allocated once.
    final class ZstdCompressor {
        private let context: OpaquePointer?
        private let level: Int32
        private var output: [UInt8] = []

        init(level: Int) {
            context = ZSTD_createCCtx()
            self.level = Int32(level)
        }

        deinit { ZSTD_freeCCtx(context) }

        /// Appends the compressed form of `view` to `out` if it is smaller, and says whether it did.
        func compress(_ view: ByteView, into out: inout ByteWriter) -> Bool {
            guard view.count > 16, let context else { return false }
            let bound = ZSTD_compressBound(view.count)
            if output.count < bound { output = [UInt8](repeating: 0, count: bound) }
            let produced = output.withUnsafeMutableBytes {
                ZSTD_compressCCtx(context, $0.baseAddress, $0.count, view.base, view.count, level)
            }
            guard ZSTD_isError(produced) == 0, produced < view.count else { return false }
            output.withView { out.bytes($0.trusted(0, produced)) }
            return true
        }
    }

    /// Undoes `ZstdCompressor`, for bytes that may be hostile: never writes more than the expected length.
    enum ZstdDecompressor {
        static func decompress(
            _ view: ByteView, rawLength: Int, what: String
        ) throws(FormatError) -> Bytes {
            try Bytes(count: rawLength) { (target) throws(FormatError) in
                let produced = ZSTD_decompress(target.baseAddress, rawLength, view.base, view.count)
                guard ZSTD_isError(produced) == 0, produced == rawLength else {
                    throw FormatError(
                        .invalid, what, offset: 0, expected: "a zstd frame of \(rawLength) bytes",
                        found: ZSTD_isError(produced) != 0
                            ? String(cString: ZSTD_getErrorName(produced)) : "\(produced) bytes")
                }
            }
        }
    }
#endif
