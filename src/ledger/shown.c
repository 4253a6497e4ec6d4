#include "ledger/shown.h"

#include <stdlib.h>

#include "ledger/mark_order.h"
#include "ledger/query.h"

static enum ws_status keep_values(const struct ws_query *query, const struct ws_shard_key *key,
                                  struct ws_arena *arena, struct ws_shown_document *out,
                                  struct ws_error *err)
{
    struct ws_ordered_marks marks;
    struct ws_arena scratch;
    uint64_t *values = WS_ARENA_NEW(arena, uint64_t, query->mark_count + 1);
    ws_arena_init(&scratch, arena->allocator);
    const enum ws_status status =
        ws_ordered_marks_make(query->marks, query->mark_count, key, &scratch, &marks, err);
    if (status == WS_OK && values)
        for (size_t i = 0; i < marks.count; i++)
            values[i] = ws_ordered_mark(&marks, i);
    ws_arena_release(&scratch);
    out->values = values;
    out->count = query->mark_count;
    return status != WS_OK || values ? status : ws_fail_memory(err, "a document that was shown");
}

/* WS_CORRUPT where the text is of another document. */
static enum ws_status take_text(const struct ws_shard_opening *opening,
                                const struct ws_shard_key *key, struct ws_arena *arena,
                                struct ws_shown_document *out, struct ws_error *err)
{
    struct ws_query_reader reader;
    struct ws_query query;
    enum ws_status status = ws_query_read(&reader, opening->text, arena->allocator, &query, err);
    if (status == WS_OK && !ws_hash_equal(&query.digest, &opening->document))
        status = ws_fail(err, WS_CORRUPT, "an opening that shows the text of another document");
    if (status == WS_OK)
        status = keep_values(&query, key, arena, out, err);
    ws_query_close(&reader);
    return status;
}

/* WS_CORRUPT where it opens nothing that anybody asked for; `is_there` false where nothing of the
 * shard can be found. */
static enum ws_status take_opening(const struct ws_shard_opening *opening,
                                   const struct ws_hash *query, const struct ws_shard_keys *keys,
                                   struct ws_arena *arena, struct ws_shown_document *out,
                                   bool *is_there, struct ws_error *err)
{
    const struct ws_shard_key *key = ws_shard_keys_find(keys, opening->head.scheme);
    *out = (struct ws_shown_document){.opening = opening};
    *is_there = key || !ws_shard_key_name(opening->head.scheme);
    WS_TRY(ws_hash_of(opening->head_bytes, &out->shard, err));
    WS_TRY(ws_shard_opening_check(opening, &out->shard, err));
    out->is_query = query && ws_hash_equal(&opening->document, query);
    if (out->is_query)
        *is_there = true;
    return out->is_query || !*is_there ? WS_OK : take_text(opening, key, arena, out, err);
}

/* Of a document with a shard and a number. */
static int compare_to(const struct ws_shown_document *document, const struct ws_hash *shard,
                      uint32_t number)
{
    const uint32_t own = document->opening->number;
    const int order = memcmp(document->shard.bytes, shard->bytes, WS_HASH_SIZE);
    return order != 0 ? order : (own > number) - (own < number);
}

static int compare_shown(const void *a, const void *b_)
{
    const struct ws_shown_document *b = b_;
    return compare_to(a, &b->shard, b->opening->number);
}

enum ws_status ws_shown_read(const struct ws_shard_opening *openings, size_t count,
                             const struct ws_hash *query, const struct ws_shard_keys *keys,
                             struct ws_arena *arena, struct ws_shown *out, struct ws_error *err)
{
    struct ws_error why;
    struct ws_shown shown = {.items = WS_ARENA_NEW(arena, struct ws_shown_document, count + 1)};
    if (!shown.items)
        return ws_fail_memory(err, "what was shown");
    for (size_t i = 0; i < count; i++) {
        bool is_there;
        const enum ws_status status = take_opening(&openings[i], query, keys, arena,
                                                   &shown.items[shown.count], &is_there, &why);
        if (status == WS_NO_MEMORY)
            return ws_fail_memory(err, "what was shown");
        shown.refused += status != WS_OK;
        shown.count += status == WS_OK && is_there;
    }
    qsort(shown.items, shown.count, sizeof *shown.items, compare_shown);
    *out = shown;
    return WS_OK;
}

/* The first that is not before this shard and number. */
static size_t find_place(const struct ws_shown *shown, const struct ws_hash *shard, uint32_t number)
{
    size_t low = 0, high = shown->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare_to(&shown->items[middle], shard, number) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool ws_shown_is_again(const struct ws_shown *shown, size_t i)
{
    return i > 0 && compare_shown(&shown->items[i], &shown->items[i - 1]) == 0;
}

struct ws_shown ws_shown_of_shard(const struct ws_shown *shown, const struct ws_hash *shard)
{
    if (shown->count == 0)
        return (struct ws_shown){.count = 0};
    const size_t first = find_place(shown, shard, 0);
    size_t end = first;
    while (end < shown->count && ws_hash_equal(&shown->items[end].shard, shard))
        end++;
    return (struct ws_shown){.items = shown->items + first, .count = end - first};
}

const struct ws_shown_document *ws_shown_find(const struct ws_shown *of_shard, uint32_t number)
{
    if (of_shard->count == 0)
        return NULL;
    const size_t place = find_place(of_shard, &of_shard->items[0].shard, number);
    return place < of_shard->count && of_shard->items[place].opening->number == number
               ? &of_shard->items[place]
               : NULL;
}

static int compare_values(const void *a_, const void *b_)
{
    const uint64_t a = *(const uint64_t *)a_, b = *(const uint64_t *)b_;
    return (a > b) - (a < b);
}

bool ws_shown_has(const struct ws_shown_document *document, uint64_t value)
{
    return document->is_query ||
           bsearch(&value, document->values, document->count, sizeof value, compare_values) != NULL;
}
