/// Positions of a template's digits that lie side by side, which are written eight at a time.
struct HexRun: BitwiseCopyable {
    var start: Int
    var count: Int

    /// The runs of some ascending positions; none where these are so scattered that runs would not pay.
    static func runs(of positions: [Int]) -> [HexRun] {
        var runs: [HexRun] = []
        runs.reserveCapacity(8)
        for position in positions {
            if let last = runs.last, last.start + last.count == position {
                runs[runs.count - 1].count += 1
            } else {
                runs.append(HexRun(start: position, count: 1))
            }
        }
        return positions.count >= runs.count * 4 ? runs : []
    }

    /// Writes `digits` digits from nibble `first` of `packed` on to the places of the runs, which have so many.
    @inline(__always)
    static func write(
        _ first: Int, _ digits: Int, of packed: ByteView, at runs: UnsafeBufferPointer<HexRun>,
        into text: UnsafeMutablePointer<UInt8>, uppercase: Bool
    ) {
        precondition(first >= 0 && first + digits <= packed.count &* 2)
        let letters: UInt64 = uppercase ? 0x41 - 0x3A : 0x61 - 0x3A
        var nibble = first
        for run in runs {
            var target = UnsafeMutableRawPointer(text + run.start)
            var left = run.count
            while left > 0 {
                let shift = UInt64(truncatingIfNeeded: (nibble & 1) &<< 2)
                var ascii = HexRun.ascii(
                    UInt32(truncatingIfNeeded: word(nibble &>> 1, of: packed) &>> shift), letters)
                if left >= 8 {
                    target.storeBytes(of: ascii.littleEndian, as: UInt64.self)
                    target += 8
                    nibble &+= 8
                    left &-= 8
                    continue
                }
                nibble &+= left
                if left >= 4 {
                    target.storeBytes(of: UInt32(truncatingIfNeeded: ascii).littleEndian, as: UInt32.self)
                    target += 4
                    left &-= 4
                    ascii &>>= 32
                }
                while left > 0 {
                    target.storeBytes(of: UInt8(truncatingIfNeeded: ascii), as: UInt8.self)
                    target += 1
                    left &-= 1
                    ascii &>>= 8
                }
            }
        }
    }

    /// Eight bytes from `byte` on, the first the lowest; zeros behind the last.
    @inline(__always)
    private static func word(_ byte: Int, of packed: ByteView) -> UInt64 {
        if byte &+ 8 <= packed.count {
            return UInt64(littleEndian: UnsafeRawPointer(packed.base + byte).loadUnaligned(as: UInt64.self))
        }
        var word: UInt64 = 0
        for index in byte..<packed.count { word |= UInt64(packed[index]) &<< UInt64((index - byte) &* 8) }
        return word
    }

    /// The digits of eight nibbles, the lowest first.
    @inline(__always)
    private static func ascii(_ nibbles: UInt32, _ letters: UInt64) -> UInt64 {
        var spread = UInt64(nibbles)
        spread = (spread | spread &<< 16) & 0x0000_FFFF_0000_FFFF
        spread = (spread | spread &<< 8) & 0x00FF_00FF_00FF_00FF
        spread = (spread | spread &<< 4) & 0x0F0F_0F0F_0F0F_0F0F
        let isLetter = (spread &+ 0x0606_0606_0606_0606) &>> 4 & 0x0101_0101_0101_0101
        return spread &+ 0x3030_3030_3030_3030 &+ isLetter &* letters
    }
}
