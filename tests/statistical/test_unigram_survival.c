/*
 * How much of a real vocabulary survives when the words of the Austen novels are resampled from
 * their own shares, generation after generation, at the size of the corpus.
 *
 * Suresh et al. 2024 (arXiv 2412.17646, corollary 1) bound the mean number of words left after k
 * resamplings from both sides. The lower bound is ws_theory_types_left; at this size it is tight.
 *
 * Chain count: the number left is a sum of one indicator a word, whose covariances are negative or
 * small, so its variance is at most about a quarter of the vocabulary m; at least 0.4 m are left
 * after 10 resamplings, so cv^2 <= 0.25 / (0.16 m) < 0.00016 for m >= 10,000: 22,500 x 0.00016 = 4
 * chains. 12 are run.
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/text.h"
#include "measure/closed_form.h"
#include "models/discrete.h"
#include "support/chains.h"

#define CORPUS WS_SOURCE_DIR "/build/corpus/austen.txt"

enum { RESAMPLINGS = 10, LEAST_VOCABULARY = 10000, SKIPPED = 77 };

#ifdef WS_SANITIZE
enum { COUNT = 1 };
#else
enum { COUNT = 12 };
#endif

static const double CV_SQUARED = 0.00016;

static enum ws_status read_words(struct ws_words *words, struct ws_buffer *ids)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, (size_t)1 << 28);
    enum ws_status status = ws_text_read(CORPUS, (size_t)1 << 28, &text, NULL);
    const struct ws_text whole = {ws_buffer_bytes(&text), CORPUS, 0};
    if (status == WS_OK)
        status = ws_words_encode(words, &whole, ids, NULL);
    ws_buffer_release(&text);
    return status;
}

static enum ws_status fit_words(const struct ws_words *words, const struct ws_buffer *ids,
                                struct ws_arena *arena, const struct ws_model **out)
{
    const struct ws_payload symbols = {
        .kind = WS_DATA_SYMBOLS,
        .count = ids->size / sizeof(uint32_t),
        .types = words->set.count,
        .symbols = (const uint32_t *)(const void *)ids->data,
    };
    struct ws_dataset data;
    struct ws_origin origin = {.source = WS_SOURCE_ORIGINAL};
    WS_TRY(ws_dataset_of(&symbols, origin, arena, &data, NULL));
    const struct ws_dataset *all = &data;
    struct ws_rng_key key = {{0, 0}, 0};
    return ws_family_discrete.fit(NULL, 1, &all, &key, NULL, arena, out, NULL);
}

static enum ws_status read_corpus(struct ws_arena *arena, const struct ws_model **out)
{
    struct ws_words words;
    struct ws_buffer ids;
    ws_words_init(&words, NULL);
    ws_buffer_init(&ids, NULL, SIZE_MAX);
    enum ws_status status = read_words(&words, &ids);
    if (status == WS_OK)
        status = fit_words(&words, &ids, arena, out);
    ws_buffer_release(&ids);
    ws_words_release(&words);
    return status;
}

static bool observe(void *context, size_t chain, uint32_t n, const struct ws_model *model)
{
    double(*left)[RESAMPLINGS] = context;
    left[chain][n - 1] = (double)((const struct ws_discrete_model *)model)->size;
    return true;
}

/* The upper bound of corollary 1. */
static double upper_bound(const struct ws_discrete_model *words, uint32_t k)
{
    double rate = ws_theory_survival_rate(k);
    double n = (double)words->total;
    double sum = 0;
    for (size_t i = 0; i < words->size; i++) {
        double count = (double)words->count[i];
        double slack = 1 - 3 * count * count / n - 3 * k * count / n;
        sum += 1 - exp(-count * rate) * fmax(slack, 0);
    }
    return sum;
}

static bool is_between_bounds(const struct ws_discrete_model *words, uint32_t k,
                              const struct tally *left)
{
    char name[64];
    (void)snprintf(name, sizeof name, "words left of %zu, lower bound, k=%u", words->size,
                   (unsigned)k);
    double lower = ws_theory_types_left(words->count, words->size, k);
    bool is_tight = law_holds(name, lower, CV_SQUARED, left) || !statistics_decide();
    double margin = statistics_decide() ? 4 * tally_standard_error(left) : INFINITY;
    double upper = upper_bound(words, k);
    (void)printf("  upper bound %.6g; %.2f %% over the lower%s\n", upper,
                 100 * (left->mean / lower - 1), is_tight ? "" : " and beyond chance");
    return (double)(left->count * statistics_share()) >= chains_needed(CV_SQUARED) &&
           left->mean + margin >= lower && left->mean - margin <= upper &&
           left->mean - margin <= 1.02 * lower;
}

static void unigram__vocabulary_survives_as_the_bounds_say(void **state)
{
    (void)state;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    const struct ws_model *model = NULL;
    if (read_corpus(&arena, &model) != WS_OK || !model) {
        ws_arena_release(&arena);
        fail_msg("cannot read " CORPUS);
        return;
    }
    const struct ws_discrete_model *words = (const struct ws_discrete_model *)model;
    assert_true(words->size >= LEAST_VOCABULARY);
    double left[COUNT][RESAMPLINGS] = {{0}};
    struct chains chains = {
        .family = &ws_family_discrete,
        .truth = model,
        .arm = 7,
        .M = words->total,
        .generations = RESAMPLINGS,
        .count = COUNT,
        .observe = observe,
        .context = left,
    };
    assert_int_equal(chains_run(&chains), WS_OK);
    size_t broken = 0;
    for (uint32_t k = 1; k <= RESAMPLINGS; k++) {
        struct tally tally = {0};
        for (size_t c = 0; c < COUNT; c++)
            tally_add(&tally, left[c][k - 1]);
        broken += !is_between_bounds(words, k, &tally);
    }
    ws_arena_release(&arena);
    assert_int_equal(broken, 0);
}

int main(void)
{
    if (access(CORPUS, R_OK) != 0) {
        (void)printf("skipped: no corpus at " CORPUS "; ./dev corpus fetches it\n");
        return SKIPPED;
    }
    law_print_header();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unigram__vocabulary_survives_as_the_bounds_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
