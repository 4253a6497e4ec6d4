/*
 * Any bytes as a checkpoint: without the right hash they are refused; with it they are refused too,
 * or are a chain that is written back as it was read and can take its next step, or say why not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lab/checkpoint.h"
#include "support/laboratory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 1 << 26, CHAIN_LIMIT = 1 << 24 };

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Refuses what a damaged size would ask for. */
static void *limited_realloc(void *user, void *block, size_t old_size, size_t new_size)
{
    size_t *live = user;
    if (new_size > old_size && new_size - old_size > MEMORY - *live)
        return NULL;
    *live += new_size - old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    void *moved = realloc(block, new_size);
    require(moved != NULL);
    return moved;
}

/* One for each family, opened once. */
static const struct laboratory *laboratory_of(size_t family)
{
    static struct laboratory laboratories[LABORATORY_COUNT];
    struct laboratory *lab = &laboratories[family];
    if (!lab->human) {
        require(laboratory_open(lab, laboratory_texts[family], LABORATORY_POLICIES, NULL, NULL));
        if (lab->corpus[0])
            (void)unlink(lab->corpus);
    }
    return lab;
}

static void read_chain(struct ws_block *block, struct ws_bytes bytes)
{
    struct ws_chain *chain = block->chains;
    require(ws_chain_start(block, chain, NULL) == WS_OK);
    if (ws_chain_read(block, chain, bytes, NULL, 0, NULL) != WS_OK)
        return;
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, CHAIN_LIMIT);
    ws_chain_write(chain, 0, &out);
    require(out.status == WS_OK && out.size == bytes.size);
    require(memcmp(out.data, bytes.data, bytes.size) == 0);
    ws_buffer_release(&out);
    if (chain->next_step < block->experiment->settings.generations)
        ws_block_step(block, chain->next_step, NULL);
}

/* The seed says which family and arm the bytes are read for. */
static void read_stored(const struct ws_stored_chain *stored)
{
    const struct laboratory *lab = laboratory_of(stored->seed % LABORATORY_COUNT);
    const struct ws_experiment *experiment = &lab->experiment;
    const struct ws_arm *arm =
        &experiment->arms[stored->seed / LABORATORY_COUNT % experiment->arm_count];
    size_t live = 0;
    const struct ws_allocator allocator = {limited_realloc, &live};
    struct ws_block block;
    require(ws_block_init(&block, experiment, lab->human, arm, 1, 1, &allocator, NULL) == WS_OK);
    read_chain(&block, stored->state);
    ws_block_release(&block);
    require(live == 0);
}

static void read_checkpoint(struct ws_bytes bytes)
{
    struct ws_arena arena;
    struct ws_checkpoint checkpoint;
    ws_arena_init(&arena, NULL);
    if (ws_checkpoint_open(bytes, &arena, &checkpoint, NULL) == WS_OK)
        for (size_t c = 0; c < checkpoint.count; c++)
            read_stored(&checkpoint.chains[c]);
    ws_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_checkpoint(ws_bytes_of(data, size));
    if (size < WS_HASH_SIZE)
        return 0;
    uint8_t *fixed = malloc(size);
    require(fixed != NULL);
    memcpy(fixed, data, size);
    struct ws_hash hash;
    require(ws_hash_of(ws_bytes_of(fixed, size - WS_HASH_SIZE), &hash, NULL) == WS_OK);
    memcpy(fixed + size - WS_HASH_SIZE, hash.bytes, WS_HASH_SIZE);
    read_checkpoint(ws_bytes_of(fixed, size));
    free(fixed);
    return 0;
}
