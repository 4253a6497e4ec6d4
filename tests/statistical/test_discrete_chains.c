/*
 * Chains of the discrete family against exact theory of the neutral Wright-Fisher model
 * (measure/closed_form.h). A chain starts at known shares q: the truth is a model whose counts are
 * in that proportion.
 *
 * The squared coefficients of variation that fix the chain counts are exact too: moments of the
 * absorption time and of the heterozygosity from the two-allele matrix, in mpmath 1.3.0.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "measure/closed_form.h"
#include "models/discrete.h"
#include "support/chains.h"

enum { MOST_TYPES = 100, FOR_EVER = 1 << 20 };

struct truth {
    struct ws_discrete_model model;
    uint32_t type[MOST_TYPES];
    uint64_t count[MOST_TYPES];
};

static void truth_init(struct truth *truth, const uint64_t *counts, uint32_t types)
{
    truth->model = (struct ws_discrete_model){
        .base = {&ws_family_discrete, NULL, 1},
        .types = types,
        .size = types,
        .type = truth->type,
        .count = truth->count,
    };
    for (uint32_t i = 0; i < types; i++) {
        truth->type[i] = i;
        truth->count[i] = counts ? counts[i] : 1;
        truth->model.total += truth->count[i];
    }
}

static struct chains discrete_chains(const struct truth *truth, uint64_t M, size_t count)
{
    return (struct chains){
        .family = &ws_family_discrete,
        .truth = &truth->model.base,
        .arm = 100000 * truth->model.total + M,
        .M = M,
        .generations = FOR_EVER,
        .count = statistics_draws(count),
    };
}

/* ---- Absorption ---- */

struct ending {
    uint32_t time;   /* resamplings until one type was left */
    uint32_t winner; /* which */
};

static bool observe_ending(void *context, size_t chain, uint32_t n, const struct ws_model *base)
{
    struct ending *endings = context;
    const struct ws_discrete_model *model = (const struct ws_discrete_model *)base;
    if (model->size > 1)
        return true;
    endings[chain] = (struct ending){n, model->type[0]};
    return false;
}

/* The endings of `count` chains, to be freed. */
static struct ending *run_to_the_end(const struct truth *truth, uint64_t M, size_t *count)
{
    struct chains chains = discrete_chains(truth, M, *count);
    struct ending *endings = calloc(chains.count, sizeof *endings);
    assert_non_null(endings);
    chains.observe = observe_ending;
    chains.context = endings;
    assert_int_equal(chains_run(&chains), WS_OK);
    *count = chains.count;
    return endings;
}

static bool absorption_holds(uint32_t K, uint64_t M, double cv_squared)
{
    size_t count = 14000;
    struct truth truth;
    truth_init(&truth, NULL, K);
    struct ending *endings = run_to_the_end(&truth, M, &count);
    struct tally times = {0};
    for (size_t c = 0; c < count; c++)
        tally_add(&times, endings[c].time);
    free(endings);
    struct ws_arena scratch;
    ws_arena_init(&scratch, NULL);
    double expected;
    enum ws_status status = ws_theory_absorption_time(K, M, &scratch, &expected, NULL);
    ws_arena_release(&scratch);
    assert_int_equal(status, WS_OK);
    char name[64];
    (void)snprintf(name, sizeof name, "absorption time, K=%u, M=%u", (unsigned)K, (unsigned)M);
    return law_holds(name, expected, cv_squared, &times);
}

/* Largest cv^2 0.5845 (K = 2, M = 10): 22,500 x 0.5845 = 13,151 chains. */
static void discrete_chains__absorption_takes_the_exact_mean_time(void **state)
{
    (void)state;
    size_t broken = 0;
    broken += !absorption_holds(2, 10, 0.5845);
    broken += !absorption_holds(10, 10, 0.3358);
    broken += !absorption_holds(100, 10, 0.3037);
    broken += !absorption_holds(2, 100, 0.5486);
    broken += !absorption_holds(10, 100, 0.3254);
    broken += !absorption_holds(100, 100, 0.2961);
    assert_int_equal(broken, 0);
}

/* A type wins with its first share q. The rarest has q = 1/16: cv^2 = 15 and 22,500 x 15 = 337,500
 * chains. */
static void discrete_chains__a_type_takes_over_as_often_as_its_share(void **state)
{
    (void)state;
    enum { K = 5, SIXTEENTHS = 16 };
    static const uint64_t counts[K] = {8, 4, 2, 1, 1};
    size_t count = 338000;
    struct truth truth;
    truth_init(&truth, counts, K);
    struct ending *endings = run_to_the_end(&truth, 12, &count);
    uint64_t wins[K] = {0};
    double expected[K];
    for (size_t c = 0; c < count; c++) {
        assert_in_range(endings[c].winner, 0, K - 1);
        wins[endings[c].winner]++;
    }
    free(endings);
    for (int i = 0; i < K; i++)
        expected[i] = (double)count * (double)counts[i] / SIXTEENTHS;
    double p = statistics_chi_squared_p(wins, expected, K);
    (void)printf("%-42s p = %.3g of chi-squared over %zu chains\n", "who takes over, K=5, M=12", p,
                 count);
    assert_true(statistics_accept("who takes over", p));
}

