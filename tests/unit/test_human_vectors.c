/* Contract of data/human.h for vectors: rows of tables are dealt, items of laws are drawn. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/human.h"
#include "support/failing_heap.h"

enum { ROWS = 70 };

/* 70 rows of (i, -i, i / 4), i from 1, as text with a header and as an array. */
struct fixture {
    struct ws_arena arena;
    char csv[64], npy[64];
};

static FILE *create(char path[64], const char *ending)
{
    (void)snprintf(path, 64, "/tmp/ws-vectors-%ld.%s", (long)getpid(), ending);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    return file;
}

static int set_up(void **state)
{
    static struct fixture fixture;
    static const char header[] = "\x93NUMPY\x02\x00\x3a\x00\x00\x00"
                                 "{'descr': '<f8', 'fortran_order': False, 'shape': (70, 3)}";
    ws_arena_init(&fixture.arena, NULL);
    FILE *file = create(fixture.csv, "csv");
    (void)fprintf(file, "up,down,slow\n");
    for (int i = 1; i <= ROWS; i++)
        (void)fprintf(file, "%d,%d,%.2f\n", i, -i, i / 4.0);
    assert_int_equal(fclose(file), 0);
    file = create(fixture.npy, "npy");
    assert_int_equal(fwrite(header, sizeof header - 1, 1, file), 1);
    for (int i = 1; i <= ROWS; i++) {
        const double row[] = {i, -i, i / 4.0};
        assert_int_equal(fwrite(row, sizeof row, 1, file), 1);
    }
    assert_int_equal(fclose(file), 0);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    (void)unlink(fixture->csv);
    (void)unlink(fixture->npy);
    ws_arena_release(&fixture->arena);
    return 0;
}

static struct ws_human_settings defaults(struct fixture *fixture)
{
    struct ws_human_settings settings;
    memset(&settings, 0, sizeof settings);
    assert_int_equal(ws_options_defaults(&ws_human_options, &settings, &fixture->arena, NULL),
                     WS_OK);
    return settings;
}

static struct ws_human_settings table(struct fixture *fixture, enum ws_human_source source)
{
    struct ws_human_settings settings = defaults(fixture);
    settings.source = source;
    settings.corpus = source == WS_HUMAN_CSV ? fixture->csv : fixture->npy;
    settings.items = 30;
    settings.test_items = 15;
    settings.fresh_items = 25;
    return settings;
}

