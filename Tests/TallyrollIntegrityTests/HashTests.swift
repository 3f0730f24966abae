import COpenSSL
import TallyrollIntegrity
import Testing

@Suite struct HashTests {
    /// FIPS 180-4 examples.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func matchesTheStandard(text: String, expected: String) {
        #expect(SHA256.hash([UInt8](text.utf8)).description == expected)
    }

    /// Every length across the edges of blocks and of the gathering buffer, against the library's one-shot call.
    @Test func matchesTheLibraryAtEveryLength() {
        var random = SplitMix64(seed: 11)
        for length in Array(0...1300) + [4095, 4096, 100_003] {
            let message = random.bytes(length)
            var expected = [UInt8](repeating: 0, count: 32)
            EVP_Digest(message, message.count, &expected, nil, EVP_sha256(), nil)
            #expect(SHA256.hash(message).bytes == expected, "length \(length)")
        }
    }

    @Test func digestsAreTheirBytes() throws {
        var random = SplitMix64(seed: 12)
        let bytes = random.bytes(32)
        let digest = try #require(Digest(bytes))
        #expect(digest.bytes == bytes)
        #expect(Digest(hex: digest.description) == digest)
        #expect(Digest(hex: digest.description.uppercased()) == digest)
        var stored = [UInt8](repeating: 0, count: 35)
        stored.withUnsafeMutableBytes { buffer in
            if let start = buffer.baseAddress { digest.store(to: start + 3) }
        }
        #expect(Array(stored[3...]) == bytes)
        for bit in 0..<256 { #expect(digest.flipped(bit: bit) != digest) }
    }

    @Test func wrongTextAndLengthsAreRefused() {
        let good = String(repeating: "0a", count: 32)
        #expect(Digest(hex: good) != nil)
        #expect(Digest(hex: good.dropLast()) == nil)
        #expect(Digest(hex: good + "00") == nil)
        #expect(Digest(hex: good.dropLast() + "g") == nil)
        #expect(Digest(hex: "") == nil)
        #expect(Digest([UInt8](repeating: 0, count: 31)) == nil)
        #expect(Digest([UInt8](repeating: 0, count: 33)) == nil)
        #expect(Bytes16([UInt8](repeating: 0, count: 15)) == nil)
        #expect(
            Bytes16(hex: "000102030405060708090a0b0c0d0e0f")?.description
                == "000102030405060708090a0b0c0d0e0f")
    }
}
