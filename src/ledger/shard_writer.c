#include "ledger/shard_writer.h"

#include <inttypes.h>
#include <stdio.h>

#include "ledger/pair_sort.h"
#include "ledger/shard_secret.h"

enum {
    FIRST_PAIRS = 1 << 16,  /* room for so many at the beginning */
    LEAST_PAIRS = 1 << 10,  /* however little memory there is */
    FIRST_DOCUMENTS = 1024, /* likewise */
    WRITE_AT = 1 << 20,     /* bytes of commitments that are written at once */
};

struct ws_shard_run {
    struct ws_range_pair *pairs; /* numbers are those of documents as they came */
    size_t count;
    size_t taken;
};

enum ws_status ws_shard_writer_open(struct ws_shard_writer *writer,
                                    const struct ws_shard_settings *settings,
                                    const struct ws_allocator *allocator, struct ws_error *err)
{
    *writer = (struct ws_shard_writer){.allocator = allocator, .settings = *settings};
    ws_spill_init(&writer->spill, allocator);
    if (settings->key)
        writer->settings.scheme = settings->key->scheme;
    const char *scheme = writer->settings.scheme;
    if (*scheme == '\0' || strlen(scheme) > WS_SHARD_SCHEME_LIMIT)
        return ws_fail(err, WS_INVALID, "a scheme of fingerprints '%.80s', wanted 1 to %d bytes",
                       scheme, WS_SHARD_SCHEME_LIMIT);
    if (writer->settings.memory == 0)
        writer->settings.memory = WS_SHARD_MEMORY;
    return WS_OK;
}

/* Pairs that may lie in memory at once, with as much again to sort them in. */
static size_t most_pairs(const struct ws_shard_writer *writer)
{
    const size_t most = writer->settings.memory / (2 * sizeof(struct ws_range_pair));
    return most < LEAST_PAIRS ? LEAST_PAIRS : most;
}

static enum ws_status sort(struct ws_shard_writer *writer, struct ws_error *err)
{
    if (writer->count == 0)
        return WS_OK;
    if (!writer->scratch)
        writer->scratch =
            ws_realloc(writer->allocator, NULL, 0, writer->room * sizeof *writer->scratch);
    if (!writer->scratch)
        return ws_fail_memory(err, "fingerprints to sort");
    ws_pair_sort(writer->pairs, writer->scratch, writer->count);
    return WS_OK;
}

static enum ws_status more_runs(struct ws_shard_writer *writer, struct ws_error *err)
{
    const size_t room = writer->run_room == 0 ? 64 : 2 * writer->run_room;
    struct ws_shard_run *runs = ws_realloc(writer->allocator, writer->runs,
                                           writer->run_room * sizeof *runs, room * sizeof *runs);
    if (!runs)
        return ws_fail_memory(err, "fingerprints to sort");
    writer->runs = runs;
    writer->run_room = room;
    return WS_OK;
}

static enum ws_status put_away(struct ws_shard_writer *writer, struct ws_error *err)
{
    const size_t size = writer->count * sizeof *writer->pairs;
    WS_TRY(sort(writer, err));
    if (writer->run_count == writer->run_room)
        WS_TRY(more_runs(writer, err));
    struct ws_range_pair *away = ws_realloc(&writer->spill.allocator, NULL, 0, size);
    if (!away)
        return ws_fail(err, WS_NO_MEMORY,
                       "no room for %zu bytes of sorted fingerprints in '%.200s' ($TMPDIR)", size,
                       ws_temporary_directory());
    memcpy(away, writer->pairs, size);
    writer->runs[writer->run_count++] = (struct ws_shard_run){away, writer->count, 0};
    writer->count = 0;
    return WS_OK;
}

static enum ws_status make_room(struct ws_shard_writer *writer, struct ws_error *err)
{
    const size_t most = most_pairs(writer);
    if (writer->room == most)
        return put_away(writer, err);
    size_t room = writer->room == 0 ? FIRST_PAIRS : 2 * writer->room;
    room = room > most ? most : room;
    struct ws_range_pair *pairs = ws_realloc(writer->allocator, writer->pairs,
                                             writer->room * sizeof *pairs, room * sizeof *pairs);
    if (!pairs)
        return ws_fail_memory(err, "fingerprints to sort");
    writer->pairs = pairs;
    writer->room = room;
    return WS_OK;
}

