/*
 * Joining the bytes of a word by the merges: lowest rank first, then leftmost.
 */
#include <string.h>

#include "data/tokenizer_internal.h"

enum { SHORT_WORD = 32 }; /* bytes: up to there looking at all pairs each time is quickest */

#define NO_RANK UINT32_MAX

/* The table of pairs --------------------------------------------------------------------------- */

static size_t place_of(const struct ws_tokenizer *tokenizer, uint32_t left, uint32_t right)
{
    const uint64_t multiplier = 0x9E3779B97F4A7C15U; /* 2^64 over the golden ratio */
    return (size_t)((((uint64_t)left << 32 | right) * multiplier) >> tokenizer->pair_shift);
}

/* The slot with the pair, or the empty one where it belongs. */
static struct ws_pair_slot *find_slot(const struct ws_tokenizer *tokenizer, uint32_t left,
                                      uint32_t right)
{
    size_t last = ((size_t)1 << (64 - tokenizer->pair_shift)) - 1;
    size_t at = place_of(tokenizer, left, right);
    while (tokenizer->pairs[at].rank &&
           (tokenizer->pairs[at].left != left || tokenizer->pairs[at].right != right))
        at = (at + 1) & last;
    return &tokenizer->pairs[at];
}

/* NO_RANK when the two are never joined. */
static uint32_t rank_of(const struct ws_tokenizer *tokenizer, uint32_t left, uint32_t right)
{
    return find_slot(tokenizer, left, right)->rank - 1; /* 0 - 1 is NO_RANK */
}

enum ws_status ws_merge_index(struct ws_tokenizer *tokenizer, struct ws_arena *arena,
                              struct ws_error *err)
{
    uint32_t bits = 4;
    while ((uint64_t)1 << bits < 2 * ((uint64_t)tokenizer->merge_count + 1))
        bits++;
    tokenizer->pair_shift = 64 - bits;
    tokenizer->pairs = WS_ARENA_ZNEW(arena, struct ws_pair_slot, (size_t)1 << bits);
    if (!tokenizer->pairs)
        return ws_fail_memory(err, "the merges");
    for (uint32_t rank = 0; rank < tokenizer->merge_count; rank++) {
        const struct ws_merge *merge = &tokenizer->merges[rank];
        struct ws_pair_slot *slot = find_slot(tokenizer, merge->left, merge->right);
        if (slot->rank)
            return ws_fail(err, WS_CORRUPT, "%s: merge %u is merge %u again",
                           tokenizer->merges_name, rank + 1, slot->rank);
        *slot = (struct ws_pair_slot){merge->left, merge->right, rank + 1};
    }
    return WS_OK;
}

/* Short words ---------------------------------------------------------------------------------- */

/* `ids` (count) are the bytes' tokens, and what is left of them. */
static size_t merge_short(const struct ws_tokenizer *tokenizer, uint32_t *ids, size_t count)
{
    uint32_t ranks[SHORT_WORD]; /* of the pair that begins at each id */
    for (size_t i = 0; i + 1 < count; i++)
        ranks[i] = rank_of(tokenizer, ids[i], ids[i + 1]);
    ranks[count - 1] = NO_RANK;
    while (count > 1) {
        size_t best = 0;
        for (size_t i = 1; i + 1 < count; i++)
            if (ranks[i] < ranks[best])
                best = i;
        if (ranks[best] == NO_RANK)
            break;
        ids[best] = tokenizer->merges[ranks[best]].product;
        count--;
        for (size_t i = best + 1; i < count; i++) {
            ids[i] = ids[i + 1];
            ranks[i] = ranks[i + 1];
        }
        if (best > 0)
            ranks[best - 1] = rank_of(tokenizer, ids[best - 1], ids[best]);
        if (best + 1 < count)
            ranks[best] = rank_of(tokenizer, ids[best], ids[best + 1]);
    }
    return count;
}

/* Long words ----------------------------------------------------------------------------------- */

/* A heap of the pairs that could be joined, the next to be joined first. A pair that is no longer
 * there is found out when it comes up. */

struct candidate {
    uint32_t rank, position;
};

struct long_word {
    const struct ws_tokenizer *tokenizer;
    uint32_t *ids; /* (count); those that were joined to their left are WS_NO_TOKEN */
    uint32_t *next,
        *before; /* (count) of each id: its neighbours; count, WS_NO_TOKEN at the ends */
    uint32_t count;
    struct candidate *heap;
    size_t heap_count;
};

