/*
 * How fast random numbers are made on one processor: words of 64 bits one by one, then those of the
 * bare generator and normals in samples of 100, by the plain code and by that of each instruction
 * set there is. Prints a line each: what, how, nanoseconds of CPU time a number (the best of some
 * rounds).
 */
#include <stdio.h>
#include <time.h>

#include "base/draw.h"

enum { SAMPLE = 100, SAMPLES = 20000, ROUNDS = 15 };

static const struct ws_rng_key key = {{1, 2}, 3};

static double cpu_seconds(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* What was drawn is added up, so that it is. */
static double draw_one_by_one(const struct ws_draw_ops *unused)
{
    struct ws_rng rng;
    uint64_t sum = 0;
    (void)unused;
    ws_rng_init(&rng, key, 0);
    for (long i = 0; i < (long)SAMPLES * SAMPLE; i++)
        sum += ws_rng_u64(&rng);
    return (double)sum;
}

static double make_words(const struct ws_draw_ops *ops)
{
    uint32_t words[WS_RNG_WORDS];
    uint64_t sum = 0;
    struct ws_draw_place from = {key, 0, 0};
    for (; from.block < SAMPLES * SAMPLE / 2; from.block += WS_RNG_BLOCKS) {
        ops->words(&from, words);
        sum += words[0];
    }
    return (double)sum;
}

static double make_normals(const struct ws_draw_ops *ops)
{
    double x[SAMPLE], sum = 0;
    struct ws_draw_place from = {key, 0, 0};
    for (; from.item < SAMPLES; from.item++) {
        ops->normals(&from, 0, 1, x, SAMPLE);
        sum += x[0];
    }
    return sum;
}

static void print_time(const char *what, const char *set,
                       double (*work)(const struct ws_draw_ops *ops), const struct ws_draw_ops *ops)
{
    double best = 1e9;
    volatile double sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_seconds();
        sum += work(ops);
        double seconds = cpu_seconds() - start;
        best = seconds < best ? seconds : best;
    }
    (void)sum; /* written, so that it is worked out */
    (void)printf("%s,%s,%.3f\n", what, set, best / SAMPLES / SAMPLE * 1e9);
}

int main(void)
{
    const struct ws_draw_ops *sets[WS_DRAW_SETS];
    size_t count = ws_draw_list(sets);
    print_time("words", "one by one", draw_one_by_one, NULL);
    for (size_t i = 0; i < count; i++)
        print_time("words", sets[i]->name, make_words, sets[i]);
    for (size_t i = 0; i < count; i++)
        print_time("normals", sets[i]->name, make_normals, sets[i]);
    return 0;
}
