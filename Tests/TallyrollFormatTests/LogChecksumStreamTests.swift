import Testing

@testable import TallyrollFormat

@Suite struct LogChecksumStreamTests {
    /// Every way to cut short inputs in three pieces gives the one-shot value.
    @Test func equalsTheOneShotForEveryCut() {
        let bytes = (0..<131).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        bytes.withView { view in
            for length in 0...view.count {
                let expected = Checksum.of(view.trusted(0, length))
                for first in 0...length {
                    let second = first + (length - first) / 2
                    var stream = Checksum.Stream()
                    stream.update(view.trusted(0, first))
                    stream.update(view.trusted(first, second - first))
                    stream.update(view.trusted(second, length - second))
                    #expect(stream.finish() == expected, "length \(length), cut at \(first)")
                }
            }
        }
    }

    @Test func equalsTheOneShotByteByByteAndSeeded() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* $0) }
        bytes.withView { view in
            var stream = Checksum.Stream(seed: 99)
            for index in 0..<view.count {
                stream.update(view.trusted(index, 1))
                #expect(stream.finish() == Checksum.of(view.trusted(0, index + 1), seed: 99))
            }
        }
    }
}
