/*
 * What the kinds share that look at what models make: an arm's chain is run again, and every
 * generation that is shown is handed over.
 */
#ifndef WS_VIEW_FIGURE_MODELS_H
#define WS_VIEW_FIGURE_MODELS_H

#include "view/chain_replay.h"
#include "view/figure_parts.h"

/* A figure of models under construction. */
struct ws_models_figure {
    const struct ws_figure_request *request;
    const struct ws_replay *replay;
    struct ws_generations generations;
    struct ws_panel *panels;
    size_t panel_count;
    /* The arm at hand, and the number of the generation among those that are shown. */
    const struct ws_run_arm *arm;
    size_t g;
    struct ws_extent n;     /* items of a sample, for the caption ... */
    struct ws_extent human; /* ... and of original data */
    void *user;             /* the kind's own */
    enum ws_status (*add)(struct ws_models_figure *figure, const struct ws_replayed *replayed,
                          struct ws_arena *scratch, struct ws_error *err);
};

/* Runs the chain of every arm that is shown, `figure->add` is called for each generation. */
WS_MUST_CHECK enum ws_status ws_models_visit(struct ws_models_figure *figure, uint64_t items,
                                             struct ws_error *err);

uint64_t ws_models_seed(const struct ws_figure_request *request);

/* "Seed 1, ..." and what must be said of where it was made. */
const char *ws_models_caption(const struct ws_models_figure *figure, const char *what);

/* Distributions: of vectors, and of symbols. */
WS_MUST_CHECK enum ws_status ws_figure_of_vectors_with(const struct ws_figure_request *request,
                                                       const struct ws_replay *replay,
                                                       struct ws_figure *out, struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_figure_of_symbols_with(const struct ws_figure_request *request,
                                                       const struct ws_replay *replay,
                                                       struct ws_figure *out, struct ws_error *err);

#endif
