#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "support/pick_cases.h"

struct ws_pick pick_plain(size_t rows, size_t vocabulary)
{
    return (struct ws_pick){.rows = rows,
                            .vocabulary = vocabulary,
                            .edits = {.penalty = 1},
                            .temperature = 1,
                            .top_p = 1,
                            .typical_p = 1};
}

void pick_run(struct ws_device *device, const struct ws_pick *pick, const float *scores,
              uint32_t *tokens, float *probabilities)
{
    size_t size = pick->rows * pick->vocabulary * sizeof *scores;
    float *rows = device->ops->alloc(device, size);
    float *out = device->ops->alloc(device, size);
    assert_true(rows && out);
    device->ops->write(device, rows, scores, size);
    device->ops->pick(device, tokens, probabilities ? out : NULL, rows, pick);
    if (probabilities)
        device->ops->read(device, probabilities, out, size);
    device->ops->release(device, rows, size);
    device->ops->release(device, out, size);
    assert_int_equal(device->ops->check(device, NULL), WS_OK);
}

/* Examples, for every device ----------------------------------------------------------------------
 */

enum { FEW = 6 };

/* Softmax of the logs of parts: the numbers of `parts` over their sum. */
struct example {
    const char *what;
    double parts[FEW];
    struct ws_pick pick; /* rows, vocabulary and penalty are filled in */
    double kept[FEW];    /* likewise parts of a whole */
};

static const struct example EXAMPLES[] = {
    {"all", {1, 2, 4, 8, 1, 4}, {.temperature = 1, .top_p = 1, .typical_p = 1}, {1, 2, 4, 8, 1, 4}},
    {"half the temperature squares",
     {1, 2, 4, 8, 1, 4},
     {.temperature = 0.5F, .top_p = 1, .typical_p = 1},
     {1, 4, 16, 64, 1, 16}},
    {"the three largest",
     {1, 2, 4, 8, 1, 3},
     {.temperature = 1, .top_k = 3, .top_p = 1, .typical_p = 1},
     {0, 0, 4, 8, 0, 3}},
    {"equals at the edge stay together",
     {1, 2, 4, 8, 1, 4},
     {.temperature = 1, .top_k = 2, .top_p = 1, .typical_p = 1},
     {0, 0, 4, 8, 0, 4}},
    {"top_k beyond the vocabulary",
     {1, 2, 4, 8, 1, 4},
     {.temperature = 1, .top_k = 1000, .top_p = 1, .typical_p = 1},
     {1, 2, 4, 8, 1, 4}},
    {"top_p takes 8 of 16, and 4 more to have 0.6",
     {1, 2, 4, 8, 0.5, 0.5},
     {.temperature = 1, .top_p = 0.6F, .typical_p = 1},
     {0, 0, 4, 8, 0, 0}},
    {"top_p keeps one at least",
     {1, 2, 4, 8, 0.5, 0.5},
     {.temperature = 1, .top_p = 0, .typical_p = 1},
     {0, 0, 0, 1, 0, 0}},
    {"top_p after top_k is of what top_k left: 8 of 12",
     {1, 2, 4, 8, 0.5, 0.5},
     {.temperature = 1, .top_k = 2, .top_p = 0.6F, .typical_p = 1},
     {0, 0, 0, 1, 0, 0}},
    {"min_p is relative to the largest",
     {1, 2, 4, 8, 0.5, 0.5},
     {.temperature = 1, .top_p = 1, .min_p = 0.2F, .typical_p = 1},
     {0, 2, 4, 8, 0, 0}},
    /* Mean information 1.875 bits; 1, 2, 3, 4, 5 bits are 0.875, 0.125, 1.125, ... away. */
    {"typical takes 2 bits first, then 1 bit",
     {0.5, 1, 2, 4, 8, 0.5},
     {.temperature = 1, .top_p = 1, .typical_p = 0.3F},
     {0, 0, 0, 4, 8, 0}},
    {"typical may leave out the most probable",
     {0.5, 1, 2, 4, 8, 0.5},
     {.temperature = 1, .top_p = 1, .typical_p = 0.2F},
     {0, 0, 0, 1, 0, 0}},
};

static void check_example(struct ws_device *device, const struct example *e)
{
    float scores[FEW], probabilities[FEW];
    double sum = 0;
    for (size_t v = 0; v < FEW; v++) {
        scores[v] = (float)log(e->parts[v]) + 3;
        sum += e->kept[v];
    }
    struct ws_pick pick = e->pick;
    pick.rows = 1;
    pick.vocabulary = FEW;
    pick.edits.penalty = 1;
    const double nowhere = 0;
    pick.uniforms = &nowhere;
    pick_run(device, &pick, scores, NULL, probabilities);
    for (size_t v = 0; v < FEW; v++)
        if (fabs((double)probabilities[v] - e->kept[v] / sum) > 1e-6)
            fail_msg("%s, %s: token %zu has %g, wanted %g", device->ops->name, e->what, v,
                     (double)probabilities[v], e->kept[v] / sum);
}

