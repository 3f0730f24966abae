import Testing
import TallyrollFormat

@Suite struct PostingsBitPackingTests {
    @Test(arguments: 0...64)
    func everyWidthComesBack(width: Int) {
        var random = PostingsRandom(seed: UInt64(width) + 1)
        for count in [0, 1, 2, 3, 7, 8, 9, 63, 64, 65, 200] {
            let values = (0..<count).map { _ in random.next() & BitPacking.mask(width) }
            var writer = ByteWriter()
            values.withUnsafeBufferPointer { BitPacking.pack($0, width: width, into: &writer) }
            #expect(writer.count == BitPacking.bytes(count: count, width: width))
            let packed = writer.array
            packed.withView { view in
                for index in 0..<count {
                    #expect(BitPacking.value(view, index: index, width: width) == values[index])
                    #expect(naive(packed, index: index, width: width) == values[index])
                }
                for start in [0, 1, count / 2, count] where start <= count {
                    var output = [UInt64](repeating: 7, count: count - start)
                    output.withUnsafeMutableBufferPointer {
                        BitPacking.unpack(view, width: width, from: start, into: $0)
                    }
                    #expect(output == Array(values[start...]))
                    guard width <= 32 else { continue }
                    var narrow = [UInt32](repeating: 7, count: count - start)
                    narrow.withUnsafeMutableBufferPointer {
                        BitPacking.unpack(view, width: width, from: start, into: $0)
                    }
                    #expect(narrow.map { UInt64($0) } == Array(values[start...]))
                }
            }
            let used = count * width
            if used % 8 != 0, let last = packed.last { #expect(last >> UInt8(used % 8) == 0) }
        }
    }

    @Test func widthsForMaxima() {
        #expect(BitPacking.width(forMaximum: 0) == 0)
        #expect(BitPacking.width(forMaximum: 1) == 1)
        #expect(BitPacking.width(forMaximum: 255) == 8)
        #expect(BitPacking.width(forMaximum: 256) == 9)
        #expect(BitPacking.width(forMaximum: .max) == 64)
    }

    private func naive(_ bytes: [UInt8], index: Int, width: Int) -> UInt64 {
        var value: UInt64 = 0
        for bit in 0..<width {
            let position = index * width + bit
            value |= UInt64(bytes[position / 8] >> UInt8(position % 8) & 1) << UInt64(bit)
        }
        return value
    }
}