/* ---- Heterozygosity ---- */

enum { CHECKPOINTS = 4 };
static const uint32_t checkpoints[CHECKPOINTS] = {1, 10, 50, 100};

struct heterozygosity {
    size_t count;
    double (*values)[CHECKPOINTS]; /* by chain; 0 from absorption on */
};

static bool observe_heterozygosity(void *context, size_t chain, uint32_t n,
                                   const struct ws_model *base)
{
    struct heterozygosity *all = context;
    const struct ws_discrete_model *model = (const struct ws_discrete_model *)base;
    double homozygosity = 0;
    for (size_t i = 0; i < model->size; i++) {
        double p = (double)model->count[i] / (double)model->total;
        homozygosity += p * p;
    }
    for (size_t i = 0; i < CHECKPOINTS; i++)
        if (checkpoints[i] == n)
            all->values[chain][i] = 1 - homozygosity;
    return model->size > 1;
}

/* cv^2 at n = 100: 1.1934, 26,853 chains. */
static void discrete_chains__heterozygosity_decays_by_one_over_M(void **state)
{
    (void)state;
    static const double cv_squared[CHECKPOINTS] = {0.000203, 0.018541, 0.35102, 1.19344};
    struct truth truth;
    truth_init(&truth, NULL, 2);
    struct chains chains = discrete_chains(&truth, 100, 27000);
    struct heterozygosity all = {chains.count, calloc(chains.count, sizeof *all.values)};
    assert_non_null(all.values);
    chains.arm++;
    chains.generations = checkpoints[CHECKPOINTS - 1];
    chains.observe = observe_heterozygosity;
    chains.context = &all;
    assert_int_equal(chains_run(&chains), WS_OK);
    size_t broken = 0;
    for (size_t i = 0; i < CHECKPOINTS; i++) {
        struct tally tally = {0};
        for (size_t c = 0; c < all.count; c++)
            tally_add(&tally, all.values[c][i]);
        char name[64];
        (void)snprintf(name, sizeof name, "heterozygosity, K=2, M=100, n=%u",
                       (unsigned)checkpoints[i]);
        broken += !law_holds(name, ws_theory_heterozygosity(0.5, 100, checkpoints[i]),
                             cv_squared[i], &tally);
    }
    free(all.values);
    assert_int_equal(broken, 0);
}

/* ---- Survival of a rare type ---- */

enum { RARE_GENERATIONS = 50 };

static bool observe_rare(void *context, size_t chain, uint32_t n, const struct ws_model *base)
{
    uint32_t *last_seen = context;
    const struct ws_discrete_model *model = (const struct ws_discrete_model *)base;
    if (model->type[0] != 0)
        return false;
    last_seen[chain] = model->size == 1 ? RARE_GENERATIONS : n; /* alone it stays for ever */
    return model->size > 1;
}

/* Type 0 has p = 0.01 of M = 100. A share s of survivors has cv^2 = 1/s - 1: at n = 50 it is
 * 1/0.04112 - 1 = 23.32, 524,650 chains. */
static void discrete_chains__a_rare_type_survives_with_the_exact_probability(void **state)
{
    (void)state;
    static const uint64_t counts[] = {1, 99};
    static const uint32_t generations[] = {1, 2, 5, 10, 20, RARE_GENERATIONS};
    struct truth truth;
    truth_init(&truth, counts, 2);
    struct chains chains = discrete_chains(&truth, 100, 525000);
    uint32_t *last_seen = calloc(chains.count, sizeof *last_seen);
    assert_non_null(last_seen);
    chains.generations = RARE_GENERATIONS;
    chains.observe = observe_rare;
    chains.context = last_seen;
    assert_int_equal(chains_run(&chains), WS_OK);
    struct ws_arena scratch;
    ws_arena_init(&scratch, NULL);
    size_t broken = 0;
    for (size_t i = 0; i < sizeof generations / sizeof *generations; i++) {
        uint32_t n = generations[i];
        struct tally alive = {0};
        for (size_t c = 0; c < chains.count; c++)
            tally_add(&alive, last_seen[c] >= n);
        double expected = 0;
        assert_int_equal(ws_theory_survival(0.01, 100, n, &scratch, &expected, NULL), WS_OK);
        char name[64];
        (void)snprintf(name, sizeof name, "survival, p=0.01, M=100, n=%u", (unsigned)n);
        broken += !law_holds(name, expected, 1 / expected - 1, &alive);
        const uint64_t one = 1; /* M p */
        double bound = ws_theory_types_left(&one, 1, n);
        if (statistics_decide() && alive.mean + 4 * tally_standard_error(&alive) < bound) {
            (void)printf("  below the bound of Suresh et al., %g\n", bound);
            broken++;
        }
    }
    ws_arena_release(&scratch);
    free(last_seen);
    assert_int_equal(broken, 0);
}

int main(void)
{
    law_print_header();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discrete_chains__absorption_takes_the_exact_mean_time),
        cmocka_unit_test(discrete_chains__a_type_takes_over_as_often_as_its_share),
        cmocka_unit_test(discrete_chains__heterozygosity_decays_by_one_over_M),
        cmocka_unit_test(discrete_chains__a_rare_type_survives_with_the_exact_probability),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
