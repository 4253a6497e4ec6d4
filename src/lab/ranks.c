#include "lab/ranks.h"

#include <string.h>

#include "base/buffer.h"

enum ws_status ws_ranks_exchange(const struct ws_ranks *ranks, struct ws_bytes mine,
                                 struct ws_arena *arena, struct ws_bytes *all, struct ws_error *err)
{
    uint64_t *sizes = WS_ARENA_NEW(arena, uint64_t, ranks->count);
    if (!sizes)
        return ws_fail_memory(err, "what ranks say");
    ranks->gather_sizes(ranks->user, mine.size, sizes);
    uint64_t total = 0;
    for (unsigned r = 0; r < ranks->count; r++)
        total += sizes[r];
    if (total > INT32_MAX)
        return ws_fail(err, WS_LIMIT, "ranks have more to say than 2^31 bytes");
    uint8_t *bytes = WS_ARENA_NEW(arena, uint8_t, total + 1);
    if (!bytes)
        return ws_fail_memory(err, "what ranks say");
    ranks->gather_bytes(ranks->user, mine.data, sizes, bytes);
    for (unsigned r = 0; r < ranks->count; r++) {
        all[r] = ws_bytes_of(bytes, sizes[r]);
        bytes += sizes[r];
    }
    return WS_OK;
}

/* What a rank gives: its status, and a message unless that is WS_OK. */
struct verdict {
    uint32_t status;
    char message[sizeof((struct ws_error *)NULL)->message];
};

static enum ws_status agree(const struct ws_ranks *ranks, const struct verdict *mine,
                            struct ws_arena *arena, struct ws_error *err)
{
    struct ws_bytes *all = WS_ARENA_NEW(arena, struct ws_bytes, ranks->count);
    if (!all)
        return ws_fail_memory(err, "what ranks say");
    WS_TRY(ws_ranks_exchange(ranks, ws_bytes_of(mine, sizeof *mine), arena, all, err));
    for (unsigned r = 0; r < ranks->count; r++) {
        struct verdict verdict;
        memcpy(&verdict, all[r].data, sizeof verdict);
        if (verdict.status == WS_OK)
            continue;
        if (r == 0)
            return ws_fail(err, (enum ws_status)verdict.status, "%s", verdict.message);
        return ws_fail(err, (enum ws_status)verdict.status, "rank %u: %s", r, verdict.message);
    }
    return WS_OK;
}

enum ws_status ws_ranks_agree(const struct ws_ranks *ranks, enum ws_status status,
                              const struct ws_allocator *allocator, struct ws_error *err)
{
    if (!ranks)
        return status;
    struct ws_arena arena;
    struct verdict mine = {.status = (uint32_t)status};
    if (status != WS_OK && err)
        memcpy(mine.message, err->message, sizeof mine.message);
    ws_arena_init(&arena, allocator);
    status = agree(ranks, &mine, &arena, err);
    ws_arena_release(&arena);
    return status;
}
