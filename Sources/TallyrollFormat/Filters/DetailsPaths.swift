/// The paths of `details` whose values a filter holds, in a segment's header and at the front of the section: `varint paths`, 0 for all, and for
/// each `varint keys` and the keys, each length-prefixed. Paths ascend by their keys.
package enum DetailsPaths {
    /// The bytes that the paths of a segment may take.
    package static let bytesMax = 1_536

    package static func write(_ paths: [[String]], into out: inout ByteWriter) {
        out.varint(UInt64(paths.count))
        for keys in paths {
            out.varint(UInt64(keys.count))
            for key in keys {
                let bytes = Array(key.utf8)
                bytes.withView { out.lengthPrefixed($0) }
            }
        }
    }

    /// The paths, and where the filter begins behind them. Nil stands for all paths.
    package static func read(_ section: ByteView, origin: Int) throws(FormatError) -> (
        paths: [[String]]?, end: Int
    ) {
        var reader = ByteReader(section, what: "paths of details", origin: origin)
        let count = try reader.length(atMost: section.count)
        guard count > 0 else { return (nil, reader.offset) }
        var paths: [[String]] = []
        for _ in 0..<count {
            var keys: [String] = []
            for _ in 0..<(try reader.length(atMost: section.count)) {
                keys.append(try reader.lengthPrefixed().string)
            }
            guard paths.last.map({ $0.lexicographicallyPrecedes(keys) }) ?? true else {
                throw reader.invalid("path", expected: "ascending ones", found: keys.joined(separator: "."))
            }
            paths.append(keys)
        }
        return (paths, reader.offset)
    }
}

extension BlockFilter {
    /// Opens the section of a filter. `paths` are those of details whose values it holds, nil for all.
    package static func open(
        _ kind: FilterKind, _ section: ByteView, blocks: Int?, origin: Int
    ) throws(FormatError) -> (filter: BlockFilter, paths: [[String]]?) {
        guard kind == .details else { return (try BlockFilter(section, blocks: blocks, origin: origin), nil) }
        let (paths, end) = try DetailsPaths.read(section, origin: origin)
        let filter = try BlockFilter(
            section.trusted(end, section.count - end), blocks: blocks, origin: origin + end)
        return (filter, paths)
    }
}
