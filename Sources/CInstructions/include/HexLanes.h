#ifndef HEXLANES_H
#define HEXLANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Bytes of a text that are looked at together.
#define HEX_LANES 64

/// Texts in one run of memory: text i is `lengths[i]` bytes from `offsets[i]` on, or absent where its length is
/// `UINT32_MAX`.
typedef struct {
    const uint8_t *memory;
    const uint32_t *offsets;
    const uint32_t *lengths;
    size_t count;
} hex_texts;

/// What texts of one length have in common, a bit for each position.
typedef struct {
    /// Not all texts hold what the first one does.
    uint64_t varying;
    /// Some text holds anything but a lower-case hex digit; an upper-case one.
    uint64_t not_lower;
    uint64_t not_upper;
} hex_positions;

/// Whether this processor has the instructions (AVX-512 with VBMI and VBMI2) for what follows.
bool hex_lanes_are_fast(void);

/// Looks at all texts that are there, whose first is `first`; false as soon as one has another length than `length` (at
/// most `HEX_LANES`), or positions that vary can be digits of neither case.
bool hex_lanes_scan(hex_texts texts, const uint8_t *first, size_t length, hex_positions *positions);

/// Packs the digits of all texts at `positions` into nibbles, the first into the low half of a byte, and fills the last
/// half byte with zero. Texts have `length` bytes each; of an odd number of positions there are at most 31.
/// Writes `HEX_LANES` bytes at a time, so that `out` needs so much room behind what is returned: the end.
uint8_t *hex_lanes_pack(hex_texts texts, size_t length, uint64_t positions, uint8_t *out);

#endif
