extension PostingList {
    /// All ordinals.
    package func decode() -> [UInt32] {
        [UInt32](unsafeUninitializedCapacity: shape.form == .bitmap ? universe : count) { buffer, decoded in
            decoded = decode(into: buffer)
        }
    }

    /// The ordinals in `range`.
    package func decode(in range: Range<Int>) -> [UInt32] {
        let capacity = shape.form == .bitmap ? range.clamped(to: 0..<universe).count : count(in: range)
        return [UInt32](unsafeUninitializedCapacity: capacity) { buffer, decoded in
            decoded = decode(in: range, into: buffer)
        }
    }

    /// Writes the ordinals in `range` to `target`, as many as it holds, and gives their number.
    package func decode(in range: Range<Int>, into target: UnsafeMutableBufferPointer<UInt32>) -> Int {
        let range = range.clamped(to: 0..<universe)
        guard !range.isEmpty else { return 0 }
        if shape.form == .sparse { return decodeSparse(in: range, into: target) }
        var cursor = PostingCursor(self)
        cursor.seek(atLeast: range.lowerBound)
        var decoded = 0
        while cursor.current < range.upperBound, decoded < target.count {
            target.initializeElement(at: decoded, to: UInt32(truncatingIfNeeded: cursor.current))
            decoded += 1
            cursor.advance()
        }
        return decoded
    }

    private func decodeSparse(
        in range: Range<Int>, into target: UnsafeMutableBufferPointer<UInt32>
    ) -> Int {
        let width = shape.lowWidth
        let bucket = range.lowerBound >> width
        var base = bucketStart(bucket)
        var index = base - bucket
        var decoded = 0
        while base < shape.streamLength {
            var word = stream(base)
            while word != 0 {
                guard index < count, decoded < target.count else { return decoded }
                let high = base &+ word.trailingZeroBitCount &- index
                word &= word &- 1
                let ordinal = high &<< width | low(index)
                index &+= 1
                guard UInt(bitPattern: ordinal) < UInt(bitPattern: range.upperBound) else { return decoded }
                // The first bucket begins before the range.
                guard ordinal >= range.lowerBound else { continue }
                target.initializeElement(at: decoded, to: UInt32(truncatingIfNeeded: ordinal))
                decoded &+= 1
            }
            base &+= 64
        }
        return decoded
    }

    /// Writes the ordinals to `target`, as many as it holds, and gives their number.
    package func decode(into target: UnsafeMutableBufferPointer<UInt32>) -> Int {
        switch shape.form {
        case .sparse: return decodeSparse(into: target)
        case .bitmap: return decodeBitmap(into: target)
        case .empty, .single, .all:
            var cursor = PostingCursor(self)
            var decoded = 0
            while decoded < target.count, let ordinal = cursor.next() {
                target.initializeElement(at: decoded, to: ordinal)
                decoded += 1
            }
            return decoded
        }
    }

    private func decodeSparse(into target: UnsafeMutableBufferPointer<UInt32>) -> Int {
        let limit = min(target.count, count)
        let width = shape.lowWidth
        var index = 0
        var base = 0
        while base < shape.streamLength {
            var word = stream(base)
            while word != 0 {
                guard index < limit else { return index }
                let high = base &+ word.trailingZeroBitCount &- index
                word &= word &- 1
                let ordinal = high &<< width | low(index)
                guard UInt(bitPattern: ordinal) < UInt(bitPattern: universe) else { return index }
                target.initializeElement(at: index, to: UInt32(truncatingIfNeeded: ordinal))
                index &+= 1
            }
            base &+= 64
        }
        return index
    }

    private func decodeBitmap(into target: UnsafeMutableBufferPointer<UInt32>) -> Int {
        var index = 0
        var base = 0
        while base < universe {
            var word = stream(base)
            while word != 0 {
                guard index < target.count else { return index }
                let ordinal = UInt32(truncatingIfNeeded: base &+ word.trailingZeroBitCount)
                target.initializeElement(at: index, to: ordinal)
                word &= word &- 1
                index &+= 1
            }
            base &+= 64
        }
        return index
    }

    /// Sets bit `ordinal - range.lowerBound` in `words` for every ordinal in `range`; other bits stay.
    ///
    /// `words` must hold a bit for each number in `range`.
    package func fill(_ words: UnsafeMutableBufferPointer<UInt64>, in range: Range<Int>) {
        precondition(range.lowerBound >= 0 && words.count >= (range.count + 63) >> 6)
        let end = min(range.upperBound, universe)
        guard range.lowerBound < end, let output = words.baseAddress else { return }
        if shape.form == .bitmap || shape.form == .all {
            var position = range.lowerBound
            var index = 0
            while position < end {
                let word = shape.form == .all ? .max : stream(position)
                let left = end - position
                output[index] |= left >= 64 ? word : word & BitPacking.mask(left)
                position += 64
                index += 1
            }
            return
        }
        var cursor = PostingCursor(self)
        cursor.seek(atLeast: range.lowerBound)
        while cursor.current < end {
            // Never negative, even if the list does not ascend: see the guard.
            let offset = cursor.current &- range.lowerBound
            if offset >= 0 { output[offset >> 6] |= 1 &<< UInt64(truncatingIfNeeded: offset & 63) }
            cursor.advance()
        }
    }
}
