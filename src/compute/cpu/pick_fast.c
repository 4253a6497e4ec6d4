#include <assert.h>
#include <math.h>
#include <string.h>

#include "compute/cpu/cpu_device.h"
#include "compute/cpu/pick.h"

/* Weights are summed in blocks of so many, each in the order of ws_row_exp or, once some are left
 * out, one by one; then the blocks in theirs. A draw goes through them in the same order. */
enum { BLOCK = 1024 };

/* Scores whose largest one is a first guess at an edge. */
enum { SPAN = 64 };

struct weighted {
    float key;
    float weight;
};

/* What is left of a row, in the order of the tokens. */
struct kept {
    bool all; /* number i is token i, and `token` and `score` are not set */
    uint32_t *token;
    float *score;
    float *weight;
    double *sums;           /* of the weights of each block */
    struct weighted *items; /* for finding an edge */
    size_t count;
};

static size_t block_count(size_t count)
{
    return (count + BLOCK - 1) / BLOCK;
}

static double total_of(const struct kept *k)
{
    double total = 0;
    for (size_t b = 0; b < block_count(k->count); b++)
        total += k->sums[b];
    return total;
}

/* Edges -------------------------------------------------------------------------------------- */

static float middle_of(float a, float b, float c)
{
    if (a < b)
        return b < c ? b : a < c ? c : a;
    return a < c ? a : b < c ? c : b;
}

static void swap(struct weighted *a, struct weighted *b)
{
    struct weighted t = *a;
    *a = *b;
    *b = t;
}

/* The largest key so that the items with at least this key weigh `wanted`, or the smallest one if
 * all do not. Hoare's selection, with parts weighed instead of counted. */
static float find_edge(struct weighted *items, size_t count, double wanted)
{
    assert(count > 0);
    for (;;) {
        float pivot = middle_of(items[0].key, items[count / 2].key, items[count - 1].key);
        size_t larger = 0, equal = 0; /* items[0 .. larger), then equal ones up to `equal` */
        double weight_larger = 0, weight_equal = 0;
        for (size_t i = 0; i < count; i++) {
            if (items[i].key < pivot)
                continue;
            swap(&items[i], &items[equal]);
            if (items[equal].key > pivot) {
                weight_larger += (double)items[equal].weight;
                swap(&items[equal], &items[larger++]);
            } else {
                weight_equal += (double)items[equal].weight;
            }
            equal++;
        }
        if (larger > 0 && weight_larger >= wanted) {
            count = larger;
        } else if (equal == count || weight_larger + weight_equal >= wanted) {
            return pivot;
        } else {
            wanted -= weight_larger + weight_equal;
            items += equal;
            count -= equal;
        }
    }
}

/* The edge among the keys that are at least `least`, which is known not to be beyond it. Weights
 * NULL: each weighs 1. */
static float edge_of(struct kept *k, const float *key, const float *weight, float least,
                     double wanted)
{
    size_t count = 0;
    for (size_t i = 0; i < k->count; i++) {
        k->items[count] = (struct weighted){key[i], weight ? weight[i] : 1};
        count += key[i] >= least;
    }
    return find_edge(k->items, count, wanted);
}

static void sum_blocks(struct kept *k)
{
    for (size_t b = 0; b < block_count(k->count); b++) {
        size_t end = ws_smaller((b + 1) * BLOCK, k->count);
        k->sums[b] = 0;
        for (size_t i = b * BLOCK; i < end; i++)
            k->sums[b] += (double)k->weight[i];
    }
}

static void keep_from(struct kept *k, const float *key, float least)
{
    size_t kept = 0;
    for (size_t i = 0; i < k->count; i++) {
        if (key[i] < least)
            continue;
        k->token[kept] = k->token[i];
        k->score[kept] = k->score[i];
        k->weight[kept] = k->weight[i];
        kept++;
    }
    k->count = kept;
    sum_blocks(k);
}

/* Filters ------------------------------------------------------------------------------------ */

/* The smallest of the top_k scores. The largest ones of that many spans are no larger. */
static float top_edge(struct kept *k, const float *row, size_t top_k)
{
    size_t spans = k->count / SPAN;
    float least = -INFINITY;
    if (top_k >= k->count)
        return least;
    for (size_t i = 0; i < spans; i++)
        k->items[i] = (struct weighted){ws_row_max(row + i * SPAN, SPAN), 1};
    if (top_k <= spans)
        least = find_edge(k->items, spans, (double)top_k);
    return edge_of(k, row, NULL, least, (double)top_k);
}