static void pick__keeps_what_each_setting_says(void **state)
{
    for (size_t i = 0; i < sizeof EXAMPLES / sizeof *EXAMPLES; i++)
        check_example(*state, &EXAMPLES[i]);
}

static void pick__draws_where_the_uniform_falls(void **state)
{
    /* Tokens 0 and 3 have a quarter, 1 a half, 2 is banned. */
    const float scores[] = {0, (float)log(2), 9, 0};
    const uint32_t banned[] = {2};
    const size_t banned_ends[] = {1};
    const struct {
        double uniform;
        uint32_t token;
    } cases[] = {{0, 0},      {0.2499, 0}, {0.2501, 1},     {0.7499, 1},
                 {0.7501, 3}, {0.99, 3},   {1 - 0x1p-53, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ws_pick pick = pick_plain(1, 4);
        pick.edits.banned = banned;
        pick.edits.banned_ends = banned_ends;
        pick.uniforms = &cases[i].uniform;
        uint32_t token = 99;
        pick_run(*state, &pick, scores, &token, NULL);
        assert_int_equal(token, cases[i].token);
    }
}

static void pick__never_draws_a_banned_token_at_either_end(void **state)
{
    enum { SIZE = 3000 };
    float scores[SIZE] = {0};
    uint32_t banned[SIZE - 1];
    const size_t banned_ends[] = {SIZE - 1};
    const double uniforms[] = {0, 0.5, 1 - 0x1p-53};
    for (uint32_t only = 0; only < SIZE; only += 1499) {
        size_t count = 0;
        for (uint32_t v = 0; v < SIZE; v++)
            if (v != only)
                banned[count++] = v;
        for (size_t u = 0; u < 3; u++) {
            struct ws_pick pick = pick_plain(1, SIZE);
            pick.edits.banned = banned;
            pick.edits.banned_ends = banned_ends;
            pick.uniforms = &uniforms[u];
            uint32_t token = SIZE;
            pick_run(*state, &pick, scores, &token, NULL);
            assert_int_equal(token, only);
        }
    }
}

static void pick__at_temperature_0_takes_the_first_of_the_largest(void **state)
{
    const float scores[] = {1, 5, 5, -2, /**/ -3, -4, -2, -2};
    struct ws_pick pick = pick_plain(2, 4);
    pick.temperature = 0;
    uint32_t tokens[2];
    float probabilities[8];
    pick_run(*state, &pick, scores, tokens, probabilities);
    assert_int_equal(tokens[0], 1);
    assert_int_equal(tokens[1], 2);
    const float wanted[] = {0, 1, 0, 0, 0, 0, 1, 0};
    assert_memory_equal(probabilities, wanted, sizeof wanted);
}

static void edits__penalise_what_was_seen_once_and_ban(void **state)
{
    /* With penalty 2 a score of 6 becomes 3 and -1 becomes -2, seen once or thrice. */
    const float scores[] = {6, 4, -1, -1.5F, /**/ 6, 4, -1, -1.5F, /**/ 6, 4, -1, -1.5F};
    const uint32_t seen[] = {0, 0, 0, 0};
    const size_t seen_ends[] = {3, 3, 4};
    const uint32_t banned[] = {1, 1};
    const size_t banned_ends[] = {0, 0, 2};
    struct ws_pick pick = pick_plain(3, 4);
    pick.temperature = 0;
    pick.edits = (struct ws_edits){2, seen_ends, seen, banned_ends, banned};
    uint32_t tokens[3];
    pick_run(*state, &pick, scores, tokens, NULL);
    assert_int_equal(tokens[0], 1);
    assert_int_equal(tokens[1], 0);
    assert_int_equal(tokens[2], 0);
    const float negative[] = {-1, -1.5F, -9};
    const size_t one_end[] = {1};
    pick.rows = 1;
    pick.vocabulary = 3;
    pick.edits = (struct ws_edits){2, one_end, seen, NULL, NULL};
    pick_run(*state, &pick, negative, tokens, NULL);
    assert_int_equal(tokens[0], 1);
}

static void pick__says_when_no_score_is_a_number(void **state)
{
    const float scores[] = {0,
                            NAN,
                            1,
                            /**/ -INFINITY,
                            -INFINITY,
                            -INFINITY,
                            /**/ 0,
                            INFINITY,
                            0,
                            /**/ -INFINITY,
                            0,
                            -INFINITY};
    const double uniforms[] = {0.5, 0.5, 0.5, 0.5};
    for (int greedy = 0; greedy < 2; greedy++) {
        for (size_t top_k = 0; top_k < 2; top_k++) {
            struct ws_pick pick = pick_plain(4, 3);
            pick.temperature = greedy ? 0 : 1;
            pick.top_k = top_k;
            pick.uniforms = uniforms;
            uint32_t tokens[4];
            pick_run(*state, &pick, scores, tokens, NULL);
            assert_int_equal(tokens[0], WS_NO_TARGET);
            assert_int_equal(tokens[1], WS_NO_TARGET);
            assert_int_equal(tokens[2], WS_NO_TARGET);
            assert_int_equal(tokens[3], 1);
        }
    }
}

/* What `rank` makes of scores on the host. */
static void run_rank(struct ws_device *device, const struct ws_edits *edits, const float *scores,
                     size_t rows, size_t vocabulary, size_t count, uint32_t *tokens, float *values)
{
    size_t size = rows * vocabulary * sizeof *scores;
    float *copy = device->ops->alloc(device, size);
    assert_non_null(copy);
    device->ops->write(device, copy, scores, size);
    device->ops->rank(device, tokens, values, copy, edits, rows, vocabulary, count);
    device->ops->release(device, copy, size);
    assert_int_equal(device->ops->check(device, NULL), WS_OK);
}

static void rank__orders_log_probabilities_after_the_edits(void **state)
{
    const float scores[] = {(float)log(1), (float)log(8), (float)log(2), (float)log(2),
                            (float)log(3)};
    const struct ws_edits none = {.penalty = 1};
    uint32_t tokens[5];
    float values[5];
    run_rank(*state, &none, scores, 1, 5, 4, tokens, values);
    const uint32_t wanted[] = {1, 4, 2, 3};
    const double parts[] = {8, 3, 2, 2};
    assert_memory_equal(tokens, wanted, sizeof wanted);
    for (size_t i = 0; i < 4; i++)
        assert_true(fabs((double)values[i] - log(parts[i] / 16)) < 1e-6);
    /* log(1/2) times 4 is log(1/16), which equals token 0's; token 4 is out. */
    const uint32_t seen[] = {1}, banned[] = {4};
    const size_t ends[] = {1};
    const struct ws_edits edits = {4, ends, seen, ends, banned};
    run_rank(*state, &edits, scores, 1, 5, 5, tokens, values);
    assert_int_equal(tokens[0], 2);
    assert_int_equal(tokens[1], 3);
    assert_int_equal(tokens[4], 4);
    assert_true(values[4] == -INFINITY);
    assert_true(fabs((double)values[2] - log(1.0 / 16)) < 1e-6);
    assert_true(fabs((double)values[3] - log(1.0 / 16)) < 1e-6);
}

static void rank__says_when_a_score_is_no_number(void **state)
{
    const float scores[] = {0, NAN, 1, /**/ 0, 1, 2};
    const struct ws_edits none = {.penalty = 1};
    uint32_t tokens[4];
    float values[4];
    run_rank(*state, &none, scores, 2, 3, 2, tokens, values);
    const uint32_t wanted[] = {WS_NO_TARGET, WS_NO_TARGET, 2, 1};
    assert_memory_equal(tokens, wanted, sizeof wanted);
}

#define CASE(test)                                                                                 \
    {                                                                                              \
#test, test                                                                                \
    }

const struct pick_example PICK_EXAMPLES[PICK_EXAMPLE_COUNT] = {
    CASE(pick__keeps_what_each_setting_says),
    CASE(pick__draws_where_the_uniform_falls),
    CASE(pick__never_draws_a_banned_token_at_either_end),
    CASE(pick__at_temperature_0_takes_the_first_of_the_largest),
    CASE(edits__penalise_what_was_seen_once_and_ban),
    CASE(pick__says_when_no_score_is_a_number),
    CASE(rank__orders_log_probabilities_after_the_edits),
    CASE(rank__says_when_a_score_is_no_number),
};

/* Against the reference ----------------------------------------------------------------------- */

enum { ROWS = 3, MOST_VOCABULARY = 5003 };

void pick_make_scores(struct ws_rng *rng, float *scores, size_t count, double spread, double grain)
{
    for (size_t i = 0; i < count; i++) {
        double u = 0;
        for (int k = 0; k < 4; k++)
            u += ws_rng_uniform(rng) - 0.5;
        double score = spread * u;
        scores[i] = (float)(grain > 0 ? grain * round(score / grain) : score);
    }
}

struct lists {
    uint32_t seen[ROWS * 40], banned[ROWS * 40];
    size_t seen_ends[ROWS], banned_ends[ROWS];
};

static struct ws_edits make_edits(struct ws_rng *rng, struct lists *lists, size_t vocabulary)
{
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t i = 0; i < 40; i++) {
            lists->seen[r * 40 + i] = (uint32_t)ws_rng_below(rng, vocabulary);
            lists->banned[r * 20 + i] = (uint32_t)ws_rng_below(rng, vocabulary);
        }
        lists->seen_ends[r] = (r + 1) * 40;
        lists->banned_ends[r] = (r + 1) * 20;
    }
    return (struct ws_edits){1.5F, lists->seen_ends, lists->seen, lists->banned_ends,
                             lists->banned};
}

