/// A run of bytes with what each part of it means: the one formatter behind annotated dumps, in the tool and in the
/// documentation of the format.
package struct AnnotatedBytes {
    package struct Field: Equatable, Sendable {
        /// From the start of the run.
        package var offset: Int
        package var length: Int
        package var meaning: String
    }

    package private(set) var fields: [Field] = []
    /// Where the run begins in its file.
    package let origin: Int
    private let view: ByteView

    private static let bytesPerLine = 16

    fileprivate init(_ view: ByteView, origin: Int) {
        self.view = view
        self.origin = origin
    }

    /// The bytes after the last field.
    fileprivate var end: Int { fields.last.map { $0.offset + $0.length } ?? 0 }

    /// Adds a field behind the last, unless the bytes end before it does.
    fileprivate mutating func add(_ length: Int, _ meaning: (ByteView) -> String) {
        let start = end
        guard length > 0, let bytes = view.sliceIfInside(start, length) else { return }
        fields.append(Field(offset: start, length: length, meaning: meaning(bytes)))
    }

    fileprivate mutating func integer<T: FixedWidthInteger>(
        _ type: T.Type, _ name: String, _ text: (T) -> String
    ) {
        add(MemoryLayout<T>.size) { "\(name): \(text($0.load(T.self, at: 0)))" }
    }

    fileprivate mutating func integer<T: FixedWidthInteger>(_ type: T.Type, _ name: String) {
        integer(type, name) { "\($0)" }
    }

    /// One line a field, `offset  bytes  meaning`; a long field goes on below, and lines of zeros are left out.
    package var lines: [String] {
        var lines: [String] = []
        for field in fields {
            var start = field.offset
            let end = field.offset + field.length
            var skipped = 0
            while start < end {
                let length = min(AnnotatedBytes.bytesPerLine, end - start)
                let bytes = view.trusted(start, length)
                let isFirst = start == field.offset
                if !isFirst, bytes.raw.allSatisfy({ $0 == 0 }) {
                    skipped += length
                } else {
                    let digits = bytes.raw.map { twoDigits($0) }.joined(separator: " ")
                    let width = AnnotatedBytes.bytesPerLine * 3 - 1
                    let padding = String(repeating: " ", count: width - digits.count)
                    lines.append(
                        "\(eightDigits(origin + start))  \(digits)\(isFirst ? padding + "  " + field.meaning : "")"
                    )
                }
                start += length
            }
            if skipped > 0 { lines.append("          (\(skipped) zero bytes)") }
        }
        return lines
    }
}

private func twoDigits(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16)
    return text.count == 2 ? text : "0" + text
}

private func eightDigits(_ value: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, 8 - text.count)) + text
}

private func timeText(_ nanoseconds: Int64) -> String {
    var out = ByteWriter(capacity: 40)
    RFC3339.write(nanoseconds, .shortest(nanoseconds), into: &out)
    return out.view.string
}

extension TimeNotation {
    /// UTC with as few digits as lose nothing.
    package static func shortest(_ nanoseconds: Int64) -> TimeNotation {
        TimeNotation(digits: shortestDigits(nanoseconds), zoneMinutes: utc)
    }
}

// MARK: Structures

extension AnnotatedBytes {
    /// The first bytes of a segment file.
    package static func segmentHeader(_ view: ByteView) -> AnnotatedBytes {
        var bytes = AnnotatedBytes(view, origin: 0)
        bytes.add(8) { "magic: \"\($0.printable)\"" }
        bytes.integer(UInt32.self, "format version")
        bytes.integer(UInt32.self, "header length")
        bytes.add(16) { _ in "store id" }
        bytes.integer(UInt64.self, "segment number")
        bytes.integer(UInt64.self, "epoch of the writer")
        bytes.integer(UInt64.self, "first sequence")
        bytes.integer(UInt64.self, "capacity in bytes")
        bytes.integer(Int64.self, "created", timeText)
        bytes.integer(UInt32.self, "events a block holds at most")
        bytes.integer(UInt32.self, "indexes, a bit each") { hex(UInt64($0)) }
        bytes.add(32) { _ in "chain hash before the first sequence" }
        var hashes = 0
        bytes.integer(UInt32.self, "frontier hashes") {
            hashes = Int(min($0, 64))
            return "\($0)"
        }
        for number in 0..<hashes { bytes.add(32) { _ in "frontier hash \(number)" } }
        bytes.add(SegmentHeader.byteCount - 8 - bytes.end) { _ in "paths of details that are indexed; zeros" }
        bytes.integer(UInt64.self, "checksum of bytes 0 to 4087", hex)
        return bytes
    }

