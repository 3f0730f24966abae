// Hex digits of many texts of one length: lane i of a vector belongs to position i of a text.
//
// Swift has no way to use instructions beyond the processor that a program is built for; hence C, and only this.

#include "HexLanes.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define LANES_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,bmi2,popcnt")))

bool hex_lanes_are_fast(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_POPCNT)) return false;
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    // The system keeps the registers of SSE, AVX and AVX-512.
    if ((low & 0xE6) != 0xE6) return false;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    return (b & bit_AVX512F) && (b & bit_AVX512BW) && (b & bit_AVX512VL) && (b & bit_BMI2)
        && (c & bit_AVX512VBMI) && (c & bit_AVX512VBMI2);
}

/// Asks for the memory of a text that comes soon after text `i`.
static inline void fetch_ahead(hex_texts texts, size_t i) {
    if (i + 16 < texts.count) __builtin_prefetch(texts.memory + texts.offsets[i + 16]);
}

/// The lanes of the first `count` positions.
LANES_TARGET static inline __mmask64 lanes(size_t count) { return _bzhi_u64(~0ull, (unsigned)count); }

/// The lanes that lie in a range of bytes.
LANES_TARGET static inline __mmask64 in_range(__m512i bytes, uint8_t low, uint8_t high) {
    return _mm512_cmple_epu8_mask(
        _mm512_sub_epi8(bytes, _mm512_set1_epi8((char)low)), _mm512_set1_epi8((char)(high - low)));
}

LANES_TARGET bool hex_lanes_scan(
    hex_texts texts, const uint8_t *first, size_t length, hex_positions *positions) {
    const __mmask64 all = lanes(length);
    const __m512i model = _mm512_maskz_loadu_epi8(all, first);
    __m512i difference = _mm512_setzero_si512();
    __mmask64 not_lower = 0, not_upper = 0;
    for (size_t i = 0; i < texts.count; i++) {
        fetch_ahead(texts, i);
        if (texts.lengths[i] == UINT32_MAX) continue;
        if (texts.lengths[i] != length) return false;
        const __m512i text = _mm512_maskz_loadu_epi8(all, texts.memory + texts.offsets[i]);
        difference = _mm512_ternarylogic_epi32(difference, text, model, 0xf6);  // a | (b ^ c)
        const __mmask64 digit = in_range(text, '0', '9');
        not_lower |= ~(digit | in_range(text, 'a', 'f'));
        not_upper |= ~(digit | in_range(text, 'A', 'F'));
        if ((i & 63) == 63) {
            const __mmask64 varying = _mm512_test_epi8_mask(difference, difference);
            if ((varying & not_lower) && (varying & not_upper)) return false;
        }
    }
    positions->varying = _mm512_test_epi8_mask(difference, difference);
    positions->not_lower = not_lower;
    positions->not_upper = not_upper;
    return !(positions->varying & not_lower) || !(positions->varying & not_upper);
}

/// The digits at `positions` of a text, side by side, as numbers; zeros behind them.
LANES_TARGET static inline __m512i digits(const uint8_t *text, __mmask64 all, __mmask64 positions) {
    const __m512i chosen = _mm512_maskz_compress_epi8(positions, _mm512_maskz_loadu_epi8(all, text));
    const __mmask64 letters = _mm512_test_epi8_mask(chosen, _mm512_set1_epi8(0x40));
    const __m512i low = _mm512_and_si512(chosen, _mm512_set1_epi8(0x0f));
    return _mm512_mask_add_epi8(low, letters, low, _mm512_set1_epi8(9));
}

/// Writes 64 nibbles as 32 bytes.
LANES_TARGET static inline void store(__m512i nibbles, uint8_t *out) {
    const __m512i pairs = _mm512_maddubs_epi16(nibbles, _mm512_set1_epi16(0x1001));
    _mm256_storeu_si256((__m256i *)out, _mm512_cvtepi16_epi8(pairs));
}

/// The next text from `*i` on that is there, or null.
static inline const uint8_t *next(hex_texts texts, size_t *i) {
    while (*i < texts.count && texts.lengths[*i] == UINT32_MAX) ++*i;
    fetch_ahead(texts, *i);
    return *i < texts.count ? texts.memory + texts.offsets[(*i)++] : 0;
}

LANES_TARGET uint8_t *hex_lanes_pack(hex_texts texts, size_t length, uint64_t positions, uint8_t *out) {
    const __mmask64 all = lanes(length);
    const size_t width = (size_t)__builtin_popcountll(positions);
    size_t i = 0;
    const uint8_t *text;
    if (width % 2 == 0) {
        while ((text = next(texts, &i))) {
            store(digits(text, all, positions), out);
            out += width / 2;
        }
        return out;
    }
    // Two texts together have whole bytes.
    const __mmask64 second = lanes(width) << width;
    while ((text = next(texts, &i))) {
        const __m512i one = digits(text, all, positions);
        const uint8_t *other = next(texts, &i);
        if (!other) {
            store(one, out);
            return out + (width + 1) / 2;
        }
        store(_mm512_mask_expand_epi8(one, second, digits(other, all, positions)), out);
        out += width;
    }
    return out;
}

#else

bool hex_lanes_are_fast(void) { return false; }

bool hex_lanes_scan(hex_texts texts, const uint8_t *first, size_t length, hex_positions *positions) {
    (void)texts, (void)first, (void)length, (void)positions;
    return false;
}

uint8_t *hex_lanes_pack(hex_texts texts, size_t length, uint64_t positions, uint8_t *out) {
    (void)texts, (void)length, (void)positions;
    return out;
}

#endif
