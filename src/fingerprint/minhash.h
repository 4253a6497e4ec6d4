/*
 * The minimum hash of ISO 24138: the least of each of 64 hashes over all features of a text, of
 * which the low four bits are kept. Contract: tests/unit/test_iscc.c.
 */
#ifndef WS_FINGERPRINT_MINHASH_H
#define WS_FINGERPRINT_MINHASH_H

#include <stddef.h>
#include <stdint.h>

enum { WS_MINHASH_SIZE = 64, WS_MINHASH_DIGEST = 32 };

/* The loop over features, compiled once for each instruction set (base/draw.h does the same): all
 * do the same whole-number arithmetic. */
struct ws_minhash_ops {
    const char *name;
    void (*add)(uint32_t least[WS_MINHASH_SIZE], const uint32_t *features, size_t count);
};

extern const struct ws_minhash_ops ws_minhash_baseline;
#ifdef WS_VECTOR_X86
extern const struct ws_minhash_ops ws_minhash_avx2;
extern const struct ws_minhash_ops ws_minhash_avx512;
#endif

/* All that this processor can run, from slow to fast; how many there are. */
enum { WS_MINHASH_SETS = 3 };
size_t ws_minhash_list(const struct ws_minhash_ops *out[WS_MINHASH_SETS]);

struct ws_minhash {
    const struct ws_minhash_ops *ops;
    uint32_t least[WS_MINHASH_SIZE];
};

void ws_minhash_begin(struct ws_minhash *hash); /* with the fastest of them */
void ws_minhash_add(struct ws_minhash *hash, const uint32_t *features, size_t count);

/* Of all 64 the lowest bit, from the highest bit of a byte down, then of all the next bit, and so
 * on. */
void ws_minhash_digest(const struct ws_minhash *hash, uint8_t out[WS_MINHASH_DIGEST]);

#endif
