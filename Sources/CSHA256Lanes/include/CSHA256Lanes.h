#ifndef CSHA256LANES_H
#define CSHA256LANES_H

#include <stdbool.h>
#include <stdint.h>

/// Messages that are hashed side by side.
#define SHA256_LANES 16

/// Whether this processor hashes messages side by side faster than one after another.
bool sha256_lanes_are_fast(void);

/// The SHA-256 of 16 messages at once, by the vector instructions of AVX-512, where `sha256_lanes_are_fast`.
///
/// Each message is padded and a whole number of blocks of 64 bytes, one at least. `start` is the chaining value that
/// all begin with. Writes the 16 digests, 32 bytes each, one behind the other.
void sha256_lanes_hash(
    const uint32_t start[8], const uint8_t *const messages[SHA256_LANES], const uint32_t blocks[SHA256_LANES],
    uint8_t *digests);

#endif
