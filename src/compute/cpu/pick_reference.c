#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "compute/cpu/cpu_device.h"
#include "compute/cpu/pick.h"

/* A token with what it is sorted by. */
struct candidate {
    double key;
    double p;
    uint32_t token;
};

static int by_token(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return (x->token > y->token) - (x->token < y->token);
}

/* Larger keys first, of equals the smaller token. */
static int by_key(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? 1 : -1;
    return by_token(a, b);
}

static void normalise(struct candidate *candidates, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += candidates[i].p;
    for (size_t i = 0; i < count; i++)
        candidates[i].p /= sum;
}

/* Sorts by the keys and keeps the first ones: at least `fewest`, as many as it takes to sum to
 * `wanted`, and the equals of the last. */
static size_t keep_first(struct candidate *candidates, size_t count, size_t fewest, double wanted)
{
    qsort(candidates, count, sizeof *candidates, by_key);
    double sum = 0;
    size_t kept = 0;
    while (kept < count && (kept < fewest || sum < wanted))
        sum += candidates[kept++].p;
    while (kept < count && candidates[kept].key == candidates[kept - 1].key)
        kept++;
    normalise(candidates, kept);
    return kept;
}

static size_t keep_probable(struct candidate *candidates, size_t count, double least)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, candidates[i].p);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (candidates[i].p >= least * largest)
            candidates[kept++] = candidates[i];
    normalise(candidates, kept);
    return kept;
}

static size_t keep_typical(struct candidate *candidates, size_t count, double wanted)
{
    double entropy = 0;
    for (size_t i = 0; i < count; i++)
        if (candidates[i].p > 0)
            entropy -= candidates[i].p * log(candidates[i].p);
    for (size_t i = 0; i < count; i++)
        candidates[i].key = -fabs(-log(candidates[i].p) - entropy);
    return keep_first(candidates, count, 1, wanted);
}

/* The candidates in the order of their tokens, their probabilities summing to 1. */
static size_t distribution(const struct ws_pick *pick, struct candidate *candidates, size_t count)
{
    double max = -INFINITY;
    for (size_t i = 0; i < count; i++)
        max = fmax(max, candidates[i].key);
    for (size_t i = 0; i < count; i++)
        candidates[i].p = exp((candidates[i].key - max) / (double)pick->temperature);
    normalise(candidates, count);
    if (pick->top_k > 0)
        count = keep_first(candidates, count, pick->top_k, 0);
    if (pick->top_p < 1)
        count = keep_first(candidates, count, 1, (double)pick->top_p);
    count = keep_probable(candidates, count, (double)pick->min_p);
    if (pick->typical_p < 1)
        count = keep_typical(candidates, count, (double)pick->typical_p);
    qsort(candidates, count, sizeof *candidates, by_token);
    return count;
}

/* Those that are not banned, with their scores as keys; none when a score is no number. */
static size_t read_scores(const float *row, size_t vocabulary, struct candidate *candidates)
{
    size_t count = 0;
    for (size_t v = 0; v < vocabulary; v++) {
        if (isnan(row[v]) || row[v] == INFINITY)
            return 0;
        if (row[v] > -INFINITY)
            candidates[count++] = (struct candidate){(double)row[v], 0, (uint32_t)v};
    }
    return count;
}

static size_t choose_largest(struct candidate *candidates, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (candidates[i].key > candidates[0].key)
            candidates[0] = candidates[i];
    candidates[0].p = 1;
    return 1;
}

static uint32_t draw(const struct candidate *candidates, size_t count, double place)
{
    double sum = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        sum += candidates[i].p;
        if (sum > place)
            return candidates[i].token;
    }
    return count > 0 ? candidates[count - 1].token : WS_NO_TARGET;
}

void ws_reference_pick(struct ws_device *device, uint32_t *tokens, float *probabilities,
                       float *scores, const struct ws_pick *pick)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    size_t vocabulary = pick->vocabulary;
    size_t edited = ws_edit_scratch(&pick->edits, pick->rows) * sizeof(float);
    struct candidate *candidates =
        cpu ? ws_cpu_scratch(cpu, vocabulary * sizeof *candidates + edited) : NULL;
    for (size_t r = 0; candidates && r < pick->rows; r++) {
        float *row = scores + r * vocabulary;
        ws_edit_row(row, &pick->edits, r, (float *)(candidates + vocabulary));
        size_t count = read_scores(row, vocabulary, candidates);
        if (count > 0)
            count = pick->temperature > 0 ? distribution(pick, candidates, count)
                                          : choose_largest(candidates, count);
        if (tokens)
            tokens[r] = draw(candidates, count, pick->temperature > 0 ? pick->uniforms[r] : 0);
        for (size_t v = 0; probabilities && v < vocabulary; v++)
            probabilities[r * vocabulary + v] = 0;
        for (size_t i = 0; probabilities && i < count; i++)
            probabilities[r * vocabulary + candidates[i].token] = (float)candidates[i].p;
    }
}

/* All NaN when one score is no number, or all are banned. */
static void log_softmax(float *row, size_t vocabulary)
{
    double max = -INFINITY, sum = 0;
    for (size_t v = 0; v < vocabulary; v++)
        max = fmax(max, (double)row[v]);
    for (size_t v = 0; v < vocabulary; v++)
        sum += exp((double)row[v] - max);
    for (size_t v = 0; v < vocabulary; v++)
        row[v] = (float)((double)row[v] - max - log(sum));
}

void ws_reference_rank(struct ws_device *device, uint32_t *tokens, float *values, float *scores,
                       const struct ws_edits *edits, size_t rows, size_t vocabulary, size_t count)
{
    assert(count <= vocabulary);
    struct ws_cpu *cpu = ws_cpu_ready(device);
    size_t edited = ws_edit_scratch(edits, rows) * sizeof(float);
    struct candidate *candidates =
        cpu ? ws_cpu_scratch(cpu, vocabulary * sizeof *candidates + edited) : NULL;
    for (size_t r = 0; candidates && r < rows; r++) {
        float *row = scores + r * vocabulary;
        log_softmax(row, vocabulary);
        bool numbers = !isnan(row[0]);
        ws_edit_row(row, edits, r, (float *)(candidates + vocabulary));
        for (size_t v = 0; v < vocabulary; v++)
            candidates[v] = (struct candidate){(double)row[v], 0, (uint32_t)v};
        qsort(candidates, vocabulary, sizeof *candidates, by_key);
        for (size_t i = 0; i < count; i++) {
            tokens[r * count + i] = numbers ? candidates[i].token : WS_NO_TARGET;
            values[r * count + i] = (float)candidates[i].key;
        }
    }
}