/* The smallest of the weights that sum to a part of the total. All below half of an even share of
 * the rest sum to less than the rest. */
static float top_weight(struct kept *k, double part)
{
    double total = total_of(k);
    float least = (float)((1 - part) * total / (2 * (double)k->count));
    return edge_of(k, k->weight, k->weight, least, part * total);
}

static void keep_typical(struct kept *k, const struct ws_pick *pick, float max, float factor)
{
    double total = total_of(k), entropy = 0;
    for (size_t i = 0; i < k->count; i++) {
        double p = (double)k->weight[i] / total;
        k->score[i] = (k->score[i] - max) * factor - (float)log(total);
        entropy -= p * (double)k->score[i];
    }
    for (size_t i = 0; i < k->count; i++)
        k->score[i] = -fabsf(-k->score[i] - (float)entropy);
    keep_from(k, k->score,
              edge_of(k, k->score, k->weight, -INFINITY, (double)pick->typical_p * total));
}

static bool filters(const struct ws_pick *pick)
{
    return pick->top_k > 0 || pick->top_p < 1 || pick->min_p > 0 || pick->typical_p < 1;
}

static void keep_some(struct kept *k, const struct ws_pick *pick, const float *row, float max)
{
    float least = pick->top_k > 0 ? top_edge(k, row, pick->top_k) : -INFINITY;
    size_t kept = 0;
    for (size_t v = 0; v < k->count; v++) {
        if (row[v] < least || k->weight[v] == 0)
            continue;
        k->token[kept] = (uint32_t)v;
        k->score[kept] = row[v];
        k->weight[kept++] = k->weight[v];
    }
    k->count = kept;
    k->all = false;
    sum_blocks(k);
    if (pick->top_p < 1)
        keep_from(k, k->weight, top_weight(k, (double)pick->top_p));
    if (pick->min_p > 0) /* the largest weight is 1 */
        keep_from(k, k->weight, pick->min_p);
    if (pick->typical_p < 1)
        keep_typical(k, pick, max, 1 / pick->temperature);
}

/* The largest score alone. */
static void keep_first(struct kept *k, const float *row, float max)
{
    uint32_t first = 0;
    while (row[first] != max)
        first++;
    k->token[0] = first;
    k->weight[0] = 1;
    k->sums[0] = 1;
    k->count = 1;
    k->all = false;
}

/* Drawing ------------------------------------------------------------------------------------ */

/* The last with a weight before which there is at most `place`. A place beyond all, by rounding,
 * is that of the last with a weight. */
static uint32_t draw(const struct kept *k, double place)
{
    double before = 0, start = 0;
    size_t block = 0, found = 0;
    for (size_t b = 0; b < block_count(k->count) && before <= place; b++) {
        if (k->sums[b] > 0) {
            block = b;
            start = before;
        }
        before += k->sums[b];
    }
    size_t end = ws_smaller((block + 1) * BLOCK, k->count);
    for (size_t i = block * BLOCK; i < end && start <= place; i++) {
        if (k->weight[i] > 0)
            found = i;
        start += (double)k->weight[i];
    }
    return k->all ? (uint32_t)found : k->token[found];
}

static void write_probabilities(float *out, const struct kept *k, size_t vocabulary)
{
    double total = total_of(k);
    memset(out, 0, vocabulary * sizeof *out);
    for (size_t i = 0; i < k->count; i++)
        out[k->all ? i : k->token[i]] = (float)((double)k->weight[i] / total);
}

/* Rows --------------------------------------------------------------------------------------- */

/* What each worker needs for a row: the lists of struct kept, and numbers for ws_edit_row. */
struct room {
    size_t vocabulary;
    size_t edited;
    size_t size; /* of one worker's */
    uint8_t *scratch;
};

/* False when there is none. */
static bool make_room(struct ws_device *device, const struct ws_edits *edits, size_t rows,
                      size_t vocabulary, struct room *room)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    size_t number = sizeof(struct weighted) + sizeof(uint32_t) + 2 * sizeof(float);
    *room = (struct room){.vocabulary = vocabulary, .edited = ws_edit_scratch(edits, rows)};
    size_t size = vocabulary * number + block_count(vocabulary) * sizeof(double) +
                  room->edited * sizeof(float);
    room->size = (size + 63) / 64 * 64;
    room->scratch = cpu ? ws_cpu_scratch(cpu, cpu->threads * room->size) : NULL;
    return room->scratch;
}

