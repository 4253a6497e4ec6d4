/* As in ledger/merkle.c: the plain functions of SHA-256 are the fast ones on 50 bytes. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "fingerprint/fingerprint.h"

#include <openssl/sha.h>
#include <string.h>

#include "fingerprint/winnow.h"

enum {
    /* Runs that a k-gram of an earlier chunk may still lie in, one a byte at most. */
    KEPT_RUNS = WS_FINGERPRINT_RUN + 1,
    RUNS = KEPT_RUNS + WS_CANON_CHUNK,
    BATCH = 256,
};

struct ws_fingerprinter {
    const struct ws_allocator *allocator;
    ws_fingerprint_take *take;
    void *context;
    struct ws_canon *canon;
    struct ws_winnow *winnow;
    SHA256_CTX digest;
    uint64_t size;  /* of the canonical text so far */
    uint64_t count; /* of fingerprints */
    size_t run_count, begin_run, end_run;
    struct ws_canon_run runs[RUNS];
    size_t found_count;
    struct ws_fingerprint found[BATCH];
};

static void begin_document(struct ws_fingerprinter *f)
{
    (void)SHA256_Init(&f->digest);
    f->size = 0;
    f->count = 0;
    f->run_count = 0;
    f->begin_run = 0;
    f->end_run = 0;
    f->found_count = 0;
}

enum ws_status ws_fingerprinter_open(const struct ws_allocator *allocator,
                                     ws_fingerprint_take *take, void *context,
                                     struct ws_fingerprinter **out, struct ws_error *err)
{
    struct ws_fingerprinter *f = ws_realloc(allocator, NULL, 0, sizeof *f);
    if (!f)
        return ws_fail_memory(err, "fingerprints");
    *f = (struct ws_fingerprinter){.allocator = allocator, .take = take, .context = context};
    enum ws_status status = ws_canon_open(allocator, &f->canon, err);
    if (status == WS_OK)
        status =
            ws_winnow_open(WS_FINGERPRINT_GRAM, WS_FINGERPRINT_WINDOW, allocator, &f->winnow, err);
    if (status != WS_OK) {
        ws_fingerprinter_close(f);
        return status;
    }
    begin_document(f);
    *out = f;
    return WS_OK;
}

void ws_fingerprinter_close(struct ws_fingerprinter *f)
{
    if (!f)
        return;
    ws_canon_close(f->canon);
    ws_winnow_close(f->winnow);
    ws_free(f->allocator, f, sizeof *f);
}

uint64_t ws_fingerprint_of(const uint8_t gram[WS_FINGERPRINT_GRAM])
{
    SHA256_CTX context;
    struct ws_hash hash;
    (void)SHA256_Init(&context);
    (void)SHA256_Update(&context, gram, WS_FINGERPRINT_GRAM);
    (void)SHA256_Final(hash.bytes, &context);
    return __builtin_bswap64(ws_hash_u64(&hash));
}

/* Where it came from -----------------------------------------------------------------------------
 */

static void add_runs(struct ws_fingerprinter *f, const struct ws_canon_chunk *chunk)
{
    size_t drop = 0;
    while (drop + 1 < f->run_count && f->runs[drop + 1].at + WS_FINGERPRINT_RUN <= f->size)
        drop++;
    f->run_count -= drop;
    memmove(f->runs, f->runs + drop, f->run_count * sizeof *f->runs);
    f->begin_run = f->begin_run > drop ? f->begin_run - drop : 0;
    f->end_run = f->end_run > drop ? f->end_run - drop : 0;
    memcpy(f->runs + f->run_count, chunk->runs, chunk->run_count * sizeof *f->runs);
    f->run_count += chunk->run_count;
}

/* The piece that holds a canonical byte is [*begin, *end). `run`: where to look from, and where it
 * was; the next byte is no earlier one. */
static void locate(const struct ws_fingerprinter *f, uint64_t at, size_t *run, uint64_t *begin,
                   uint64_t *end)
{
    while (*run + 1 < f->run_count && f->runs[*run + 1].at <= at)
        ++*run;
    const struct ws_canon_run *found = &f->runs[*run];
    *begin = found->raw + (at - found->at) / found->width * found->cover;
    *end = *begin + found->cover;
}

static enum ws_status give(struct ws_fingerprinter *f, struct ws_error *err)
{
    const size_t count = f->found_count;
    f->count += count;
    f->found_count = 0;
    return count > 0 ? f->take(f->context, f->found, count, err) : WS_OK;
}

static enum ws_status take_grams(struct ws_fingerprinter *f, const struct ws_gram *grams,
                                 size_t count, struct ws_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct ws_fingerprint *found = &f->found[f->found_count];
        uint64_t ignored;
        found->value = ws_fingerprint_of(grams[i].text);
        locate(f, grams[i].at, &f->begin_run, &found->begin, &ignored);
        locate(f, grams[i].at + WS_FINGERPRINT_GRAM - 1, &f->end_run, &ignored, &found->end);
        if (++f->found_count == BATCH)
            WS_TRY(give(f, err));
    }
    return WS_OK;
}

/* The document -----------------------------------------------------------------------------------
 */

static enum ws_status take_chunk(struct ws_fingerprinter *f, const struct ws_canon_chunk *chunk,
                                 struct ws_error *err)
{
    struct ws_bytes text = chunk->text;
    (void)SHA256_Update(&f->digest, text.data, text.size);
    add_runs(f, chunk);
    f->size += text.size;
    while (text.size > 0) {
        const struct ws_gram *grams;
        const size_t count = ws_winnow_read(f->winnow, &text, &grams);
        WS_TRY(take_grams(f, grams, count, err));
    }
    return WS_OK;
}

static enum ws_status take_end(struct ws_fingerprinter *f, struct ws_document_print *out,
                               struct ws_error *err)
{
    struct ws_canon_chunk chunk;
    const struct ws_gram *grams;
    ws_canon_end(f->canon, &chunk);
    WS_TRY(take_chunk(f, &chunk, err));
    const size_t count = ws_winnow_end(f->winnow, &grams);
    WS_TRY(take_grams(f, grams, count, err));
    WS_TRY(give(f, err));
    (void)SHA256_Final(out->digest.bytes, &f->digest);
    out->fingerprints = f->count;
    ws_canon_count(f->canon, &out->counts);
    return WS_OK;
}

/* Whatever was added, the next document begins. */
static void drop_document(struct ws_fingerprinter *f)
{
    struct ws_canon_chunk chunk;
    const struct ws_gram *grams;
    ws_canon_end(f->canon, &chunk);
    (void)ws_winnow_end(f->winnow, &grams);
    begin_document(f);
}

enum ws_status ws_fingerprinter_add(struct ws_fingerprinter *f, struct ws_bytes raw,
                                    struct ws_error *err)
{
    enum ws_status status = WS_OK;
    while (raw.size > 0 && status == WS_OK) {
        struct ws_canon_chunk chunk;
        ws_canon_read(f->canon, &raw, &chunk);
        status = take_chunk(f, &chunk, err);
    }
    if (status != WS_OK)
        drop_document(f);
    return status;
}

enum ws_status ws_fingerprinter_end(struct ws_fingerprinter *f, struct ws_document_print *out,
                                    struct ws_error *err)
{
    struct ws_document_print print;
    enum ws_status status = take_end(f, &print, err);
    drop_document(f);
    if (status == WS_OK)
        *out = print;
    return status;
}
