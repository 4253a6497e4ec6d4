#include "data/law.h"

#include <assert.h>
#include <string.h>

#include "base/sampler.h"

enum {
    PIECE = 512, /* items that are made at once; the result does not depend on it */
};

/* The normals are the sequence of the set's item; what is set in the item of the others. */
#define UNIFORMS ((uint64_t)1 << 32)
#define ORDER    ((uint64_t)2 << 32)

const struct ws_law_row *ws_law_row(enum ws_law_id id)
{
    static const struct ws_law_row *const rows[] = {
#define X(id, name, row) &row,
        WS_LAW_MAP(X)
#undef X
    };
    assert(id < WS_LAW_COUNT);
    return rows[id];
}

bool ws_law_reads(const struct ws_law_row *row, const char *setting)
{
    for (size_t i = 0; i < WS_LAW_SETTINGS && row->settings[i]; i++)
        if (strcmp(row->settings[i], setting) == 0)
            return true;
    return false;
}

const char *ws_law_default(const struct ws_law_row *row, const char *setting)
{
    for (size_t i = 0; i < WS_LAW_SETTINGS && row->defaults[i].name; i++)
        if (strcmp(row->defaults[i].name, setting) == 0)
            return row->defaults[i].value;
    return NULL;
}

enum ws_status ws_law_open(const struct ws_law_row *row, const struct ws_law_settings *settings,
                           uint64_t seed, struct ws_arena *arena, struct ws_law *out,
                           struct ws_error *err)
{
    assert(row->uniforms <= WS_LAW_UNIFORMS);
    *out = (struct ws_law){.row = row, .settings = settings, .dimension = row->dimension(settings)};
    return row->open(out, seed, arena, err);
}

/* The uniforms of items `done` .. `done + items - 1` of a set. `ranks`: of all of an even set. */
static void place(const struct ws_law *law, struct ws_rng *rng, const uint32_t *ranks,
                  uint64_t count, uint64_t done, size_t items, double *out)
{
    size_t uniforms = law->row->uniforms;
    if (ranks)
        for (size_t i = 0; i < items; i++)
            law->row->spread(ranks[done + i], count, law, out + i * uniforms);
    else
        for (size_t i = 0; i < items * uniforms; i++)
            out[i] = ws_rng_uniform(rng);
}

static void draw(const struct ws_law *law, struct ws_rng_key key, uint64_t item, uint64_t count,
                 const uint32_t *ranks, double *values)
{
    const struct ws_law_row *row = law->row;
    size_t d = law->dimension;
    assert(item <= UINT32_MAX && count <= WS_LAW_NUMBERS / d);
    struct ws_rng normals, places;
    ws_rng_init(&normals, key, item);
    ws_rng_init(&places, key, item | UNIFORMS);
    if (!row->make) {
        ws_sample_normals(&normals, 0, law->deviation, values, count * d);
        return;
    }
    double uniforms[PIECE * WS_LAW_UNIFORMS];
    for (uint64_t done = 0; done < count; done += PIECE) {
        size_t items = count - done < PIECE ? (size_t)(count - done) : PIECE;
        place(law, &places, ranks, count, done, items, uniforms);
        ws_sample_normals(&normals, 0, law->deviation, values + done * d, items * d);
        row->make(law, uniforms, items, values + done * d);
    }
}

void ws_law_draw(const struct ws_law *law, struct ws_rng_key key, uint64_t item, uint64_t count,
                 double *values)
{
    draw(law, key, item, count, NULL, values);
}

enum ws_status ws_law_draw_set(const struct ws_law *law, struct ws_rng_key key, uint64_t item,
                               uint64_t count, const struct ws_allocator *allocator, double *values,
                               struct ws_error *err)
{
    if (!law->row->spread || law->settings->layout != WS_LAW_EVEN) {
        draw(law, key, item, count, NULL, values);
        return WS_OK;
    }
    uint32_t *ranks = ws_realloc(allocator, NULL, 0, count * sizeof *ranks);
    if (!ranks)
        return ws_fail_memory(err, "the order of a set");
    for (uint64_t i = 0; i < count; i++)
        ranks[i] = (uint32_t)i;
    struct ws_rng rng;
    ws_rng_init(&rng, key, item | ORDER);
    ws_sample_permutation(&rng, ranks, count);
    draw(law, key, item, count, ranks, values);
    ws_free(allocator, ranks, count * sizeof *ranks);
    return WS_OK;
}
