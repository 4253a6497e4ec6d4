/*
 * Times fingerprints, as bench_fingerprint.sh asks: seconds of one core's time, the median of
 * three.
 *
 *     fingerprint_speed WHAT FILE TIMES
 *
 * goes through the file TIMES times, as one document: `all` its canonical text, SHA-256 and
 * winnowing, which is what fingerprinting is; `canon` and `winnow` those parts alone (`winnow` of
 * the file's bytes as they are), `sha` its SHA-256, which is the limit; `iscc` its ISCC code.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/number.h"
#include "fingerprint/fingerprint.h"
#include "fingerprint/iscc.h"
#include "fingerprint/winnow.h"

enum { ROUNDS = 3, PIECE = 1 << 16 };

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What is found goes here, so that it is not left out. */
struct sink {
    uint64_t sum;
};

static enum ws_status take(void *context, const struct ws_fingerprint *found, size_t count,
                           struct ws_error *err)
{
    struct sink *sink = context;
    (void)err;
    for (size_t i = 0; i < count; i++)
        sink->sum += found[i].value ^ found[i].begin ^ found[i].end;
    return WS_OK;
}

static struct ws_bytes take_piece(struct ws_bytes *text)
{
    struct ws_bytes piece = ws_bytes_of(text->data, text->size < PIECE ? text->size : PIECE);
    text->data += piece.size;
    text->size -= piece.size;
    return piece;
}

static enum ws_status do_all(struct ws_bytes text, uint64_t times, struct sink *sink,
                             struct ws_error *err)
{
    struct ws_fingerprinter *f;
    struct ws_document_print print;
    WS_TRY(ws_fingerprinter_open(NULL, take, sink, &f, err));
    enum ws_status status = WS_OK;
    for (uint64_t i = 0; i < times && status == WS_OK; i++)
        for (struct ws_bytes left = text; left.size > 0 && status == WS_OK;)
            status = ws_fingerprinter_add(f, take_piece(&left), err);
    if (status == WS_OK)
        status = ws_fingerprinter_end(f, &print, err);
    ws_fingerprinter_close(f);
    return status;
}

static enum ws_status do_canon(struct ws_bytes text, uint64_t times, struct sink *sink,
                               struct ws_error *err)
{
    struct ws_canon *canon;
    struct ws_canon_chunk chunk;
    WS_TRY(ws_canon_open(NULL, &canon, err));
    for (uint64_t i = 0; i < times; i++)
        for (struct ws_bytes left = text; left.size > 0;) {
            ws_canon_read(canon, &left, &chunk);
            sink->sum += chunk.text.size + chunk.run_count;
        }
    ws_canon_end(canon, &chunk);
    ws_canon_close(canon);
    return WS_OK;
}

static enum ws_status do_winnow(struct ws_bytes text, uint64_t times, struct sink *sink,
                                struct ws_error *err)
{
    struct ws_winnow *winnow;
    const struct ws_gram *grams;
    WS_TRY(ws_winnow_open(WS_FINGERPRINT_GRAM, WS_FINGERPRINT_WINDOW, NULL, &winnow, err));
    for (uint64_t i = 0; i < times; i++)
        for (struct ws_bytes left = text; left.size > 0;)
            sink->sum += ws_winnow_read(winnow, &left, &grams);
    sink->sum += ws_winnow_end(winnow, &grams);
    ws_winnow_close(winnow);
    return WS_OK;
}

static enum ws_status do_sha(struct ws_bytes text, uint64_t times, struct sink *sink,
                             struct ws_error *err)
{
    struct ws_hasher hasher;
    struct ws_hash hash;
    WS_TRY(ws_hasher_init(&hasher, err));
    for (uint64_t i = 0; i < times; i++)
        for (struct ws_bytes left = text; left.size > 0;)
            ws_hasher_update(&hasher, take_piece(&left));
    enum ws_status status = ws_hasher_finish(&hasher, &hash, err);
    ws_hasher_release(&hasher);
    sink->sum += status == WS_OK ? ws_hash_u64(&hash) : 0;
    return status;
}

static enum ws_status do_iscc(struct ws_bytes text, uint64_t times, struct sink *sink,
                              struct ws_error *err)
{
    struct ws_iscc *iscc;
    struct ws_iscc_code code;
    WS_TRY(ws_iscc_open(NULL, &iscc, err));
    for (uint64_t i = 0; i < times; i++)
        for (struct ws_bytes left = text; left.size > 0;)
            ws_iscc_add(iscc, take_piece(&left));
    ws_iscc_end(iscc, &code);
    ws_iscc_close(iscc);
    sink->sum += code.characters;
    return WS_OK;
}

static const struct {
    const char *name;
    enum ws_status (*work)(struct ws_bytes text, uint64_t times, struct sink *sink,
                           struct ws_error *err);
} works[] = {
    {"all", do_all}, {"canon", do_canon}, {"winnow", do_winnow}, {"sha", do_sha}, {"iscc", do_iscc},
};

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static enum ws_status measure(const char *what, struct ws_bytes text, uint64_t times,
                              struct ws_error *err)
{
    double seconds[ROUNDS];
    struct sink sink = {0};
    for (size_t w = 0; w < sizeof works / sizeof *works; w++) {
        if (strcmp(works[w].name, what) != 0)
            continue;
        for (size_t round = 0; round < ROUNDS; round++) {
            const double start = now();
            WS_TRY(works[w].work(text, times, &sink, err));
            seconds[round] = now() - start;
        }
        qsort(seconds, ROUNDS, sizeof *seconds, ascending);
        (void)printf("%.6f\n", seconds[ROUNDS / 2]);
        (void)fprintf(stderr, "%s: %.1f MB/s (%llx)\n", what,
                      1e-6 * (double)text.size * (double)times / seconds[ROUNDS / 2],
                      (unsigned long long)sink.sum);
        return WS_OK;
    }
    return ws_fail(err, WS_INVALID, "'%s' is no work of these", what);
}

int main(int argc, char **argv)
{
    struct ws_arena arena;
    struct ws_bytes text;
    struct ws_error error;
    uint64_t times;
    if (argc != 4 || !ws_whole_parse(argv[3], &times)) {
        (void)fprintf(stderr, "usage: fingerprint_speed all|canon|winnow|sha|iscc FILE TIMES\n");
        return 2;
    }
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_file_read(argv[2], SIZE_MAX, &arena, &text, &error);
    if (status == WS_OK)
        status = measure(argv[1], text, times, &error);
    if (status != WS_OK)
        (void)fprintf(stderr, "fingerprint_speed: %s\n", error.message);
    ws_arena_release(&arena);
    return status == WS_OK ? 0 : 1;
}