static void compare_picks(const struct pick_sides *sides, const struct ws_pick *pick,
                          const float *scores)
{
    static float p[3][ROWS * MOST_VOCABULARY];
    uint32_t tokens[3][ROWS];
    pick_run(sides->reference, pick, scores, tokens[0], p[0]);
    pick_run(sides->device, pick, scores, tokens[1], p[1]);
    pick_run(sides->again, pick, scores, tokens[2], p[2]);
    size_t count = pick->rows * pick->vocabulary;
    for (size_t i = 0; i < count; i++)
        if (fabs((double)p[0][i] - (double)p[1][i]) > 2e-6)
            fail_msg("vocabulary %zu, token %zu: %g, the reference has %g", pick->vocabulary,
                     i % pick->vocabulary, (double)p[1][i], (double)p[0][i]);
    assert_memory_equal(tokens[0], tokens[1], sizeof tokens[0]);
    assert_memory_equal(tokens[1], tokens[2], sizeof tokens[1]);
    assert_memory_equal(p[1], p[2], count * sizeof **p);
}

void pick_compare_settings(const struct pick_sides *sides)
{
    static const size_t vocabularies[] = {2, 7, 512, 1024, 1025, MOST_VOCABULARY};
    static const struct ws_pick settings[] = {
        {.temperature = 1, .top_p = 1, .typical_p = 1},
        {.temperature = 0, .top_p = 1, .typical_p = 1},
        {.temperature = 0.7F, .top_p = 1, .typical_p = 1},
        {.temperature = 1, .top_k = 1, .top_p = 1, .typical_p = 1},
        {.temperature = 1, .top_k = 50, .top_p = 1, .typical_p = 1},
        {.temperature = 1, .top_k = 600, .top_p = 1, .typical_p = 1},
        {.temperature = 1.3F, .top_p = 0.9F, .typical_p = 1},
        {.temperature = 1, .top_p = 0.999F, .typical_p = 1},
        {.temperature = 1, .top_p = 1, .min_p = 0.05F, .typical_p = 1},
        {.temperature = 1, .top_p = 1, .typical_p = 0.4F},
        {.temperature = 0.9F, .top_k = 40, .top_p = 0.8F, .min_p = 0.01F, .typical_p = 0.9F},
    };
    static float scores[ROWS * MOST_VOCABULARY];
    struct ws_rng rng;
    struct lists lists;
    ws_rng_init(&rng, (struct ws_rng_key){{1, 2}, 3}, 0);
    for (size_t v = 0; v < sizeof vocabularies / sizeof *vocabularies; v++) {
        for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
            double uniforms[ROWS];
            struct ws_pick pick = settings[s];
            pick.rows = ROWS;
            pick.vocabulary = vocabularies[v];
            pick.uniforms = uniforms;
            for (size_t r = 0; r < ROWS; r++)
                uniforms[r] = ws_rng_uniform(&rng);
            pick_make_scores(&rng, scores, ROWS * pick.vocabulary, s % 2 ? 3 : 12, 0);
            pick.edits = pick.vocabulary > 100 ? make_edits(&rng, &lists, pick.vocabulary)
                                               : (struct ws_edits){.penalty = 1};
            compare_picks(sides, &pick, scores);
        }
    }
}

