#include "measure/self_bleu.h"

#include <math.h>
#include <stdlib.h>

static const double WITHOUT_MATCH = 0.1;

static size_t length_of(const struct ws_payload *text, uint64_t item)
{
    size_t size;
    (void)ws_payload_tokens(text, item, &size);
    return size;
}

static int ascending(const void *a, const void *b)
{
    const size_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The length closest to lengths[i] among the others, which ascend; the shorter of two. */
static size_t closest(const size_t *lengths, uint64_t count, uint64_t i)
{
    if (i == 0)
        return lengths[1];
    if (i + 1 == count)
        return lengths[i - 1];
    return lengths[i] - lengths[i - 1] <= lengths[i + 1] - lengths[i] ? lengths[i - 1]
                                                                      : lengths[i + 1];
}

enum ws_status ws_self_bleu_init(struct ws_self_bleu *bleu, const struct ws_payload *text,
                                 struct ws_arena *arena, struct ws_error *err)
{
    size_t *lengths = WS_ARENA_NEW(arena, size_t, text->count);
    *bleu = (struct ws_self_bleu){text->count, WS_ARENA_ZNEW(arena, double, text->count)};
    if (!lengths || !bleu->score)
        return ws_fail_memory(err, "self-BLEU");
    if (text->count < 2)
        return WS_OK;
    for (uint64_t i = 0; i < text->count; i++)
        lengths[i] = length_of(text, i);
    qsort(lengths, text->count, sizeof *lengths, ascending);
    for (uint64_t i = 0; i < text->count; i++) {
        size_t size = length_of(text, i);
        const size_t *own = bsearch(&size, lengths, text->count, sizeof *lengths, ascending);
        size_t reference = closest(lengths, text->count, (uint64_t)(own - lengths));
        bleu->score[i] = fmin(0, 1 - (double)reference / (double)size);
    }
    return WS_OK;
}

void ws_self_bleu_add(struct ws_self_bleu *bleu, const struct ws_grams *grams)
{
    for (uint64_t i = 0; i < bleu->count; i++) {
        const struct ws_grams_item *item = &grams->items[i];
        double matched = (double)item->matched;
        if (item->matched == 0 && grams->length > 1)
            matched = WITHOUT_MATCH;
        bleu->score[i] += log(matched / fmax(1, (double)item->places)) / WS_SELF_BLEU_LENGTH;
    }
}

double ws_self_bleu_value(const struct ws_self_bleu *bleu)
{
    if (bleu->count < 2)
        return NAN;
    double sum = 0;
    for (uint64_t i = 0; i < bleu->count; i++)
        sum += exp(bleu->score[i]);
    return sum / (double)bleu->count;
}