enum ws_status ws_shard_writer_add(struct ws_shard_writer *writer, const uint64_t *fingerprints,
                                   size_t count, struct ws_error *err)
{
    const uint32_t number = (uint32_t)writer->documents;
    if (writer->documents >= WS_SHARD_DOCUMENT_LIMIT)
        return ws_fail(err, WS_LIMIT, "a shard of more than %" PRIu32 " documents",
                       WS_SHARD_DOCUMENT_LIMIT);
    for (size_t i = 0; i < count; i++) {
        if (writer->count == writer->room)
            WS_TRY(make_room(writer, err));
        struct ws_range_pair *pair = &writer->pairs[writer->count++];
        *pair = (struct ws_range_pair){fingerprints[i], number};
        if (writer->settings.key)
            WS_TRY(ws_shard_key_apply(writer->settings.key, fingerprints[i], &pair->key, err));
    }
    writer->total += count;
    return WS_OK;
}

enum ws_status ws_shard_writer_end(struct ws_shard_writer *writer, const struct ws_hash *digest,
                                   struct ws_error *err)
{
    if (writer->documents == writer->document_room) {
        const size_t room =
            writer->document_room == 0 ? FIRST_DOCUMENTS : 2 * writer->document_room;
        struct ws_hash *digests =
            ws_realloc(&writer->spill.allocator, writer->digests,
                       writer->document_room * sizeof *digests, room * sizeof *digests);
        if (!digests)
            return ws_fail_memory(err, "digests of documents");
        writer->digests = digests;
        writer->document_room = room;
    }
    writer->digests[writer->documents++] = *digest;
    return WS_OK;
}

/* Keeping -------------------------------------------------------------------------------------- */

/* What is written, and in which order its documents are. */
struct keeping {
    struct ws_shard_writer *writer;
    struct ws_shard_head head;
    uint32_t *order;   /* which document has a number */
    uint32_t *numbers; /* which number a document has */
};

static enum ws_status draw_order(struct keeping *k, struct ws_error *err)
{
    const size_t count = k->writer->documents, size = (count + 1) * sizeof(uint32_t);
    k->order = ws_realloc(&k->writer->spill.allocator, NULL, 0, size);
    k->numbers = ws_realloc(&k->writer->spill.allocator, NULL, 0, size);
    if (!k->order || !k->numbers)
        return ws_fail_memory(err, "the order of documents");
    WS_TRY(ws_shard_order(k->writer->settings.secret, k->order, count, err));
    for (size_t i = 0; i < count; i++)
        k->numbers[k->order[i]] = (uint32_t)i;
    return WS_OK;
}

struct run_source {
    struct ws_shard_run *run;
    const uint32_t *numbers;
};

static enum ws_status take_run(void *user, uint64_t last, struct ws_pair_batch *batch,
                               struct ws_error *err)
{
    const struct run_source *source = user;
    struct ws_shard_run *run = source->run;
    while (run->taken < run->count && run->pairs[run->taken].key <= last) {
        const struct ws_range_pair pair = run->pairs[run->taken++];
        WS_TRY(ws_pair_batch_add(
            batch, (struct ws_range_pair){pair.key, source->numbers[pair.number]}, err));
    }
    return WS_OK;
}

static enum ws_status merge_runs(struct keeping *k, struct ws_range_writer *tiles,
                                 struct ws_arena *arena, struct ws_error *err)
{
    struct ws_shard_writer *writer = k->writer;
    const size_t count = writer->run_count + 1;
    struct ws_shard_run in_memory = {writer->pairs, writer->count, 0};
    struct run_source *from = WS_ARENA_NEW(arena, struct run_source, count);
    struct ws_pair_source *sources = WS_ARENA_NEW(arena, struct ws_pair_source, count);
    if (!from || !sources)
        return ws_fail_memory(err, "a shard");
    for (size_t i = 0; i < count; i++) {
        from[i] =
            (struct run_source){i < writer->run_count ? &writer->runs[i] : &in_memory, k->numbers};
        sources[i] = (struct ws_pair_source){take_run, &from[i]};
    }
    return ws_range_merge(sources, count, WS_SHARD_KEY_LIMIT, tiles, err);
}

static enum ws_status write_tiles(struct keeping *k, const char *path, struct ws_arena *arena,
                                  struct ws_error *err)
{
    struct ws_range_writer tiles;
    const char *name = ws_arena_format(arena, "%s" WS_SHARD_TILES, path);
    if (!name)
        return ws_fail_memory(err, "a shard");
    WS_TRY(sort(k->writer, err));
    enum ws_status status =
        ws_range_writer_open(&tiles, name, &k->head.range, k->writer->allocator, err);
    if (status == WS_OK)
        status = merge_runs(k, &tiles, arena, err);
    if (status == WS_OK)
        status = ws_range_writer_keep(&tiles, &k->head.range, err);
    ws_range_writer_close(&tiles);
    return status;
}

