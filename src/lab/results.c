#include "lab/results.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lab/block_records.h"
#include "lab/summary_file.h"

/* Every record --------------------------------------------------------------------------------- */

struct visit {
    const struct ws_results_visitor *to;
    const struct ws_allocator *allocator;
    size_t found, lost; /* blocks */
};

static enum ws_status visit_records(const struct visit *visit, struct ws_bytes bytes,
                                    struct ws_record *record, struct ws_error *err)
{
    struct ws_records_reader reader;
    bool more;
    ws_records_open(&reader, bytes, visit->allocator);
    enum ws_status status = ws_records_next_generation(&reader, &more, err);
    while (status == WS_OK && more) {
        record->place.generation = reader.generation;
        status = ws_records_next(&reader, record, &more, err);
        while (status == WS_OK && more) {
            status = visit->to->visit(visit->to->user, record, err);
            if (status == WS_OK)
                status = ws_records_next(&reader, record, &more, err);
        }
        if (status == WS_OK)
            status = ws_records_next_generation(&reader, &more, err);
    }
    ws_records_close(&reader);
    return status;
}

static enum ws_status visit_chains(const struct visit *visit, const char *arm,
                                   const struct ws_block_records *block, struct ws_error *err)
{
    const struct ws_checkpoint *chains = &block->checkpoint.chains;
    for (size_t c = 0; c < chains->count; c++)
        for (uint32_t part = 0; part <= block->part_count; part++) {
            struct ws_record record = {.place = {.arm = arm, .seed = chains->chains[c].seed}};
            struct ws_bytes bytes;
            WS_TRY(ws_block_records_of(block, c, part, &bytes, err));
            enum ws_status status = visit_records(visit, bytes, &record, err);
            if (status == WS_CORRUPT)
                ws_error_prefix(err, "'%s'", block->checkpoint.path);
            WS_TRY(status);
        }
    return WS_OK;
}

void ws_lost_chains_append(const struct ws_lost_chains *lost, struct ws_buffer *out)
{
    ws_buffer_format(out, "left out arm '%s' seed %" PRIu64, lost->arm, lost->first_seed);
    if (lost->last_seed > lost->first_seed)
        ws_buffer_format(out, "-%" PRIu64, lost->last_seed);
    ws_buffer_format(out, ": %s", lost->why);
}

/* Every byte is checked when the files are opened: no chain is lost once a record was told of it.
 */
static enum ws_status lose(struct visit *visit, const struct ws_block_place *place, const char *arm,
                           uint64_t last_seed, const struct ws_error *why, struct ws_error *err)
{
    const struct ws_lost_chains lost = {arm, place->first_seed, last_seed, why->message};
    visit->lost++;
    return visit->to->lose(visit->to->user, &lost, err);
}

static enum ws_status visit_block(struct visit *visit, const struct ws_block_place *place,
                                  const char *arm, uint64_t last_seed, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_block_records block;
    struct ws_error why = {.message = ""};
    ws_arena_init(&arena, visit->allocator);
    enum ws_status status = ws_block_records_open(place, &arena, &block, &why);
    if (status == WS_OK) {
        visit->found++;
        status = visit_chains(visit, arm, &block, err);
        ws_block_records_close(&block);
    } else if (status == WS_NOT_FOUND) { /* its chains failed before they were saved */
        status = WS_OK;
    } else if (status == WS_CORRUPT && visit->to->lose) {
        status = lose(visit, place, arm, last_seed, &why, err);
    } else if (err) {
        *err = why;
    }
    ws_arena_release(&arena);
    return status;
}

/* A run has results once it was summed up. One that goes on since then has none again until it
 * ends: the summary would be of less than the records are. */
static enum ws_status require_results(const char *directory, const struct ws_run_description *run,
                                      struct ws_arena *arena, struct ws_error *err)
{
    char *path = ws_run_path(arena, directory, "summary");
    if (!path)
        return ws_fail_memory(err, "the results");
    if (!ws_file_exists(path))
        return ws_fail(err, WS_NOT_FOUND, "no '%s'", path);
    if (strcmp(run->state, "complete") != 0 && strcmp(run->state, "failed") != 0)
        return ws_fail(err, WS_NOT_FOUND, "the run in '%s' has not ended", directory);
    return WS_OK;
}

static enum ws_status visit_run(struct visit *visit, const char *directory, struct ws_arena *arena,
                                struct ws_error *err)
{
    struct ws_run_description run;
    WS_TRY(ws_run_read(directory, arena, &run, err));
    WS_TRY(require_results(directory, &run, arena, err));
    for (size_t a = 0; a < run.arm_count; a++)
        for (uint64_t seed = 1; seed <= run.seeds; seed += run.block) {
            const struct ws_block_place place = {directory, run.arms[a].directory, seed, run.block};
            const uint64_t last =
                seed + run.block - 1 < run.seeds ? seed + run.block - 1 : run.seeds;
            WS_TRY(visit_block(visit, &place, run.arms[a].name, last, err));
        }
    if (visit->lost > 0 && visit->found == 0)
        return ws_fail(err, WS_CORRUPT, "no records of the run in '%.200s' can be read", directory);
    return WS_OK;
}

enum ws_status ws_results_visit_whole(const char *directory, const struct ws_allocator *allocator,
                                      const struct ws_results_visitor *visitor,
                                      struct ws_error *err)
{
    struct visit visit = {.to = visitor, .allocator = allocator};
    struct ws_arena arena;
    ws_arena_init(&arena, allocator);
    enum ws_status status = visit_run(&visit, directory, &arena, err);
    ws_arena_release(&arena);
    return status;
}

enum ws_status ws_results_visit(const char *directory, const struct ws_allocator *allocator,
                                enum ws_status (*visit)(void *user, const struct ws_record *record,
                                                        struct ws_error *err),
                                void *user, struct ws_error *err)
{
    const struct ws_results_visitor visitor = {.visit = visit, .user = user};
    return ws_results_visit_whole(directory, allocator, &visitor, err);
}

/* Curves --------------------------------------------------------------------------------------- */

enum ws_status ws_results_load(const char *directory, struct ws_arena *arena,
                               struct ws_results *out, struct ws_error *err)
{
    struct ws_run_description run;
    struct ws_mapped_file file;
    struct ws_summary_extent extent;
    char *path = ws_run_path(arena, directory, "summary");
    *out = (struct ws_results){.count = 0};
    WS_TRY(ws_run_read(directory, arena, &run, err));
    WS_TRY(require_results(directory, &run, arena, err));
    if (!path)
        return ws_fail_memory(err, "the results");
    WS_TRY(ws_file_map(path, &file, err));
    enum ws_status status = ws_summary_read(file.bytes, arena, &extent, out, err);
    if (status == WS_CORRUPT || status == WS_UNSUPPORTED)
        ws_error_prefix(err, "'%s'", path);
    ws_file_unmap(&file);
    return status;
}

const struct ws_curve *ws_results_find(const struct ws_results *results, const char *arm,
                                       const char *metric)
{
    for (size_t i = 0; i < results->count; i++)
        if (strcmp(results->curves[i].metric, metric) == 0 &&
            strcmp(results->curves[i].arm, arm) == 0)
            return &results->curves[i];
    return NULL;
}

double ws_results_floor(const struct ws_results *results, const char *arm, const char *metric)
{
    char name[WS_METRIC_NAME_SIZE];
    (void)snprintf(name, sizeof name, WS_FLOOR_NAME "%s", metric);
    const struct ws_curve *curve = ws_results_find(results, arm, name);
    return curve ? curve->points[0].summary.median : NAN;
}
