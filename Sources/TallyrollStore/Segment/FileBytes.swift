import TallyrollFormat

extension StorageFile {
    /// Exactly the bytes asked for; a file that ends before them is an error of its content, not of the disk.
    package func bytes(at offset: Int, _ length: Int, what: String) throws -> Bytes {
        guard length >= 0, length <= Limits.maximumSegmentBytes else {
            throw FormatError(.limit, what, offset: offset, expected: "a sane length", found: "\(length)")
        }
        return try Bytes(count: length) { buffer in
            let count = try read(at: offset, into: buffer)
            guard count == length else {
                throw FormatError(
                    .truncated, what, offset: offset, expected: "\(length) bytes", found: "\(count)")
            }
        }
    }
}

/// A block in a file.
final class FileBlockSource: BlockSource {
    private let file: any StorageFile
    private let offset: Int

    init(_ file: any StorageFile, at offset: Int) {
        self.file = file
        self.offset = offset
    }

    func read(_ offset: Int, _ length: Int) throws -> Bytes {
        try file.bytes(at: self.offset + offset, length, what: "block")
    }

    func read(_ offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        let count = try file.read(at: self.offset + offset, into: buffer)
        guard count == buffer.count else {
            throw FormatError(
                .truncated, "block", offset: self.offset + offset, expected: "\(buffer.count) bytes",
                found: "\(count)")
        }
    }
}
