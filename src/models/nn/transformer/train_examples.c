/*
 * From blocks of text to examples, and from examples to batches.
 */
#include <inttypes.h>
#include <string.h>

#include "models/nn/transformer/train_internal.h"

/* Blocks --------------------------------------------------------------------------------------- */

static uint64_t block_start(const struct ws_blocks *blocks, uint64_t i)
{
    return i > 0 ? blocks->ends[i - 1] : 0;
}

/* The input and target of one block of `count` >= 1 tokens. */
static void from_start(const uint32_t *block, size_t count, uint32_t start, uint32_t *tokens,
                       uint32_t *targets)
{
    tokens[0] = start;
    memcpy(tokens + 1, block, (count - 1) * sizeof *tokens);
    memcpy(targets, block, count * sizeof *targets);
}

static void shifted(const uint32_t *block, size_t count, uint32_t *tokens, uint32_t *targets)
{
    memcpy(tokens, block, count * sizeof *tokens);
    memcpy(targets, block + 1, (count - 1) * sizeof *targets);
    targets[count - 1] = WS_NO_TARGET;
}

enum ws_status ws_examples_of(const struct ws_blocks *blocks, uint32_t start,
                              struct ws_arena *arena, struct ws_examples *out, struct ws_error *err)
{
    uint64_t count = blocks->count > 0 ? blocks->ends[blocks->count - 1] : 0;
    uint64_t *ends = ws_arena_copy(arena, blocks->count > 0 ? blocks->ends : &count,
                                   blocks->count * sizeof *ends);
    uint32_t *tokens = WS_ARENA_NEW(arena, uint32_t, count);
    uint32_t *targets = WS_ARENA_NEW(arena, uint32_t, count);
    if (!ends || !tokens || !targets)
        return ws_fail_memory(err, "training examples");
    for (uint64_t i = 0; i < blocks->count; i++) {
        uint64_t at = block_start(blocks, i);
        size_t size = (size_t)(blocks->ends[i] - at);
        if (size == 0)
            return ws_fail(err, WS_INVALID, "block %" PRIu64 " of the text has no tokens", i);
        if (start == WS_NO_TOKEN)
            shifted(blocks->tokens + at, size, tokens + at, targets + at);
        else
            from_start(blocks->tokens + at, size, start, tokens + at, targets + at);
    }
    *out = (struct ws_examples){blocks->count, ends, tokens, targets};
    return WS_OK;
}

/* Examples ------------------------------------------------------------------------------------- */

uint64_t ws_example_start(const struct ws_examples *examples, uint64_t i)
{
    return i > 0 ? examples->ends[i - 1] : 0;
}

size_t ws_example_size(const struct ws_examples *examples, uint64_t i)
{
    return (size_t)(examples->ends[i] - ws_example_start(examples, i));
}

size_t ws_examples_longest(const struct ws_examples *examples)
{
    size_t longest = 0;
    for (uint64_t i = 0; i < examples->count; i++)
        if (ws_example_size(examples, i) > longest)
            longest = ws_example_size(examples, i);
    return longest;
}

/* So simple that it becomes vector code: a device waits while its next batch is looked at. */
static uint32_t count_targets(const uint32_t *targets, size_t size)
{
    uint32_t count = 0;
    for (size_t t = 0; t < size; t++)
        count += targets[t] != WS_NO_TARGET;
    return count;
}

uint64_t ws_examples_targets(const struct ws_examples *examples, const uint64_t *picks,
                             uint64_t count)
{
    uint64_t targets = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t example = picks ? picks[i] : i;
        targets += count_targets(examples->targets + ws_example_start(examples, example),
                                 ws_example_size(examples, example));
    }
    return targets;
}

uint64_t ws_examples_that_fit(const struct ws_examples *examples, uint64_t first, size_t tokens)
{
    uint64_t count = 1;
    uint64_t start = ws_example_start(examples, first);
    while (first + count < examples->count && count < tokens &&
           examples->ends[first + count] - start <= tokens)
        count++;
    return count;
}

/* Batches -------------------------------------------------------------------------------------- */

enum ws_status ws_batch_room_take(struct ws_batch_room *room, size_t tokens, struct ws_arena *arena,
                                  struct ws_error *err)
{
    room->starts = WS_ARENA_NEW(arena, uint32_t, tokens + 1); /* no example is empty */
    room->tokens = WS_ARENA_NEW(arena, uint32_t, tokens);
    room->targets = WS_ARENA_NEW(arena, uint32_t, tokens);
    room->loss = WS_ARENA_NEW(arena, float, tokens);
    if (!room->starts || !room->tokens || !room->targets || !room->loss)
        return ws_fail_memory(err, "a batch");
    return WS_OK;
}

struct ws_batch ws_batch_of(const struct ws_batch_room *room, const struct ws_examples *examples,
                            const uint64_t *picks, uint64_t first, uint64_t count)
{
    size_t at = 0;
    room->starts[0] = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t example = picks ? picks[i] : first + i;
        uint64_t from = ws_example_start(examples, example);
        size_t size = ws_example_size(examples, example);
        memcpy(room->tokens + at, examples->tokens + from, size * sizeof *room->tokens);
        memcpy(room->targets + at, examples->targets + from, size * sizeof *room->targets);
        at += size;
        room->starts[i + 1] = (uint32_t)at;
    }
    return (struct ws_batch){(size_t)count, room->starts, room->tokens, room->targets};
}

/* Checks what the network would only check when the batch is made, and the room would not hold. */
static enum ws_status check_longest(const struct ws_examples *examples,
                                    const struct ws_network *network, struct ws_error *err)
{
    size_t longest = ws_examples_longest(examples);
    if (longest > ws_network_tokens(network))
        return ws_fail(err, WS_INVALID,
                       "an example of %zu tokens for a network opened for %zu at a time", longest,
                       ws_network_tokens(network));
    return WS_OK;
}

enum ws_status ws_examples_loss(const struct ws_examples *examples, struct ws_network *network,
                                const struct ws_batch_room *room, double *loss, uint64_t *targets,
                                struct ws_error *err)
{
    uint64_t wanted = ws_examples_targets(examples, NULL, examples->count);
    if (wanted == 0)
        return ws_fail(err, WS_INVALID, "there is nothing to predict in %" PRIu64 " examples",
                       examples->count);
    WS_TRY(check_longest(examples, network, err));
    double sum = 0;
    for (uint64_t done = 0; done < examples->count;) {
        uint64_t count = ws_examples_that_fit(examples, done, ws_network_tokens(network));
        struct ws_batch batch = ws_batch_of(room, examples, NULL, done, count);
        WS_TRY(ws_network_score(network, &batch, room->loss, NULL, err));
        for (size_t t = 0; t < batch.starts[count]; t++)
            sum += (double)room->loss[t];
        done += count;
    }
    *loss = sum / (double)wanted;
    *targets = wanted;
    return WS_OK;
}

enum ws_status ws_network_mean_loss(struct ws_network *network, const struct ws_examples *examples,
                                    double *loss, uint64_t *targets, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_batch_room room;
    ws_arena_init(&arena, ws_network_allocator(network));
    enum ws_status status = ws_batch_room_take(&room, ws_network_tokens(network), &arena, err);
    if (status == WS_OK)
        status = ws_examples_loss(examples, network, &room, loss, targets, err);
    ws_arena_release(&arena);
    return status;
}
