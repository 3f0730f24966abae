/// Finds the rows whose packed code is one of those that are wanted: looked up by the byte where a byte holds several.
struct CodeVerdicts {
    let packed: ByteView
    let width: Int
    let count: Int

    /// What is known of a code: whether it is wanted, or that no row may have it.
    static let no: UInt8 = 0
    static let yes: UInt8 = 1
    static let unknown: UInt8 = 2

    /// The rows with a wanted code. `verdicts` has one of the constants for every value of `width` bits.
    ///
    /// - Returns: nil when a row, or the padding behind the last one, has an unknown code.
    func rows(_ verdicts: UnsafeMutableBufferPointer<UInt8>) -> RowSet? {
        precondition(width > 0 && verdicts.count == 1 << width && packed.count * 8 >= count * width)
        var result = RowSet(size: count)
        let isKnown = 8 % width == 0 ? byByte(verdicts, &result) : byCode(verdicts, &result)
        return isKnown ? result : nil
    }

    private func byByte(_ verdicts: UnsafeMutableBufferPointer<UInt8>, _ result: inout RowSet) -> Bool {
        let codes = 8 / width
        let bytesPerWord = 64 / codes
        return withUnsafeTemporaryAllocation(of: UInt16.self, capacity: 256) { table in
            // The lowest bits say which codes of a byte are wanted; a bit above them, that one is unknown.
            let known = UInt16(1) << UInt16(codes) - 1
            table[0] = 0
            for byte in 0..<256 {
                var bits: UInt16 = 0
                for code in 0..<codes {
                    let verdict = verdicts[byte >> (code * width) & (verdicts.count - 1)]
                    bits |= verdict == CodeVerdicts.unknown ? 0x100 : UInt16(verdict) << UInt16(code)
                }
                table[byte] = bits
            }
            var unknown: UInt16 = 0
            for word in result.words.indices {
                let first = word * bytesPerWord
                let last = min(first + bytesPerWord, packed.count)
                var bits: UInt64 = 0
                var shift: UInt64 = 0
                for byte in first..<last {
                    let found = table[Int(packed.base[byte])]
                    unknown |= found
                    bits |= UInt64(found & known) &<< shift
                    shift &+= UInt64(truncatingIfNeeded: codes)
                }
                result.setWord(word, bits & mask(word))
            }
            return unknown & 0x100 == 0
        }
    }

    private func byCode(_ verdicts: UnsafeMutableBufferPointer<UInt8>, _ result: inout RowSet) -> Bool {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { codes in
            var unknown: UInt8 = 0
            for word in result.words.indices {
                let start = word << 6
                let rows = min(64, count - start)
                BitPacking.unpack(
                    packed, width: width, from: start,
                    into: UnsafeMutableBufferPointer(rebasing: codes[..<rows]))
                var bits: UInt64 = 0
                for row in 0..<rows {
                    let verdict = verdicts[Int(codes[row])]
                    unknown |= verdict
                    bits |= UInt64(verdict & CodeVerdicts.yes) &<< UInt64(truncatingIfNeeded: row)
                }
                result.setWord(word, bits)
            }
            return unknown & CodeVerdicts.unknown == 0
        }
    }

    /// The bits of a word that stand for rows.
    @inline(__always)
    private func mask(_ word: Int) -> UInt64 {
        let rows = count - word << 6
        return rows >= 64 ? .max : 1 << UInt64(rows) - 1
    }
}
