/// The hash chain over all events: what each link covers, byte for byte.
///
///     C(n) = SHA-256(D_personal ‖ salt(n) ‖ u32 personal length ‖ personal)
///     H(n) = SHA-256(D_chain ‖ H(n-1) ‖ u64 sequence ‖ u64 recordedAt ‖ u32 envelope length ‖ envelope ‖ C(n))
///     H(-1) = SHA-256("tallyroll genesis v1" ‖ 16-byte store id)
///
/// Integers are little-endian; `recordedAt` is the bit pattern of signed nanoseconds since 1970. A domain D is a
/// 64-byte block: its tag, then zeros. Every part has a fixed length or is preceded by its length, so that no two
/// different events share a preimage. The salt makes C(n) say nothing about `personal` once the salt is gone, and
/// H(n) covers `personal` only through C(n): that is what lets a person's data go and the chain stay.
package enum EventChain {
    /// The longest envelope or personal part: what its length field holds.
    package static let partBytesMax = Int(UInt32.max)

    static let chainTag: StaticString = "tallyroll chain v1"
    static let personalTag: StaticString = "tallyroll personal v1"
    static let genesisTag: StaticString = "tallyroll genesis v1"

    /// H(-1): what the first event of a store follows.
    package static func genesis(storeID: Bytes16) -> Digest {
        SHA256.hash(from: SHA256.State()) { message in
            genesisTag.withUTF8Buffer { message.append(UnsafeRawBufferPointer($0)) }
            message.append(storeID)
        }
    }

    /// C(n) of one event. For many, `ChainHasher` saves making the domain's state anew.
    package static func commitment(salt: Bytes16, personal: UnsafeRawBufferPointer) -> Digest {
        ChainHasher.commitment(SHA256.State(domain: personalTag), salt: salt, personal: personal)
    }

    /// H(n) of one event. For many, `ChainHasher` saves making the domain's state anew.
    package static func next(
        previous: Digest, sequence: UInt64, recordedAt: Int64, envelope: UnsafeRawBufferPointer,
        commitment: Digest
    ) -> Digest {
        ChainHasher.link(
            SHA256.State(domain: chainTag), previous: previous, sequence: sequence, recordedAt: recordedAt,
            envelope: envelope, commitment: commitment)
    }
}