static enum ws_status write_commitments(struct keeping *k, struct ws_file_draft *draft,
                                        const char *name, struct ws_buffer *bytes,
                                        struct ws_error *err)
{
    struct ws_frontier frontier = {.size = 0};
    for (size_t i = 0; i < k->writer->documents; i++) {
        uint8_t salt[WS_SHARD_SALT_SIZE];
        struct ws_hash commitment;
        WS_TRY(ws_shard_salt(k->writer->settings.secret, (uint32_t)i, salt, err));
        ws_shard_commit(salt, &k->writer->digests[k->order[i]], &commitment);
        ws_frontier_add(&frontier, &commitment);
        ws_buffer_append(bytes, commitment.bytes, WS_HASH_SIZE);
        if (bytes->size < WRITE_AT && i + 1 < k->writer->documents)
            continue;
        WS_TRY(ws_buffer_check(bytes, "commitments", err));
        WS_TRY(ws_file_draft_write(draft, ws_buffer_bytes(bytes), name, err));
        ws_buffer_reset(bytes);
    }
    ws_frontier_root(&frontier, &k->head.documents_root);
    k->head.documents = k->writer->documents;
    return ws_file_draft_keep(draft, name, err);
}

static enum ws_status write_documents(struct keeping *k, const char *path, struct ws_arena *arena,
                                      struct ws_error *err)
{
    struct ws_file_draft draft;
    struct ws_buffer bytes;
    const char *name = ws_arena_format(arena, "%s" WS_SHARD_DOCUMENTS, path);
    if (!name)
        return ws_fail_memory(err, "a shard");
    WS_TRY(ws_file_draft_open(&draft, name, err));
    ws_buffer_init(&bytes, k->writer->allocator, SIZE_MAX);
    enum ws_status status = write_commitments(k, &draft, name, &bytes, err);
    ws_buffer_release(&bytes);
    ws_file_draft_drop(&draft);
    return status;
}

static enum ws_status write_files(struct keeping *k, const char *path, struct ws_arena *arena,
                                  struct ws_error *err)
{
    char storage[WS_SHARD_HEAD_SIZE + 1];
    struct ws_buffer head;
    WS_TRY(draw_order(k, err));
    WS_TRY(write_tiles(k, path, arena, err));
    WS_TRY(write_documents(k, path, arena, err));
    ws_buffer_fix(&head, storage, sizeof storage);
    ws_shard_head_append(&head, &k->head);
    return ws_file_replace(path, ws_buffer_bytes(&head), err);
}

enum ws_status ws_shard_writer_keep(struct ws_shard_writer *writer, const char *path,
                                    struct ws_shard_head *out, struct ws_error *err)
{
    struct keeping k = {.writer = writer};
    struct ws_arena arena;
    if (ws_file_exists(path))
        return ws_fail(err, WS_CONFLICT, "'%.300s' is there already, and shards never change",
                       path);
    (void)snprintf(k.head.scheme, sizeof k.head.scheme, "%s", writer->settings.scheme);
    k.head.range.bits = ws_range_bits_for(writer->total);
    WS_TRY(ws_shard_id(writer->settings.secret, k.head.range.id, err));
    ws_arena_init(&arena, writer->allocator);
    enum ws_status status = write_files(&k, path, &arena, err);
    ws_arena_release(&arena);
    const size_t size = (writer->documents + 1) * sizeof(uint32_t);
    ws_free(&writer->spill.allocator, k.order, size);
    ws_free(&writer->spill.allocator, k.numbers, size);
    if (status == WS_OK)
        *out = k.head;
    return status;
}

void ws_shard_writer_close(struct ws_shard_writer *writer)
{
    const struct ws_allocator *spill = &writer->spill.allocator;
    for (size_t i = 0; i < writer->run_count; i++)
        ws_free(spill, writer->runs[i].pairs, writer->runs[i].count * sizeof(struct ws_range_pair));
    if (writer->digests)
        ws_free(spill, writer->digests, writer->document_room * sizeof(struct ws_hash));
    ws_free(writer->allocator, writer->runs, writer->run_room * sizeof *writer->runs);
    ws_free(writer->allocator, writer->pairs, writer->room * sizeof *writer->pairs);
    ws_free(writer->allocator, writer->scratch, writer->room * sizeof *writer->scratch);
    *writer = (struct ws_shard_writer){.total = 0};
}