void pick_compare_equals(const struct pick_sides *sides)
{
    static float scores[ROWS * MOST_VOCABULARY];
    const double uniforms[ROWS] = {0.1, 0.5, 0.95};
    struct ws_rng rng;
    ws_rng_init(&rng, (struct ws_rng_key){{1, 2}, 3}, 1);
    for (size_t vocabulary = 3; vocabulary <= MOST_VOCABULARY; vocabulary = 5 * vocabulary + 2) {
        for (size_t top_k = 1; top_k <= vocabulary; top_k = 3 * top_k + 1) {
            struct ws_pick pick = pick_plain(ROWS, vocabulary);
            pick.top_k = top_k;
            pick.uniforms = uniforms;
            pick_make_scores(&rng, scores, ROWS * vocabulary, 4, 0.5);
            compare_picks(sides, &pick, scores);
        }
    }
}

void pick_compare_ranks(const struct pick_sides *sides)
{
    static const size_t vocabularies[] = {4, 512, MOST_VOCABULARY};
    static float scores[ROWS * MOST_VOCABULARY];
    struct ws_rng rng;
    struct lists lists;
    ws_rng_init(&rng, (struct ws_rng_key){{1, 2}, 3}, 2);
    for (size_t v = 0; v < sizeof vocabularies / sizeof *vocabularies; v++) {
        uint32_t tokens[2][ROWS * 20];
        float values[2][ROWS * 20];
        size_t vocabulary = vocabularies[v], count = vocabulary < 20 ? vocabulary : 20;
        pick_make_scores(&rng, scores, ROWS * vocabulary, 9, 0.125);
        struct ws_edits edits = make_edits(&rng, &lists, vocabulary);
        edits.banned_ends = NULL;
        run_rank(sides->reference, &edits, scores, ROWS, vocabulary, count, tokens[0], values[0]);
        run_rank(sides->device, &edits, scores, ROWS, vocabulary, count, tokens[1], values[1]);
        assert_memory_equal(tokens[0], tokens[1], ROWS * count * sizeof **tokens);
        for (size_t i = 0; i < ROWS * count; i++)
            assert_true(fabs((double)values[0][i] - (double)values[1][i]) < 1e-5);
    }
}

