/*
 * Runs made by hand from metric records, for tests of what reads them. To be included behind
 * cmocka.h.
 */
#ifndef WS_TESTS_MADE_RUN_H
#define WS_TESTS_MADE_RUN_H

#include "base/json.h"
#include "lab/checkpoint.h"
#include "lab/summarise.h"
#include "support/place.h"

/* Steps of a part, and seeds of a block, in these runs. */
enum { PART_STEPS = 2, BLOCK = 2 };

#define RECORD(arm, seed, generation, metric, n, value)                                            \
    {                                                                                              \
        {arm, seed, generation}, metric, metric "/1", n, value                                     \
    }

static inline bool is_of(const struct ws_record *record, const char *arm, uint64_t seed)
{
    return strcmp(record->place.arm, arm) == 0 && record->place.seed == seed;
}

/* What the seed of an arm measured in steps first .. end - 1. */
static inline void encode(const struct ws_record *of, size_t count, const char *arm, uint64_t seed,
                          uint32_t first, uint32_t end, struct ws_records *out)
{
    ws_records_init(out, NULL);
    for (uint32_t g = first; g < end; g++) {
        bool begun = false;
        for (size_t i = 0; i < count; i++) {
            if (!is_of(&of[i], arm, seed) || of[i].place.generation != g)
                continue;
            if (!begun)
                ws_records_begin(out, g);
            begun = true;
            ws_records_add(out, of[i].metric, of[i].definition, of[i].n, of[i].value);
        }
        if (begun)
            assert_int_equal(ws_records_end(out, NULL), WS_OK);
    }
}

/* How many generations the seed of an arm has. */
static inline uint32_t steps_of(const struct ws_record *of, size_t count, const char *arm,
                                uint64_t seed)
{
    uint32_t steps = 0;
    for (size_t i = 0; i < count; i++)
        if (is_of(&of[i], arm, seed) && of[i].place.generation >= steps)
            steps = of[i].place.generation + 1;
    return steps;
}

/* A file of the chains of a block: part `part`, or the checkpoint where it is behind the last. */
static inline bool write_chains(const char *path, const struct ws_record *of, size_t count,
                                const char *arm, uint64_t first_seed, uint32_t part)
{
    struct ws_buffer bytes;
    bool any = false;
    ws_buffer_init(&bytes, NULL, 1 << 20);
    ws_checkpoint_begin(1, PART_STEPS, &bytes);
    for (uint64_t seed = first_seed; seed < first_seed + BLOCK; seed++) {
        struct ws_records measured;
        uint32_t steps = steps_of(of, count, arm, seed);
        uint32_t first = part == UINT32_MAX ? steps - steps % PART_STEPS : part * PART_STEPS;
        uint32_t end = part == UINT32_MAX ? steps : first + PART_STEPS;
        if (steps == 0 || end > steps)
            continue;
        encode(of, count, arm, seed, first, end, &measured);
        ws_checkpoint_add(&(struct ws_stored_chain){.seed = seed,
                                                    .next_step = end,
                                                    .records = ws_buffer_bytes(&measured.bytes)},
                          &bytes);
        any = true;
        ws_records_release(&measured);
    }
    assert_int_equal(ws_checkpoint_end(&bytes, NULL), WS_OK);
    if (any)
        assert_int_equal(ws_file_replace(path, ws_buffer_bytes(&bytes), NULL), WS_OK);
    ws_buffer_release(&bytes);
    return any;
}

static inline void write_arm(struct ws_arena *arena, const struct place *place,
                             const char *directory, const struct ws_record *of, size_t count,
                             const char *arm, uint64_t seeds)
{
    assert_int_equal(
        ws_directory_make(ws_arena_format(arena, "%s/arms/%s", place->path, directory), NULL),
        WS_OK);
    for (uint64_t seed = 1; seed <= seeds; seed += BLOCK) {
        char suffix[40];
        char *path = ws_block_path(arena, place->path, directory, seed, BLOCK, ".checkpoint");
        (void)write_chains(path, of, count, arm, seed, UINT32_MAX);
        for (uint32_t part = 0, more = 1; more; part++) {
            (void)snprintf(suffix, sizeof suffix, ".steps-%u-%u", (unsigned)part * PART_STEPS,
                           (unsigned)(part + 1) * PART_STEPS - 1);
            path = ws_block_path(arena, place->path, directory, seed, BLOCK, suffix);
            more = write_chains(path, of, count, arm, seed, part);
        }
    }
}

