#ifndef PREFETCH_H
#define PREFETCH_H

/// Bytes that the processor fetches at a time.
#define PREFETCH_BYTES 64

/// Asks for memory that is needed soon; the address may be any.
static inline __attribute__((always_inline)) void prefetch_memory(const void *address) {
    __builtin_prefetch(address);
}

#endif