static bool comes_first(struct candidate a, struct candidate b)
{
    return a.rank != b.rank ? a.rank < b.rank : a.position < b.position;
}

static void push(struct long_word *word, struct candidate candidate)
{
    size_t at = word->heap_count++;
    while (at > 0 && comes_first(candidate, word->heap[(at - 1) / 2])) {
        word->heap[at] = word->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    word->heap[at] = candidate;
}

static struct candidate pop(struct long_word *word)
{
    struct candidate top = word->heap[0];
    struct candidate last = word->heap[--word->heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= word->heap_count)
            break;
        if (child + 1 < word->heap_count && comes_first(word->heap[child + 1], word->heap[child]))
            child++;
        if (!comes_first(word->heap[child], last))
            break;
        word->heap[at] = word->heap[child];
        at = child;
    }
    word->heap[at] = last;
    return top;
}

static uint32_t rank_at(const struct long_word *word, uint32_t position)
{
    uint32_t next = word->next[position];
    if (word->ids[position] == WS_NO_TOKEN || next == word->count)
        return NO_RANK;
    return rank_of(word->tokenizer, word->ids[position], word->ids[next]);
}

static void push_pair(struct long_word *word, uint32_t position)
{
    uint32_t rank = rank_at(word, position);
    if (rank != NO_RANK)
        push(word, (struct candidate){rank, position});
}

static void join(struct long_word *word, uint32_t position, uint32_t product)
{
    uint32_t gone = word->next[position];
    uint32_t next = word->next[gone];
    word->ids[position] = product;
    word->ids[gone] = WS_NO_TOKEN;
    word->next[position] = next;
    if (next < word->count)
        word->before[next] = position;
    if (word->before[position] != WS_NO_TOKEN)
        push_pair(word, word->before[position]);
    push_pair(word, position);
}

static size_t merge_long(struct long_word *word)
{
    for (uint32_t i = 0; i < word->count; i++) {
        word->next[i] = i + 1;
        word->before[i] = i - 1; /* WS_NO_TOKEN before the first */
    }
    for (uint32_t i = 0; i < word->count; i++)
        push_pair(word, i);
    while (word->heap_count > 0) {
        struct candidate top = pop(word);
        if (rank_at(word, top.position) == top.rank)
            join(word, top.position, word->tokenizer->merges[top.rank].product);
    }
    size_t left = 0;
    for (uint32_t i = 0; i < word->count; i = word->next[i])
        word->ids[left++] = word->ids[i];
    return left;
}

static enum ws_status prepare_and_merge_long(const struct ws_tokenizer *tokenizer, uint32_t *ids,
                                             size_t *count, struct ws_buffer *scratch,
                                             struct ws_error *err)
{
    /* Every join takes one candidate and brings two at most: never more than 2 x count. */
    const size_t size = *count * (2 * sizeof(uint32_t) + 2 * sizeof(struct candidate));
    if (*count >= UINT32_MAX)
        return ws_fail(err, WS_LIMIT, "a word of %zu bytes, wanted less than 4 GiB", *count);
    ws_buffer_reset(scratch);
    char *room = ws_buffer_extend(scratch, size);
    if (!room)
        return ws_fail_memory(err, "a long word");
    struct long_word word = {
        .tokenizer = tokenizer,
        .ids = ids,
        .next = (uint32_t *)(void *)room,
        .count = (uint32_t)*count,
    };
    word.before = word.next + *count;
    word.heap = (struct candidate *)(void *)(word.before + *count);
    *count = merge_long(&word);
    return WS_OK;
}

enum ws_status ws_merge_word(const struct ws_tokenizer *tokenizer, struct ws_bytes word,
                             uint32_t *out, size_t *count, struct ws_buffer *scratch,
                             struct ws_error *err)
{
    for (size_t i = 0; i < word.size; i++) {
        out[i] = tokenizer->bytes[word.data[i]];
        if (out[i] == WS_NO_TOKEN)
            return ws_fail(err, WS_UNSUPPORTED, "%s has no token for byte 0x%02x", tokenizer->name,
                           word.data[i]);
    }
    *count = word.size;
    if (word.size > SHORT_WORD)
        return prepare_and_merge_long(tokenizer, out, count, scratch, err);
    *count = merge_short(tokenizer, out, word.size);
    return WS_OK;
}
