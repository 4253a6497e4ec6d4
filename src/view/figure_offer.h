/*
 * Which kinds of figures a run has data for, so that a page can offer them.
 *
 * Attribution is among none: it takes runs of its own. Contract: tests/cli/serve.sh.
 */
#ifndef WS_VIEW_FIGURE_OFFER_H
#define WS_VIEW_FIGURE_OFFER_H

#include "lab/results.h"
#include "view/run_figure.h"

enum ws_figure_offer {
    WS_FIGURE_NONE,
    WS_FIGURE_STORED,   /* from what the run has stored */
    WS_FIGURE_REPLAYED, /* from a chain that is run again, for however long that takes */
};

WS_MUST_CHECK enum ws_status ws_figure_offers(const struct ws_run_description *run,
                                              const struct ws_results *results,
                                              struct ws_arena *arena,
                                              enum ws_figure_offer out[WS_FIGURE_KINDS],
                                              struct ws_error *err);

#endif
