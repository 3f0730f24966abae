import TallyrollFormat

/// A pattern over a whole value: `*` is any text, `?` is one Unicode scalar, everything else is itself.
///
/// The pattern is cut at its stars. The first part must stand at the beginning, the last at the end, and each part
/// between is looked for once, from where the one before ended: the leftmost place is always as good as any other,
/// so nothing is ever tried twice.
package struct Glob: Sendable {
    private let parts: [Part]

    static let limitText =
        "at most \(QueryLimits.globPartBytes) bytes between two stars in a part that holds `?`"

    package init(_ pattern: [UInt8]) {
        parts =
            pattern.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).enumerated()
            .filter { index, bytes in !bytes.isEmpty || index == 0 }
            .map { Part(Array($0.element)) } + (pattern.last == UInt8(ascii: "*") ? [Part([])] : [])
    }

    /// Whether every part is short enough to be looked for.
    static func isWithinLimits(_ pattern: String) -> Bool {
        let parts = pattern.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
        return parts.dropFirst().dropLast().allSatisfy {
            $0.count <= QueryLimits.globPartBytes || !$0.contains(UInt8(ascii: "?"))
        }
    }

    /// Whether the pattern fits the whole value.
    package func matches(_ text: ByteView) -> Bool {
        guard let first = parts.first, let last = parts.last else { return text.isEmpty }
        guard let afterFirst = first.match(text, at: 0) else { return false }
        if parts.count == 1 { return afterFirst == text.count }
        var position = afterFirst
        for index in 1..<(parts.count - 1) {
            guard let end = parts[index].find(in: text, from: position) else { return false }
            position = end
        }
        guard let start = last.startOfSuffix(in: text), start >= position else { return false }
        return last.match(text, at: start) == text.count
    }

    /// A run of the pattern without stars.
    private struct Part: Sendable {
        let bytes: [UInt8]
        let hasWildcards: Bool
        let scalars: Int
        let search: SubstringSearch

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            hasWildcards = bytes.contains(UInt8(ascii: "?"))
            scalars = bytes.count { !isContinuation($0) }
            search = SubstringSearch(hasWildcards ? [] : bytes, eitherCase: false)
        }

        /// Where the part ends when it stands at `start`.
        func match(_ text: ByteView, at start: Int) -> Int? {
            bytes.withUnsafeBufferPointer { pattern in
                var position = start
                for byte in pattern {
                    guard position < text.count else { return nil }
                    if byte == UInt8(ascii: "?") {
                        position += 1
                        while position < text.count, isContinuation(text.base[position]) { position += 1 }
                    } else {
                        guard text.base[position] == byte else { return nil }
                        position += 1
                    }
                }
                return position
            }
        }

        /// Where the part ends at its first place from `start` on.
        func find(in text: ByteView, from start: Int) -> Int? {
            guard hasWildcards else { return search.find(in: text, from: start).map { $0 + bytes.count } }
            var position = start
            while text.count - position >= scalars {
                if let end = match(text, at: position) { return end }
                position += 1
                while position < text.count, isContinuation(text.base[position]) { position += 1 }
            }
            return nil
        }

        /// Where the part begins when it ends the value.
        func startOfSuffix(in text: ByteView) -> Int? {
            guard hasWildcards else { return text.count >= bytes.count ? text.count - bytes.count : nil }
            var position = text.count
            for _ in 0..<scalars {
                guard position > 0 else { return nil }
                position -= 1
                while position > 0, isContinuation(text.base[position]) { position -= 1 }
            }
            return position
        }
    }
}

/// Whether a byte continues a UTF-8 sequence that an earlier one began.
@inline(__always)
private func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
