/*
 * What lookups and shards give away, measured (docs/formats/shard.md, Leaks).
 *
 *     shard_leaks TEXT
 *
 * Cuts a text, the default corpus for one, in documents of 2,000 bytes, and says how many of them
 * share a prefix that is asked for, and how many have all of the first 1, 2, 3 ... prefixes of a
 * document. Then it makes letters that differ in a number alone, and finds the numbers from the
 * letters' fingerprints by trying them all.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/rng.h"
#include "fingerprint/fingerprint.h"
#include "ledger/range_tile.h"

enum {
    DOCUMENT = 2000, /* bytes */
    LETTERS = 200,
    NUMBERS = 1000000, /* that a letter's may be */
    LETTER_PRINTS_MOST = 64
};

/* Fingerprints of all documents, one behind the other. */
struct prints {
    uint64_t *values;
    size_t count, room;
    size_t *ends; /* of each document */
    size_t documents;
};

static enum ws_status take(void *context, const struct ws_fingerprint *found, size_t count,
                           struct ws_error *err)
{
    struct prints *prints = context;
    if (prints->count + count > prints->room)
        return ws_fail(err, WS_LIMIT, "more fingerprints than there was room for");
    for (size_t i = 0; i < count; i++)
        prints->values[prints->count++] = found[i].value;
    return WS_OK;
}

static enum ws_status print_of(struct ws_fingerprinter *fingerprinter, struct ws_bytes text,
                               struct ws_error *err)
{
    struct ws_document_print print;
    WS_TRY(ws_fingerprinter_add(fingerprinter, text, err));
    return ws_fingerprinter_end(fingerprinter, &print, err);
}

static struct prints room_for(size_t values, size_t documents)
{
    return (struct prints){.values = calloc(values, sizeof(uint64_t)),
                           .room = values,
                           .ends = calloc(documents + 1, sizeof(size_t))};
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Prefixes -------------------------------------------------------------------------------------
 */

static enum ws_status print_documents(struct ws_bytes text, struct prints *prints,
                                      struct ws_error *err)
{
    struct ws_fingerprinter *fingerprinter;
    WS_TRY(ws_fingerprinter_open(NULL, take, prints, &fingerprinter, err));
    enum ws_status status = WS_OK;
    for (size_t at = 0; status == WS_OK && at + DOCUMENT <= text.size; at += DOCUMENT) {
        status = print_of(fingerprinter, ws_bytes_of(text.data + at, DOCUMENT), err);
        prints->ends[prints->documents++] = prints->count;
    }
    ws_fingerprinter_close(fingerprinter);
    return status;
}

/* has[tile * documents + d]: a fingerprint of document d is in the tile. */
static uint8_t *mark(const struct prints *prints, unsigned bits)
{
    uint8_t *has = calloc((size_t)1 << bits, prints->documents);
    size_t at = 0;
    for (size_t d = 0; has && d < prints->documents; d++)
        for (; at < prints->ends[d]; at++)
            has[ws_range_tile_of(prints->values[at], bits) * prints->documents + d] = 1;
    return has;
}

static void tell_sharing(const struct prints *prints, const uint8_t *has, unsigned bits)
{
    size_t least = SIZE_MAX, most = 0, sum = 0;
    const size_t tiles = (size_t)1 << bits;
    for (size_t tile = 0; tile < tiles; tile++) {
        size_t count = 0;
        for (size_t d = 0; d < prints->documents; d++)
            count += has[tile * prints->documents + d];
        least = count < least ? count : least;
        most = count > most ? count : most;
        sum += count;
    }
    (void)printf("%zu documents of %d bytes, %zu fingerprints, %zu tiles\n"
                 "documents under one prefix: %.0f, %zu to %zu\n",
                 prints->documents, DOCUMENT, prints->count, tiles, (double)sum / (double)tiles,
                 least, most);
}

/* How many documents have something under each of the first `asked` prefixes of document d. */
static size_t candidates(const struct prints *prints, const uint8_t *has, unsigned bits, size_t d,
                         size_t asked)
{
    const size_t begin = d > 0 ? prints->ends[d - 1] : 0;
    const size_t end = prints->ends[d] - begin < asked ? prints->ends[d] : begin + asked;
    size_t count = 0;
    for (size_t other = 0; other < prints->documents; other++) {
        size_t at = begin;
        while (at < end &&
               has[ws_range_tile_of(prints->values[at], bits) * prints->documents + other])
            at++;
        count += at == end;
    }
    return count;
}

static void tell_identity(const struct prints *prints, const uint8_t *has, unsigned bits)
{
    static const size_t counts[] = {1, 2, 3, 5, 8, 12, SIZE_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const size_t asked = counts[i];
        size_t alone = 0, sum = 0;
        for (size_t d = 0; d < prints->documents; d++) {
            const size_t count = candidates(prints, has, bits, d, asked);
            alone += count == 1;
            sum += count;
        }
        char which[40] = "all";
        if (asked < SIZE_MAX)
            (void)snprintf(which, sizeof which, "the first %zu", asked);
        (void)printf("asked for %s: %.1f documents fit, one alone for %.1f %%\n", which,
                     (double)sum / (double)prints->documents,
                     100 * (double)alone / (double)prints->documents);
    }
}

/* Guessing -------------------------------------------------------------------------------------
 */

static struct ws_bytes letter(unsigned number, char out[1024])
{
    const int size = snprintf(
        out, 1024,
        "Dear customer, we write to you because the annual review of your account has been "
        "completed by our staff, as the terms to which you agreed say that it will be in each "
        "year. The number under which we keep your papers is %06u and it is to be named in "
        "whatever you send to us. If what is said here is not right, you have thirty days in "
        "which to tell us so, by letter or in person at the counter. Nothing has to be done "
        "where all of it is right. We thank you for your trust and remain yours faithfully.",
        number);
    return ws_bytes_of(out, (size_t)size);
}

static bool all_there(const struct prints *guess, const struct prints *shard)
{
    for (size_t i = 0; i < guess->count; i++)
        if (!bsearch(&guess->values[i], shard->values, shard->count, sizeof(uint64_t), compare))
            return false;
    return true;
}

static enum ws_status print_letters(struct prints *shard, bool is_sent[NUMBERS],
                                    struct ws_error *err)
{
    struct ws_fingerprinter *fingerprinter;
    struct ws_rng rng;
    char text[1024];
    enum ws_status status = WS_OK;
    WS_TRY(ws_fingerprinter_open(NULL, take, shard, &fingerprinter, err));
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_DATA, 1, 0, 0), 0);
    for (int i = 0; status == WS_OK && i < LETTERS; i++) {
        const unsigned number = (unsigned)(ws_rng_u64(&rng) % NUMBERS);
        is_sent[number] = true;
        status = print_of(fingerprinter, letter(number, text), err);
    }
    ws_fingerprinter_close(fingerprinter);
    qsort(shard->values, shard->count, sizeof(uint64_t), compare);
    return status;
}

