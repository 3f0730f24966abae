// SHA-256 of 16 independent messages side by side: lane i of every vector belongs to message i.
//
// Swift has no way to use instructions beyond the processor that a program is built for; hence C, and only this.

#include "CSHA256Lanes.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>
#include <string.h>

#define LANES_TARGET __attribute__((target("avx512f,avx512bw")))

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

bool sha256_lanes_are_fast(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return false;
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    // The system keeps the registers of SSE, AVX and AVX-512.
    if ((low & 0xE6) != 0xE6) return false;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    return (b & bit_AVX512F) && (b & bit_AVX512BW);
}

/// Turns 16 rows of 16 words into 16 columns.
LANES_TARGET static inline void transpose(__m512i r[16]) {
    __m512i t[16];
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 16; i += 8)
        for (int j = 0; j < 4; j++) {
            t[i + j] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0x88);
            t[i + j + 4] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0xdd);
        }
    for (int i = 0; i < 8; i++) {
        r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
        r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    }
}

#define XOR3(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0x96)
#define CHOOSE(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0xca)
#define MAJORITY(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0xe8)
#define ROTATE(x, n) _mm512_ror_epi32(x, n)
#define ADD(x, y) _mm512_add_epi32(x, y)

/// The compression function on the block `r` of every lane.
LANES_TARGET static inline void compress(__m512i s[8], __m512i w[16]) {
    __m512i a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
#pragma clang loop unroll(full)
    for (int i = 0; i < 64; i++) {
        if (i >= 16) {
            __m512i x = w[(i + 1) & 15], y = w[(i + 14) & 15];
            __m512i s0 = XOR3(ROTATE(x, 7), ROTATE(x, 18), _mm512_srli_epi32(x, 3));
            __m512i s1 = XOR3(ROTATE(y, 17), ROTATE(y, 19), _mm512_srli_epi32(y, 10));
            w[i & 15] = ADD(ADD(w[i & 15], w[(i + 9) & 15]), ADD(s0, s1));
        }
        __m512i sum = ADD(ADD(h, w[i & 15]), _mm512_set1_epi32((int)constants[i]));
        __m512i t1 = ADD(ADD(sum, CHOOSE(e, f, g)), XOR3(ROTATE(e, 6), ROTATE(e, 11), ROTATE(e, 25)));
        __m512i t2 = ADD(MAJORITY(a, b, c), XOR3(ROTATE(a, 2), ROTATE(a, 13), ROTATE(a, 22)));
        h = g, g = f, f = e, e = ADD(d, t1), d = c, c = b, b = a, a = ADD(t1, t2);
    }
    s[0] = ADD(s[0], a), s[1] = ADD(s[1], b), s[2] = ADD(s[2], c), s[3] = ADD(s[3], d);
    s[4] = ADD(s[4], e), s[5] = ADD(s[5], f), s[6] = ADD(s[6], g), s[7] = ADD(s[7], h);
}

LANES_TARGET void sha256_lanes_hash(
    const uint32_t start[8], const uint8_t *const messages[SHA256_LANES], const uint32_t blocks[SHA256_LANES],
    uint8_t *digests) {
    const __m512i swap = _mm512_broadcast_i32x4(
        _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
    __m512i s[8];
    for (int i = 0; i < 8; i++) s[i] = _mm512_set1_epi32((int)start[i]);
    const __m512i counts = _mm512_loadu_si512(blocks);
    const uint32_t most = (uint32_t)_mm512_reduce_max_epu32(counts);
    for (uint32_t block = 0; block < most; block++) {
        __m512i w[16];
        for (int lane = 0; lane < SHA256_LANES; lane++) {
            // A message that is over is read at its last block again, for nothing.
            const uint32_t at = block < blocks[lane] ? block : blocks[lane] - 1;
            w[lane] = _mm512_shuffle_epi8(_mm512_loadu_si512(messages[lane] + 64 * (size_t)at), swap);
        }
        transpose(w);
        __m512i before[8];
        for (int i = 0; i < 8; i++) before[i] = s[i];
        compress(s, w);
        const __mmask16 goes_on = _mm512_cmpgt_epu32_mask(counts, _mm512_set1_epi32((int)block));
        for (int i = 0; i < 8; i++) s[i] = _mm512_mask_mov_epi32(before[i], goes_on, s[i]);
    }
    __m512i rows[16];
    for (int i = 0; i < 8; i++) rows[i] = _mm512_shuffle_epi8(s[i], swap);
    for (int i = 8; i < 16; i++) rows[i] = _mm512_setzero_si512();
    transpose(rows);
    for (int lane = 0; lane < SHA256_LANES; lane++)
        _mm256_storeu_si256((__m256i *)(digests + 32 * lane), _mm512_castsi512_si256(rows[lane]));
}

#else

bool sha256_lanes_are_fast(void) { return false; }

void sha256_lanes_hash(
    const uint32_t start[8], const uint8_t *const messages[SHA256_LANES], const uint32_t blocks[SHA256_LANES],
    uint8_t *digests) {
    (void)start, (void)messages, (void)blocks, (void)digests;
}

#endif
