/// Walks the chain event by event: holds the head and the two domains' states, allocates nothing.
///
/// A value type: a copy is an independent walk from the same head. Lengths beyond `EventChain.partBytesMax` are a
/// mistake of the caller, who bounds events long before.
package struct ChainHasher: Sendable {
    /// H of the last event appended, or what the walk began with.
    package private(set) var head: Digest
    private let chainDomain = SHA256.State(domain: EventChain.chainTag)
    private let personalDomain = SHA256.State(domain: EventChain.personalTag)

    /// A walk that goes on from `head`.
    package init(head: Digest) {
        self.head = head
    }

    /// A walk from a store's beginning.
    package init(storeID: Bytes16) {
        self.init(head: EventChain.genesis(storeID: storeID))
    }

    /// Appends an event whose personal part is there; gives its chain hash.
    @discardableResult
    package mutating func append(
        sequence: UInt64, recordedAt: Int64, envelope: UnsafeRawBufferPointer, salt: Bytes16,
        personal: UnsafeRawBufferPointer
    ) -> Digest {
        append(
            sequence: sequence, recordedAt: recordedAt, envelope: envelope,
            commitment: commitment(salt: salt, personal: personal))
    }

    /// Appends an event of which only the commitment is left; gives its chain hash.
    @discardableResult
    package mutating func append(
        sequence: UInt64, recordedAt: Int64, envelope: UnsafeRawBufferPointer, commitment: Digest
    ) -> Digest {
        head = ChainHasher.link(
            chainDomain, previous: head, sequence: sequence, recordedAt: recordedAt, envelope: envelope,
            commitment: commitment)
        return head
    }

    /// C(n): what an erasure keeps in place of the personal part. Leaves the head alone.
    package func commitment(salt: Bytes16, personal: UnsafeRawBufferPointer) -> Digest {
        ChainHasher.commitment(personalDomain, salt: salt, personal: personal)
    }

    @inline(__always)
    static func commitment(
        _ domain: SHA256.State, salt: Bytes16, personal: UnsafeRawBufferPointer
    ) -> Digest {
        SHA256.hash(from: domain) { message in
            message.append(salt)
            message.append(UInt32(personal.count))
            message.append(personal)
        }
    }

    @inline(__always)
    static func link(
        _ domain: SHA256.State, previous: Digest, sequence: UInt64, recordedAt: Int64,
        envelope: UnsafeRawBufferPointer, commitment: Digest
    ) -> Digest {
        SHA256.hash(from: domain) { message in
            message.append(previous)
            message.append(sequence)
            message.append(UInt64(bitPattern: recordedAt))
            message.append(UInt32(envelope.count))
            message.append(envelope)
            message.append(commitment)
        }
    }
}