static enum ws_status guess_all(const struct prints *shard, const bool is_sent[NUMBERS],
                                struct ws_error *err)
{
    struct ws_fingerprinter *fingerprinter;
    struct prints guess = room_for(LETTER_PRINTS_MOST, 1);
    char text[1024];
    size_t found = 0, wrong = 0, sent = 0;
    enum ws_status status = WS_OK;
    const clock_t begun = clock();
    WS_TRY(ws_fingerprinter_open(NULL, take, &guess, &fingerprinter, err));
    for (unsigned number = 0; status == WS_OK && number < NUMBERS; number++) {
        guess.count = 0;
        status = print_of(fingerprinter, letter(number, text), err);
        const bool fits = status == WS_OK && all_there(&guess, shard);
        found += fits && is_sent[number];
        wrong += fits && !is_sent[number];
        sent += is_sent[number];
    }
    (void)printf(
        "letters with a number of six digits: of %d numbers %zu fit, among them %zu of the %zu "
        "that were sent; %.1f s of one core\n",
        NUMBERS, found + wrong, found, sent, (double)(clock() - begun) / CLOCKS_PER_SEC);
    ws_fingerprinter_close(fingerprinter);
    free(guess.values);
    free(guess.ends);
    return status;
}

static enum ws_status measure(const char *path, struct ws_arena *arena, struct ws_error *err)
{
    static bool is_sent[NUMBERS];
    struct ws_bytes text;
    WS_TRY(ws_file_read(path, (size_t)1 << 30, arena, &text, err));
    struct prints prints = room_for(text.size / 8 + 1, text.size / DOCUMENT);
    struct prints letters = room_for((size_t)LETTERS * LETTER_PRINTS_MOST, LETTERS);
    enum ws_status status = print_documents(text, &prints, err);
    const unsigned bits = ws_range_bits_for(prints.count);
    uint8_t *has = mark(&prints, bits);
    if (status == WS_OK && has && prints.documents > 0) {
        tell_sharing(&prints, has, bits);
        tell_identity(&prints, has, bits);
    }
    if (status == WS_OK)
        status = print_letters(&letters, is_sent, err);
    if (status == WS_OK)
        status = guess_all(&letters, is_sent, err);
    free(has);
    free(prints.values);
    free(prints.ends);
    free(letters.values);
    free(letters.ends);
    return status;
}

int main(int argc, char **argv)
{
    struct ws_error error;
    struct ws_arena arena;
    if (argc != 2) {
        (void)fprintf(stderr, "usage: shard_leaks TEXT\n");
        return 2;
    }
    ws_arena_init(&arena, NULL);
    enum ws_status status = measure(argv[1], &arena, &error);
    ws_arena_release(&arena);
    if (status != WS_OK)
        (void)fprintf(stderr, "shard_leaks: %s\n", error.message);
    return status == WS_OK ? 0 : 1;
}