static struct ws_human *open_human(const struct ws_human_settings *settings)
{
    struct ws_human *human;
    struct ws_error err = {.message = ""};
    enum ws_status status = ws_human_open(settings, NULL, &human, NULL, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(status, WS_OK);
    return human;
}

static struct ws_deal deal_of(const struct ws_human *human, uint64_t seed, struct ws_arena *arena)
{
    struct ws_deal deal;
    assert_int_equal(ws_human_deal(human, seed, arena, &deal, NULL), WS_OK);
    return deal;
}

/* Adds to seen[i] how often row i is there; every row is whole. */
static void tally(const struct ws_dataset *data, unsigned seen[ROWS + 1])
{
    for (size_t s = 0; s < data->segment_count; s++)
        for (uint64_t i = 0; i < data->segments[s].count; i++) {
            uint64_t item = ws_segment_item(&data->segments[s], i);
            const double *row = data->segments[s].payload->vectors + 3 * item;
            assert_true(row[0] >= 1 && row[0] <= ROWS && row[1] == -row[0] && row[2] == row[0] / 4);
            seen[(int)row[0]]++;
        }
}

static void vectors__rows_are_dealt_and_never_overlap(void **state)
{
    struct fixture *fixture = *state;
    const enum ws_human_source sources[] = {WS_HUMAN_CSV, WS_HUMAN_NPY};
    unsigned first[ROWS + 1] = {0};
    for (size_t k = 0; k < 2; k++) {
        struct ws_human_settings settings = table(fixture, sources[k]);
        struct ws_human *human = open_human(&settings);
        assert_int_equal(ws_human_shape(human)->kind, WS_DATA_VECTORS);
        assert_int_equal(ws_human_shape(human)->dimension, 3);
        assert_int_equal(ws_human_item_size(human), 3);
        assert_null(ws_human_vocabulary(human));
        for (uint64_t seed = 1; seed <= 5; seed++) {
            struct ws_deal deal = deal_of(human, seed, &fixture->arena);
            unsigned original[ROWS + 1] = {0}, seen[ROWS + 1] = {0};
            assert_null(deal.law);
            assert_int_equal(deal.original.count, 30);
            assert_int_equal(deal.reference.count, 15);
            assert_int_equal(deal.fresh.count, 25);
            tally(&deal.original, original);
            tally(&deal.original, seen);
            tally(&deal.reference, seen);
            tally(&deal.fresh, seen);
            for (size_t i = 1; i <= ROWS; i++)
                assert_int_equal(seen[i], 1);
            /* The same rows whatever the file's form, others for another seed. */
            if (seed == 1 && k == 0)
                memcpy(first, original, sizeof first);
            assert_int_equal(memcmp(first, original, sizeof first) == 0, seed == 1);
        }
        ws_human_close(human);
    }
}

static void vectors__fresh_rows_are_the_stream_and_end(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = table(fixture, WS_HUMAN_NPY);
    struct ws_human *human = open_human(&settings);
    struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    unsigned seen[ROWS + 1] = {0}, wanted[ROWS + 1] = {0};
    struct ws_dataset part;
    for (uint32_t step = 0; step < 5; step++) {
        assert_int_equal(
            ws_deal_fresh(&deal, step, (uint64_t)step * 5, 5, &fixture->arena, &part, NULL), WS_OK);
        assert_int_equal(part.segments[0].origin.source, WS_SOURCE_FRESH);
        tally(&part, seen);
    }
    tally(&deal.fresh, wanted);
    assert_memory_equal(seen, wanted, sizeof seen);
    struct ws_error err;
    assert_int_equal(ws_deal_fresh(&deal, 5, 25, 1, &fixture->arena, &part, &err), WS_INVALID);
    assert_string_equal(err.message, "the fresh stream is exhausted: step 5 needs 1 items, 0 of "
                                     "fresh_items=25 are left");
    /* Human rows for a control: without replacement, never of the reference. */
    struct ws_rng_key key = ws_rng_key(WS_STREAM_POLICY, 1, 5, 0);
    assert_int_equal(ws_deal_human(&deal, 55, key, &fixture->arena, &part, NULL), WS_OK);
    unsigned human_rows[ROWS + 1] = {0};
    tally(&part, human_rows);
    tally(&deal.reference, human_rows);
    for (size_t i = 1; i <= ROWS; i++)
        assert_int_equal(human_rows[i], 1);
    /* Another human sample has none of the first one's rows, and there is one as long as they last.
     */
    struct ws_rng_key other_key = ws_rng_key(WS_STREAM_POLICY, 1, 5, 1);
    struct ws_dataset other;
    assert_int_equal(ws_deal_human(&deal, 25, key, &fixture->arena, &part, NULL), WS_OK);
    assert_int_equal(
        ws_deal_human_other(&deal, &part, 30, other_key, &fixture->arena, &other, NULL), WS_OK);
    assert_int_equal(other.count, 30);
    unsigned both[ROWS + 1] = {0};
    tally(&part, both);
    tally(&other, both);
    tally(&deal.reference, both);
    for (size_t i = 1; i <= ROWS; i++)
        assert_int_equal(both[i], 1);
    assert_int_equal(
        ws_deal_human_other(&deal, &part, 31, other_key, &fixture->arena, &other, NULL), WS_OK);
    assert_int_equal(other.count, 0);
    ws_human_close(human);
}

static void vectors__a_test_corpus_is_the_reference(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = table(fixture, WS_HUMAN_CSV);
    const char *columns[] = {"slow", "1"};
    settings.columns = (struct ws_text_list){columns, 2};
    settings.test_corpus = fixture->csv;
    settings.test_items = settings.items = 0;
    struct ws_human *human = open_human(&settings);
    columns[0] = columns[1] = "gone"; /* what the settings point to need not stay */
    struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    assert_int_equal(ws_human_items(human), ROWS - 25);
    assert_int_equal(deal.reference.count, ROWS);
    assert_int_equal(deal.reference.dimension, 2);
    const double *row = deal.reference.segments[0].payload->vectors;
    assert_true(row[0] == 0.25 && row[1] == 1);
    size_t inputs;
    const struct ws_human_input *input = ws_human_inputs(human, &inputs);
    assert_int_equal(inputs, 2);
    assert_string_equal(input[0].name, "corpus");
    assert_string_equal(input[1].name, "test_corpus");
    assert_memory_equal(&input[0].hash, &input[1].hash, sizeof input[0].hash);
    ws_human_close(human);
}

static void assert_refused(const struct ws_human_settings *settings, enum ws_status wanted,
                           const char *setting, const char *message)
{
    struct ws_human *human;
    struct ws_error err;
    const char *at_fault = "";
    assert_int_equal(ws_human_open(settings, NULL, &human, &at_fault, &err), wanted);
    assert_non_null(strstr(err.message, message));
    assert_string_equal(at_fault, setting);
}

static void vectors__says_which_setting_is_at_fault(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = table(fixture, WS_HUMAN_NPY);
    settings.items = 31;
    assert_refused(&settings, WS_INVALID, "items", "has 70 rows; items=31 + test_items=15 + ");
    settings = table(fixture, WS_HUMAN_NPY);
    settings.corpus = "";
    assert_refused(&settings, WS_INVALID, "corpus", "source 'npy' needs a corpus");
    settings.corpus = "/nowhere.npy";
    assert_refused(&settings, WS_NOT_FOUND, "corpus", "cannot read '/nowhere.npy'");
    settings.corpus = fixture->csv;
    assert_refused(&settings, WS_UNSUPPORTED, "corpus", "no .npy file");
    settings = table(fixture, WS_HUMAN_CSV);
    const char *columns[] = {"sideways"};
    settings.columns = (struct ws_text_list){columns, 1};
    assert_refused(&settings, WS_INVALID, "columns", "'columns' has 'sideways'");
    settings = table(fixture, WS_HUMAN_CSV);
    settings.test_corpus = fixture->npy;
    assert_refused(&settings, WS_CORRUPT, "test_corpus", "npy:1: ");
    settings = defaults(fixture);
    settings.source = WS_HUMAN_SWISS_ROLL;
    assert_refused(&settings, WS_INVALID, "dimension", "'dimension' is '1', wanted 3, or 2");
}

/* Original and test items are evenly spaced, each for itself; fresh ones are a stream. */
static void vectors__a_law_lays_out_sets_and_not_streams(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = defaults(fixture);
    settings.source = WS_HUMAN_CIRCLES;
    settings.items = 20;
    settings.test_items = 12;
    settings.law.factor = 0;
    settings.law.noise = 0;
    struct ws_human *human = open_human(&settings);
    struct ws_deal deal = deal_of(human, 1, &fixture->arena);
    assert_ptr_equal(deal.law->row, &ws_law_circles);
    const struct ws_dataset *const sets[] = {&deal.original, &deal.reference};
    for (size_t k = 0; k < 2; k++) {
        unsigned outer = 0;
        const double *x = sets[k]->segments[0].payload->vectors;
        for (uint64_t i = 0; i < sets[k]->count; i++)
            outer += hypot(x[2 * i], x[2 * i + 1]) > 0.5;
        assert_int_equal(outer, sets[k]->count / 2);
    }
    struct ws_dataset fresh;
    double stream[24];
    assert_int_equal(ws_deal_fresh(&deal, 3, 0, 12, &fixture->arena, &fresh, NULL), WS_OK);
    ws_law_draw(deal.law, ws_rng_key(WS_STREAM_DATA, 1, 0, 4), 0, 12, stream);
    assert_memory_equal(fresh.segments[0].payload->vectors, stream, sizeof stream);
    ws_human_close(human);
}

/* make_blobs that is called twice has other centers in its test set; ours never has. */
static void vectors__blobs_share_their_centers(void **state)
{
    struct fixture *fixture = *state;
    struct ws_human_settings settings = defaults(fixture);
    settings.source = WS_HUMAN_BLOBS;
    settings.law.dimension = 2;
    settings.law.std = 1e-6;
    settings.items = settings.test_items = 60;
    struct ws_human *human = open_human(&settings);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct ws_deal deal = deal_of(human, seed, &fixture->arena);
        struct ws_dataset fresh;
        assert_int_equal(ws_deal_fresh(&deal, 0, 0, 60, &fixture->arena, &fresh, NULL), WS_OK);
        const struct ws_dataset *const sets[] = {&deal.original, &deal.reference, &fresh};
        for (size_t k = 0; k < 3; k++)
            for (uint64_t i = 0; i < 60; i++) {
                const double *x = sets[k]->segments[0].payload->vectors + 2 * i;
                double nearest = INFINITY;
                for (size_t m = 0; m < deal.law->mode_count; m++)
                    nearest = fmin(nearest, hypot(x[0] - deal.law->modes[2 * m],
                                                  x[1] - deal.law->modes[2 * m + 1]));
                assert_true(nearest < 1e-4);
            }
    }
    ws_human_close(human);
}

