/*
 * What shards and indices take, for bench_shard.sh.
 *
 *     shard_speed build FINGERPRINTS DIRECTORY     seconds to make a shard of documents of 37 each
 *     shard_speed filter DIRECTORY                 seconds to make its filter, and those of 10^7
 *                                                  probes, half of them of keys that are there
 *     shard_speed lookup DIRECTORY                 the 99th of 100 lookups with a full proof,
 * checked shard_speed shards COUNT FINGERPRINTS DIR    COUNT shards of so many fingerprints each
 *     shard_speed merge DIRECTORY                  seconds to make an index of all shards there,
 * the most anonymous memory in MiB, and pairs
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "ledger/fuse_filter.h"
#include "ledger/index_build.h"
#include "ledger/shard_writer.h"

enum { PER_DOCUMENT = 37, PROBES = 10000000, LOOKUPS = 10000 };

static struct ws_error err;

static void require(enum ws_status status)
{
    if (status == WS_OK)
        return;
    (void)fprintf(stderr, "shard_speed: %s\n", err.message);
    exit(1);
}

static double now(void)
{
    return ws_system_clock.elapsed(NULL);
}

static void start_rng(struct ws_rng *rng, uint64_t item)
{
    ws_rng_init(rng, ws_rng_key(WS_STREAM_DATA, 1, 0, 0), item);
}

static double build(uint64_t fingerprints, uint64_t which, const char *path)
{
    struct ws_shard_writer writer;
    struct ws_shard_settings settings = {.scheme = "ws-winnow-1"};
    struct ws_shard_head head;
    struct ws_rng rng;
    uint64_t document[PER_DOCUMENT];
    double spent = 0;
    store64_le(settings.secret, which);
    start_rng(&rng, which);
    require(ws_shard_writer_open(&writer, &settings, NULL, &err));
    for (uint64_t i = 0; i < fingerprints; i += PER_DOCUMENT) {
        struct ws_hash digest = {{0}};
        const size_t count =
            fingerprints - i < PER_DOCUMENT ? (size_t)(fingerprints - i) : PER_DOCUMENT;
        for (size_t j = 0; j < count; j++)
            document[j] = ws_rng_u64(&rng);
        store64_le(digest.bytes, i);
        const double start = now();
        require(ws_shard_writer_add(&writer, document, count, &err));
        require(ws_shard_writer_end(&writer, &digest, &err));
        spent += now() - start;
    }
    const double start = now();
    require(ws_shard_writer_keep(&writer, path, &head, &err));
    ws_shard_writer_close(&writer);
    return spent + now() - start;
}

static void open_shard(struct ws_shard *shard, const char *directory)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/0.shard", directory);
    require(ws_shard_open(shard, path, &err));
}

/* Fingerprints as they came, and others, in turn. */
static void make_probes(const struct ws_shard *shard, uint64_t *probes, size_t count)
{
    struct ws_rng there, other;
    start_rng(&there, 0);
    start_rng(&other, UINT64_MAX);
    for (size_t i = 0; i < count; i++)
        probes[i] =
            i % 2 == 0 && i / 2 < shard->head.range.pairs ? ws_rng_u64(&there) : ws_rng_u64(&other);
}

