import Testing

@testable import TallyrollFormat

@Suite struct ChecksumTests {
    /// Values of the reference implementation (seed 0) as the xxHash project publishes them.
    @Test(arguments: [
        ("", 0xEF46_DB37_51D8_E999 as UInt64), ("a", 0xD24E_C4F1_A98C_6E5B), ("abc", 0x44BC_2CF5_AD77_0999),
        ("Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
    ])
    func matchesTheReference(text: String, expected: UInt64) {
        #expect(text.withView { Checksum.of($0) } == expected)
    }
}