static enum ws_status work(const struct ws_human_settings *settings,
                           const struct ws_allocator *allocator)
{
    struct ws_human *human;
    WS_TRY(ws_human_open(settings, allocator, &human, NULL, NULL));
    struct ws_arena arena;
    ws_arena_init(&arena, allocator);
    struct ws_deal deal;
    struct ws_dataset dataset;
    enum ws_status status = ws_human_deal(human, 1, &arena, &deal, NULL);
    if (status == WS_OK)
        status = ws_deal_fresh(&deal, 0, 0, 3, &arena, &dataset, NULL);
    if (status == WS_OK)
        status =
            ws_deal_human(&deal, 3, ws_rng_key(WS_STREAM_POLICY, 1, 0, 0), &arena, &dataset, NULL);
    ws_arena_release(&arena);
    ws_human_close(human);
    return status;
}

static void vectors__every_failing_allocation_is_reported(void **state)
{
    struct fixture *fixture = *state;
    const char *columns[] = {"down", "3"};
    struct ws_human_settings all[] = {table(fixture, WS_HUMAN_CSV), table(fixture, WS_HUMAN_NPY),
                                      defaults(fixture)};
    all[0].columns = (struct ws_text_list){columns, 2};
    all[0].test_corpus = fixture->csv;
    all[2].source = WS_HUMAN_BLOBS;
    for (size_t i = 0; i < 3; i++) {
        enum ws_status status = WS_NO_MEMORY;
        long failures = -1;
        for (; status == WS_NO_MEMORY; failures++) {
            struct failing_heap heap = {.countdown = failures + 1};
            const struct ws_allocator allocator = {failing_realloc, &heap};
            status = work(&all[i], &allocator);
            assert_true(failing_heap_is_clean(&heap));
            assert_int_equal(status == WS_OK, heap.failures == 0);
        }
        assert_int_equal(status, WS_OK);
        assert_true(failures > 1);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(vectors__##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(rows_are_dealt_and_never_overlap),     TEST(fresh_rows_are_the_stream_and_end),
        TEST(a_test_corpus_is_the_reference),       TEST(says_which_setting_is_at_fault),
        TEST(a_law_lays_out_sets_and_not_streams),  TEST(blobs_share_their_centers),
        TEST(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
