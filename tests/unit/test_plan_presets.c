/*
 * Plans of presets against runs of them: the bytes in memory and on disk are within a factor
 * of 1.5. Bytes do not depend on how busy a machine is, as times do (bench/bench_plan.sh).
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/experiment_file.h"
#include "lab/plan.h"
#include "lab/run.h"
#include "support/peak_heap.h"
#include "support/place.h"

enum { WORDS = 150000, KINDS = 15000 };
static const double FACTOR = 1.5;

/* As frequent as words are, by Zipf's law; what follows a word is one of a few, as in a language.
 */
static void write_text(char path[40])
{
    (void)snprintf(path, 40, "%s/ws-plan-XXXXXX", laboratory_temporary());
    int descriptor = mkstemp(path);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    assert_non_null(file);
    uint32_t x = 1, word = 0;
    for (int i = 0; i < WORDS; i++) {
        x = x * 1664525 + 1013904223;
        double u = (double)x / 0x1p32;
        /* Every other word is settled by the last one and a choice of sixteen. */
        if (x >> 8 & 1)
            u = fmod((word * 0.6180339887 + (x >> 9 & 15) * 0.0137), 1);
        word = (uint32_t)exp(u * log(KINDS));
        (void)fprintf(file, "w%u ", word);
    }
    assert_int_equal(fclose(file), 0);
}

/* As du -b counts. */
static double bytes_in(struct ws_arena *arena, const char *path)
{
    uint64_t size = 0;
    if (!ws_directory_exists(path)) {
        assert_int_equal(ws_file_size(path, &size, NULL), WS_OK);
        return (double)size;
    }
    double sum = 4096;
    struct ws_names names = names_in(arena, path);
    for (size_t i = 0; i < names.count; i++)
        sum += bytes_in(arena, join(arena, path, names.items[i]));
    return sum;
}

/* So quick that all items are tried, and just slow enough that each number is tried once. */
static double tick(void *user)
{
    double *seconds = user;
    return *seconds += 2e-3;
}

static void assert_planned(const char *what, const char *preset, double planned, double taken)
{
    if (planned > FACTOR * taken || taken > FACTOR * planned)
        fail_msg("%s of '%s': planned %.0f kB, taken %.0f kB", what, preset, planned / 1e3,
                 taken / 1e3);
}

static void check_preset(const char *preset, const struct ws_override *overrides, size_t count)
{
    char path[200];
    double seconds = 0;
    const struct ws_clock clock = {tick, tick, &seconds};
    struct peak_heap heap = {0};
    const struct ws_allocator counting = {peak_realloc, &heap};
    struct ws_experiment experiment;
    struct ws_human *human = NULL;
    struct ws_arena arena;
    struct ws_probe probe;
    struct ws_cost cost;
    struct ws_run_result result;
    struct place place;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    (void)snprintf(path, sizeof path, "%s/presets/%s.yaml", WS_SOURCE_DIR, preset);
    new_place(&place);
    const struct ws_run_options options = {.directory = place.path, .allocator = &counting};
    if (ws_experiment_read(path, overrides, count, NULL, &experiment, &err) != WS_OK ||
        ws_experiment_open_human(&experiment, NULL, &human, &err) != WS_OK ||
        ws_probe(&experiment, human, NULL, &clock, &arena, &probe, &err) != WS_OK ||
        ws_plan_cost(&experiment, human, NULL, &probe, 1, &arena, &cost, &err) != WS_OK ||
        ws_run_execute(&experiment, human, &options, &result, &err) != WS_OK)
        fail_msg("%s: %s", preset, err.message);
    assert_planned("disk", preset, cost.disk, bytes_in(&arena, place.path));
    assert_planned("memory", preset, cost.memory, (double)atomic_load(&heap.peak));
    ws_arena_release(&result.arena);
    ws_human_close(human);
    ws_experiment_release(&experiment);
    remove_place(&place);
    ws_arena_release(&arena);
}

static void plan__bytes_of_gaussian_are_near(void **state)
{
    (void)state;
    static const struct ws_override overrides[] = {{"threads", "1"}};
    check_preset("gaussian", overrides, 1);
}

static void plan__bytes_of_discrete_are_near(void **state)
{
    (void)state;
    static const struct ws_override overrides[] = {{"threads", "1"}};
    check_preset("discrete", overrides, 1);
}

/* On a fifth of the text. What accumulates are outputs, which say little that is new. */
static void plan__bytes_of_quickstart_are_near(void **state)
{
    (void)state;
    char corpus[40];
    write_text(corpus);
    const struct ws_override overrides[] = {
        {"threads", "1"},     {"seeds", "1"},        {"items", "50"},
        {"test_items", "20"}, {"fresh_items", "50"}, {"corpus", corpus},
    };
    check_preset("quickstart", overrides, sizeof overrides / sizeof *overrides);
    (void)unlink(corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan__bytes_of_gaussian_are_near),
        cmocka_unit_test(plan__bytes_of_discrete_are_near),
        cmocka_unit_test(plan__bytes_of_quickstart_are_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
