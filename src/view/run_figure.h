/*
 * Figures of runs: one kind a question that people ask of a run.
 *
 * A figure is filled from what the run has stored: its summary, its records, its settings. Kinds
 * that look at what models make (distribution, survival, zipf) run one chain again, which gives the
 * same models to the last bit, and so are for families whose models are made in a moment. Numbers
 * of different definition, sample size or tokens never share an axis: they get panels of their own.
 *
 * Contract: tests/cli/plot.sh.
 */
#ifndef WS_VIEW_RUN_FIGURE_H
#define WS_VIEW_RUN_FIGURE_H

#include "base/option.h"
#include "report/figure.h"

/* clang-format off */
#define WS_FIGURE_KIND_MAP(X)                                                                      \
    X(METRIC,       "metric",       "a metric by generation: median and spread over seeds")        \
    X(MULTIPLES,    "multiples",    "the same, a panel for each run and each varied setting")      \
    X(DISTRIBUTION, "distribution", "what models make by generation, beside human data")           \
    X(PERPLEXITY,   "perplexity",   "perplexities of models' texts under the first model")         \
    X(SURVIVAL,     "survival",     "types that are still made, by their frequency rank")          \
    X(ZIPF,         "zipf",         "frequency by rank, by generation")                            \
    X(ATTRIBUTION,  "attribution",  "which of three errors lost how much, stacked")                \
    X(PROFILE,      "profile",      "eight definitions of collapse by policy")                     \
    X(THEORY,       "theory",       "curves beside the closed forms that are known for them")
/* clang-format on */

enum ws_figure_kind {
#define X(id, name, meaning) WS_FIGURE_OF_##id,
    WS_FIGURE_KIND_MAP(X)
#undef X
        WS_FIGURE_KINDS
};

struct ws_figure_kind_row {
    const char *name;
    const char *meaning;
};
extern const struct ws_figure_kind_row ws_figure_kinds[WS_FIGURE_KINDS];

/* "metric"; false for a name that is none. */
bool ws_figure_kind_find(const char *name, enum ws_figure_kind *out);

/* Whether figures of the kind run a chain again, which takes as long as the chain took. */
bool ws_figure_kind_replays(enum ws_figure_kind kind);

/* Settings that only some kinds look at. */
enum {
    WS_USES_METRICS = 1,
    WS_USES_GENERATIONS = 2,
    WS_USES_SEED = 4,
    WS_USES_AXES = 8,            /* x and y */
    WS_USES_COUNTERFACTUALS = 16 /* and factor */
};
unsigned ws_figure_kind_uses(enum ws_figure_kind kind);

enum ws_axis_choice { WS_AXIS_AUTO, WS_AXIS_LINEAR, WS_AXIS_LOG };

/* Zeroed: the kind `metric` as it is best. Kinds pass over what is not for them. */
struct ws_figure_settings {
    enum ws_figure_kind kind;
    struct ws_text_list metrics;     /* none: the family's first headline that the run has */
    struct ws_text_list arms;        /* their names or policies; none: all */
    struct ws_text_list generations; /* none: a few from the first to the last */
    uint64_t seed;                   /* whose chain is run again; 0: 1 */
    enum ws_axis_choice x, y;
    double width;                /* inches; 0: a column of a journal, or a page for many panels */
    const char *counterfactuals; /* attribution: the directory that 'attribute --runs' made */
    uint64_t factor;             /* attribution: as of 'attribute --factor'; 0: its default */
    /* Told of an arm that is left out, and why; or NULL. */
    void (*warn)(const char *arm, const char *why);
};

/* The figure, in `arena`. WS_NOT_FOUND: no run, or it has no results yet; WS_UNSUPPORTED: the runs
 * cannot give this kind, with what would; WS_INVALID: a setting. */
WS_MUST_CHECK enum ws_status ws_run_figure(const char *const *directories, size_t run_count,
                                           const struct ws_figure_settings *settings,
                                           struct ws_arena *arena, struct ws_figure *out,
                                           struct ws_error *err);

/* The same as the bytes of a file, for who offers it for download. */
WS_MUST_CHECK enum ws_status ws_run_figure_file(const char *const *directories, size_t run_count,
                                                const struct ws_figure_settings *settings,
                                                const struct ws_figure_output *output,
                                                struct ws_buffer *out, struct ws_error *err);

#endif
