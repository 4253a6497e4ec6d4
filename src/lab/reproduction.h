/*
 * A published experiment with its numbers: experiments to be run, and claims about what they give.
 *
 * A file is one YAML mapping. At its head stand `title`, `tier` and settings that all experiments
 * share; `experiments` and `claims` are lists of mappings. A claim names a metric and what is made
 * of it: over the generations of a chain, then over chains; what is expected, a number or a closed
 * form; how far off it may be; and who published it. It has one row or several: of experiments,
 * arms, generations and expected numbers it has one for all rows, or one for each.
 * docs/formats/reproduction.md is the format.
 *
 * Parsing is a pure function of bytes. Fuzz target: tests/fuzz/fuzz_reproduction.c. Contract:
 * tests/unit/test_reproduction.c.
 */
#ifndef WS_LAB_REPRODUCTION_H
#define WS_LAB_REPRODUCTION_H

#include "lab/experiment.h"
#include "lab/tolerance.h"
#include "measure/closed_form_name.h"

enum ws_tier { WS_TIER_MINUTES, WS_TIER_HOURS };

/* What is made of one chain's values of a metric. */
enum ws_claim_over {
    WS_OVER_AT,    /* the value at a generation; several metrics are added up */
    WS_OVER_MEAN,  /* the mean over a range of generations */
    WS_OVER_SLOPE, /* the least-squares slope over it */
    WS_OVER_COUNT, /* how many generations of it have a value above `above` */
};

/* What is made of all chains' values. */
enum ws_claim_statistic {
    WS_STATISTIC_MEAN,
    WS_STATISTIC_MEDIAN,
    WS_STATISTIC_DEVIATION,
    WS_STATISTIC_QUANTILE,    /* `level` */
    WS_STATISTIC_SHARE,       /* of chains above `above` */
    WS_STATISTIC_RATIO,       /* of the mean to that at generation `base` */
    WS_STATISTIC_CHI_SQUARED, /* the p-value of `cells` against `shares` */
    WS_STATISTIC_MINIMUM,     /* where among `places`, one for each of `arms`, the mean is least */
};

/* How the number is known. What is known from memory only never decides. */
enum ws_basis {
    WS_BASIS_TEXT,      /* read in a primary source: its text, code or stored output */
    WS_BASIS_SECONDARY, /* read in a secondary source */
    WS_BASIS_FIGURE,    /* read by eye off a published figure */
    WS_BASIS_DERIVED,   /* a formula that follows from the setting */
    WS_BASIS_INFERRED,  /* from code or arithmetic */
    WS_BASIS_MEMORY,    /* unverified */
};

/* One number. */
struct ws_claim_row {
    const char *label; /* "" where generations say enough */
    size_t experiment; /* its number */
    const char *arm;
    uint32_t first, last; /* generations; the same for one */
    uint32_t tier;        /* enum ws_tier; at least that of its experiment */
    bool is_form;         /* `form`, else `expected.value` */
    struct ws_form_call form;
    struct ws_expected expected;
};

struct ws_claim {
    /* As the file has them: */
    const char *title;
    struct ws_text_list row;        /* labels */
    struct ws_text_list experiment; /* this and the next: one for all rows, or one for each */
    struct ws_text_list arm;
    struct ws_text_list metric; /* several are added up */
    double power;               /* of the value: 0.5 is the root */
    double scale, shift;        /* then shift + scale * value */
    struct ws_text_list generation;
    uint32_t over; /* enum ws_claim_over */
    double above;
    uint32_t statistic; /* enum ws_claim_statistic */
    double level;
    uint64_t base;
    struct ws_text_list cells, shares;
    struct ws_text_list arms, places;
    uint64_t ahead; /* n of a closed form is the generation and this */
    struct ws_text_list expected, expected_error;
    const char *tolerance_text;
    double precision;
    const char *source;
    uint32_t basis; /* enum ws_basis */
    uint32_t tier;  /* enum ws_tier */
    /* What follows from them: */
    size_t line;
    struct ws_tolerance tolerance;
    double *cell_values, *cell_shares; /* (cells.count) */
    double *place_values;              /* (arms.count) */
    struct ws_claim_row *rows;         /* (row_count) */
    size_t row_count;
    size_t first_row; /* its number among the rows of all claims */
};

struct ws_reproduced {
    struct ws_experiment experiment;
    const char *needs; /* the data that its `corpus` must be, to be named by the user; or "" */
    uint32_t tier;     /* enum ws_tier */
};

struct ws_reproduction {
    struct ws_arena arena; /* holds everything below */
    const char *name;
    const char *title;
    struct ws_reproduced *experiments;
    size_t experiment_count;
    struct ws_claim *claims; /* in file order */
    size_t claim_count;
    size_t row_count; /* of all claims */
};

/* `file` is what messages call the text; `overrides` are settings of every experiment. On failure
 * `out` needs no release. Every mistake of the text is WS_INVALID: "FILE:LINE: ...". */
WS_MUST_CHECK enum ws_status
ws_reproduction_parse(struct ws_bytes text, const char *name, const char *file,
                      const struct ws_override *overrides, size_t override_count,
                      const struct ws_allocator *allocator, struct ws_reproduction *out,
                      struct ws_error *err);
void ws_reproduction_release(struct ws_reproduction *reproduction);

/* The table of a claim's settings, for help and documents. */
extern const struct ws_option_table ws_claim_options;

const char *ws_basis_name(uint32_t basis);
const char *ws_statistic_name(uint32_t statistic);
const char *ws_over_name(uint32_t over);

#endif
