#include "data/law.h"

#include <assert.h>
#include <string.h>

#include "base/sampler.h"

enum {
    PIECE = 512, /* items that are made at once; the result does not depend on it */
};

/* The normals are the sequence of the set's item, the uniforms that of this one. */
static uint64_t uniforms_of(uint64_t item)
{
    return item | (uint64_t)1 << 32;
}

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

enum ws_status ws_law_open(const struct ws_law_row *row, const struct ws_law_settings *settings,
                           uint64_t seed, struct ws_arena *arena, struct ws_law *out,
                           struct ws_error *err)
{
    assert(row->uniforms <= WS_LAW_UNIFORMS);
    *out = (struct ws_law){.row = row, .settings = settings, .dimension = row->dimension(settings)};
    return row->open(out, seed, arena, err);
}

void ws_law_draw(const struct ws_law *law, struct ws_rng_key key, uint64_t item, uint64_t count,
                 double *values)
{
    const struct ws_law_row *row = law->row;
    size_t d = law->dimension;
    assert(item <= UINT32_MAX && count <= WS_LAW_NUMBERS / d);
    struct ws_rng normals, places;
    ws_rng_init(&normals, key, item);
    ws_rng_init(&places, key, uniforms_of(item));
    if (!row->make) {
        ws_sample_normals(&normals, 0, law->deviation, values, count * d);
        return;
    }
    double uniforms[PIECE * WS_LAW_UNIFORMS];
    for (uint64_t done = 0; done < count; done += PIECE) {
        size_t items = count - done < PIECE ? (size_t)(count - done) : PIECE;
        for (size_t i = 0; i < items * row->uniforms; i++)
            uniforms[i] = ws_rng_uniform(&places);
        ws_sample_normals(&normals, 0, law->deviation, values + done * d, items * d);
        row->make(law, uniforms, items, values + done * d);
    }
}
