#include "fingerprint/winnow.h"

#include <assert.h>
#include <string.h>

#include "base/hash.h"

enum {
    BLOCK = 4096, /* bytes taken at once */
    TAIL =
        WS_GRAM_MOST + WS_WINDOW_MOST, /* kept of what was before: a window of k-grams and more */
    BYTES = 256,
};

struct ws_winnow {
    const struct ws_allocator *allocator;
    unsigned k, w;
    uint64_t word[BYTES], old_word[BYTES]; /* of a byte that comes, and that leaves after k */
    uint64_t at;                           /* of text[0] in the whole */
    size_t size;                           /* of `text` */
    size_t gram_count;                     /* those that lie in `text` */
    uint64_t last;                         /* order[gram_count - 1] */
    size_t least;                          /* of the last window; NONE before it is full */
    size_t kept_count;
    uint64_t order[TAIL + BLOCK]; /* of the k-gram that begins at a byte of `text` */
    uint8_t text[TAIL + BLOCK];
    struct ws_gram kept[BLOCK];
};

static const size_t NONE = SIZE_MAX;

static uint64_t rotate(uint64_t word, unsigned by)
{
    return word << (by & 63) | word >> (-by & 63);
}

static enum ws_status make_words(struct ws_winnow *winnow, struct ws_error *err)
{
    for (unsigned byte = 0; byte < BYTES; byte++) {
        const uint8_t text = (uint8_t)byte;
        struct ws_hash hash;
        WS_TRY(ws_hash_of(ws_bytes_of(&text, 1), &hash, err));
        winnow->word[byte] = __builtin_bswap64(ws_hash_u64(&hash));
        winnow->old_word[byte] = rotate(winnow->word[byte], winnow->k);
    }
    return WS_OK;
}

static void begin_text(struct ws_winnow *winnow)
{
    winnow->at = 0;
    winnow->size = 0;
    winnow->gram_count = 0;
    winnow->last = 0;
    winnow->least = NONE;
}

enum ws_status ws_winnow_open(unsigned k, unsigned w, const struct ws_allocator *allocator,
                              struct ws_winnow **out, struct ws_error *err)
{
    assert(k >= 1 && k <= WS_GRAM_MOST && w >= 1 && w <= WS_WINDOW_MOST);
    struct ws_winnow *winnow = ws_realloc(allocator, NULL, 0, sizeof *winnow);
    if (!winnow)
        return ws_fail_memory(err, "winnowing");
    memset(winnow, 0, sizeof *winnow);
    winnow->allocator = allocator;
    winnow->k = k;
    winnow->w = w;
    begin_text(winnow);
    enum ws_status status = make_words(winnow, err);
    if (status == WS_OK)
        *out = winnow;
    else
        ws_winnow_close(winnow);
    return status;
}

void ws_winnow_close(struct ws_winnow *winnow)
{
    if (winnow)
        ws_free(winnow->allocator, winnow, sizeof *winnow);
}

/* Order of the k-grams that `text` has now and had not. */
static void hash_grams(struct ws_winnow *winnow)
{
    const uint8_t *text = winnow->text;
    const unsigned k = winnow->k;
    size_t i = winnow->gram_count;
    uint64_t hash = winnow->last;
    if (winnow->size < k)
        return;
    if (i == 0) {
        hash = 0;
        for (; i < k; i++)
            hash = rotate(hash, 1) ^ winnow->word[text[i]];
        winnow->order[0] = hash;
        i = 1;
    }
    for (; i + k <= winnow->size; i++) {
        hash = rotate(hash, 1) ^ winnow->old_word[text[i - 1]] ^ winnow->word[text[i + k - 1]];
        winnow->order[i] = hash;
    }
    winnow->last = hash;
    winnow->gram_count = i;
}

/* Below 0, 0, above 0: as memcmp. */
static int compare(const struct ws_winnow *winnow, size_t a, size_t b)
{
    if (winnow->order[a] != winnow->order[b])
        return winnow->order[a] < winnow->order[b] ? -1 : 1;
    return memcmp(winnow->text + a, winnow->text + b, winnow->k);
}

static void keep(struct ws_winnow *winnow, size_t gram)
{
    winnow->least = gram;
    winnow->kept[winnow->kept_count++] = (struct ws_gram){
        .at = winnow->at + gram,
        .text = winnow->text + gram,
    };
}

/* The last of the least of [from, to]. */
static size_t find_least(const struct ws_winnow *winnow, size_t from, size_t to)
{
    size_t least = to;
    uint64_t order = winnow->order[to];
    for (size_t i = to; i-- > from;) {
        if (winnow->order[i] > order)
            continue;
        if (winnow->order[i] < order || compare(winnow, i, least) < 0)
            least = i;
        order = winnow->order[least];
    }
    return least;
}

/* Goes on from the window that ends before k-gram `from`. */
static void keep_least(struct ws_winnow *winnow, size_t from)
{
    const uint64_t *order = winnow->order;
    for (size_t i = from; i < winnow->gram_count;) {
        const size_t leaves = winnow->least + winnow->w; /* the first window without the least */
        const size_t stop = leaves < winnow->gram_count ? leaves : winnow->gram_count;
        const uint64_t least = order[winnow->least];
        while (i < stop && order[i] > least)
            i++;
        if (i < stop) {
            if (compare(winnow, i, winnow->least) < 0)
                keep(winnow, i);
            i++;
        } else if (i == leaves && i < winnow->gram_count) {
            keep(winnow, find_least(winnow, i + 1 - winnow->w, i));
            i++;
        }
    }
}

/* Drops what no window needs any more from the front of `text`. */
static void drop_front(struct ws_winnow *winnow)
{
    /* The k-grams that a later window may hold, and the byte before them that leaves a hash. */
    const size_t wanted = winnow->w + winnow->k;
    if (winnow->size <= wanted)
        return;
    const size_t drop = winnow->size - wanted;
    memmove(winnow->text, winnow->text + drop, wanted);
    memmove(winnow->order, winnow->order + drop, (winnow->gram_count - drop) * sizeof(uint64_t));
    winnow->at += drop;
    winnow->size -= drop;
    winnow->gram_count -= drop;
    if (winnow->least != NONE)
        winnow->least -= drop;
}

size_t ws_winnow_read(struct ws_winnow *winnow, struct ws_bytes *text, const struct ws_gram **out)
{
    drop_front(winnow);
    const size_t size = text->size < BLOCK ? text->size : BLOCK;
    memcpy(winnow->text + winnow->size, text->data, size);
    winnow->size += size;
    text->data += size;
    text->size -= size;

    size_t from = winnow->gram_count;
    winnow->kept_count = 0;
    hash_grams(winnow);
    if (winnow->least == NONE && winnow->gram_count >= winnow->w) {
        from = winnow->w;
        keep(winnow, find_least(winnow, 0, from - 1));
    }
    if (winnow->least != NONE)
        keep_least(winnow, from);
    *out = winnow->kept;
    return winnow->kept_count;
}

size_t ws_winnow_end(struct ws_winnow *winnow, const struct ws_gram **out)
{
    winnow->kept_count = 0;
    if (winnow->least == NONE && winnow->gram_count > 0)
        keep(winnow, find_least(winnow, 0, winnow->gram_count - 1));
    begin_text(winnow);
    *out = winnow->kept;
    return winnow->kept_count;
}
