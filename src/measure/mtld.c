#include "measure/mtld.h"

#include <inttypes.h>
#include <math.h>

static const double THRESHOLD = 0.72;

/* `seen` (types): the number of the stretch that a token was seen in last, below those used here.
 * `step` 1 goes forwards, -1 backwards. */
static double factors(const uint32_t *tokens, uint64_t count, int step, uint64_t *seen,
                      uint64_t *stretch)
{
    double sum = 0;
    uint64_t size = 0, distinct = 0;
    double share = 1;
    ++*stretch;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t token = tokens[step > 0 ? i : count - 1 - i];
        size++;
        distinct += seen[token] != *stretch;
        seen[token] = *stretch;
        share = (double)distinct / (double)size;
        if (share > THRESHOLD)
            continue;
        sum++;
        size = distinct = 0;
        share = 1;
        ++*stretch;
    }
    return sum + (1 - share) / (1 - THRESHOLD);
}

enum ws_status ws_mtld(const struct ws_payload *text, struct ws_arena *scratch, double *out,
                       struct ws_error *err)
{
    uint64_t count = text->count > 0 ? text->tokens.ends[text->count - 1] : 0;
    if (count < WS_MTLD_LEAST)
        return ws_fail(err, WS_INVALID, "MTLD of %" PRIu64 " tokens: %d at least", count,
                       WS_MTLD_LEAST);
    uint64_t *seen = WS_ARENA_ZNEW(scratch, uint64_t, text->types);
    if (!seen)
        return ws_fail_memory(err, "MTLD");
    uint64_t stretch = 0;
    double forwards = factors(text->tokens.ids, count, 1, seen, &stretch);
    double backwards = factors(text->tokens.ids, count, -1, seen, &stretch);
    *out = ((double)count / forwards + (double)count / backwards) / 2;
    return WS_OK;
}