static inline bool none_is_damaged(void *user, size_t arm, uint64_t first_seed)
{
    (void)user;
    (void)arm;
    (void)first_seed;
    return false;
}

static inline enum ws_status sum_up(const struct place *place, const struct ws_allocator *allocator,
                                    struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_run_description run;
    ws_arena_init(&arena, NULL);
    assert_int_equal(ws_run_read(place->path, &arena, &run, NULL), WS_OK);
    enum ws_status status =
        ws_summary_make(place->path, &run, allocator, none_is_damaged, NULL, err);
    ws_arena_release(&arena);
    return status;
}

/* What run.json says of an arm beside its directory. As in runs, a name is a policy's and, behind a
 * blank, a setting that varies: "replace items=100". */
static inline const char *arm_members(struct ws_arena *arena, const char *arm)
{
    const char *blank = strchr(arm, ' '), *equals = blank ? strchr(blank, '=') : NULL;
    const char *varied = "";
    if (equals)
        varied = ws_arena_format(arena, ",\"varied\":{\"%.*s\":\"%s\"}", (int)(equals - blank - 1),
                                 blank + 1, equals + 1);
    json_t *json =
        json_pack("{s:s, s:s%, s:s}", "name", arm, "policy", arm,
                  blank ? (size_t)(blank - arm) : strlen(arm), "variation", blank ? blank + 1 : "");
    char *text = json_dumps(json, JSON_COMPACT);
    const char *members = ws_arena_format(arena, "%.*s%s", (int)strlen(text) - 2, text + 1, varied);
    free(text);
    json_decref(json);
    return members;
}

/* A run of these records, arm by arm, in blocks of two seeds and parts of two steps. `settings` and
 * `inputs` are the members of its objects of these names, seeds and generations among them. */
static inline void make_run_of(struct place *place, const char *settings, const char *inputs,
                               const struct ws_record *of, size_t count)
{
    struct ws_arena arena;
    uint64_t seeds = 1;
    const char *arms = "", *arm = "";
    ws_arena_init(&arena, NULL);
    new_place(place);
    for (size_t i = 0; i < count; i++)
        seeds = of[i].place.seed > seeds ? of[i].place.seed : seeds;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(of[i].place.arm, arm) == 0)
            continue;
        arm = of[i].place.arm;
        char *directory = ws_arena_format(&arena, "arm-%zu", i);
        arms = ws_arena_format(&arena, "%s%s{%s,\"directory\":\"%s\"}", arms, i > 0 ? "," : "",
                               arm_members(&arena, arm), directory);
        write_arm(&arena, place, directory, of, count, arm, seeds);
    }
    char *text = ws_arena_format(
        &arena,
        "{\"format\":\"" WS_RUN_FORMAT "\",\"version\":\"v\",\"name\":\"n\","
        "\"title\":\"\",\"state\":\"complete\","
        "\"started\":\"a\",\"finished\":\"b\",\"block\":%d,\"settings\":{%s},\"inputs\":{%s},"
        "\"arms\":[%s],\"machine\":{\"compute_class\":\"c\"}}",
        (int)BLOCK, settings, inputs, arms);
    assert_int_equal(
        ws_file_replace(join(&arena, place->path, "run.json"), ws_bytes_of_text(text), NULL),
        WS_OK);
    assert_int_equal(sum_up(place, NULL, NULL), WS_OK);
    ws_arena_release(&arena);
}

/* The same of a family, seeds and generations as the records have them. */
static inline void make_run(struct place *place, const struct ws_record *of, size_t count)
{
    char settings[100];
    uint64_t seeds = 1;
    uint32_t steps = 1;
    for (size_t i = 0; i < count; i++) {
        seeds = of[i].place.seed > seeds ? of[i].place.seed : seeds;
        steps = of[i].place.generation + 1 > steps ? of[i].place.generation + 1 : steps;
    }
    (void)snprintf(settings, sizeof settings,
                   "\"family\":\"gaussian\",\"generations\":\"%u\",\"seeds\":\"%u\"",
                   (unsigned)steps, (unsigned)seeds);
    make_run_of(place, settings, "", of, count);
}

#endif