static void run_filter(const char *directory)
{
    struct ws_shard shard;
    struct ws_fuse_filter filter;
    uint64_t *probes = malloc(PROBES * sizeof *probes);
    bool *there = calloc(PROBES, sizeof *there);
    size_t found = 0;
    open_shard(&shard, directory);
    if (!probes || !there)
        exit(1);
    make_probes(&shard, probes, PROBES);
    const double start = now();
    require(ws_fuse_filter_make(&filter, &shard.tiles, NULL, &err));
    const double made = now();
    ws_fuse_filter_may_have_each(&filter, probes, PROBES, there);
    const double probed = now();
    for (size_t i = 0; i < PROBES; i++)
        found += there[i];
    (void)printf("%.6f\n%.6f\n%.2f\n%zu\n", made - start, probed - made,
                 (double)filter.places * 16 / (double)shard.head.range.pairs, found);
    ws_fuse_filter_close(&filter);
    ws_shard_close(&shard);
    free(probes);
    free(there);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Each lookup makes a proof, writes it as bytes, reads these and checks them. */
static void run_lookup(const char *directory)
{
    struct ws_shard shard;
    struct ws_buffer bytes;
    uint64_t *probes = malloc(LOOKUPS * sizeof *probes);
    double *seconds = malloc(LOOKUPS * sizeof *seconds);
    open_shard(&shard, directory);
    if (!probes || !seconds)
        exit(1);
    make_probes(&shard, probes, LOOKUPS);
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    for (size_t i = 0; i < LOOKUPS; i++) {
        uint8_t way[WS_RANGE_WAY_LIMIT];
        struct ws_shard_proof proof, read;
        struct ws_range_tile tile;
        uint32_t first;
        const double start = now();
        ws_buffer_reset(&bytes);
        require(ws_shard_prove(&shard, probes[i], way, &proof, &err));
        ws_shard_proof_append(&bytes, &proof);
        require(ws_shard_proof_read(ws_buffer_bytes(&bytes), &read, &err));
        require(ws_shard_proof_check(&read, &shard.digest, probes[i], &tile, &err));
        const bool there = ws_range_tile_find(&tile, probes[i], &first) > 0;
        seconds[i] = now() - start;
        if (there != (i % 2 == 0 && i / 2 < shard.head.range.pairs))
            exit(1);
    }
    qsort(seconds, LOOKUPS, sizeof *seconds, compare);
    (void)printf("%.9f\n%.9f\n", seconds[LOOKUPS / 2], seconds[LOOKUPS / 100 * 99]);
    ws_buffer_release(&bytes);
    ws_shard_close(&shard);
    free(probes);
    free(seconds);
}

static void make_shards(uint64_t count, uint64_t fingerprints, const char *directory)
{
    char path[PATH_MAX];
    for (uint64_t i = 0; i < count; i++) {
        (void)snprintf(path, sizeof path, "%s/%" PRIu64 ".shard", directory, i);
        (void)build(fingerprints, i, path);
    }
}

/* Bytes that the merge has asked for, now and at most. */
struct heap {
    size_t live, most;
};

static void *count_bytes(void *user, void *block, size_t old_size, size_t new_size)
{
    struct heap *heap = user;
    void *moved = ws_realloc(NULL, block, old_size, new_size);
    if (moved || new_size == 0)
        heap->live += new_size - old_size;
    heap->most = heap->live > heap->most ? heap->live : heap->most;
    return moved;
}

static void run_merge(const char *directory)
{
    struct heap heap = {0, 0};
    const struct ws_allocator allocator = {count_bytes, &heap};
    struct ws_shard_shelf shelf;
    struct ws_index_head head;
    struct ws_arena arena;
    char path[PATH_MAX];
    ws_arena_init(&arena, NULL);
    require(ws_shard_shelf_open(&shelf, directory, &arena, &err));
    struct ws_index_list list = {.log = {.origin = "bench.example", .size = shelf.count},
                                 .scheme = "ws-winnow-1",
                                 .shard_count = shelf.count};
    const struct ws_shard **shards = WS_ARENA_NEW(&arena, const struct ws_shard *, shelf.count + 1);
    list.shards = WS_ARENA_ZNEW(&arena, struct ws_index_shard, shelf.count + 1);
    if (!shards || !list.shards)
        exit(1);
    for (size_t i = 0; i < shelf.count; i++) {
        require(ws_shard_open(&shelf.places[i].shard, shelf.places[i].path, &err));
        shards[i] = &shelf.places[i].shard;
        list.shards[i] = (struct ws_index_shard){
            .state = WS_INDEX_LIVE, .entry = i, .digest = shelf.places[i].digest};
    }
    (void)snprintf(path, sizeof path, "%s/index", directory);
    const double start = now();
    require(ws_index_write(path, &list, shards, &allocator, &head, &err));
    (void)printf("%.6f\n%.1f\n%" PRIu64 "\n", now() - start, (double)heap.most / (1 << 20),
                 head.range.pairs);
    ws_shard_shelf_close(&shelf);
    ws_arena_release(&arena);
}

int main(int argc, char **argv)
{
    char path[PATH_MAX];
    if (argc == 4 && strcmp(argv[1], "build") == 0) {
        (void)snprintf(path, sizeof path, "%s/0.shard", argv[3]);
        (void)printf("%.6f\n", build(strtoull(argv[2], NULL, 10), 0, path));
    } else if (argc == 3 && strcmp(argv[1], "filter") == 0) {
        run_filter(argv[2]);
    } else if (argc == 3 && strcmp(argv[1], "lookup") == 0) {
        run_lookup(argv[2]);
    } else if (argc == 5 && strcmp(argv[1], "shards") == 0) {
        make_shards(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10), argv[4]);
    } else if (argc == 3 && strcmp(argv[1], "merge") == 0) {
        run_merge(argv[2]);
    } else {
        (void)fprintf(stderr, "shard_speed: see its first lines\n");
        return 2;
    }
    return 0;
}
