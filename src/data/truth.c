#include "data/truth.h"

#include <math.h>

enum { TABLE = 1 << 20 };

static double relative(const struct ws_zipf *law, double i)
{
    return pow(law->first / (law->first + i), law->exponent);
}

/* The sum of `relative` over types first .. types - 1 by Euler and Maclaurin, to the third
 * derivative; what that leaves out is below 1e-16 of it where `first` is 2^20 and exponents are at
 * most 100. */
static double sum_beyond(const struct ws_zipf *law, size_t first)
{
    if (first >= law->types)
        return 0;
    if (law->exponent == 0)
        return law->types - (double)first;
    double a = law->exponent, from = law->first + (double)first;
    double to = law->first + law->types;
    double begin = relative(law, (double)first), end = relative(law, law->types);
    struct ws_zipf rest = {.exponent = a, .first = from};
    double sum = begin * ws_zipf_mass(&rest, to - from) + (begin - end) / 2;
    sum += a * (begin / from - end / to) / 12;
    double third = a * (a + 1) * (a + 2);
    return sum - third * (begin / (from * from * from) - end / (to * to * to)) / 720;
}

/* Smallest first. */
enum ws_status ws_truth_init(struct ws_truth *truth, uint32_t types, double exponent, double first,
                             struct ws_arena *arena, struct ws_error *err)
{
    size_t known = types < TABLE ? types : TABLE;
    double *table = WS_ARENA_NEW(arena, double, known);
    if (!table)
        return ws_fail_memory(err, "the true probabilities");
    *truth = (struct ws_truth){.table = table, .known = known};
    ws_zipf_init(&truth->law, types, exponent, first);
    truth->sum = sum_beyond(&truth->law, known);
    for (size_t i = known; i-- > 0;) {
        table[i] = relative(&truth->law, (double)i);
        truth->sum += table[i];
    }
    for (size_t i = 0; i < known; i++)
        table[i] /= truth->sum;
    return WS_OK;
}

double ws_truth_of(const struct ws_truth *truth, uint32_t type)
{
    return type < truth->known ? truth->table[type] : relative(&truth->law, type) / truth->sum;
}

/* Type by type. */
static enum ws_status draw_all_types(const struct ws_truth *truth, uint64_t count,
                                     struct ws_rng *rng, struct ws_arena *scratch,
                                     struct ws_arena *arena, struct ws_payload *out,
                                     struct ws_error *err)
{
    uint32_t types = truth->law.types;
    const double *weights = truth->table;
    uint64_t *counts = WS_ARENA_NEW(scratch, uint64_t, types);
    if (counts && truth->known < types) {
        double *all = WS_ARENA_NEW(scratch, double, types);
        for (uint32_t i = 0; all && i < types; i++)
            all[i] = ws_truth_of(truth, i);
        weights = all;
    }
    if (!counts || !weights)
        return ws_fail_memory(err, "human data");
    ws_sample_multinomial(rng, count, weights, types, counts);
    return ws_payload_of_counts(NULL, counts, types, types, arena, out, err);
}

/* Item by item. */
static enum ws_status draw_items(const struct ws_truth *truth, uint64_t count, struct ws_rng *rng,
                                 struct ws_arena *scratch, struct ws_arena *arena,
                                 struct ws_payload *out, struct ws_error *err)
{
    uint32_t *symbols = WS_ARENA_NEW(scratch, uint32_t, count);
    if (!symbols)
        return ws_fail_memory(err, "human data");
    bool uniform = truth->law.exponent == 0;
    for (uint64_t i = 0; i < count; i++)
        symbols[i] = uniform ? (uint32_t)ws_rng_below(rng, truth->law.types)
                             : ws_sample_zipf(&truth->law, rng);
    const struct ws_payload items = {
        .kind = WS_DATA_SYMBOLS, .count = count, .types = truth->law.types, .symbols = symbols};
    struct ws_dataset data;
    struct ws_payload counts;
    WS_TRY(ws_dataset_of(&items, (struct ws_origin){0}, scratch, &data, err));
    WS_TRY(ws_dataset_type_counts(&data, scratch, &counts, err));
    return ws_payload_of_counts(counts.counts.type, counts.counts.count, counts.counts.size,
                                counts.types, arena, out, err);
}

enum ws_status ws_truth_draw(const struct ws_truth *truth, uint64_t count, struct ws_rng *rng,
                             struct ws_arena *arena, struct ws_payload *out, struct ws_error *err)
{
    struct ws_arena scratch;
    ws_arena_init(&scratch, arena->allocator);
    bool by_type = truth->law.types <= TABLE || count >= truth->law.types;
    enum ws_status status = by_type ? draw_all_types(truth, count, rng, &scratch, arena, out, err)
                                    : draw_items(truth, count, rng, &scratch, arena, out, err);
    ws_arena_release(&scratch);
    return status;
}