void pick_compare_long_rows(const struct pick_sides *sides)
{
    /* Some rows fit where a device reads them fastest, some do not. */
    enum { LONG_ROWS = 2, MOST = 60013, MOST_COUNT = 1100 };
    static const size_t vocabularies[] = {20011, MOST};
    static const size_t counts[] = {10, 1000, MOST_COUNT};
    static const struct ws_pick settings[] = {
        {.temperature = 1, .top_p = 1, .typical_p = 1},
        {.temperature = 0.9F, .top_k = 40, .top_p = 0.8F, .min_p = 0.01F, .typical_p = 0.9F},
    };
    static float scores[LONG_ROWS * MOST], p[2][LONG_ROWS * MOST];
    struct ws_rng rng;
    struct lists lists;
    ws_rng_init(&rng, (struct ws_rng_key){{1, 2}, 3}, 3);
    for (size_t v = 0; v < 2; v++) {
        size_t vocabulary = vocabularies[v];
        pick_make_scores(&rng, scores, LONG_ROWS * vocabulary, 12, 0.125);
        for (size_t s = 0; s < 2; s++) {
            const double uniforms[LONG_ROWS] = {ws_rng_uniform(&rng), ws_rng_uniform(&rng)};
            uint32_t tokens[2][LONG_ROWS];
            struct ws_pick pick = settings[s];
            pick.rows = LONG_ROWS;
            pick.vocabulary = vocabulary;
            pick.edits = make_edits(&rng, &lists, vocabulary);
            pick.uniforms = uniforms;
            pick_run(sides->reference, &pick, scores, tokens[0], p[0]);
            pick_run(sides->device, &pick, scores, tokens[1], p[1]);
            assert_memory_equal(tokens[0], tokens[1], sizeof tokens[0]);
            for (size_t i = 0; i < LONG_ROWS * vocabulary; i++)
                assert_true(fabs((double)p[0][i] - (double)p[1][i]) <= 2e-6);
        }
        for (size_t c = 0; c < 3; c++) {
            static uint32_t tokens[2][LONG_ROWS * MOST_COUNT];
            static float values[2][LONG_ROWS * MOST_COUNT];
            struct ws_edits edits = make_edits(&rng, &lists, vocabulary);
            run_rank(sides->reference, &edits, scores, LONG_ROWS, vocabulary, counts[c], tokens[0],
                     values[0]);
            run_rank(sides->device, &edits, scores, LONG_ROWS, vocabulary, counts[c], tokens[1],
                     values[1]);
            assert_memory_equal(tokens[0], tokens[1], LONG_ROWS * counts[c] * sizeof **tokens);
            for (size_t i = 0; i < LONG_ROWS * counts[c]; i++)
                assert_true(fabs((double)values[0][i] - (double)values[1][i]) < 1e-5);
        }
    }
}