/* All of an edited row, weighed by exp((score - max) * factor). */
static struct kept weigh(const struct room *room, unsigned worker, const float *row, float max,
                         float factor)
{
    struct kept k = {.all = true, .count = room->vocabulary};
    k.items = (struct weighted *)(room->scratch + worker * room->size);
    k.sums = (double *)(k.items + room->vocabulary);
    k.token = (uint32_t *)(k.sums + block_count(room->vocabulary));
    k.score = (float *)(k.token + room->vocabulary);
    k.weight = k.score + room->vocabulary;
    for (size_t b = 0; b < block_count(k.count); b++)
        k.sums[b] = ws_row_exp(k.weight + b * BLOCK, row + b * BLOCK, max, factor,
                               ws_smaller(BLOCK, k.count - b * BLOCK));
    return k;
}

/* The numbers lie where the lists do, which are not in use then. */
static void edit(float *row, const struct ws_edits *edits, size_t r, const struct room *room,
                 unsigned worker)
{
    ws_edit_row(row, edits, r, (float *)(room->scratch + worker * room->size));
}

struct picking {
    const struct ws_pick *pick;
    uint32_t *tokens;
    float *probabilities;
    float *scores;
    struct room room;
};

static void pick_row(void *context, size_t r, unsigned worker)
{
    const struct picking *p = context;
    const struct ws_pick *pick = p->pick;
    bool greedy = pick->temperature == 0;
    float *row = p->scores + r * pick->vocabulary;
    edit(row, &pick->edits, r, &p->room, worker);
    float max = ws_row_max(row, pick->vocabulary);
    struct kept k = weigh(&p->room, worker, row, max, greedy ? 1 : 1 / pick->temperature);
    bool numbers = isfinite(total_of(&k));
    if (!numbers)
        k.count = 0;
    else if (greedy)
        keep_first(&k, row, max);
    else if (filters(pick))
        keep_some(&k, pick, row, max);
    if (p->tokens)
        p->tokens[r] =
            numbers ? draw(&k, greedy ? 0 : pick->uniforms[r] * total_of(&k)) : WS_NO_TARGET;
    if (p->probabilities)
        write_probabilities(p->probabilities + r * pick->vocabulary, &k, pick->vocabulary);
}

void ws_fast_pick(struct ws_device *device, uint32_t *tokens, float *probabilities, float *scores,
                  const struct ws_pick *pick)
{
    struct picking p = {pick, tokens, probabilities, scores, {0}};
    if (make_room(device, &pick->edits, pick->rows, pick->vocabulary, &p.room))
        ws_cpu_run((struct ws_cpu *)device, pick->rows, pick_row, &p);
}

struct ranking {
    uint32_t *tokens;
    float *values;
    float *scores;
    const struct ws_edits *edits;
    size_t count;
    struct room room;
};

/* The `count` largest by insertion: few get past the smallest of those found so far. */
static void insert_largest(uint32_t *tokens, float *values, size_t count, const float *row,
                           size_t vocabulary)
{
    size_t found = 0;
    for (size_t v = 0; v < vocabulary; v++) {
        if (found == count && row[v] <= values[count - 1])
            continue;
        size_t at = found < count ? found++ : count - 1;
        for (; at > 0 && values[at - 1] < row[v]; at--) {
            values[at] = values[at - 1];
            tokens[at] = tokens[at - 1];
        }
        values[at] = row[v];
        tokens[at] = (uint32_t)v;
    }
}

static void rank_row(void *context, size_t r, unsigned worker)
{
    const struct ranking *ranking = context;
    size_t vocabulary = ranking->room.vocabulary, count = ranking->count;
    float *row = ranking->scores + r * vocabulary;
    uint32_t *tokens = ranking->tokens + r * count;
    float max = ws_row_max(row, vocabulary);
    struct kept k = weigh(&ranking->room, worker, row, max, 1);
    double log_sum = (double)max + log(total_of(&k));
    for (size_t v = 0; v < vocabulary; v++)
        row[v] = (float)((double)row[v] - log_sum);
    edit(row, ranking->edits, r, &ranking->room, worker);
    insert_largest(tokens, ranking->values + r * count, count, row, vocabulary);
    for (size_t i = 0; isnan(log_sum) && i < count; i++)
        tokens[i] = WS_NO_TARGET;
}

void ws_fast_rank(struct ws_device *device, uint32_t *tokens, float *values, float *scores,
                  const struct ws_edits *edits, size_t rows, size_t vocabulary, size_t count)
{
    assert(count <= vocabulary);
    struct ranking ranking = {tokens, values, scores, edits, count, {0}};
    if (make_room(device, edits, rows, vocabulary, &ranking.room))
        ws_cpu_run((struct ws_cpu *)device, rows, rank_row, &ranking);
}
