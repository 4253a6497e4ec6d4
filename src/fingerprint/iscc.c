#include "fingerprint/iscc.h"

#include <assert.h>
#include <string.h>

/* The one function that is called becomes a part of this file. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "fingerprint/collapse.h"
#include "fingerprint/minhash.h"

enum {
    GRAM = 13,             /* characters */
    TAIL = 4 * (GRAM - 1), /* bytes of the characters that a later k-gram begins with, at most */
};

struct ws_iscc {
    const struct ws_allocator *allocator;
    struct ws_collapse *collapse;
    struct ws_minhash hash;
    uint64_t characters;
    size_t size, count; /* of `text`: bytes and characters */
    uint8_t text[TAIL + WS_COLLAPSE_CHUNK];
    size_t begins[TAIL + WS_COLLAPSE_CHUNK + 1]; /* of its characters, and its size */
    uint32_t features[TAIL + WS_COLLAPSE_CHUNK];
};

static void begin_text(struct ws_iscc *iscc)
{
    ws_minhash_begin(&iscc->hash);
    iscc->characters = 0;
    iscc->size = 0;
    iscc->count = 0;
}

enum ws_status ws_iscc_open(const struct ws_allocator *allocator, struct ws_iscc **out,
                            struct ws_error *err)
{
    struct ws_iscc *iscc = ws_realloc(allocator, NULL, 0, sizeof *iscc);
    if (!iscc)
        return ws_fail_memory(err, "the ISCC code");
    memset(iscc, 0, sizeof *iscc);
    iscc->allocator = allocator;
    enum ws_status status = ws_collapse_open(allocator, &iscc->collapse, err);
    if (status != WS_OK) {
        ws_iscc_close(iscc);
        return status;
    }
    begin_text(iscc);
    *out = iscc;
    return WS_OK;
}

void ws_iscc_close(struct ws_iscc *iscc)
{
    if (!iscc)
        return;
    ws_collapse_close(iscc->collapse);
    ws_free(iscc->allocator, iscc, sizeof *iscc);
}

static uint32_t feature_of(struct ws_bytes gram)
{
    return XXH32(gram.data, gram.size, 0);
}

/* Puts characters behind those that are there, and takes every k-gram that is whole. */
static void take_text(struct ws_iscc *iscc, struct ws_bytes text)
{
    size_t *begins = iscc->begins;
    memcpy(iscc->text + iscc->size, text.data, text.size);
    for (size_t i = 0; i < text.size; i++)
        if ((text.data[i] & 0xC0) != 0x80) {
            begins[iscc->count++] = iscc->size + i;
            iscc->characters++;
        }
    iscc->size += text.size;
    begins[iscc->count] = iscc->size;
    if (iscc->count < GRAM)
        return;
    const size_t grams = iscc->count - GRAM + 1;
    for (size_t i = 0; i < grams; i++)
        iscc->features[i] =
            feature_of(ws_bytes_of(iscc->text + begins[i], begins[i + GRAM] - begins[i]));
    ws_minhash_add(&iscc->hash, iscc->features, grams);
    const size_t drop = begins[grams];
    memmove(iscc->text, iscc->text + drop, iscc->size - drop);
    for (size_t i = grams; i < iscc->count; i++)
        begins[i - grams] = begins[i] - drop;
    iscc->size -= drop;
    iscc->count -= grams;
}

void ws_iscc_add(struct ws_iscc *iscc, struct ws_bytes raw)
{
    while (raw.size > 0)
        take_text(iscc, ws_collapse_read(iscc->collapse, &raw));
}

void ws_iscc_end(struct ws_iscc *iscc, struct ws_iscc_code *out)
{
    take_text(iscc, ws_collapse_end(iscc->collapse));
    if (iscc->characters < GRAM) { /* all there is, be it nothing */
        const uint32_t feature = feature_of(ws_bytes_of(iscc->text, iscc->size));
        ws_minhash_add(&iscc->hash, &feature, 1);
    }
    ws_minhash_digest(&iscc->hash, out->digest);
    out->characters = iscc->characters;
    begin_text(iscc);
}

void ws_iscc_text(const struct ws_iscc_code *code, unsigned bits, char out[WS_ISCC_TEXT_SIZE])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    assert(bits >= 32 && bits <= 8 * WS_ISCC_DIGEST && bits % 32 == 0);
    /* Four numbers of four bits: content, text, version 0, and how many times 32 bits, less one. */
    uint8_t bytes[2 + WS_ISCC_DIGEST] = {0x20, (uint8_t)(bits / 32 - 1)};
    const size_t size = 2 + bits / 8;
    char *next = out + strlen("ISCC:");
    memcpy(out, "ISCC:", strlen("ISCC:"));
    memcpy(bytes + 2, code->digest, bits / 8);
    for (size_t bit = 0; bit < 8 * size; bit += 5) {
        const unsigned behind = bit / 8 + 1 < size ? bytes[bit / 8 + 1] : 0;
        const unsigned two = (unsigned)bytes[bit / 8] << 8 | behind;
        *next++ = digits[two >> (11 - bit % 8) & 31];
    }
    *next = '\0';
}
