/*
 * Laws: generators of vectors whose truth is known. One table, a row each.
 *
 * A row says which settings a generator reads, how items are made, and what is known of the truth
 * behind them, for metrics. To add one: a row in a file of its own, its line in the map below, and
 * its settings in the struct and in the table of data/human.c.
 *
 * Item i of a set is made of two sequences that belong to the set: `uniforms` numbers on [0, 1)
 * from one, and as many normals of one deviation as it has coordinates from the other. Both give
 * every item the same number of draws, so it is a function of the set's key and i: a larger set
 * begins with the items of a smaller one. Sets never end.
 *
 * Only where a row has an even layout may a set be laid out as a whole: its uniforms are then not
 * random but evenly spaced, as scikit-learn's make_moons has its angles, in a random order.
 * Contract: tests/unit/test_law.c.
 */
#ifndef WS_DATA_LAW_H
#define WS_DATA_LAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/option.h"
#include "base/rng.h"
#include "base/status.h"

/* clang-format off */
/*    id          name          row */
#define WS_LAW_MAP(X)                                                                             \
    X(NORMAL,     "normal",     ws_law_normal)                                                    \
    X(BLOBS,      "blobs",      ws_law_blobs)                                                     \
    X(GRID,       "grid",       ws_law_grid)                                                      \
    X(MOONS,      "moons",      ws_law_moons)                                                     \
    X(CIRCLES,    "circles",    ws_law_circles)                                                   \
    X(SWISS_ROLL, "swiss-roll", ws_law_swiss_roll)                                                \
    X(LINEAR,     "linear",     ws_law_linear)                                                    \
    X(TWO_CLASS,  "two-class",  ws_law_two_class)
/* clang-format on */

/* The settings of all rows; which are used is the row's word. */
struct ws_law_settings {
    uint64_t dimension;          /* normal, blobs, swiss-roll */
    double variance;             /* normal */
    double std;                  /* blobs, grid: standard deviation of a mode in each direction */
    double noise;                /* moons, circles, swiss-roll: of what is added to every number */
    uint32_t layout;             /* blobs, moons, circles: enum ws_law_layout */
    uint64_t blobs;              /* blobs, random centres: how many */
    double box;                  /* ... each coordinate of which lies in [-box, box) */
    struct ws_text_list centers; /* blobs, given centres: coordinates separated by blanks */
    uint64_t side;               /* grid: modes along a side */
    double spacing;              /* grid: from one to the next */
    double factor;               /* circles: radius of the inner one */
    uint64_t inputs;             /* linear, two-class: numbers before the target */
    double input_variance;       /* linear, two-class */
    double weight_variance;      /* linear */
    double noise_variance;       /* linear */
    double separation;           /* two-class */
    double label_noise;          /* two-class */
};

/* How the items of a set that is drawn as a whole lie on curves, or share modes. */
enum ws_law_layout {
    WS_LAW_EVEN,
    WS_LAW_RANDOM,
};

/* A generator as one seed has it: what is random in the truth itself is drawn when it is opened. */
struct ws_law {
    const struct ws_law_row *row;
    const struct ws_law_settings *settings;
    uint32_t dimension;        /* numbers in an item */
    double deviation;          /* of the normals that items are made of */
    bool gaussian;             /* the truth is one Gaussian */
    double isotropic_variance; /* the true covariance is this times the identity; 0: it is not */
    const double *modes;       /* (mode_count, dimension): a mixture of them, equally likely, each
                                  with `deviation` in every direction */
    size_t mode_count;         /* 0: it is no such mixture */
    const void *state;         /* the row's own */
};

enum { WS_LAW_SETTINGS = 8, WS_LAW_UNIFORMS = 4 /* at most */ };

/* A default of a row in place of the option's. */
struct ws_law_default {
    const char *name;
    const char *value;
};

struct ws_law_row {
    const char *name;
    const char *settings[WS_LAW_SETTINGS]; /* names of those it reads; NULL after the last */
    struct ws_law_default defaults[WS_LAW_SETTINGS]; /* likewise */
    uint32_t uniforms;                               /* that an item is made of */
    /* What the option table cannot check: WS_INVALID, and the setting at fault. NULL: nothing. */
    enum ws_status (*check)(const struct ws_law_settings *settings, const char **at_fault,
                            struct ws_error *err);
    uint32_t (*dimension)(const struct ws_law_settings *settings);
    /* Sets what is after `dimension`; all of it is zero before. What is random comes from the data
     * stream of the seed, WS_LAW_TRUTH. What it allocates lives in `arena`. */
    enum ws_status (*open)(struct ws_law *law, uint64_t seed, struct ws_arena *arena,
                           struct ws_error *err);
    /* Turns normals (count, dimension) in `values` and `uniforms` (count, row->uniforms) into
     * items. NULL: the normals are the items. */
    void (*make)(const struct ws_law *law, const double *uniforms, size_t count, double *values);
    /* The uniforms of the item of `rank` in an even set of `count`. NULL: there is no such set. */
    void (*spread)(uint64_t rank, uint64_t count, const struct ws_law *law, double *uniforms);
    /* The true mean (dimension) and covariance (dimension, dimension). NULL: not known. */
    void (*moments)(const struct ws_law *law, double *mean, double *covariance);
    /* Of a vector (dimension) under the truth, nats. NULL: not known. */
    double (*log_density)(const struct ws_law *law, const double *vector);
    /* Of items whose last number is a label: whether it is the class that the others are likeliest
     * of, whatever labels are made wrong. NULL: items have no labels. */
    bool (*is_right)(const struct ws_law *law, const double *vector);
};

#define X(id, name, row) extern const struct ws_law_row row;
WS_LAW_MAP(X)
#undef X

/* Number of the map's line. */
enum ws_law_id {
#define X(id, name, row) WS_LAW_##id,
    WS_LAW_MAP(X)
#undef X
        WS_LAW_COUNT
};
const struct ws_law_row *ws_law_row(enum ws_law_id id);

/* The item of the data stream, at generation 0, that random truths are drawn from. */
enum { WS_LAW_TRUTH = 16 };

/* `settings` must outlive what is opened. */
WS_MUST_CHECK enum ws_status ws_law_open(const struct ws_law_row *row,
                                         const struct ws_law_settings *settings, uint64_t seed,
                                         struct ws_arena *arena, struct ws_law *out,
                                         struct ws_error *err);

/* The first `count` items of the set (key, item), item < 2^32, into `values` (count, dimension). At
 * most WS_LAW_NUMBERS numbers: a sequence has 2^34 draws. */
#define WS_LAW_NUMBERS ((uint64_t)1 << 32)
void ws_law_draw(const struct ws_law *law, struct ws_rng_key key, uint64_t item, uint64_t count,
                 double *values);

/* The same for a set that is a whole: where the layout is even it is spread. */
WS_MUST_CHECK enum ws_status ws_law_draw_set(const struct ws_law *law, struct ws_rng_key key,
                                             uint64_t item, uint64_t count,
                                             const struct ws_allocator *allocator, double *values,
                                             struct ws_error *err);

bool ws_law_reads(const struct ws_law_row *row, const char *setting);
/* The row's own default; NULL when it is the option's. */
const char *ws_law_default(const struct ws_law_row *row, const char *setting);

#endif
