import Foundation
import TallyrollIntegrity
import Testing

@testable import TallyrollWorkload

@Suite struct WorkloadTests {
    static func generate(_ generator: WorkloadGenerator) -> [UInt8] {
        var generator = generator
        var bytes: [UInt8] = []
        while generator.next(into: &bytes) {}
        return bytes
    }

    /// SHA-256 of what the reference program writes for 10,000 events.
    @Test(arguments: [
        (1, "ed26a93aeb65678231e5c07a185fa15b2da77ea07d3534eec5649ef1d5ff46aa"),
        (2, "9060ed1c4ed48dd330bf2cb45e19cdee5dce625ee27aeb27dd85fc75f148c805"),
    ])
    func theBytesAreTheReferences(seed: UInt64, expected: String) {
        let bytes = Self.generate(WorkloadGenerator(count: 10_000, seed: seed))
        #expect(SHA256.hash(bytes).description == expected)
    }

    @Test func theStreamEnds() {
        var generator = WorkloadGenerator(count: 2)
        var bytes = [UInt8](">".utf8)
        #expect(Self.advance(&generator, &bytes) && Self.advance(&generator, &bytes))
        let length = bytes.count
        #expect(!Self.advance(&generator, &bytes) && !Self.advance(&generator, &bytes))
        #expect(bytes.count == length && bytes.first == UInt8(ascii: ">") && bytes.last == UInt8(ascii: "\n"))
        #expect(Self.generate(WorkloadGenerator(count: 0)).isEmpty)
    }

    private static func advance(_ generator: inout WorkloadGenerator, _ bytes: inout [UInt8]) -> Bool {
        generator.next(into: &bytes)
    }

    @Test func everyLineIsAnObject() throws {
        let bytes = Self.generate(WorkloadGenerator(count: 2000, seed: 9))
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 2000)
        for line in lines {
            #expect(try JSONSerialization.jsonObject(with: Data(line)) is [String: Any])
            #expect(line.count < LineWriter.bytesMax / 2)
        }
    }

    @Test func theSharesAddUp() {
        #expect(WorkloadKind.all.reduce(0) { $0 + $1.share } == 1000)
        #expect(WorkloadKind.pick(share: 999).type.description == "security_violation")
    }

    /// Against the C library's printf: random values, short ones, exact halves and the edges.
    @Test func decimalsAreRoundedExactly() {
        var random = WorkloadRandom(seed: 81)
        var values = (0..<20_000).map { _ in random.uniform() / 50 }
        values += (0..<20_000).map { _ in random.uniform() }
        values += (0..<2000).map { Double($0) / 2_000_000 }
        values += (0..<1024).map { Double($0) / 1024 }
        values += [
            0, .leastNonzeroMagnitude, 1e-300, 4.999_999e-7, 5e-7, 5.000_001e-7, 0.999_999_5.nextDown,
            0.5.nextUp,
            1.0.nextDown,
        ]
        values += (1...60).map { 1 / Double(sign: .plus, exponent: $0, significand: 1) }
        for value in values {
            let text = String(format: "%.6f", value)
            var memory = [UInt8](repeating: 0, count: LineWriter.bytesMax)
            let written = memory.withUnsafeMutableBytes { buffer in
                var line = LineWriter(buffer)
                line.sixDecimals(value)
                return String(decoding: line.written, as: UTF8.self)
            }
            #expect(written == text, "\(value)")
        }
    }

    /// Every day of eight centuries against counting day by day.
    @Test func theCalendarIsRight() {
        var expected = CivilDate(year: 1, month: 1, day: 1)
        for days in Int64(-719_162)...200_000 {
            #expect(CivilDate(daysSince1970: days) == expected)
            expected = Self.dayAfter(expected)
        }
    }

    private static func dayAfter(_ date: CivilDate) -> CivilDate {
        let isLeap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0)
        let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        if date.day < lengths[Int(date.month) - 1] {
            return CivilDate(year: date.year, month: date.month, day: date.day + 1)
        }
        return date.month < 12
            ? CivilDate(year: date.year, month: date.month + 1, day: 1)
            : CivilDate(year: date.year + 1, month: 1, day: 1)
    }
}