    /// The header of a block and, behind it, its directory. `origin` is where the block begins in its file.
    package static func block(_ view: ByteView, origin: Int) -> AnnotatedBytes {
        var bytes = AnnotatedBytes(view, origin: origin)
        bytes.integer(UInt8.self, "kind") { $0 == BlockHeader.kindEvents ? "1, events" : "\($0)" }
        bytes.integer(UInt8.self, "version")
        bytes.integer(UInt16.self, "zero")
        bytes.integer(UInt32.self, "block length")
        bytes.integer(UInt64.self, "store tag", hex)
        bytes.integer(UInt64.self, "segment number")
        bytes.integer(UInt32.self, "block index")
        bytes.integer(UInt32.self, "events")
        bytes.integer(UInt64.self, "first sequence")
        bytes.integer(Int64.self, "smallest event time", timeText)
        bytes.integer(Int64.self, "largest event time", timeText)
        bytes.integer(Int64.self, "smallest recorded time", timeText)
        bytes.integer(Int64.self, "largest recorded time", timeText)
        bytes.add(32) { _ in "chain hash before the first event" }
        bytes.add(32) { _ in "chain hash of the last event" }
        var directory = 0
        bytes.integer(UInt32.self, "directory length") {
            directory = Int($0)
            return "\($0)"
        }
        bytes.integer(UInt32.self, "zero")
        bytes.integer(UInt64.self, "checksum of the directory", hex)
        bytes.integer(UInt64.self, "checksum of the header's bytes 0 to 151", hex)
        if let entries = view.sliceIfInside(BlockHeader.byteCount, directory) {
            bytes.addDirectory(entries, sectionsFrom: origin + BlockHeader.byteCount + directory)
        }
        return bytes
    }

    private mutating func addDirectory(_ entries: ByteView, sectionsFrom start: Int) {
        var reader = ByteReader(entries, what: "block directory")
        var place = start
        while reader.remaining > 0 {
            let before = reader.offset
            guard let role = try? reader.u8(), let id = try? reader.varint(),
                let length = try? reader.varint(), length <= UInt64(Int32.max),
                let checksum = try? reader.u32()
            else { return }
            let others = BlockSection.sumCount(Int(length)) - 1
            guard (try? reader.skip(others * 4)) != nil else { return }
            let name =
                SectionRole(rawValue: role).map { SectionNames.name($0, Int(clamping: id)) } ?? "role \(role)"
            let more = others > 0 ? " of the first page, and of \(others) more" : ""
            let text =
                "section \(name): \(length) bytes at \(place), checksum \(hex(UInt64(checksum)).suffix(8))\(more)"
            add(reader.offset - before) { _ in text }
            place += Int(length)
        }
    }

    /// The section table and the trailer of a sealed segment: the last bytes of the file, from `origin` on.
    package static func footer(_ view: ByteView, origin: Int) -> AnnotatedBytes {
        var bytes = AnnotatedBytes(view, origin: origin)
        let table = view.count - SegmentFooter.trailerBytes
        while bytes.end + SegmentFooter.entryBytes <= table {
            bytes.integer(UInt8.self, "section") { role in
                IndexRole(rawValue: role).map { "\(role), \($0)" } ?? "\(role)"
            }
            bytes.integer(UInt8.self, "id")
            bytes.add(6) { _ in "zeros" }
            bytes.integer(UInt64.self, "offset")
            bytes.integer(UInt64.self, "length")
            bytes.integer(UInt64.self, "checksum", hex)
        }
        bytes.integer(UInt64.self, "store tag", hex)
        bytes.integer(UInt64.self, "segment number")
        bytes.integer(UInt64.self, "offset of the section table")
        bytes.integer(UInt32.self, "sections")
        bytes.integer(UInt32.self, "zero")
        bytes.integer(UInt64.self, "checksum of the section table", hex)
        bytes.integer(UInt64.self, "end sequence")
        bytes.integer(UInt64.self, "checksum of the trailer's bytes 0 to 47", hex)
        bytes.add(8) { "magic: \"\($0.printable)\"" }
        return bytes
    }
}
